"""The policy documents that IAM is asked to store: read after the call was authorized.

IAM says AccessDenied to whoever may not make the call, however broken the document is
(AWS_RECORDED A12); only the patterns of the parameters come first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labhelpers.policy import PolicyError, parse
from labhelpers.policy.writing.grammar import SYNTAX
from labhelpers.policy.writing.grammar_resource import bad_partition
from labhelpers.sandbox.answer.iam.service_principals import may_exist
from labhelpers.sandbox.answer.iam.shared_issuers import shared_provider_without_condition
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.stored_principals import principals_in, refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal, malformed_policy

_CODE = "MalformedPolicyDocument"
MANAGED = ("CreatePolicy", "CreatePolicyVersion")
_PARTITION = "The sandbox's accounts are in the partition aws."
_OLD = "Policy document must be version 2012-10-17 or greater."


def check_documents(call: Call) -> None:
    """Refuse a document that IAM does not store; it never looks again when one is used."""
    params = call.params
    if "AssumeRolePolicyDocument" in params:
        _check_trust(params["AssumeRolePolicyDocument"])
    if "PolicyDocument" not in params:
        return
    if call.operation == "UpdateAssumeRolePolicy":
        _check_trust(params["PolicyDocument"])
    else:
        _check_identity(params["PolicyDocument"], call.operation in MANAGED)


def _check_trust(text: str) -> None:
    try:
        policy = parse(text, kind="trust")
    except PolicyError as error:
        raise malformed_policy(error) from None
    refuse_strangers(policy)
    for named in principals_in(policy.document, "AWS"):
        if named.startswith("arn:") and not named.startswith("arn:aws:"):
            text = f'Invalid principal in policy: "AWS":"{named}"'
            raise Refusal(_CODE, text, 400, reason=_PARTITION)
    for service in principals_in(policy.document, "Service"):
        if not may_exist(service):
            why = f"There is no service {service}: look its principal up in its own guide."
            raise Refusal(
                _CODE, f'Invalid principal in policy: "SERVICE":"{service}"', 400, reason=why
            )
    too_open = shared_provider_without_condition(policy.document)
    if too_open:
        raise Refusal(_CODE, too_open, 400)


def _check_identity(text: str, managed: bool) -> None:
    """Inline policies may be in the old version of the language, managed ones may not."""
    defect = foreign = None
    try:
        foreign = _foreign_partition(parse(text, kind="identity").document)
    except PolicyError as error:
        defect = error
    unread = defect is not None and str(defect) == SYNTAX
    if managed and not unread and json.loads(text).get("Version") != "2012-10-17":
        raise Refusal(_CODE, _OLD, 400)
    if defect is not None:
        raise malformed_policy(defect)
    if foreign is not None:
        raise Refusal(_CODE, bad_partition(foreign), 400, reason=_PARTITION)


def _foreign_partition(document: Mapping[str, Any]) -> list[str] | None:
    """The parts of the first resource in a partition whose resources no account of aws can have."""
    statements = document["Statement"]
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        named = statement.get("Resource", statement.get("NotResource", ()))
        for text in [named] if isinstance(named, str) else named:
            parts = text.split(":", 5)
            if len(parts) > 1 and parts[1] not in ("aws", "*"):
                return parts
    return None
