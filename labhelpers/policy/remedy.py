"""The smallest changes that would allow a refused request, each tried before it is proposed.

Either the request can be made differently (an external ID, MFA, a tag: what a statement that
nearly matched asks for), or one statement is missing: for exactly this action, resource and
caller, under the conditions of the statement that came nearest. Nothing here proposes to
loosen a Deny or a statement that exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .conditions import Condition, split_operator
from .decision import Case, Decision
from .evaluate import evaluate
from .model import EXPLICITLY_DENIED, POLICY_NAMES, Failure, Principal, Request, StatementResult
from .parse import compiled
from .passing import advice_to_send, sample
from .statement import Policy
from .trust import judge_trust

_VERSION = "2012-10-17"
# Every policy type can block once; several levels of one type can block one after the other.
_STEPS = 8


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


def changes(decision: Decision) -> tuple[Change, ...]:
    """Return the changes that together allow the request; () where there are none or no need."""
    if decision.allowed or decision.case is None or decision.note:
        return ()
    made: list[Change] = []
    current = decision
    while not current.allowed and len(made) < _STEPS:
        step = _next(current)
        if step is None:
            return ()
        made.append(step[0])
        current = step[1]
    return tuple(made) if current.allowed else ()


def _next(decision: Decision) -> tuple[Change, Decision] | None:
    """Return the first candidate that lifts the present block, with what is decided then."""
    if decision.blocked_by == "not modelled" or decision.note:
        return None
    denied = decision.outcome == EXPLICITLY_DENIED
    for change in _other_requests(decision) if denied else _candidates(decision):
        after = again(decision.case, change)
        if after.allowed or _progress(decision, after):
            return change, after
    return None


def _progress(before: Decision, after: Decision) -> bool:
    """Say whether something else blocks now, or the same type in fewer of its sets."""
    if after.outcome == EXPLICITLY_DENIED:
        return False
    if before.outcome == EXPLICITLY_DENIED or after.blocked_by != before.blocked_by:
        return after.blocked_by != "not modelled"
    kind = "resource" if after.blocked_by == "trust" else after.blocked_by
    return _blocking(after.case, kind) < _blocking(before.case, kind)


def _blocking(case: Case, kind: str) -> int:
    return sum(verdict not in (1, 2) for verdict in case.verdicts[kind])


def again(case: Case, change: Change) -> Decision:
    """Decide again with one change made."""
    request = case.call.request
    if change.context:
        lowered = {key.lower() for key in change.context}
        kept = {k: v for k, v in request.context.items() if k.lower() not in lowered}
        request = replace(request, context=kept | dict(change.context))
    groups = {kind: [list(policies) for policies in sets] for kind, sets in case.groups.items()}
    if change.statement is not None:
        kind = "resource" if change.policy_type == "trust" else change.policy_type
        document = {"Version": _VERSION, "Statement": [change.statement]}
        added = compiled(document, change.policy_type)
        if kind == "resource":
            groups[kind] = [[_joined(groups[kind], added)]]
        elif groups[kind]:
            groups[kind][change.place].append(added)
        else:
            groups[kind] = [[added]]
    resource = groups["resource"][0][0] if groups["resource"] else None
    policies = {
        "identity": [policy for policies in groups["identity"] for policy in policies],
        "boundaries": [_together(policies) for policies in groups["boundary"]],
        "session": groups["session"][0] if groups["session"] else None,
        "scps": groups["scp"],
        "rcps": groups["rcp"],
    }
    if case.resource_type == "trust":
        return judge_trust(request, resource, **policies)
    return evaluate(request, resource=resource, **policies)


def _joined(sets: Sequence[Sequence[Policy]], added: Policy) -> Policy:
    """Add a statement to a resource's own policy."""
    return _together([*(sets[0] if sets else ()), added])


def _together(policies: Sequence[Policy]) -> Policy:
    if len(policies) == 1:
        return policies[0]
    statements = tuple(s for policy in policies for s in policy.statements)
    return replace(policies[0], statements=statements, _index={})


