"""Search for a way: which calls, one after the other, lead somebody to what they may not do.

Round after round every identity that can be acted as makes every call of calls.py that this
project's engine allows it, each at its strongest: policies are written with Allow *, trust
policies for everybody. After N rounds all that N calls in a row can do has been done, and more.
What a policy asks of the request that the caller is free to choose (tags, session names, the
source address) is taken as fulfilled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from labhelpers.policy.deciding.decision import Decision
from labhelpers.policy.deciding.evaluate import evaluate
from labhelpers.policy.deciding.trust import evaluate_trust
from labhelpers.policy.language.model import Request
from labhelpers.policy.language.statement import Policy, Statement
from labhelpers.policy.reaching.calls import calls
from labhelpers.policy.reaching.facts import Facts, Power, Step, in_order
from labhelpers.policy.reaching.possible import FREE_TAGS, Possible
from labhelpers.policy.reaching.state import State

#: Keys that a search fills in where they are there, so that their absence is known; those of
#: tags only where the call is about something that exists.
_KNOWN = (
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principaltype",
    "aws:resourceaccount",
    "aws:userid",
    "aws:username",
    "ec2:createaction",  # of tags that come with a create: here things are there
    "iam:passedtoservice",
    "iam:permissionsboundary",
    "iam:policyarn",
)
_TAGS = ("aws:resourcetag/", "iam:resourcetag/")


@dataclass(frozen=True)
class Way:
    """The calls to a goal, first one first, and what is then allowed to whom."""

    calls: tuple[Step, ...]
    power: Power
    goal: str

    def __str__(self) -> str:
        lines = [f"{number}. {step}" for number, step in enumerate(self.calls, 1)]
        return "\n".join([*lines, f"Then {self.power.identity.arn} may {self.goal}"])


class Search:
    """One search from `start`, ARNs of users and roles that one can act as.

    `decisions`, `powers` and `rounds` are the figures of it so far.
    """

    def __init__(self, state: State, start: Iterable[str]) -> None:
        self.facts = Facts(state, start)
        self.policies = list(dict.fromkeys(state.policies()))
        self.decisions = self.rounds = 0
        self._judged: dict[tuple[Power, tuple], bool] = {}
        self._hopeless: dict[tuple, bool] = {}
        self._seen: set[Power] = set()

    @property
    def powers(self) -> int:
        return len(self._seen)

    def way(self, goal: Callable[[Search, Power], str], most: int = 4) -> Way | None:
        """The first way to a goal in at most so many rounds, None if there is none.

        `goal` is asked once about each power; it answers with what is reached, "" for nothing.
        """
        for self.rounds in range(most + 1):
            for power in list(self.facts.powers()):
                if power not in self._seen:
                    self._seen.add(power)
                    reached = goal(self, power)
                    if reached:
                        steps = in_order(self.facts.why_power(power))
                        return Way(tuple(steps), power, reached)
            if self.rounds == most or not self._round():
                return None
        return None

    def _round(self) -> bool:
        """Make every call that is possible now; whether anything came of it."""
        found = []
        for power in list(self.facts.powers()):
            for call in calls(self.facts, self.policies, power, self.hopeless):
                if all(fact in self.facts for fact in call.facts) or not self._may(power, call):
                    continue
                made = ("made", call.resource, True)
                after = self.facts.why_power(power) + self.facts.why(made, *call.needs)
                arn = power.identity.arn
                found.append((call, Step(arn, call.action, call.resource, call.context, after)))
        new = False
        for call, step in found:
            for identity in call.made:
                if self.facts.identities.setdefault(identity.arn, identity) is identity:
                    self.facts.add(("made", identity.arn, True), step)
            for fact in call.facts:
                new |= self.facts.add(fact, step)
        return new

    def _may(self, power: Power, call: Possible) -> bool:
        key = (power, call.key)
        if key not in self._judged:
            context = dict(call.context)
            self._judged[key] = self.may(
                power, call.action, call.resource, context, call.trust
            ) and all(self.may(power, action, resource) for action, resource in call.besides)
        return self._judged[key]

    def may(
        self,
        power: Power,
        action: str,
        resource: str,
        context: dict[str, str] | None = None,
        trust: Policy | None = None,
        free: bool = False,
    ) -> bool:
        """Whether a call is allowed, if its sender chooses well what is for them to choose.

        `trust` is the role's where the call enters a role; with `free` the resource's tags are
        for the sender to choose as well.
        """
        if self.hopeless(power, action, bool(trust)):
            return False
        self.decisions += 1
        context = context or {}
        free = context.pop(FREE_TAGS, None) is not None or free

        def known(key: str) -> bool:
            lowered = key.lower()
            return lowered in _KNOWN or (lowered.startswith(_TAGS) and not free)

        request = Request(power.principal, action, resource, "", context, known)
        policies, boundaries = power.policies, power.boundaries
        if trust is None:
            return possible(evaluate(request, identity=policies, boundaries=boundaries))
        return possible(evaluate_trust(request, trust, identity=policies, boundaries=boundaries))

    def hopeless(self, power: Power, action: str, entering: bool = False) -> bool:
        """Whether no resource and no condition could make it allowed: most calls are."""
        key = (power.limits, action, entering)
        if key not in self._hopeless:
            lowered = action.lower()
            groups = [power.policies, *((one,) for one in power.boundaries)]
            about = [[s for p in group for s in p.about(lowered)] for group in groups]
            lacking = not all(any(s.allow for s in statements) for statements in about)
            shut = any(
                not s.allow and s.plain and _whole(s) for statements in about for s in statements
            )
            self._hopeless[key] = shut or (lacking and not entering)
        return self._hopeless[key]


def _whole(statement: Statement) -> bool:
    resource = statement.resource
    return statement.resource_element == "Resource" and bool(resource and resource.everything)


def possible(decision: Decision) -> bool:
    """Allowed, or it hangs on nothing but what the sender chooses."""
    return decision.allowed or decision.blocked_by == "not modelled"
