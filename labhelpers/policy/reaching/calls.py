"""The calls that change who somebody is or what they may do, each at its strongest.

Left out is what never gives more than its caller has: GetSessionToken, GetFederationToken,
session policies; and what needs somebody else's word: web identities and SAML.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from labhelpers.policy.deciding.trust import evaluate_trust
from labhelpers.policy.language.model import Principal, Request
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.reaching.facts import Fact, Facts, Power
from labhelpers.policy.reaching.names import candidates
from labhelpers.policy.reaching.possible import (
    FREE_TAGS,
    Hope,
    Possible,
    limit_of,
    managed,
    tags_of,
    word,
)
from labhelpers.policy.reaching.rights import (
    attachments,
    boundaries,
    documents,
    group_policies,
    own_policies,
)
from labhelpers.policy.reaching.state import (
    EVERYTHING,
    Form,
    Identity,
    compiled,
)

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
        yield from own_policies(facts, identity, hope)
        yield from boundaries(facts, identity, hope)
        yield from attachments(facts, identity, hope)
    yield from group_policies(facts, power, hope)
    yield from documents(facts, power, hope)
    yield from _makes(facts, policies, power, hope)
    yield from _roles(facts, policies, power, own, hope)


def _hope(
    power: Power, hopeless: Callable[[Power, str, bool], bool], action: str, entering: bool = False
) -> bool:
    return not hopeless(power, action, entering)


def _keys(facts: Facts, identity: Identity, hope: Hope) -> Iterator[Possible]:
    """Keys, passwords and tags of somebody else."""
    held: tuple[Fact, ...] = (("held", identity.arn, True),)
    tags = tags_of(facts, identity)
    if not identity.is_role:
        for action in ("CreateAccessKey", "CreateLoginProfile", "UpdateLoginProfile"):
            if hope(f"iam:{action}"):
                yield Possible(f"iam:{action}", identity.arn, held, tags)
    tag = f"iam:Tag{word(identity)}"
    if hope(tag):
        yield Possible(tag, identity.arn, (("retagged", identity.arn, True),), tags)


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
            for limit in [None, *managed(facts, account)]:
                form = Form(frozenset(), limit)
                found: list[Fact] = [("form", arn, form)]
                found += [("trust", arn, _ANYBODY)] if kind == "role" else []
                needs = (("document", *limit),) if limit else ()
                made = (Identity(arn, tags=((FREE_TAGS, ""),)),)
                yield Possible(action, arn, tuple(found), limit_of(form), needs, made=made)


def _roles(
    facts: Facts, policies: Sequence[Policy], power: Power, own: list[Identity], hope: Hope
) -> Iterator[Possible]:
    """Entering a role, or having a service enter it."""
    for role in facts.identities.values() if hope("sts:AssumeRole", True) else ():
        for trust in facts.of("trust", role.arn):
            held, needs = ("held", role.arn, True), (("trust", role.arn, trust),)
            context = tags_of(facts, role)
            yield Possible("sts:AssumeRole", role.arn, (held,), context, needs, trust)
    for role in own:
        if not role.is_role:
            continue
        if hope("iam:UpdateAssumeRolePolicy"):
            fact = ("trust", role.arn, _ANYBODY)
            context = tags_of(facts, role)
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
            context = (("iam:PassedToService", service), *tags_of(facts, role))
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
