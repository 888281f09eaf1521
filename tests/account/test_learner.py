"""A learner with terraform/learner-permissions who means harm: what those hold back, and what not.

By search, and by hand with the learner's own keys and plain boto3.
"""

import json
import re

import pytest
from botocore.exceptions import ClientError
from learner_permissions import FOLDER, with_own_boundaries
from reaching import STRANGERS, goals, theirs
from scene import allow, policy, trusts
from served_aws import served_aws

from labhelpers import LabError, SandboxOnly, open_lab
from labhelpers.account.fence.boundary import ceiling
from labhelpers.policy.reaching.goals import administrator, one_of
from labhelpers.policy.reaching.search import Search
from labhelpers.policy.reaching.state import State

ACCOUNT = "123456789012"
BASE = f"arn:aws:iam::{ACCOUNT}"
LEARNER = f"{BASE}:user/learner"
#: Whoever has the learner's permissions, as an administrator may have called them.
LEARNERS = (LEARNER, f"{BASE}:user/sts-lab-learner", f"{BASE}:role/sts-lab-learners")
CEILING = f"{BASE}:policy/StsLabCeiling"
PERMISSIONS = (FOLDER / "policy.json").read_text()
EVERYTHING = policy(allow("*"))
#: What is new and the learner's, and what an instance cannot do without; nothing of that is
#: changed. IAM has no key that tells a network interface that is being made from one that is there.
_NEEDED = {
    ("ec2:CreateSecurityGroup", "security-group"),
    ("ec2:CreateSecurityGroup", "vpc"),
    ("ec2:RunInstances", "image"),
    ("ec2:RunInstances", "instance"),
    ("ec2:RunInstances", "network-interface"),
    ("ec2:RunInstances", "security-group"),
    ("ec2:RunInstances", "subnet"),
    ("ec2:RunInstances", "volume"),
}
#: What people may not have: the lab's path, and buckets with the name of a run.
_LABS = re.compile("/sts-lab/|:::sts-lab-[0-9a-f]{6}-")
#: What sweep looks through, besides HARMLESS: names, ids and tags.
_SEEN = {
    "ec2:DescribeVolumes",
    "iam:ListGroups",
    "iam:ListInstanceProfiles",
    "iam:ListOpenIDConnectProviders",
    "iam:ListPolicies",
    "iam:ListVirtualMFADevices",
}
#: Also outside of the path: what does not exist has none.
_BY_NAME = {"iam:GetGroup", "iam:GetInstanceProfile", "iam:GetRole", "iam:GetUser"}
_A_RUNS = re.compile("/sts-lab-[0-9a-f]{6}-")


def account(permissions):
    own = [{"PolicyName": "lab", "PolicyDocument": permissions}]
    users, roles = [], []
    for n, arn in enumerate(LEARNERS):
        one = {"Arn": arn, "UserId": f"AIDAL{n}", "RoleId": f"AROAL{n}", "UserPolicyList": own}
        trust = policy(trusts(f"{BASE}:user/company"))
        one |= {"RolePolicyList": own, "AssumeRolePolicyDocument": trust}
        (roles if ":role/" in arn else users).append(one)
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": ceiling()}
    limit = {"Arn": CEILING, "PolicyVersionList": [version]}
    others = theirs(ACCOUNT)
    for kind in ("UserDetailList", "RoleDetailList", "Policies"):
        # The lab's names are the lab's, and what is open to everybody no policy can shut.
        ours = ("/sts-lab/", "everybody")
        others[kind] = [o for o in others[kind] if not any(word in o["Arn"] for word in ours)]
    mine = {"UserDetailList": users, "RoleDetailList": roles, "Policies": [limit]}
    return State.of(mine, others)


def not_the_labs():
    """On things of nobody's run."""
    found = []
    for target in goals([ACCOUNT, STRANGERS]):
        kind = target.resource.rpartition(":")[2].partition("/")[0]
        labs = _LABS.search(target.resource) or (target.action, kind) in _NEEDED
        labs = labs or (target.action in _BY_NAME and _A_RUNS.search(target.resource))
        if not labs and target.action not in _SEEN:
            found.append(target)
    return found


def test_no_way_out_of_the_labs_names():
    search = Search(account(PERMISSIONS), LEARNERS)
    found = search.way(one_of(not_the_labs()))
    assert found is None, str(found)
    assert search.powers > 5 and search.rounds > 2  # users and roles were made, and used


def test_boundaries_of_ones_own_are_a_way_to_administrator():
    """IAM cannot look into a policy: so they are given to those only who are trusted."""
    found = Search(account(with_own_boundaries()), LEARNERS).way(administrator)
    written = ("iam:PermissionsBoundary", f"{BASE}:policy/sts-lab/made")
    assert "iam:CreatePolicy" in {step.action for step in found.calls}
    assert any(written in step.given for step in found.calls)


def relaxed(action):
    """policy.json without the condition on an action."""
    document = json.loads(PERMISSIONS)
    for statement in document["Statement"]:
        if action in statement["Action"]:
            statement.pop("Condition", None)
    return json.dumps(document)


@pytest.mark.parametrize("action", ["iam:CreateUser", "iam:PutRolePermissionsBoundary"])
def test_each_condition_on_the_boundary_is_needed(action):
    assert Search(account(relaxed(action)), LEARNERS).way(administrator)


@pytest.mark.parametrize("action", ["ec2:CreateTags", "ec2:TerminateInstances"])
def test_the_conditions_on_tags_are_needed(action):
    assert Search(account(relaxed(action)), LEARNERS).way(one_of(untagged(action)), most=0)
    assert not Search(account(PERMISSIONS), LEARNERS).way(one_of(untagged(action)), most=0)


