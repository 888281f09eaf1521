"""The outcome of an evaluation, with its reasons worked out only when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

from labhelpers.policy.language.conditions import UNKNOWN, YES
from labhelpers.policy.language.model import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    POLICY_NAMES,
    Request,
    StatementResult,
    Step,
)
from labhelpers.policy.language.principals import NOT_NAMED
from labhelpers.policy.language.statement import Call, Policy

# UNSURE: an Allow that nobody can judge, and none that certainly matches.
NONE, ALLOW, DENY, UNSURE = 0, 1, 2, 3
ORDER = ("rcp", "scp", "resource", "identity", "boundary", "session")
_NOT_IN_USE = dict.fromkeys(ORDER, ())


def judge(policies: Sequence[Policy], call: Call, kind: str) -> int:
    """Return DENY if a Deny matches, else ALLOW if an Allow matches, else UNSURE or NONE."""
    verdict = NONE
    for policy in policies:
        for statement in policy.about(call.action):
            if verdict == ALLOW and statement.allow:
                continue
            matched = statement.match(call)
            if matched == YES:
                if not statement.allow:
                    return DENY
                verdict = ALLOW
            elif matched == UNKNOWN:
                call.note("Deny" if not statement.allow else kind)
                if statement.allow:
                    verdict = UNSURE
    return verdict


def judge_resource(policy: Policy | None, call: Call) -> tuple[int, int, int]:
    """Return DENY, ALLOW or NONE, how directly the Allow names the caller (principals.py), and
    how directly it would if every Allow that nobody can judge matched.
    """
    strength = hoped = NOT_NAMED
    for statement in policy.about(call.action) if policy else ():
        matched = statement.match(call)
        if matched == YES:
            if not statement.allow:
                return DENY, NOT_NAMED, NOT_NAMED
            strength = max(strength, statement.principal.strength(call.principal))
        elif matched == UNKNOWN:
            call.note("resource" if statement.allow else "Deny")
            if statement.allow:
                hoped = max(hoped, statement.principal.strength(call.principal))
    return (ALLOW if strength else NONE), strength, max(strength, hoped)


class Case:
    """All policies that bear on one request, and the verdict of each type.

    `verdicts` maps each policy type to its verdicts, one for each policy set that must allow
    (levels of service control policies, several boundaries); a type that is not in use has
    none. `resource_type` is "resource" or "trust".
    """

    __slots__ = ("_hoped", "call", "groups", "resource_type", "same_account", "strength")
    __slots__ += ("verdicts",)

    def __init__(self, call, groups, resource, *, resource_type, same_account):
        self.call: Call = call
        self.groups: dict[str, Sequence[Sequence[Policy]]] = groups
        self.resource_type: str = resource_type
        self.same_account: bool = same_account
        self.strength = self._hoped = NOT_NAMED
        self.verdicts = verdicts = _NOT_IN_USE.copy()
        for kind, sets in groups.items():
            if sets:
                verdicts[kind] = [judge(policies, call, kind) for policies in sets]
        groups["resource"] = ()
        if resource:
            groups["resource"] = ((resource,),)
            verdict, self.strength, self._hoped = judge_resource(resource, call)
            verdicts["resource"] = (verdict,)

    def plain(self) -> bool:
        """Say whether no statement about the action looks at the request's context."""
        return all(
            statement.plain
            for sets in self.groups.values()
            for policies in sets
            for policy in policies
            for statement in policy.about(self.call.action)
        )

    def name(self, kind: str) -> str:
        """Return the policy type under its own name: a trust policy sits in "resource"."""
        return self.resource_type if kind == "resource" else kind

    def denied_by(self) -> str | None:
        """Return the first policy type with an explicit deny, in AWS's order."""
        for kind in ORDER:
            if DENY in self.verdicts[kind]:
                return self.name(kind)
        return None

    def allows(self, kind: str) -> bool:
        """Say whether every policy set of a type allows; a type not in use does."""
        return NONE not in self.verdicts[kind] and UNSURE not in self.verdicts[kind]

    def hoping(self) -> Case:
        """Return this case as if every Allow that nobody can judge matched."""
        hopeful = copy(self)
        hopeful.strength = self._hoped
        hopeful.verdicts = {
            kind: [ALLOW if verdict == UNSURE else verdict for verdict in verdicts]
            for kind, verdicts in self.verdicts.items()
        }
        return hopeful


@dataclass(frozen=True)
class Decision:
    """What was decided and why. `blocked_by` is None when Allowed.

    `statements`, `steps` and `aws_reason` are worked out on first use.
    """

    request: Request
    outcome: str
    blocked_by: str | None = None
    unmodelled: str | None = None
    case: Case | None = field(default=None, repr=False, compare=False)
    note: str = field(default="", repr=False)

    @property
    def allowed(self) -> bool:
        return self.outcome == ALLOWED

    @cached_property
    def statements(self) -> tuple[StatementResult, ...]:
        """The statements that matched, and those that nearly did (the action matched)."""
        return tuple(_results(self.case)) if self.case else ()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The evaluation steps in AWS's order; the one that decided is marked `ended`."""
        from labhelpers.policy.deciding.steps import steps_of

        return steps_of(self)

    @property
    def aws_reason(self) -> str:
        """AWS's wording of the cause, as at the end of its access-denied messages."""
        if self.allowed or self.blocked_by == "not modelled" or self.note:
            return ""
        name = POLICY_NAMES[self.blocked_by]
        trust = self.blocked_by == "trust"
        if self.outcome == EXPLICITLY_DENIED:
            article = "the role" if trust else "an" if name[0] in "aeiou" else "a"
            return f"with an explicit deny in {article} {name}"
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
    kind = "resource" if blocked_by == "trust" else blocked_by
    unknown = unmodelled.get(kind) or unmodelled.get("Deny") or next(iter(unmodelled.values()))
    return Decision(request, IMPLICITLY_DENIED, "not modelled", unknown, case)


def _results(case: Case) -> Iterator[StatementResult]:
    for kind in ORDER:
        for policies in case.groups[kind]:
            for policy in policies:
                yield from _policy_results(policy, case.call)


def _policy_results(policy: Policy, call: Call) -> Iterator[StatementResult]:
    for statement in policy.statements:
        if statement.names_action(call.action):
            yield statement.result(call, policy)
        elif policy.kind == "trust":
            # A trust policy is short, and forgetting sts:TagSession there is a common mistake.
            result = statement.result(call, policy)
            if len(result.failures) == 1:
                yield result
