"""The calls that change what somebody may do: their policies, their groups', and boundaries."""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy.language.statement import Policy
from labhelpers.policy.reaching.facts import Fact, Facts, Power
from labhelpers.policy.reaching.possible import (
    Hope,
    Pairs,
    Possible,
    limit_of,
    managed,
    tags_of,
    word,
)
from labhelpers.policy.reaching.state import EVERYTHING, WRITTEN, Form, Identity, denies


def own_policies(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    put, delete = (f"iam:{verb}{word(identity)}Policy" for verb in ("Put", "Delete"))
    tags = tags_of(facts, identity)
    for form in facts.of("form", identity.arn):
        changes = []
        if hope(put):  # under the name of each that is there, and one more
            changes.append((put, form.without("inline/").plus(WRITTEN, EVERYTHING)))
        if hope(delete):
            changes.append((delete, form.without("inline/")))
        yield from _changes(identity, form, changes, tags + limit_of(form))


def _changes(
    identity: Identity, form: Form, changes: list[tuple[str, Form]], context: Pairs
) -> Iterator[Possible]:
    for action, changed in changes:
        fact = ("form", identity.arn, changed)
        needs = (("form", identity.arn, form),)
        yield Possible(action, identity.arn, (fact,), context, needs)


def attachments(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    attach, detach = (f"iam:{verb}{word(identity)}Policy" for verb in ("Attach", "Detach"))
    tags = tags_of(facts, identity)
    for form in facts.of("form", identity.arn):
        known = tags + limit_of(form)
        for arn, policy in managed(facts, identity.account) if hope(attach) else ():
            context = (*known, ("iam:PolicyARN", arn))
            fact = ("form", identity.arn, form.plus(arn, policy))
            needs = (("form", identity.arn, form), ("document", arn, policy))
            yield Possible(attach, identity.arn, (fact,), context, needs)
        for source, policy in form.policies if hope(detach) else ():
            if source.startswith("arn:") and " " not in source and denies(policy):
                context = (*known, ("iam:PolicyARN", source))
                yield from _changes(identity, form, [(detach, form.without(source))], context)


def boundaries(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    put, delete = (f"iam:{verb}{word(identity)}PermissionsBoundary" for verb in ("Put", "Delete"))
    tags = tags_of(facts, identity)
    for form in facts.of("form", identity.arn):
        if form.boundary is None:
            continue  # nobody is stronger with one
        if hope(delete):
            yield from _changes(identity, form, [(delete, form.bound(None))], tags + limit_of(form))
        for arn, policy in managed(facts, identity.account) if hope(put) else ():
            bound = form.bound((arn, policy))
            fact = ("form", identity.arn, bound)
            needs = (("form", identity.arn, form), ("document", arn, policy))
            yield Possible(put, identity.arn, (fact,), tags + limit_of(bound), needs)


def group_policies(facts: Facts, power: Power, hope: Hope) -> Iterator[Possible]:
    for group, given in facts.groups.items():
        if group.split(":")[4] != power.identity.account:
            continue
        inline = f"{group} {WRITTEN}"
        if hope("iam:PutGroupPolicy"):
            yield _to_members(facts, group, "iam:PutGroupPolicy", (), inline, EVERYTHING)
        if hope("iam:AttachGroupPolicy"):
            for arn, policy in managed(facts, power.identity.account):
                context = (("iam:PolicyARN", arn),)
                source = f"{group} {arn}"
                yield _to_members(facts, group, "iam:AttachGroupPolicy", context, source, policy)
        for action in ("iam:AddUserToGroup", "iam:RemoveUserFromGroup"):
            if hope(action):
                yield _moved(facts, group, given, action, power.identity.account)


def _to_members(
    facts: Facts, group: str, action: str, context: Pairs, source: str, policy: Policy
) -> Possible:
    # What a group gives counts for whoever is put into it later as well.
    changed = [
        ("form", user, form.plus(source, policy))
        for user in facts.members.get(group, ())
        for form in facts.of("form", user)
    ]
    given = ("group", group, frozenset({(source, policy)}))
    return Possible(action, group, (given, *changed), context)


def _moved(facts: Facts, group: str, given: list, action: str, account: str) -> Possible:
    """All users into a group, or out of it."""
    changed: list[Fact] = []
    for user in facts.identities.values():
        if user.is_role or user.account != account:
            continue
        for form in facts.of("form", user.arn):
            if action == "iam:RemoveUserFromGroup":
                changed.append(("form", user.arn, form.without(f"{group} ")))
                continue
            for pairs in [*given, *facts.of("group", group)]:
                more = form
                for source, policy in pairs:
                    more = more.plus(source, policy)
                changed.append(("form", user.arn, more))
    return Possible(action, group, tuple(changed))


def documents(facts: Facts, power: Power, hope: Hope) -> Iterator[Possible]:
    """Other texts of managed policies, for all that have them."""
    new, switch = "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"
    for arn in {arn for arn, _ in facts.about("document")}:
        if arn.split(":")[4] != power.identity.account:
            continue
        if hope(new):
            yield _rewritten(facts, arn, EVERYTHING, new)
        for policy in facts.versions.get(arn, ()) if hope(switch) else ():
            yield _rewritten(facts, arn, policy, switch)


def _rewritten(facts: Facts, arn: str, policy: Policy, action: str) -> Possible:
    changed: list[Fact] = [("document", arn, policy)]
    for identity, form in facts.about("form"):
        sources = {s for s, _ in form.policies if s == arn or s.endswith(f" {arn}")}
        limited = form.boundary is not None and form.boundary[0] == arn
        if sources or limited:
            other = form.bound((arn, policy)) if limited else form
            for source in sources:
                other = other.without(source).plus(source, policy)
            changed.append(("form", identity, other))
    return Possible(action, arn, tuple(changed))