def untagged(action):
    return [target for target in not_the_labs() if target.action == action]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """The served AWS as an administrator has prepared it."""
    folder = tmp_path_factory.mktemp("aws")
    with served_aws(folder, learner_policy=PERMISSIONS) as aws:
        iam = aws.session().client("iam")
        iam.create_policy(PolicyName="StsLabCeiling", PolicyDocument=ceiling())
        yield aws


@pytest.fixture
def learner(strict, monkeypatch):
    for name, value in strict.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_AWS_PATIENCE", "2")
    monkeypatch.setenv("LAB_AWS_CEILING", "1")
    return strict


def test_who_has_forgotten_the_ceiling_is_told(learner, monkeypatch):
    monkeypatch.setenv("LAB_AWS_CEILING", "")
    before = learner.contents()
    with open_lab("aws", mirrored=False) as lab:
        iam = lab.client("iam")
        for call, given in (
            (iam.create_user, {"UserName": "anna"}),
            (iam.create_role, {"RoleName": "r", "AssumeRolePolicyDocument": policy(trusts("*"))}),
        ):
            with pytest.raises(LabError, match=r"AccessDenied.*set LAB_AWS_CEILING=1"):
                call(**given)
    assert learner.contents() == before


def test_what_a_learner_tries_with_plain_boto3(learner):
    from boto3 import Session

    mine, admin = Session(profile_name="lab"), learner.session()
    iam, ec2, s3 = (mine.client(name) for name in ("iam", "ec2", "s3"))
    theirs_ec2 = admin.client("ec2")
    group = theirs_ec2.create_security_group(GroupName="theirs", Description="d")["GroupId"]
    ami = {"ImageId": "ami-0fedcba9876543210", "MinCount": 1, "MaxCount": 1}
    instance = theirs_ec2.run_instances(**ami)["Instances"][0]["InstanceId"]
    made = ec2.create_security_group(
        GroupName="sts-lab-ffffff-g", Description="d", **tagged("security-group")
    )
    own = made["GroupId"]
    ec2.create_tags(Resources=[own], Tags=[{"Key": "Name", "Value": "mine"}])
    wide = iam.create_policy(
        PolicyName="sts-lab-ffffff-boundary", Path="/sts-lab/", PolicyDocument=EVERYTHING
    )["Policy"]["Arn"]
    before = learner.contents()
    user = {"UserName": "sts-lab-ffffff-x", "Path": "/sts-lab/"}
    trust = {"AssumeRolePolicyDocument": policy(trusts(LEARNER))}
    role = {"RoleName": "sts-lab-ffffff-r", "Path": "/sts-lab/", **trust}
    tags = [{"Key": "project", "Value": "sts-lab"}]
    tries = [
        (iam.create_user, user),
        (iam.create_user, {**user, "PermissionsBoundary": wide}),
        (iam.create_role, role),
        (iam.create_role, {**role, "PermissionsBoundary": wide}),
        (iam.create_policy_version, {"PolicyArn": CEILING, "PolicyDocument": EVERYTHING}),
        (iam.create_policy_version, {"PolicyArn": wide, "PolicyDocument": EVERYTHING}),
        (iam.delete_policy, {"PolicyArn": CEILING}),
        (iam.create_access_key, {}),
        (iam.create_access_key, {"UserName": "lab-admin"}),
        (ec2.create_tags, {"Resources": [group], "Tags": tags}),
        (ec2.create_tags, {"Resources": [instance], "Tags": tags}),
        (ec2.create_tags, {"Resources": [own], "Tags": [{"Key": "project", "Value": "mine"}]}),
        (ec2.create_tags, {"Resources": [own], "Tags": [{"Key": "sts-lab:run", "Value": "x"}]}),
        (ec2.terminate_instances, {"InstanceIds": [instance]}),
        (ec2.run_instances, {**ami, "InstanceType": "t3.micro"}),  # nothing says whose it is
        (ec2.run_instances, {**ami, **tagged("instance", "volume"), "InstanceType": "m5.large"}),
        (s3.put_object_lock_configuration, {"Bucket": "sts-lab-ffffff-x"}),
    ]
    for call, parameters in tries:
        with pytest.raises(ClientError) as refused:
            call(**parameters)
        code = refused.value.response["Error"]["Code"]
        assert code in ("AccessDenied", "UnauthorizedOperation", "NoSuchBucket"), parameters
    assert learner.contents() == before
    iam.delete_policy(PolicyArn=wide)


def tagged(*kinds):
    tags = [{"Key": "project", "Value": "sts-lab"}]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in kinds]}


def test_the_lab_works_under_the_ceiling(learner):
    """All but boundaries of a lesson's own: those steps are left out."""
    before = learner.contents()
    with open_lab() as lab:
        iam = lab.client("iam")
        limit = iam.create_policy(PolicyName="limit", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
        iam.create_user(UserName="anna")
        for name, call in (("bob", iam.create_user), ("anna", iam.put_user_permissions_boundary)):
            with pytest.raises(SandboxOnly, match="administrator has made"):
                call(UserName=name, PermissionsBoundary=limit)
        iam.put_user_policy(UserName="anna", PolicyName="all", PolicyDocument=EVERYTHING)
        anna = lab.session_from(iam.create_access_key(UserName="anna"))
        assert lab.attempt(anna.client("iam").list_users).succeeded
        root = policy(trusts("arn:aws:iam::111122223333:root"))
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=root)
        iam.delete_role_permissions_boundary(RoleName="r")
        held = learner.contents()[ACCOUNT]["roles"][lab.real("r")]
        assert held["boundary"] == CEILING
    assert learner.contents() == before
