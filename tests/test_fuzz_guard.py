"""The short form of tests/fuzz_guard.py, and that it sees what it looks for.

`make check WHAT=fuzz` is the long one.
"""

import pytest
from fuzz_guard import Judge, Result, a_round, less
from fuzz_requests import Maker, Request
from fuzz_world import ACCOUNT, World


@pytest.fixture(scope="module")
def judge():
    """One world for all: they are asked in the order of this file."""
    with World() as world:
        # What no guard stands before; only here, where finds are wanted.
        world.sessions["nobody's guard"] = world.unguarded(ACCOUNT)
        yield Judge(world)


def test_nothing_changes_but_what_the_run_has_made(judge):
    result = Result()
    a_round(judge, Maker("sample"), result, 100)
    assert not result.finds, "\n".join(map(str, result.finds.values()))
    assert result.counted["requests"] == 100 and result.counted["sent"] > 0


def test_what_the_run_may_do_is_no_find(judge):
    for service, operation, parameters in (
        ("iam", "TagUser", {"UserName": "alice", "Tags": [{"Key": "k", "Value": "v"}]}),
        ("iam", "CreateUser", {"UserName": "«foreign user»"}),
        ("s3", "PutObject", {"Bucket": "«own bucket»", "Key": "new", "Body": b"x"}),
        ("ec2", "CreateSecurityGroup", {"GroupName": "new", "Description": "d"}),
    ):
        asked = Request(service, operation, "client", "learner", parameters)
        assert judge.find(asked, Result()) is None and judge.error == "", operation


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "did"),
    [
        ("iam", "TagUser", {"UserName": "victim", "Tags": [{"Key": "k", "Value": "v"}]}, "changed"),
        ("iam", "CreateAccessKey", {}, "made"),
        ("iam", "UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 6}, "changed"),
        ("iam", "CreateUser", {"UserName": "«real prefix»x"}, "made"),  # nothing limits it
        ("s3", "PutObject", {"Bucket": "«foreign bucket»", "Key": "k", "Body": b"x"}, "changed"),
        ("ec2", "AllocateAddress", {}, "made"),
        (
            "ec2",
            "ReplaceIamInstanceProfileAssociation",
            {"AssociationId": "«foreign iip»", "IamInstanceProfile": {"Name": "«real profile»"}},
            "changed",
        ),
        ("ec2", "TerminateInstances", {"InstanceIds": ["«foreign instance»"]}, "changed"),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "«foreign role_arn»", "RoleSessionName": "x1"},
            "entered",
        ),
    ],
)
def test_what_it_may_not_do_is_found(judge, service, operation, parameters, did):
    asked = Request(service, operation, "client", "nobody's guard", parameters)
    found = judge.find(asked, Result())
    assert found and any(one.startswith(did) for one in found.did), (found, judge.error)


def test_close_leaves_nothing_that_was_not_told_of(judge):
    iam = judge.world.unguarded(ACCOUNT).client("iam")
    for user in iam.list_users()["Users"]:  # what nobody's guard has made in the run's name
        if user["UserName"].endswith("-x") and user["Path"] == "/":
            iam.delete_user(UserName=user["UserName"])
    assert list(judge.left()) == []


def test_what_close_leaves_and_takes_is_found(judge):
    iam = judge.world.unguarded(ACCOUNT).client("iam")
    iam.create_user(UserName="late")
    iam.delete_group(GroupName="teacher-group")
    assert list(judge.left()) == ["left: iam users", "taken: iam groups"]


def test_a_request_is_made_smaller_part_by_part():
    tag = {"Key": "k"}
    smaller = list(less({"Ids": ["a", "b"], "Tags": [tag]}))
    assert smaller[:2] == [{"Tags": [tag]}, {"Ids": ["a", "b"]}]
    assert {"Ids": ["b"], "Tags": [tag]} in smaller and {"Ids": ["a", "b"], "Tags": [{}]} in smaller
