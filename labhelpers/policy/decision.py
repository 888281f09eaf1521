"""The outcome of an evaluation, with its reasons worked out only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .conditions import YES
from .model import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    POLICY_NAMES,
    Request,
    StatementResult,
    Step,
)
from .principals import NOT_NAMED
from .statement import Call, Policy

NONE, ALLOW, DENY = 0, 1, 2
ORDER = ("rcp", "scp", "resource", "identity", "boundary", "session")


def judge(policies: Sequence[Policy], call: Call) -> int:
    """Return DENY if a Deny matches, else ALLOW if an Allow matches, else NONE."""
    verdict = NONE
    for policy in policies:
        for statement in policy.about(call.action):
            if verdict and statement.allow:
                continue
            if statement.match(call) == YES:
                if not statement.allow:
                    return DENY
                verdict = ALLOW
    return verdict


def judge_resource(policy: Policy | None, call: Call) -> tuple[int, int]:
    """Like judge, with the strength of the most direct Allow (principals.py)."""
    strength = NOT_NAMED
    for statement in policy.about(call.action) if policy else ():
        if statement.match(call) == YES:
            if not statement.allow:
                return DENY, NOT_NAMED
            strength = max(strength, statement.principal.strength(call.principal))
    return (ALLOW if strength else NONE), strength


class Case:
    """All policies that bear on one request, and the verdict of each type.

    `verdicts` maps each policy type to its verdicts, one for each policy set that must allow
    (levels of service control policies, several boundaries); a type that is not in use has
    none. `resource_type` is "resource" or "trust".
    """

    __slots__ = ("call", "groups", "resource_type", "same_account", "strength", "verdicts")

    def __init__(self, call, groups, resource, *, resource_type, same_account):
        self.call: Call = call
        self.groups: dict[str, Sequence[Sequence[Policy]]] = groups
        self.resource_type: str = resource_type
        self.same_account: bool = same_account
        verdict, self.strength = judge_resource(resource, call)
        groups["resource"] = ((resource,),) if resource else ()
        self.verdicts = {
            kind: [judge(policies, call) for policies in groups[kind]] if groups[kind] else ()
            for kind in ORDER
            if kind != "resource"
        }
        self.verdicts["resource"] = (verdict,) if resource else ()

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
        return NONE not in self.verdicts[kind]


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
        from .steps import steps_of

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


def conclude(case: Case, blocked_by: str | None) -> Decision:
    """Make the decision: explicit denies first, then what nobody knows, then the algebra.

    A Deny that nobody can judge refuses; an Allow that nobody can judge matters only where
    nothing else allows.
    """
    request = case.call.request
    denied = case.denied_by()
    if denied:
        return Decision(request, EXPLICITLY_DENIED, denied, None, case)
    unknown = case.call.unmodelled.get("Deny")
    if unknown is None and blocked_by is None:
        return Decision(request, ALLOWED, None, None, case)
    unknown = unknown or case.call.unmodelled.get("Allow")
    if unknown:
        return Decision(request, IMPLICITLY_DENIED, "not modelled", unknown, case)
    return Decision(request, IMPLICITLY_DENIED, blocked_by, None, case)


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
