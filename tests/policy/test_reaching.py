"""Ways to more rights: found where there is one, not found where one call of it is missing."""

import json

import pytest
from scene import allow, deny, trusts

from labhelpers.policy.reaching.goals import Target, administrator, one_of
from labhelpers.policy.reaching.search import Search
from labhelpers.policy.reaching.state import ADMINISTRATOR, State

ACCOUNT = "111122223333"
BASE = f"arn:aws:iam::{ACCOUNT}"
ME, ADMIN = f"{BASE}:user/me", f"{BASE}:user/admin"
DEPLOY, LIMIT, TEAM = f"{BASE}:role/deploy", f"{BASE}:policy/limit", f"{BASE}:group/team"
ALL = {"Version": "2012-10-17", "Statement": [allow("*")]}


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def managed(arn, *versions):
    """The first version is the default one."""
    listed = [
        {"Document": text, "VersionId": f"v{n}", "IsDefaultVersion": n == 0}
        for n, text in enumerate(versions)
    ]
    return {"Arn": arn, "PolicyVersionList": listed}


def attached(*arns):
    return [{"PolicyArn": arn} for arn in arns]


MIGHTY = {"AttachedManagedPolicies": attached(ADMINISTRATOR)}


def account(mine, *, limit=None, trust=None, groups=(), held=(), **more):
    """An account in which "me" has one policy; an administrator, a mighty role and a group."""
    me = {"Arn": ME, "UserId": "AIDAME", "GroupList": list(groups)}
    me |= {"UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document(*mine)}]}
    me |= {"AttachedManagedPolicies": attached(*held)}
    if limit:
        me["PermissionsBoundary"] = {"PermissionsBoundaryArn": LIMIT}
    role = {
        "Arn": DEPLOY,
        "RoleId": "AROADEPLOY",
        "AttachedManagedPolicies": attached(ADMINISTRATOR),
    }
    role["AssumeRolePolicyDocument"] = document(trust or trusts(ADMIN))
    return {
        "UserDetailList": [
            me,
            {
                "Arn": ADMIN,
                "UserId": "AIDAADMIN",
                "AttachedManagedPolicies": attached(ADMINISTRATOR),
            },
        ],
        "RoleDetailList": [role],
        "GroupDetailList": [{"Arn": TEAM, "GroupName": "team", **MIGHTY}],
        "Policies": [
            managed(ADMINISTRATOR, ALL),
            managed(LIMIT, limit or document(allow("s3:*")), *more.get("versions", ())),
        ],
    }


def way(details, goal=administrator, most=4, start=(ME,)):
    listed = details if isinstance(details, list) else [details]
    return Search(State.of(*listed), start).way(goal, most)


EC2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
LAMBDA = {**EC2, "Principal": {"Service": "lambda.amazonaws.com"}}
#: What each way needs: the actions, and more about the account.
WAYS = {
    "a key of an administrator": (["iam:CreateAccessKey"], {}),
    "a password of an administrator": (["iam:CreateLoginProfile"], {}),
    "another password": (["iam:UpdateLoginProfile"], {}),
    "a policy of one's own": (["iam:PutUserPolicy"], {}),
    "attached to oneself": (["iam:AttachUserPolicy"], {}),
    "into a group": (["iam:AddUserToGroup"], {}),
    "the group's inline policy": (["iam:PutGroupPolicy"], {"groups": ["team-less"]}),
    "a new version": (["iam:CreatePolicyVersion"], {"held": [LIMIT]}),
    "an older version": (["iam:SetDefaultPolicyVersion"], {"held": [LIMIT], "versions": [ALL]}),
    "a trust policy": (["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], {}),
    "a role on an instance": (["iam:PassRole", "ec2:RunInstances"], {"trust": EC2}),
    "a role of a function": (["iam:PassRole", "lambda:CreateFunction"], {"trust": LAMBDA}),
    "a new user": (["iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey"], {}),
    "a new role": (["iam:CreateRole", "iam:AttachRolePolicy", "sts:AssumeRole"], {}),
    "a role's own policy": (["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"], {}),
}


def details_of(actions, more):
    found = account([allow(actions)], **{k: v for k, v in more.items() if k != "groups"})
    if "groups" in more:  # one that gives nothing yet
        found["UserDetailList"][0]["GroupList"] = more["groups"]
        name = more["groups"][0]
        found["GroupDetailList"].append({"Arn": f"{BASE}:group/{name}", "GroupName": name})
    return found


@pytest.mark.parametrize("name", WAYS)
def test_a_known_way_is_found(name):
    found = way(details_of(*WAYS[name]))
    assert found, name
    assert found.calls and found.calls[0].caller == ME


#: A call that each of these can do without, since another one gives as much.
SPARE = {
    "a new user": {"iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccessKey"},  # of others
    "a new role": {"sts:AssumeRole"},
    "a trust policy": {"sts:AssumeRole"},
    "a role's own policy": {"iam:PutRolePolicy"},
}


@pytest.mark.parametrize("name", WAYS)
def test_without_any_of_its_calls_it_is_none(name):
    actions, more = WAYS[name]
    for left_out in actions:
        if left_out not in SPARE.get(name, ()):
            rest = [action for action in actions if action != left_out]
            assert not way(details_of(rest or ["s3:GetObject"], more)), left_out


def test_a_boundary_stops_what_it_leaves_out_and_taking_it_off_does_not():
    limit = document(allow(["s3:*", "iam:PutUserPolicy"]))
    mine = [allow(["iam:*", "sts:*"])]
    assert not way(account(mine, limit=limit))
    limit = document(allow(["iam:DeleteUserPermissionsBoundary", "iam:PutUserPolicy"]))
    found = way(account(mine, limit=limit))
    assert {step.action for step in found.calls} == {
        "iam:DeleteUserPermissionsBoundary",
        "iam:PutUserPolicy",
    }


BOUNDED = {"Condition": {"StringEquals": {"iam:PermissionsBoundary": LIMIT}}}
DELEGATED = [
    allow(["iam:CreateRole", "iam:PutRolePolicy"], **BOUNDED),
    allow(["sts:AssumeRole"], f"{BASE}:role/*"),
]


def test_delegation_under_a_boundary_holds_until_its_text_can_be_changed():
    assert not way(account(DELEGATED))
    found = way(account([*DELEGATED, allow("iam:CreatePolicyVersion")]))
    assert found and "iam:CreatePolicyVersion" in {step.action for step in found.calls}


def test_a_condition_on_the_boundary_that_a_new_policy_can_meet():
    """Whoever may name and write a policy writes a boundary, too."""
    wide = f"{BASE}:policy/lab/lab-*-boundary"
    mine = [
        allow(["iam:CreateUser"], Condition={"ArnLike": {"iam:PermissionsBoundary": wide}}),
        allow(["iam:PutUserPolicy", "iam:CreateAccessKey"], f"{BASE}:user/made"),
    ]
    assert not way(account(mine))
    found = way(account([*mine, allow("iam:CreatePolicy", f"{BASE}:policy/lab/*")]))
    assert [step.action for step in found.calls][0] == "iam:CreatePolicy"
    assert "policy/lab/lab-made-boundary" in str(found)


def test_tags_count_until_they_can_be_changed():
    tagged = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "mine"}}}
    mine = [allow("iam:CreateAccessKey", **tagged)]
    assert not way(account(mine))
    assert way(account([*mine, allow("iam:TagUser")]))


