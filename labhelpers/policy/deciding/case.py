"""All policies that bear on one request, and the verdict of each policy type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

from labhelpers.policy.language.call import Call
from labhelpers.policy.language.conditions import UNKNOWN, YES
from labhelpers.policy.language.model import POLICY_NAMES, SCOPE_DOWN, StatementResult
from labhelpers.policy.language.principals import (
    CAPPED,
    DELEGATED,
    DIRECT,
    NOT_NAMED,
    has_all_rights,
)
from labhelpers.policy.language.statement import Policy, Statement

# UNSURE: an Allow that nobody can judge, and none that certainly matches.
NONE, ALLOW, DENY, UNSURE = 0, 1, 2, 3
ORDER = ("rcp", "scp", "resource", "identity", "boundary", "session")
_NOT_IN_USE: dict[str, Sequence[int]] = dict.fromkeys(ORDER, ())

_NAMING = {
    NOT_NAMED: "No statement allows this caller to do this.",
    DELEGATED: "It names the caller's account: the caller's own policies decide.",
    CAPPED: "It names the role or user behind the caller: boundary and session policy still count.",
    DIRECT: "It names the caller directly.",
}

# Policy type -> its policy sets, each of which must allow.
Groups = dict[str, Sequence[Sequence[Policy]]]


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
            strength = max(strength, statement.strength(call.principal))
        elif matched == UNKNOWN:
            call.note("resource" if statement.allow else "Deny")
            if statement.allow:
                hoped = max(hoped, statement.strength(call.principal))
    return (ALLOW if strength else NONE), strength, max(strength, hoped)


def slot(policy_type: str) -> str:
    """Return where a case keeps a policy type: a trust policy sits in "resource"."""
    return "resource" if policy_type == "trust" else policy_type


class Case:
    """All policies that bear on one request, and the verdict of each type.

    `verdicts` maps each policy type to its verdicts, one for each policy set that must allow
    (levels of service control policies, several boundaries); a type that is not in use has
    none. `resource_type` is "resource" or "trust".
    """

    __slots__ = (
        "_hoped",
        "call",
        "groups",
        "resource_type",
        "same_account",
        "strength",
        "verdicts",
    )

    def __init__(
        self,
        call: Call,
        groups: Groups,
        resource: Policy | None,
        *,
        resource_type: str,
        same_account: bool,
    ):
        self.call = call
        self.groups = groups
        self.resource_type = resource_type
        self.same_account = same_account
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
        return all(statement.plain for _, statement in self.statements())

    def statements(self) -> Iterator[tuple[Policy, Statement]]:
        """Yield each statement about the action, with its policy."""
        for sets in self.groups.values():
            for policies in sets:
                for policy in policies:
                    for statement in policy.about(self.call.action):
                        yield policy, statement

    def name(self, kind: str) -> str:
        """Return the policy type that sits in a slot."""
        return self.resource_type if kind == "resource" else kind

    def title(self, kind: str) -> str:
        """Return what a policy type is called: identity-based policy, trust policy, ..."""
        return POLICY_NAMES[self.name(kind)]

    def in_use(self, kind: str) -> bool:
        """Say whether there is a policy set of a type."""
        return bool(self.verdicts[kind])

    def denies(self, kind: str) -> bool:
        """Say whether a policy of a type denies explicitly."""
        return DENY in self.verdicts[kind]

    def denied_by(self) -> str | None:
        """Return the first policy type with an explicit deny, in AWS's order."""
        for kind in ORDER:
            if self.denies(kind):
                return self.name(kind)
        return None

    def denying(self, policy_type: str) -> Policy:
        """Return the first policy of a type that denies explicitly."""
        sets = self.groups[slot(policy_type)]
        policies = (policy for policies in sets for policy in policies)
        return next(p for p in policies if self._denies(p))

    def _denies(self, policy: Policy) -> bool:
        about = policy.about(self.call.action)
        return any(not s.allow and s.match(self.call) == YES for s in about)

    def allows(self, kind: str) -> bool:
        """Say whether every policy set of a type allows; a type not in use does."""
        return NONE not in self.verdicts[kind] and UNSURE not in self.verdicts[kind]

    def undecided(self, kind: str) -> Iterator[int]:
        """Yield the numbers of the policy sets of a type that neither allow nor deny."""
        return (n for n, verdict in enumerate(self.verdicts[kind]) if verdict not in (ALLOW, DENY))

    def refusing(self, kind: str) -> str:
        """Return what to call the first policy set of a type that does not allow.

        That is the type's name; where GetScopedCredentials put several layers over a session,
        the layer's.
        """
        names = self.names_undecided(kind)
        layer = names and names[0].startswith(SCOPE_DOWN)
        return names[0] if layer else self.title(slot(kind))

    def is_scoped_down(self) -> bool:
        """Say whether a layer of GetScopedCredentials does not allow."""
        return any(name.startswith(SCOPE_DOWN) for name in self.names_undecided("session"))

    def names_undecided(self, kind: str) -> list[str]:
        """Return the names of the policies in the sets of a type that neither allow nor deny."""
        sets = self.groups[slot(kind)]
        found = (sets[n] for n in self.undecided(slot(kind)) if n < len(sets))
        return [policy.name for policies in found for policy in policies]

    @property
    def naming(self) -> str:
        """Say how the resource's own policy names the caller."""
        return _NAMING[self.strength]

    @property
    def has_all_rights(self) -> bool:
        """Say whether the caller needs no identity-based policy, as root does not."""
        return has_all_rights(self.call.principal)

    def hoping(self) -> Case:
        """Return this case as if every Allow that nobody can judge matched."""
        hopeful = copy(self)
        hopeful.strength = self._hoped
        hopeful.verdicts = {
            kind: [ALLOW if verdict == UNSURE else verdict for verdict in verdicts]
            for kind, verdicts in self.verdicts.items()
        }
        return hopeful

    def results(self) -> Iterator[StatementResult]:
        """Yield the statements that matched, and those that nearly did (the action matched)."""
        for kind in ORDER:
            for policies in self.groups[kind]:
                for policy in policies:
                    yield from _results(policy, self.call)


def _results(policy: Policy, call: Call) -> Iterator[StatementResult]:
    for statement in policy.statements:
        if statement.names_action(call.action):
            yield statement.result(call, policy)
        elif policy.kind == "trust":
            # A trust policy is short, and forgetting sts:TagSession there is a common mistake.
            result = statement.result(call, policy)
            if len(result.failures) == 1:
                yield result
