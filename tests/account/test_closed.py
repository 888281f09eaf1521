"""The fence closes over itself: a search from a lab identity's keys finds no way out of its run.

Each lesson's own moments are searched in test_series.py. Here it is the worst lesson that there
could be: every policy allows everything, every trust policy names everybody.
"""

import json

import pytest
from reaching import STRANGERS, goals, some_goals, theirs, way_out
from scene import allow

from labhelpers.account.fence.boundary import LOOK, boundary, ceiling, fenced
from labhelpers.policy.linting.catalogue import expand, is_reading
from labhelpers.policy.reaching.goals import administrator, one_of
from labhelpers.policy.reaching.search import Search
from labhelpers.policy.reaching.state import State

ACCOUNT, SECOND = "123456789012", "210987654321"
PREFIX = "sts-lab-abc123-"
BASE = f"arn:aws:iam::{ACCOUNT}"
ALICE, BOB = (f"{BASE}:user/sts-lab/{PREFIX}{name}" for name in ("alice", "bob"))
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
EVERYTHING = {"Version": "2012-10-17", "Statement": [ALLOW]}
ENTER = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def worst(without=(), limit=None, versions=()):
    """The run's identities: one under its boundary, one and a role under a lesson's own.

    `without` are the Sids of statements that the fence lacks, `limit` another text for the
    lesson's own boundary, `versions` are more of them.
    """
    accounts = [ACCOUNT, SECOND]
    texts = {
        "boundary": json.loads(boundary(PREFIX, accounts)),
        "limit": limit or json.loads(fenced(json.dumps(EVERYTHING), PREFIX, accounts)),
    }
    policies = [managed(f"sts-lab/{PREFIX}{n}", lacking(d, without)) for n, d in texts.items()]
    for number, text in enumerate(versions):
        version = {"VersionId": f"v{number + 2}", "IsDefaultVersion": False, "Document": text}
        policies[1]["PolicyVersionList"].append(version)
    inline = [{"PolicyName": "all", "PolicyDocument": EVERYTHING}]
    tags = [{"Key": "project", "Value": "sts-lab"}]
    users = [
        {"Arn": arn, "UserId": f"AIDA{arn[-3:]}", "UserPolicyList": inline, "Tags": tags, **limits}
        for arn, limits in ((ALICE, bound("limit")), (BOB, bound("boundary")))
    ]
    role = {"Arn": f"{BASE}:role/sts-lab/{PREFIX}door", "RoleId": "AROADOOR", "Tags": tags}
    trust = {"Version": "2012-10-17", "Statement": [ENTER]}
    role |= {"AssumeRolePolicyDocument": trust, "RolePolicyList": inline, **bound("limit")}
    return {"UserDetailList": users, "RoleDetailList": [role], "Policies": policies}


def managed(name, document):
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": document}
    return {"Arn": f"{BASE}:policy/{name}", "PolicyVersionList": [version]}


def lacking(document, without):
    kept = [one for one in document["Statement"] if one.get("Sid") not in without]
    return {**document, "Statement": kept}


def bound(name):
    return {
        "PermissionsBoundary": {"PermissionsBoundaryArn": f"{BASE}:policy/sts-lab/{PREFIX}{name}"}
    }


def test_no_way_out_of_a_run():
    found, search = way_out([worst()], [ACCOUNT, SECOND])
    assert found is None, str(found)
    assert search.powers > 10 and search.decisions > 1000  # it had something to look at


def test_the_first_way_to_administrator_was_one():
    """Without the statement on boundaries: a role without one, and in by its trust policy."""
    search = Search(State.of(worst(without=["StsLabBounded"]), theirs(ACCOUNT)), [ALICE])
    found = search.way(administrator)
    assert {"iam:CreateRole", "sts:AssumeRole"} <= {step.action for step in found.calls}
    assert way_out([worst(without=["StsLabBounded"])], [ACCOUNT])[0]


def test_the_second_way_to_administrator_was_one():
    """A text of a lesson's own boundary that was stored without the fence."""
    state = State.of(worst(limit=EVERYTHING), theirs(ACCOUNT))
    assert Search(state, [ALICE]).way(administrator).power.identity.arn == ALICE
    # The run's own boundary does not save bob, whom alice's policies reach.
    assert Search(state, [BOB]).way(administrator)
    older = State.of(worst(versions=[EVERYTHING]), theirs(ACCOUNT))
    assert not Search(older, [ALICE]).way(administrator)  # nobody of the run can go back to it


@pytest.mark.parametrize("sid", ["StsLabResources", "StsLabActions"])
def test_each_statement_of_the_fence_is_needed(sid):
    assert way_out([worst(without=[sid])], [ACCOUNT])[0]


def test_no_action_that_aws_has_reaches_anything_else():
    """Of all services, on all kinds of things; under the run's boundary and a lesson's own."""
    search = Search(State.of(worst()), [ALICE, BOB])
    wanted = goals([ACCOUNT, STRANGERS], whole=True)
    assert len({target.action for target in wanted}) > 10_000
    assert search.way(one_of(wanted, tagged=True), most=0) is None and search.powers == 2


def test_what_every_lab_identity_may_ask_changes_nothing():
    """But for tokens of their own. Nothing is allowed for what it begins with: AWS adds actions."""
    found = [action for pattern in LOOK for action in expand(pattern)]
    changing = {action for action in found if not is_reading(action)}
    assert changing == {"sts:GetFederationToken"}
    assert not any("*" in pattern for pattern in LOOK)


@pytest.mark.parametrize(
    "action",
    [
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetConsoleOutput",
        "iam:GetAccountAuthorizationDetails",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
    ],
)
def test_reading_what_is_in_other_peoples_things_is_a_goal(action):
    there = [target for target in some_goals([ACCOUNT]) if target.action == action]
    assert there
    state = State.of({"UserDetailList": [{"Arn": ALICE, "UserId": "AIDA", **allowed(action)}]})
    assert Search(state, [ALICE]).way(one_of(there), most=0)


def allowed(action):
    document = {"Version": "2012-10-17", "Statement": [allow(action)]}
    return {"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}


def test_room_for_a_lesson_is_left():
    spare = 6144 - len("".join(fenced(json.dumps(EVERYTHING), PREFIX, [ACCOUNT, SECOND]).split()))
    assert spare > 4000
    assert len("".join(ceiling().split())) < 6144
