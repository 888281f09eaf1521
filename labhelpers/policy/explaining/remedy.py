"""The smallest changes that would allow a refused request, each tried before it is proposed.

Either the request can be made differently (an external ID, MFA, a tag: what a statement that
nearly matched asks for), or one statement is missing: for exactly this action, resource and
caller, under the conditions of the statement that came nearest. Nothing here proposes to
loosen a Deny or a statement that exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from labhelpers.policy.deciding.case import Case, slot
from labhelpers.policy.deciding.decision import Decision
from labhelpers.policy.deciding.trust import evaluate_as
from labhelpers.policy.explaining.missing import Change, missing_statements
from labhelpers.policy.explaining.passing import advice_to_send, sample
from labhelpers.policy.language.conditions import Condition, parts_of
from labhelpers.policy.language.model import EXPLICITLY_DENIED, Failure, Request
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.linting.catalogue import can_hold
from labhelpers.policy.writing.grammar import VERSIONS
from labhelpers.policy.writing.parse import compiled

# Every policy type can block once; several levels of one type can block one after the other.
_STEPS = 8


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
        after = again(decision.judged, change)
        if after.allowed or _progress(decision, after):
            return change, after
    return None


def _progress(before: Decision, after: Decision) -> bool:
    """Say whether something else blocks now, or the same type in fewer of its sets."""
    if after.outcome == EXPLICITLY_DENIED:
        return False
    if before.outcome == EXPLICITLY_DENIED or after.blocked_by != before.blocked_by:
        return after.blocked_by != "not modelled"
    kind = slot(after.blocking)
    return len([*after.judged.undecided(kind)]) < len([*before.judged.undecided(kind)])


def again(case: Case, change: Change) -> Decision:
    """Decide again with one change made."""
    request = case.call.request
    if change.context:
        lowered = {key.lower() for key in change.context}
        kept = {k: v for k, v in request.context.items() if k.lower() not in lowered}
        request = replace(request, context=kept | dict(change.context))
    groups = {kind: [list(policies) for policies in sets] for kind, sets in case.groups.items()}
    if change.statement is not None:
        kind = slot(change.policy_type)
        document = {"Version": VERSIONS[0], "Statement": [change.statement]}
        added = compiled(document, change.policy_type)
        if kind == "resource":
            groups[kind] = [[_joined(groups[kind], added)]]
        elif groups[kind]:
            groups[kind][change.place].append(added)
        else:
            groups[kind] = [[added]]
    return evaluate_as(
        case.resource_type,
        request,
        groups["resource"][0][0] if groups["resource"] else None,
        identity=[policy for policies in groups["identity"] for policy in policies],
        boundaries=[_together(policies) for policies in groups["boundary"]],
        session=groups["session"][0] if groups["session"] else None,
        scopes=[_together(policies) for policies in groups["session"][1:]],
        scps=groups["scp"],
        rcps=groups["rcp"],
    )


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
    for result in decision.nearest:
        if all(failure.element == "Condition" for failure in result.failures):
            change = _sending(decision.request, result.failures)
            if change:
                yield change
    yield from missing_statements(decision)


def _sending(request: Request, failures: Sequence[Failure]) -> Change | None:
    """A request that carries what the conditions ask for; None if a caller cannot send it."""
    context, advice = {}, []
    for failure in failures:
        if not can_hold(request.action, failure.key):
            return None
        value = sample(failure)
        words = "" if value is None else advice_to_send(request, failure, value)
        if value is None or not words:
            return None
        context[failure.key] = value
        advice.append(words)
    return Change(" ".join(dict.fromkeys(advice)), context)


def _other_requests(decision: Decision) -> Iterator[Change]:
    """What a caller may send so that the Deny that matched does not match."""
    for policy, statement in decision.judged.statements():
        result = statement.result(decision.judged.call, policy)
        if not result.matched or result.effect != "Deny":
            continue
        for condition in statement.conditions:
            opposite = _opposite(condition, decision)
            change = opposite and _sending(decision.request, [opposite])
            if change:
                yield change


def _opposite(condition: Condition, decision: Decision) -> Failure | None:
    """What the request should carry so that a condition of a Deny is not met."""
    prefix, base, _ = parts_of(condition.operator)
    wanted = condition.shown(decision.judged.call)
    if prefix:
        return None
    if base == "Bool":
        wanted = tuple("false" if value.lower() == "true" else "true" for value in wanted)
        return Failure("Condition", "Bool", condition.key, wanted)
    if "Not" in base:
        operator = base.replace("Not", "")
        return Failure("Condition", operator, condition.key, wanted)
    return None
