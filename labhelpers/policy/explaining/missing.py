"""The one statement that is missing: for exactly this action, resource and caller.

It keeps the conditions that the request meets of the statement that came nearest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from labhelpers.policy.deciding.case import Case, slot
from labhelpers.policy.deciding.decision import Decision
from labhelpers.policy.language.model import POLICY_NAMES, SCOPE_DOWN, Principal, StatementResult
from labhelpers.policy.linting.catalogue import can_hold
from labhelpers.policy.writing.grammar import VERSIONS


@dataclass(frozen=True)
class Change:
    """One change: keys that the request should carry, or a statement to add.

    `advice` is a sentence. `context` holds condition keys with values that would do;
    `statement` belongs into a policy of type `policy_type` (of its set number `place`, where
    every level or boundary must allow).
    """

    advice: str
    context: Mapping[str, str] = field(default_factory=dict)
    policy_type: str = ""
    statement: Mapping | None = None
    place: int = 0


def missing_statements(decision: Decision) -> Iterator[Change]:
    """The statement that is missing, first under the conditions of the one that came nearest."""
    request, kind = decision.request, decision.blocking
    resource = _literal(request.resource)
    if resource is None:
        return
    statement: dict[str, object] = {"Effect": "Allow"}
    if kind in ("trust", "resource"):
        statement["Principal"] = _principal(request.principal)
    statement["Action"] = request.action
    if kind != "trust":
        statement["Resource"] = resource
    # Without an account a principal brings no policies of its own.
    if statement.get("Principal") == {}:
        return
    case = decision.judged
    place = next(case.undecided(slot(kind)), 0)
    place = place if place < len(case.groups[slot(kind)]) else 0
    advice = _advice(decision)
    for result in decision.nearest:
        condition = _conditions_met(case, result)
        if condition:
            keys = ", ".join(dict.fromkeys(key for held in condition.values() for key in held))
            yield Change(
                f"{advice} Keep the condition on {keys}.",
                policy_type=kind,
                statement=statement | {"Condition": condition},
                place=place,
            )
    yield Change(advice, policy_type=kind, statement=statement, place=place)


def _literal(resource: str | None) -> str | None:
    """Write a resource so that it means itself alone; None where that cannot be written."""
    if resource is None or resource == "*":
        return resource
    parts = resource.split(":", 5)
    if len(parts) < 6 or any(sign in part for part in parts[:5] for sign in "*?"):
        return None
    last = parts[5].replace("$", "${$}").replace("*", "${*}").replace("?", "${?}")
    return ":".join([*parts[:5], last])


def _principal(principal: Principal) -> dict[str, str]:
    if principal.kind == "service":
        return {"Service": principal.arn}
    if principal.kind in ("web-identity", "saml"):
        return {"Federated": principal.arn}
    if principal.kind == "anonymous":
        return {}
    # A role's ARN rather than its session's: sessions come and go under other names.
    return {"AWS": principal.role_arn or principal.arn}


def _conditions_met(case: Case, result: StatementResult) -> dict[str, dict[str, object]]:
    """Return the conditions of a statement that the request meets, as written."""
    failed = {(f.operator, f.key) for f in result.failures if f.element == "Condition"}
    block = _written(case, result).get("Condition") or {}
    met = {
        operator: {key: value for key, value in keys.items() if (operator, key) not in failed}
        for operator, keys in block.items()
    }
    return {operator: keys for operator, keys in met.items() if keys}


def _written(case: Case, result: StatementResult) -> Mapping:
    """Return a statement as its policy has it; {} where an older policy language counts."""
    for policies in case.groups[slot(result.policy_type)]:
        for policy in policies:
            listed = policy.document.get("Statement")
            listed = listed if isinstance(listed, list) else [listed]
            same = policy.name == result.policy_name and policy.version == VERSIONS[0]
            if same and result.index < len(listed):
                sid = listed[result.index].get("Sid", "")
                return listed[result.index] if sid == result.sid else {}
    return {}


def _advice(decision: Decision) -> str:
    """The sentence for a missing statement, with the keys that keep an existing one from it."""
    action, conditions = decision.request.action, _conditions_failed(decision)
    foreign = ", ".join(key for key in conditions if not can_hold(action, key))
    if not foreign:
        return _plain_advice(decision)
    return (
        f"{action} is checked with its own keys only, never with {foreign}: split the statement. "
        f"{_plain_advice(decision)}"
    )


def _conditions_failed(decision: Decision) -> dict[str, None]:
    """The keys that the statements about the action ask for in vain."""
    return {
        failure.key: None
        for result in decision.nearest
        if all(failure.element == "Condition" for failure in result.failures)
        for failure in result.failures
    }


def _plain_advice(decision: Decision) -> str:
    request, kind = decision.request, decision.blocking
    what = request.action
    on = f" on {request.resource}" if request.resource not in (None, "*") else ""
    if kind == "identity":
        return f"Add {what}{on} to the caller's identity-based policy."
    if kind in ("trust", "resource"):
        [who] = _principal(request.principal).values() or [""]
        where = "trust policy" if kind == "trust" else "resource-based policy"
        return f"Let the {where} allow {what} to {who}."
    name = decision.judged.refusing(kind)
    if name.startswith(SCOPE_DOWN):
        return f"Ask for scoped credentials whose {name} allows {what}{on}."
    if kind == "session":
        return f"Pass a session policy that allows {what}{on}."
    if kind == "boundary":
        return f"Add {what}{on} to the permissions boundary."
    return f"Let the {POLICY_NAMES[kind]} allow {what}{on} at every level."