def test_what_the_sender_chooses_is_chosen_well():
    for key in ("aws:RequestTag/project", "aws:SourceIp", "sts:RoleSessionName"):
        chosen = {"Condition": {"StringEquals": {key: "x"}}}
        assert way(account([allow("iam:CreateAccessKey", **chosen)])), key


def test_an_explicit_deny_holds_until_it_can_be_removed():
    no = deny("iam:CreateAccessKey")
    assert not way(account([allow("iam:CreateAccessKey"), no]))
    mine = [allow(["iam:CreateAccessKey", "iam:DeleteUserPolicy"]), no]
    assert not way(account(mine))  # both stand in the one policy
    found = account([no])
    policies = found["UserDetailList"][0]["UserPolicyList"]
    rest = document(allow(["iam:CreateAccessKey", "iam:DeleteUserPolicy"]))
    found["UserDetailList"][0]["AttachedManagedPolicies"] = attached(LIMIT)
    found["Policies"][1] = managed(LIMIT, rest)
    assert len(policies) == 1 and way(found)


def test_a_role_for_everybody_is_entered_in_spite_of_a_silent_boundary():
    """A trust policy that names everybody needs no policy of the caller's."""
    details = account([allow("s3:*")], limit=document(allow("s3:*")), trust=trusts("*"))
    assert [step.resource for step in way(details).calls] == [DEPLOY]
    shut = {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
    details["Policies"][1] = managed(LIMIT, document(allow("s3:*"), shut))
    assert not way(details)


def test_no_longer_way_than_asked_for():
    roles = [f"{BASE}:role/r{n}" for n in range(4)]
    details = account([allow("s3:*")], trust=trusts(roles[-1]))
    for caller, role in zip([ME, *roles], roles, strict=False):
        details["RoleDetailList"].append(
            {
                "Arn": role,
                "RoleId": role[-2:],
                "AssumeRolePolicyDocument": document(trusts(caller)),
                "RolePolicyList": [],
            }
        )
    assert not way(details, most=4)
    assert len(way(details, most=5).calls) == 5


def test_moments_count_together():
    """What one moment gives and another one takes away."""
    early = account([allow("iam:CreateAccessKey"), deny("iam:*")])
    late = account([allow("iam:CreateAccessKey")])
    assert not way([early]) and way([early, late])


def test_a_goal_is_a_thing_of_somebody_elses():
    mine = allow(["s3:GetObject", "iam:PassRole"], ["arn:aws:s3:::mine/*", DEPLOY])
    theirs = Target("s3:GetObject", "arn:aws:s3:::theirs/k")
    assert not way(account([mine]), one_of([theirs]))
    found = way(account([mine]), one_of([theirs, Target("s3:GetObject", "arn:aws:s3:::mine/k")]))
    assert str(found) == f"Then {ME} may s3:GetObject on arn:aws:s3:::mine/k"


def test_a_boundary_that_is_not_there_any_more_allows_nothing():
    details = account([allow("*")], limit=document(allow("*")))
    del details["Policies"][1]
    assert not way(details)


def test_documents_may_be_text():
    details = account([allow("iam:CreateAccessKey")])
    own = details["UserDetailList"][0]["UserPolicyList"][0]
    own["PolicyDocument"] = json.dumps(own["PolicyDocument"])
    assert way(details)
