"""What a search knows so far: a state that only grows, and for each new fact the call behind it.

Nothing is ever lost here: an identity keeps the forms it has had, though a real account would
have the last one only. So no way is missed; one that is shown may have to be walked in an order
in which one of its calls does not undo what another one needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from labhelpers.policy.language.model import Principal
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.reaching.state import Form, Identity, State


@dataclass(frozen=True)
class Step:
    """One call of a way, and the calls that it needs before it; `given` are its condition keys."""

    caller: str
    action: str
    resource: str
    given: tuple[tuple[str, str], ...] = ()
    after: tuple[Step, ...] = ()

    def __str__(self) -> str:
        told = [f"{key} {value}" for key, value in self.given if key.startswith("iam:P")]
        return " with ".join((f"{self.caller} calls {self.action} on {self.resource}", *told))


def in_order(steps: Iterable[Step | None]) -> list[Step]:
    """These steps and all that they need, each once, the first one first."""
    found: dict[tuple, Step] = {}

    def visit(step: Step | None) -> None:
        if step is not None:
            for before in step.after:
                visit(before)
            found.setdefault((step.caller, step.action, step.resource, step.given), step)

    for step in steps:
        visit(step)
    return list(found.values())


@dataclass(frozen=True)
class Power:
    """Somebody whom the searcher can act as, in one of its forms."""

    identity: Identity
    form: Form

    @cached_property
    def principal(self) -> Principal:
        return self.identity.principal()

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        return tuple(policy for _, policy in self.form.policies)

    @cached_property
    def boundaries(self) -> tuple[Policy, ...]:
        return (self.form.boundary[1],) if self.form.boundary else ()

    @cached_property
    def limits(self) -> tuple[frozenset[Policy], tuple[Policy, ...]]:
        """The texts alone: few, where the powers are many."""
        return frozenset(self.policies), self.boundaries


#: A kind of fact, the ARN that it is about, and what is true of it.
Fact = tuple[str, str, Any]


class Facts:
    """Facts by ARN: "held" (one can act as it), "form", "trust", "document" (of a managed policy),
    "group" (more that it gives), "made" (one of ours) and "retagged" (as one likes)."""

    def __init__(self, state: State, start: Iterable[str]) -> None:
        self.identities = dict(state.identities)
        self.members = {arn: set(users) for arn, users in state.members.items()}
        self.groups = {arn: list(given) for arn, given in state.groups.items()}
        self.versions = {arn: list(policies) for arn, policies in state.versions.items()}
        self._why: dict[Fact, Step | None] = {}
        self._of: dict[tuple[str, str], list[Any]] = {}
        for arn, forms in state.forms.items():
            for form in forms:
                self.add(("form", arn, form), None)
        for kind, known in (("trust", state.trusts), ("document", state.documents)):
            for arn, policies in known.items():
                for policy in policies:
                    self.add((kind, arn, policy), None)
        for arn in start:
            self.add(("held", arn, True), None)

    def add(self, fact: Fact, step: Step | None) -> bool:
        """Whether it is new."""
        if fact in self._why:
            return False
        self._why[fact] = step
        self._of.setdefault(fact[:2], []).append(fact[2])
        return True

    def __contains__(self, fact: Fact) -> bool:
        return fact in self._why

    def why(self, *facts: Fact) -> tuple[Step, ...]:
        """The calls behind these facts; none behind what was there from the start."""
        steps = (self._why.get(fact) for fact in facts)
        return tuple(step for step in steps if step is not None)

    def of(self, kind: str, arn: str) -> list[Any]:
        return self._of.get((kind, arn), [])

    def about(self, kind: str) -> Iterator[tuple[str, Any]]:
        """(ARN, what is true of it) of a kind."""
        for (found, arn), values in list(self._of.items()):
            if found == kind:
                yield from ((arn, value) for value in list(values))

    def powers(self) -> Iterator[Power]:
        for arn, _ in self.about("held"):
            for form in self.of("form", arn):
                yield Power(self.identities[arn], form)

    def why_power(self, power: Power) -> tuple[Step, ...]:
        arn = power.identity.arn
        return self.why(("held", arn, True), ("form", arn, power.form))
