"""What was decided: the plain record that steps.py and headline.py put into words."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from labhelpers.policy.deciding.case import Case
from labhelpers.policy.language.model import ALLOWED, Request, StatementResult


@dataclass(frozen=True)
class Decided:
    """A Decision without its words. `case` is None where no policy was asked."""

    request: Request
    outcome: str
    blocked_by: str | None = None
    unmodelled: str | None = None
    case: Case | None = field(default=None, repr=False, compare=False)
    note: str = field(default="", repr=False)

    @property
    def allowed(self) -> bool:
        return self.outcome == ALLOWED

    @property
    def blocking(self) -> str:
        """The policy type that blocks a refused request: `blocked_by`, which is set there."""
        assert self.blocked_by is not None, "an Allowed request has nothing that blocks it"
        return self.blocked_by

    @property
    def judged(self) -> Case:
        """The case of a decision that policies were asked for, which `note` alone can spare."""
        assert self.case is not None, "no policy was asked"
        return self.case

    @cached_property
    def statements(self) -> tuple[StatementResult, ...]:
        """The statements that matched, and those that nearly did (the action matched)."""
        return tuple(self.case.results()) if self.case else ()

    @cached_property
    def nearest(self) -> tuple[StatementResult, ...]:
        """The Allow statements of the blocking type that did not match, nearest first."""
        found = [
            result
            for result in self.statements
            if result.failures and result.effect == "Allow" and self._blocks(result)
        ]
        return tuple(sorted(found, key=lambda result: len(result.failures)))

    def _blocks(self, result: StatementResult) -> bool:
        """Whether its policy is one of those that refuse: others of its type may allow."""
        if self.blocked_by in (None, "not modelled"):
            return self.blocked_by is not None
        kind = self.blocking
        names = self.judged.names_undecided(kind)
        return result.policy_type == kind and result.policy_name in names
