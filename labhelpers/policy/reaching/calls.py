"""The calls that change who somebody is or what they may do, each at its strongest.

Left out is what never gives more than its caller has: GetSessionToken, GetFederationToken,
session policies; and what needs somebody else's word: web identities and SAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from labhelpers.policy.deciding.trust import evaluate_trust
from labhelpers.policy.language.model import Principal, Request
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.reaching.facts import Fact, Facts, Power
from labhelpers.policy.reaching.names import candidates
from labhelpers.policy.reaching.state import (
    ADMINISTRATOR,
    EVERYTHING,
    WRITTEN,
    Form,
    Identity,
    compiled,
    denies,
)

#: In a call's context: the tags of its resource are for the sender to choose.
FREE_TAGS = "*free*"
_ANYBODY = compiled(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
    },
    "trust",
)
#: How a service comes to act as a role that is passed to it: action, and what it acts on.
_LAUNCHES = {
    "cloudformation.amazonaws.com": ("cloudformation:CreateStack", "stack"),
    "codebuild.amazonaws.com": ("codebuild:CreateProject", "project"),
    "ec2.amazonaws.com": ("ec2:RunInstances", "instance"),
    "ecs-tasks.amazonaws.com": ("ecs:RunTask", "task-definition"),
    "glue.amazonaws.com": ("glue:CreateJob", "job"),
    "lambda.amazonaws.com": ("lambda:CreateFunction", "function:made"),
    "sagemaker.amazonaws.com": ("sagemaker:CreateNotebookInstance", "notebook-instance"),
    "states.amazonaws.com": ("states:CreateStateMachine", "stateMachine:made"),
}

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Possible:
    """A call that somebody could try, and the facts that are true once it is allowed.

    `needs` are the facts that it builds on, `trust` the trust policy of a role that it enters,
    `besides` other (action, resource) that have to be allowed with it.
    """

    action: str
    resource: str
    facts: tuple[Fact, ...]
    context: Pairs = ()
    needs: tuple[Fact, ...] = ()
    trust: Policy | None = None
    besides: Pairs = ()
    made: tuple[Identity, ...] = ()

    @property
    def key(self) -> tuple:
        """Two of the same key are decided alike."""
        return self.action, self.resource, self.context, self.trust, self.besides


def calls(
    facts: Facts,
    policies: Sequence[Policy],
    power: Power,
    hopeless: Callable[[Power, str, bool], bool],
) -> Iterator[Possible]:
    """All calls of `power` that would make something new true, unless they are hopeless."""
    hope = partial(_hope, power, hopeless)
    own = [i for i in facts.identities.values() if i.account == power.identity.account]
    for identity in own:
        yield from _keys(facts, identity, hope)
        yield from _own_policies(facts, identity, hope)
        yield from _boundaries(facts, identity, hope)
        yield from _attachments(facts, identity, hope)
    yield from _group_policies(facts, power, hope)
    yield from _documents(facts, power, hope)
    yield from _makes(facts, policies, power, hope)
    yield from _roles(facts, policies, power, own, hope)


Hope = Callable[..., bool]


def _hope(
    power: Power, hopeless: Callable[[Power, str, bool], bool], action: str, entering: bool = False
) -> bool:
    return not hopeless(power, action, entering)


def _word(identity: Identity) -> str:
    return "Role" if identity.is_role else "User"


def _tags(facts: Facts, identity: Identity) -> Pairs:
    free = (FREE_TAGS, "") in identity.tags  # whoever has made it has tagged it
    if free or ("retagged", identity.arn, True) in facts:
        return ((FREE_TAGS, ""),)
    return tuple(
        (f"{of}:ResourceTag/{key}", value) for key, value in identity.tags for of in ("aws", "iam")
    )


def _limit(form: Form) -> Pairs:
    return (("iam:PermissionsBoundary", form.boundary[0]),) if form.boundary else ()


def _keys(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    """Keys, passwords and tags of somebody else."""
    held: tuple[Fact, ...] = (("held", identity.arn, True),)
    tags = _tags(facts, identity)
    if not identity.is_role:
        for action in ("CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile"):
            if hope(f"iam:{action}"):
                yield Possible(f"iam:{action}", identity.arn, held, tags)
    tag = f"iam:Tag{_word(identity)}"
    if hope(tag):
        yield Possible(tag, identity.arn, (("retagged", identity.arn, True),), tags)


def _own_policies(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    put, delete = (f"iam:{verb}{_word(identity)}Policy" for verb in ("Put", "Delete"))
    tags = _tags(facts, identity)
    for form in facts.of("form", identity.arn):
        changes = []
        if hope(put):  # under the name of each that is there, and one more
            changes.append((put, form.without("inline/").plus(WRITTEN, EVERYTHING)))
        if hope(delete):
            changes.append((delete, form.without("inline/")))
        yield from _changes(identity, form, changes, tags + _limit(form))


def _changes(
    identity: Identity, form: Form, changes: list[tuple[str, Form]], context: Pairs
) -> Iterator[Possible]:
    for action, changed in changes:
        fact = ("form", identity.arn, changed)
        needs = (("form", identity.arn, form),)
        yield Possible(action, identity.arn, (fact,), context, needs)


def _attachments(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    attach, detach = (f"iam:{verb}{_word(identity)}Policy" for verb in ("Attach", "Detach"))
    tags = _tags(facts, identity)
    for form in facts.of("form", identity.arn):
        known = tags + _limit(form)
        for arn, policy in _managed(facts, identity.account) if hope(attach) else ():
            context = (*known, ("iam:PolicyARN", arn))
            fact = ("form", identity.arn, form.plus(arn, policy))
            needs = (("form", identity.arn, form), ("document", arn, policy))
            yield Possible(attach, identity.arn, (fact,), context, needs)
        for source, policy in form.policies if hope(detach) else ():
            if source.startswith("arn:") and " " not in source and denies(policy):
                context = (*known, ("iam:PolicyARN", source))
                yield from _changes(identity, form, [(detach, form.without(source))], context)


def _managed(facts: Facts, account: str) -> Iterator[tuple[str, Policy]]:
    yield ADMINISTRATOR, EVERYTHING
    for arn, policy in facts.about("document"):
        if arn.split(":")[4] == account:
            yield arn, policy


def _boundaries(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    put, delete = (f"iam:{verb}{_word(identity)}PermissionsBoundary" for verb in ("Put", "Delete"))
    tags = _tags(facts, identity)
    for form in facts.of("form", identity.arn):
        if form.boundary is None:
            continue  # nobody is stronger with one
        if hope(delete):
            yield from _changes(identity, form, [(delete, form.bound(None))], tags + _limit(form))
        for arn, policy in _managed(facts, identity.account) if hope(put) else ():
            bound = form.bound((arn, policy))
            fact = ("form", identity.arn, bound)
            needs = (("form", identity.arn, form), ("document", arn, policy))
            yield Possible(put, identity.arn, (fact,), tags + _limit(bound), needs)


def _group_policies(facts: Facts, power: Power, hope: Hope) -> Iterator[Possible]:
    for group, given in facts.groups.items():
        if group.split(":")[4] != power.identity.account:
            continue
        inline = f"{group} {WRITTEN}"
        if hope("iam:PutGroupPolicy"):
            yield _to_members(facts, group, "iam:PutGroupPolicy", (), inline, EVERYTHING)
        if hope("iam:AttachGroupPolicy"):
            for arn, policy in _managed(facts, power.identity.account):
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


def _documents(facts: Facts, power: Power, hope: Hope) -> Iterator[Possible]:
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


def _makes(
    facts: Facts, policies: Sequence[Policy], power: Power, hope: Hope
) -> Iterator[Possible]:
    """New policies, users and roles; with the boundaries that there are, and without one."""
    account = power.identity.account
    if hope("iam:CreatePolicy"):
        for arn in candidates(policies, "iam", "policy", account):
            yield Possible("iam:CreatePolicy", arn, (("document", arn, EVERYTHING),))
    for kind in ("user", "role"):
        action = f"iam:Create{kind.title()}"
        for arn in candidates(policies, "iam", kind, account) if hope(action) else ():
            for limit in [None, *_managed(facts, account)]:
                form = Form(frozenset(), limit)
                found: list[Fact] = [("form", arn, form)]
                found += [("trust", arn, _ANYBODY)] if kind == "role" else []
                needs = (("document", *limit),) if limit else ()
                made = (Identity(arn, tags=((FREE_TAGS, ""),)),)
                yield Possible(action, arn, tuple(found), _limit(form), needs, made=made)


def _roles(
    facts: Facts, policies: Sequence[Policy], power: Power, own: list[Identity], hope: Hope
) -> Iterator[Possible]:
    """Entering a role, or having a service enter it."""
    for role in facts.identities.values() if hope("sts:AssumeRole", True) else ():
        for trust in facts.of("trust", role.arn):
            held, needs = ("held", role.arn, True), (("trust", role.arn, trust),)
            context = _tags(facts, role)
            yield Possible("sts:AssumeRole", role.arn, (held,), context, needs, trust)
    for role in own:
        if not role.is_role:
            continue
        if hope("iam:UpdateAssumeRolePolicy"):
            fact = ("trust", role.arn, _ANYBODY)
            context = _tags(facts, role)
            yield Possible("iam:UpdateAssumeRolePolicy", role.arn, (fact,), context)
        if hope("iam:PassRole"):
            yield from _passed(facts, policies, role, hope)


def _passed(
    facts: Facts, policies: Sequence[Policy], role: Identity, hope: Hope
) -> Iterator[Possible]:
    for service, (action, kind) in _LAUNCHES.items():
        if not hope(action):
            continue
        for trust in facts.of("trust", role.arn):
            if trust is not _ANYBODY and not _lets_in(trust, service, role.arn):
                continue
            context = (("iam:PassedToService", service), *_tags(facts, role))
            needs = (("trust", role.arn, trust),)
            held = (("held", role.arn, True),)
            for on in candidates(policies, action.partition(":")[0], kind, role.account):
                yield Possible(
                    "iam:PassRole", role.arn, held, context, needs, besides=((action, on),)
                )


def _lets_in(trust: Policy, service: str, role_arn: str) -> bool:
    """Whether a role is there for a service, which then acts as it for who has set it up."""
    principal = Principal("service", service, "")
    request = Request(principal, "sts:AssumeRole", role_arn, "", {}, lambda key: False)
    decision = evaluate_trust(request, trust)
    return decision.allowed or decision.blocked_by == "not modelled"
