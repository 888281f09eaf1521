"""The verdict with its cause in one sentence, by the statement that came nearest."""

from __future__ import annotations

from labhelpers.policy.deciding.decided import Decided
from labhelpers.policy.deciding.wording import asked, caller, demand, place, policy_name
from labhelpers.policy.language.model import EXPLICITLY_DENIED, SCOPE_DOWN


def headline_of(decided: Decided) -> str:
    """Say what was decided and what did it."""
    what = asked(decided.request)
    if decided.note:
        verdict = "Allowed" if decided.allowed else "Denied"
        return f"{verdict}: {decided.note[0].lower()}{decided.note[1:]}"
    if decided.blocked_by == "not modelled":
        return (
            f"Denied: nobody here knows the value of {decided.unmodelled}, which a statement "
            f"asks for; {what} is refused rather than guessed."
        )
    if decided.allowed:
        return f"Allowed: {what}."
    if decided.outcome == EXPLICITLY_DENIED:
        kind = policy_name(decided.blocking, decided.request)
        return f"Denied: a Deny statement of {kind} forbids {what}."
    return f"Denied: {_cause(decided)}."


def _cause(decided: Decided) -> str:
    """Say why nothing of the blocking type allows, by the statement that came nearest."""
    request, kind = decided.request, decided.blocking
    near = decided.nearest
    if near:
        found = " and ".join(map(demand, near[0].failures))
        if kind == "trust":
            return f"{policy_name(kind, request)} {found}"
        where = place(near[0])
        where = where[0].lower() + where[1:]
        return f"{_refusal(decided)}: {where} {found}"
    if kind == "identity":
        return f"no identity-based policy allows {caller(request.principal)} {asked(request)}"
    if kind == "trust":
        return f"{policy_name(kind, request)} does not allow {request.action}"
    return _refusal(decided)


def _refusal(decided: Decided) -> str:
    name = decided.judged.refusing(decided.blocking)
    what = asked(decided.request)
    if name.startswith(SCOPE_DOWN):
        return f"{name} does not allow {what}"
    return f"no {name} allows {what}"
