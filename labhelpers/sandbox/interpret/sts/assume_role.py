"""AssumeRole, as it is asked for: a principal of AWS wants a role.

Source: AWS STS API Reference, AssumeRole; STS_FACTS 2.2, 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.mfa import prove_mfa
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.sts.passed import read_passed
from labhelpers.sandbox.interpret.sts.roles import owner_of, role_checks
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal


def interpret(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    role_arn = values["RoleArn"]
    owner = owner_of(role_arn)
    passed = read_passed(values, owner)
    inherited = caller.session.inherited_tags if caller.session else {}
    if {key.lower() for key in inherited} & {key.lower() for key in passed.tags}:
        text = (
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
        raise Refusal("InvalidParameterValue", text, 400)
    context: dict[str, Any] = {"sts:RoleSessionName": values["RoleSessionName"]}
    if "ExternalId" in values:
        context["sts:ExternalId"] = values["ExternalId"]
    if prove_mfa(values, caller, registry, lab_now):
        # For the trust decision only: the session itself carries no MFA context (STS_FACTS 5.2).
        context |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    checks = role_checks(
        "sts:AssumeRole",
        role_arn,
        owner,
        context,
        tags=passed.tags,
        transitive=passed.transitive,
        source_identity=source_identity_of(values, caller),
        inherited=inherited,
    )
    return Call("sts", "AssumeRole", checks, owner, values, passed)


def source_identity_of(values: Mapping[str, Any], caller: Caller) -> str:
    """Set once, inherited ever after."""
    already = caller.session.source_identity if caller.session else ""
    wanted = values.get("SourceIdentity", already)
    if already and wanted != already:
        text = "The source identity is already set for this assume role session"
        why = f"This session already carries the source identity {already}; it cannot be changed."
        raise Refusal("ValidationError", text, 400, reason=why)
    return wanted
