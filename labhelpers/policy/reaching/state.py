"""The identities of accounts and all that limits them, as a search needs them.

Read from what GetAccountAuthorizationDetails answers. Several answers of one account, from
different moments, make one state in which every identity has had each of its forms: what cannot
be reached there cannot be reached at any of the moments, nor across them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labhelpers.policy.language.arn import account_of
from labhelpers.policy.language.model import Principal
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.writing.parse import parse

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
#: What somebody who means harm writes into a policy.
EVERYTHING = parse(_ALL, kind="identity", name="everything")
#: The source of a policy that was written during a search.
WRITTEN = "inline/written"


@dataclass(frozen=True)
class Form:
    """What an identity may do at one moment: (source, policy) pairs, and its boundary likewise.

    A source is the ARN of a managed policy, "inline/NAME", or either of a group after its ARN
    and a space.
    """

    policies: frozenset[tuple[str, Policy]]
    boundary: tuple[str, Policy] | None = None

    def plus(self, source: str, policy: Policy) -> Form:
        """With one more policy. Beside EVERYTHING nothing adds anything, and only a policy that
        denies is worth remembering: so there are few forms."""
        kept = self.policies
        if any(one is EVERYTHING for _, one in kept):
            return self
        if policy is EVERYTHING:
            kept = frozenset(pair for pair in kept if denies(pair[1]))
        return Form(kept | {(source, policy)}, self.boundary)

    def without(self, source: str) -> Form:
        """Without the policies whose source begins so."""
        return Form(
            frozenset(p for p in self.policies if not p[0].startswith(source)), self.boundary
        )

    def bound(self, boundary: tuple[str, Policy] | None) -> Form:
        return Form(self.policies, boundary)


def denies(policy: Policy) -> bool:
    return any(not statement.allow for statement in policy.statements)


@dataclass(frozen=True)
class Identity:
    """A user or role: what never changes of it during a search."""

    arn: str
    unique_id: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def is_role(self) -> bool:
        return ":role/" in self.arn

    @property
    def account(self) -> str:
        return account_of(self.arn)

    def principal(self) -> Principal:
        """Whoever holds its keys, or a session of it."""
        if not self.is_role:
            return Principal("user", self.arn, self.account, self.unique_id)
        name = self.arn.rpartition("/")[2]
        session = f"arn:aws:sts::{self.account}:assumed-role/{name}/reach"
        return Principal("role-session", session, self.account, self.unique_id, role_arn=self.arn)


@dataclass
class State:
    """ARN -> what each thing is, or has been at some moment."""

    identities: dict[str, Identity] = field(default_factory=dict)
    forms: dict[str, set[Form]] = field(default_factory=lambda: defaultdict(set))
    trusts: dict[str, set[Policy]] = field(default_factory=lambda: defaultdict(set))
    #: Customer managed policies: the documents that were the default, and all versions.
    documents: dict[str, set[Policy]] = field(default_factory=lambda: defaultdict(set))
    versions: dict[str, set[Policy]] = field(default_factory=lambda: defaultdict(set))
    #: Groups: who has been in them, and the policies that they give, as forms have them.
    members: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    groups: dict[str, set[frozenset[tuple[str, Policy]]]] = field(
        default_factory=lambda: defaultdict(set)
    )

    @classmethod
    def of(cls, *details: Mapping[str, Any]) -> State:
        """From answers of GetAccountAuthorizationDetails, of one moment or several."""
        state = cls()
        for answer in details:
            _add(state, answer)
        return state

    def policies(self) -> Iterator[Policy]:
        """Every policy that stands somewhere, some twice."""
        for forms in self.forms.values():
            for form in forms:
                yield from (policy for _, policy in form.policies)
                if form.boundary:
                    yield form.boundary[1]
        for documents in self.versions.values():
            yield from documents


def compiled(document: str | Mapping, kind: str = "identity") -> Policy:
    """A policy under no name: the same text is the same object, and counts once; whatever allows
    everything is EVERYTHING."""
    text = document if isinstance(document, str) else json.dumps(document)
    policy = parse(text, kind=kind)
    return EVERYTHING if kind == "identity" and _allows_all(policy) else policy


def _allows_all(policy: Policy) -> bool:
    return not denies(policy) and any(
        s.plain
        and s.action_element == "Action"
        and "*" in s.actions
        and s.resource_element == "Resource"
        and bool(s.resource and s.resource.everything)
        for s in policy.statements
    )


def _add(state: State, answer: Mapping[str, Any]) -> None:
    defaults: dict[str, Policy] = {}
    used = _used(answer)
    for one in answer.get("Policies", ()):
        arn = one["Arn"]
        if ":iam::aws:" in arn and arn not in used:
            continue  # a thousand that nobody has
        for version in one["PolicyVersionList"]:
            policy = compiled(version["Document"])
            if version["IsDefaultVersion"]:
                defaults[arn] = policy
            if ":iam::aws:" not in arn:
                state.versions[arn].add(policy)
        if ":iam::aws:" not in arn:
            state.documents[arn].add(defaults[arn])
    groups = {one["GroupName"]: one for one in answer.get("GroupDetailList", ())}
    for group in groups.values():
        state.groups[group["Arn"]].add(frozenset(_held(group, "Group", defaults, group["Arn"])))
    for user in answer.get("UserDetailList", ()):
        pairs = list(_held(user, "User", defaults))
        for name in user.get("GroupList", ()):
            pairs += _held(groups[name], "Group", defaults, groups[name]["Arn"])
            state.members[groups[name]["Arn"]].add(user["Arn"])
        _identity(state, user, user["UserId"], pairs, defaults)
    for role in answer.get("RoleDetailList", ()):
        _identity(state, role, role["RoleId"], _held(role, "Role", defaults), defaults)
        state.trusts[role["Arn"]].add(compiled(role["AssumeRolePolicyDocument"], "trust"))


def _used(answer: Mapping[str, Any]) -> set[str]:
    found = set()
    for kind in ("UserDetailList", "RoleDetailList", "GroupDetailList"):
        for one in answer.get(kind, ()):
            found |= {policy["PolicyArn"] for policy in one.get("AttachedManagedPolicies", ())}
            found.add(one.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))
    return found


def _held(
    one: Mapping[str, Any], kind: str, defaults: Mapping[str, Policy], group: str = ""
) -> Iterator[tuple[str, Policy]]:
    of = f"{group} " if group else ""
    for inline in one.get(f"{kind}PolicyList", ()):
        yield f"{of}inline/{inline['PolicyName']}", compiled(inline["PolicyDocument"])
    for attached in one.get("AttachedManagedPolicies", ()):
        arn = attached["PolicyArn"]
        yield of + arn, defaults[arn]


def _identity(
    state: State,
    one: Mapping[str, Any],
    unique_id: str,
    pairs: Iterable[tuple[str, Policy]],
    defaults: Mapping[str, Policy],
) -> None:
    arn = one["Arn"]
    tags = tuple(sorted((tag["Key"], tag["Value"]) for tag in one.get("Tags", ())))
    state.identities[arn] = Identity(arn, unique_id, tags)
    form = Form(frozenset())
    for source, policy in sorted(pairs, key=lambda pair: not denies(pair[1])):
        form = form.plus(source, policy)
    limit = one.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    # A boundary that is not there any more allows nothing.
    state.forms[arn].add(form.bound((limit, defaults.get(limit, _NOTHING)) if limit else None))


_NOTHING = compiled({**_ALL, "Statement": {**_ALL["Statement"], "Effect": "Deny"}})  # type: ignore[dict-item]
