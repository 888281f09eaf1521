"""GetScopedCredentials: whoever has temporary credentials makes narrower ones of them.

Source: AWS STS API Reference, GetScopedCredentials (botocore 1.44.8's model); AWS_RECORDED G. Not
verified on AWS: the words of its refusals, and that sts:GetScopedCredentials has to be allowed
(the IAM User Guide has a page "Permissions for GetScopedCredentials"). Nothing is allowed here
that AWS may refuse.
"""

from __future__ import annotations

from datetime import datetime

from labhelpers.policy import PolicyError, parse
from labhelpers.policy.language.model import SCOPE_DOWN
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.sts.passed import packed_bytes
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.sessions import MAX_TOKEN_SIZE, Session, token_size
from labhelpers.sandbox.wire.errors import Refusal, malformed_policy

MAX_LAYERS = 3


def interpret(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    account, session = caller.principal.account, caller.session
    if session is None:
        text = "GetScopedCredentials must be called with temporary security credentials."
        why = "These keys are long-term. An IAM user calls GetSessionToken first."
        raise Refusal("InvalidSubjectCredentials", text, 400, blocked_by="request", reason=why)
    if not values.keys() & {"Policy", "DurationSeconds"}:
        text = "At least one of Policy and DurationSeconds must be specified."
        raise Refusal("ValidationError", text, 400)
    changes: dict = {"packed": session.packed}
    if "Policy" in values:
        changes |= _one_layer_more(session, values["Policy"])
    check = Check("sts:GetScopedCredentials", "*", account)
    return Call("sts", "GetScopedCredentials", (check,), account, values, changes)


def _one_layer_more(session: Session, document: str) -> dict:
    number = len(session.scopes) + 1
    try:
        policy = parse(document, kind="session", name=f"{SCOPE_DOWN} {number}")
    except PolicyError as error:
        raise malformed_policy(error) from None
    if number > MAX_LAYERS:
        text = f"The session already has the maximum of {MAX_LAYERS} scope-down policies."
        why = f"{MAX_LAYERS} layers of policy are the most. Leave Policy out, or start from the "
        why += "credentials of an earlier layer."
        raise Refusal("AccessDenied", text, blocked_by="request", reason=why)
    packed = session.packed + packed_bytes(document, [], {})
    size = token_size(packed)
    if size > MAX_TOKEN_SIZE:
        text = f"The session token of {size} bytes exceeds the maximum of {MAX_TOKEN_SIZE} bytes."
        why = "Policies and tags of the session, and every layer, take room in its token."
        raise Refusal("PackedPolicyTooLarge", text, 400, reason=why)
    return {"packed": packed, "scopes": (*session.scopes, policy)}