def _candidates(decision: Decision) -> Iterator[Change]:
    """What may lift an implicit deny: first other requests, then a statement."""
    near = nearest(decision)
    for result in near:
        if all(failure.element == "Condition" for failure in result.failures):
            change = _sending(decision.request, result.failures)
            if change:
                yield change
    yield from _statements(decision, near)


def nearest(decision: Decision) -> list[StatementResult]:
    """Return the Allow statements of the blocking type that did not match, nearest first."""
    found = [
        result
        for result in decision.statements
        if result.failures
        and result.effect == "Allow"
        and decision.blocked_by in (result.policy_type, "not modelled")
    ]
    return sorted(found, key=lambda result: len(result.failures))


def _sending(request: Request, failures: Sequence[Failure]) -> Change | None:
    """A request that carries what the conditions ask for; None if a caller cannot send it."""
    context, advice = {}, []
    for failure in failures:
        value = sample(failure)
        words = value is not None and advice_to_send(request, failure, value)
        if not words:
            return None
        context[failure.key] = value
        advice.append(words)
    return Change(" ".join(dict.fromkeys(advice)), context)


def _other_requests(decision: Decision) -> Iterator[Change]:
    """What a caller may send so that the Deny that matched does not match."""
    for policy, statement in _statements_of(decision.case):
        result = statement.result(decision.case.call, policy)
        if not result.matched or result.effect != "Deny":
            continue
        for condition in statement.conditions:
            opposite = _opposite(condition, decision)
            change = opposite and _sending(decision.request, [opposite])
            if change:
                yield change


def _opposite(condition: Condition, decision: Decision) -> Failure | None:
    """What the request should carry so that a condition of a Deny is not met."""
    prefix, base, _ = split_operator(condition.operator)
    wanted = condition.shown(decision.case.call)
    if prefix:
        return None
    if base == "Bool":
        wanted = tuple("false" if value.lower() == "true" else "true" for value in wanted)
        return Failure("Condition", "Bool", condition.key, wanted)
    if "Not" in base:
        operator = base.replace("Not", "")
        return Failure("Condition", operator, condition.key, wanted)
    return None


def _statements_of(case: Case):
    for sets in case.groups.values():
        for policies in sets:
            for policy in policies:
                for statement in policy.about(case.call.action):
                    yield policy, statement


def _statements(decision: Decision, near: Sequence[StatementResult]) -> Iterator[Change]:
    """The statement that is missing, first under the conditions of the one that came nearest."""
    request, kind = decision.request, decision.blocked_by
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
    sets = decision.case.groups["resource" if kind == "trust" else kind]
    verdicts = decision.case.verdicts["resource" if kind == "trust" else kind]
    place = next((n for n, verdict in enumerate(verdicts) if verdict not in (1, 2)), 0)
    place = place if place < len(sets) else 0
    advice = _advice(decision)
    for result in near:
        condition = _conditions_met(decision.case, result)
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
    kind = "resource" if result.policy_type == "trust" else result.policy_type
    for policies in case.groups[kind]:
        for policy in policies:
            listed = policy.document.get("Statement")
            listed = listed if isinstance(listed, list) else [listed]
            same = policy.name == result.policy_name and policy.version == _VERSION
            if same and result.index < len(listed):
                sid = listed[result.index].get("Sid", "")
                return listed[result.index] if sid == result.sid else {}
    return {}


def _advice(decision: Decision) -> str:
    request, kind = decision.request, decision.blocked_by
    what = request.action
    on = f" on {request.resource}" if request.resource not in (None, "*") else ""
    if kind == "identity":
        return f"Add {what}{on} to the caller's identity-based policy."
    if kind in ("trust", "resource"):
        [who] = _principal(request.principal).values() or [""]
        where = "trust policy" if kind == "trust" else "resource-based policy"
        return f"Let the {where} allow {what} to {who}."
    if kind == "session":
        return f"Pass a session policy that allows {what}{on}."
    if kind == "boundary":
        return f"Add {what}{on} to the permissions boundary."
    return f"Let the {POLICY_NAMES[kind]} allow {what}{on} at every level."
