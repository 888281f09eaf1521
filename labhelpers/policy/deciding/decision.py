"""The outcome of an evaluation, with its reasons worked out only when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from labhelpers.policy.deciding.case import Case, slot
from labhelpers.policy.deciding.decided import Decided
from labhelpers.policy.deciding.headline import headline_of
from labhelpers.policy.deciding.steps import steps_of
from labhelpers.policy.language.model import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    POLICY_NAMES,
    Step,
)


@dataclass(frozen=True)
class Decision(Decided):
    """What was decided and why. `blocked_by` is None when Allowed.

    `statements`, `steps`, `headline` and `aws_reason` are worked out on first use.
    """

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The evaluation steps in AWS's order; the one that decided is marked `ended`."""
        return steps_of(self)

    @cached_property
    def headline(self) -> str:
        """The verdict with its cause, in one sentence."""
        return headline_of(self)

    @property
    def aws_reason(self) -> str:
        """AWS's wording of the cause, as at the end of its access-denied messages.

        Since 2026 an explicit deny names the policy, where that has an ARN.
        """
        if self.allowed or self.blocked_by == "not modelled" or self.note:
            return ""
        name = POLICY_NAMES[self.blocking]
        trust = self.blocking == "trust"
        if self.outcome == EXPLICITLY_DENIED:
            article = "the role" if trust else "an" if name[0] in "aeiou" else "a"
            arn = self.judged.denying(self.blocking).arn
            told = f"with an explicit deny in {article} {name}"
            return f"{told}: {arn}" if arn else told
        role = "role " if trust else ""
        return f"because no {role}{name} allows the {self.request.action} action"


def conclude(case: Case, blocker: Callable[[Case], str | None]) -> Decision:
    """Make the decision: explicit denies first, then the algebra, then what nobody knows.

    `blocker` returns the policy type that implicitly denies, None if the algebra allows. What
    nobody knows counts only where the outcome hangs on it: an Allow if its match would lift
    the block, a Deny if everything else allows.
    """
    request, unmodelled = case.call.request, case.call.unmodelled
    denied = case.denied_by()
    if denied:
        return Decision(request, EXPLICITLY_DENIED, denied, None, case)
    blocked_by = blocker(case)
    if not unmodelled:
        outcome = IMPLICITLY_DENIED if blocked_by else ALLOWED
        return Decision(request, outcome, blocked_by, None, case)
    certain = blocker(case.hoping())
    if certain:
        return Decision(request, IMPLICITLY_DENIED, certain, None, case)
    if blocked_by is None and "Deny" not in unmodelled:
        return Decision(request, ALLOWED, None, None, case)
    first = next(iter(unmodelled.values()))
    unknown = unmodelled.get(slot(blocked_by or "")) or unmodelled.get("Deny") or first
    return Decision(request, IMPLICITLY_DENIED, "not modelled", unknown, case)
