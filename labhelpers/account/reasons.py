"""From a service's error to an Outcome in the sandbox's words (STS_FACTS 2.8)."""

from __future__ import annotations

import re
from typing import Any

from labhelpers.outcome import REFUSAL_CODES, Outcome
from labhelpers.policy import ALLOWED, EXPLICITLY_DENIED, IMPLICITLY_DENIED

_TYPES = {
    "identity-based policy": "identity",
    "resource-based policy": "resource",
    "permissions boundary": "boundary",
    "session policy": "session",
    "service control policy": "scp",
    "resource control policy": "rcp",
    "role trust policy": "trust",
}
_TYPE = "|".join(_TYPES)
_EXPLICIT = re.compile(rf"with an explicit deny in (?:an?|the) ({_TYPE})")
_IMPLICIT = re.compile(rf"because no ({_TYPE}) allows")
_REQUEST = frozenset(
    ("ValidationError", "MalformedPolicyDocument", "InvalidIdentityToken", "PackedPolicyTooLarge")
    + ("MalformedInput", "ExpiredTokenException", "InvalidParameterValue")
)
_NO_POLICY = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"))
UNTOLD = "The service does not say why."


def outcome_of(action: str, error: Any, expected: Outcome | None) -> Outcome:
    """The Outcome of a ClientError of a real endpoint.

    What the service says comes first. Where it does not name the policy, `expected` (the
    sandbox's Outcome of the same call under the same policies) does, and the reason says so.
    """
    said = error.response.get("Error", {})
    code, message = str(said.get("Code", "")), str(said.get("Message", ""))
    known: dict[str, Any] = {"action": action, "code": code, "message": message}
    told = blocked_by(message)
    if told is not None:
        outcome, kind = told
        reason, explanation = _sentence(message), None
        if expected is not None and expected.blocked_by == kind:
            reason = f"{reason} The sandbox adds: {expected.reason}"
            explanation = expected.explanation
        return Outcome(outcome, blocked_by=kind, reason=reason, explanation=explanation, **known)
    if expected is not None and expected.code == code:
        reason = expected.reason
        if reason and code in _NO_POLICY:
            reason = f"{UNTOLD} The sandbox, with the same policies, says: {reason}"
        return Outcome(
            expected.outcome,
            blocked_by=expected.blocked_by,
            reason=reason,
            explanation=expected.explanation,
            **known,
        )
    if code in _REQUEST:
        return Outcome(IMPLICITLY_DENIED, blocked_by="request", **known)
    if code in _NO_POLICY:
        return Outcome(IMPLICITLY_DENIED, reason=UNTOLD, **known)
    if code in REFUSAL_CODES:
        return Outcome(IMPLICITLY_DENIED, blocked_by="authentication", **known)
    return Outcome(ALLOWED, **known)


def blocked_by(message: str) -> tuple[str, str] | None:
    """(outcome, kind of policy) where a message tells, else None."""
    for pattern, outcome in ((_EXPLICIT, EXPLICITLY_DENIED), (_IMPLICIT, IMPLICITLY_DENIED)):
        found = pattern.search(message)
        if found:
            return outcome, _TYPES[found[1]]
    return None


def _sentence(message: str) -> str:
    found = _EXPLICIT.search(message) or _IMPLICIT.search(message)
    return f"AWS says: {message[found.start() :].rstrip('.')}." if found else ""
