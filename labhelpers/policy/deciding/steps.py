"""The evaluation retold step by step, in the order of AWS's enforcement code.

Order: IAM User Guide, "Policy evaluation logic": explicit denies, RCPs, SCPs, resource-based
policy, identity-based policies, permissions boundary, session policy.
"""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy.deciding.case import NONE, ORDER, Case
from labhelpers.policy.deciding.decided import Decided
from labhelpers.policy.language.model import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    POLICY_NAMES,
    SCOPE_DOWN,
    Step,
)
from labhelpers.policy.language.principals import DIRECT


def steps_of(decided: Decided) -> tuple[Step, ...]:
    """Return every step, also those after the one that decided (see Step.ended)."""
    if decided.case is None:
        return (Step("every caller", decided.outcome, decided.note, True),)
    steps = list(_steps(decided, decided.case))
    last = _last(decided, decided.case, steps)
    return tuple(
        Step(step.name, step.result, step.detail, number == last)
        for number, step in enumerate(steps)
    )


def _steps(decided: Decided, case: Case) -> Iterator[Step]:
    denied = case.denied_by()
    if denied:
        yield Step("explicit deny", EXPLICITLY_DENIED, f"A {POLICY_NAMES[denied]} denies it.")
    else:
        yield Step("explicit deny", "", "No Deny statement matches.")
    if decided.blocked_by == "not modelled":
        detail = f"A statement asks for {decided.unmodelled}, whose value is not known here."
        yield Step("not modelled", IMPLICITLY_DENIED, detail)
    for kind in ORDER:
        name = case.name(kind)
        if not case.verdicts[kind]:
            # Across accounts the resource's own policy must exist.
            result = IMPLICITLY_DENIED if name == decided.blocked_by else ""
            yield Step(name, result, f"There is no {POLICY_NAMES[name]}.")
        elif kind == "resource":
            yield _resource_step(name, case, decided.note)
        elif NONE in case.verdicts[kind]:
            yield Step(name, IMPLICITLY_DENIED, _refused_detail(kind, case))
        else:
            yield Step(name, ALLOWED, _allowed_detail(kind, case))


def _resource_step(name: str, case: Case, note: str) -> Step:
    if note:
        return Step(name, IMPLICITLY_DENIED, note)
    result = ALLOWED if case.strength else IMPLICITLY_DENIED
    return Step(name, result, case.naming)


def _refused_detail(kind: str, case: Case) -> str:
    name = case.refusing(kind)
    if name.startswith(SCOPE_DOWN):
        return f"{name[0].upper()}{name[1:]} does not allow it."
    return f"No {name} allows it."


def _allowed_detail(kind: str, case: Case) -> str:
    if kind == "rcp":
        return "No resource control policy takes it away."
    if kind == "identity" and case.has_all_rights:
        return "The root user needs no identity-based policy."
    return f"A statement of the {POLICY_NAMES[kind]} allows it."


def _last(decided: Decided, case: Case, steps: list[Step]) -> int:
    """The number of the step that decided."""
    if decided.outcome == EXPLICITLY_DENIED:
        wanted = "explicit deny"
    elif decided.blocked_by:
        wanted = decided.blocked_by
    elif case.same_account and case.strength == DIRECT or not case.call.principal.account:
        wanted = case.name("resource")
    else:
        return max(n for n, step in enumerate(steps) if step.result == ALLOWED)
    return next(n for n, step in enumerate(steps) if step.name == wanted)
