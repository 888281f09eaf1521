"""What AssumeRoleWithWebIdentity and AssumeRoleWithSAML share: a role taken with a proof that
an identity provider signed, and tags and source identity that the proof brings along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labhelpers.policy import Principal
from labhelpers.sandbox.authenticate.id_tokens import invalid
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.interpret.sts.passed import Passed, read_passed
from labhelpers.sandbox.interpret.sts.roles import role_checks
from labhelpers.sandbox.wire.constraints import check_parameters

_SOURCE_IDENTITY = re.compile(r"(?!aws:)[\w+=,.@-]{2,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verified token or assertion says. `carried` are the condition keys that later
    requests of the session still hold, `members` the operation's own result members."""

    kind: str  # of the principal: "web-identity" or "saml"
    provider: str
    session_name: str
    context: Mapping[str, Any]
    carried: Mapping[str, Any]
    members: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: Iterable[str] = ()
    source_identity: str = ""
    ends: datetime | None = None  # the session may not outlast this moment


def call_of(operation: str, values: dict, owner: str, proof: Proof) -> Call:
    """The Call for a role of account `owner`; only its trust policy decides."""
    if proof.source_identity and not _SOURCE_IDENTITY.fullmatch(proof.source_identity):
        text = 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
        raise invalid(text)
    passed = _passed(values, owner, proof)
    context = {
        **proof.context,
        "sts:RoleSessionName": proof.session_name,
        "aws:FederatedProvider": proof.provider,
    }
    checks = role_checks(
        f"sts:{operation}",
        values["RoleArn"],
        owner,
        context,
        tags=passed.tags,
        transitive=passed.transitive,
        source_identity=proof.source_identity,
        principal=Principal(kind=proof.kind, arn=proof.provider, account=""),
    )
    return Call("sts", operation, checks, owner, values, (proof, passed))


def _passed(values: dict, owner: str, proof: Proof) -> Passed:
    """Tags of a proof obey the same limits as AssumeRole's own parameters."""
    params = {"RoleArn": values["RoleArn"], "RoleSessionName": proof.session_name}
    for number, (key, value) in enumerate(proof.tags.items(), 1):
        params[f"Tags.member.{number}.Key"] = key
        params[f"Tags.member.{number}.Value"] = value
    for number, key in enumerate(proof.transitive, 1):
        params[f"TransitiveTagKeys.member.{number}"] = key
    told = check_parameters(service_model("sts").operation_model("AssumeRole"), params)
    return read_passed({**values, **told}, owner)
