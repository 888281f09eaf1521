"""IAM's documents: what is malformed, in which words, and that authorization comes first."""

from __future__ import annotations

import json
import re

import pytest
from scene import World, allow, policy, trusts

from labhelpers import open_lab
from labhelpers.sandbox.answer.iam.documents import check_documents
from labhelpers.sandbox.answer.iam.service_principals import may_exist
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.wire.errors import Refusal

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
MALFORMED = "MalformedPolicyDocument"


@pytest.fixture(scope="module")
def world():
    with open_lab() as lab:
        yield World(lab)


def test_iam_authorizes_before_it_reads_documents(world):
    """Whoever may not make the call learns nothing about the document; patterns come first."""
    iam = world.user("nobody").client("iam")
    broken = {"PolicyDocument": '{"Version": "2012-10-17"}'}
    calls = [
        (iam.create_role, {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}),
        (iam.update_assume_role_policy, {"RoleName": "r", "PolicyDocument": "{"}),
        (iam.put_role_policy, {"RoleName": "r", "PolicyName": "p", **broken}),
        (iam.put_user_policy, {"UserName": "nobody", "PolicyName": "p", **broken}),
        (iam.create_policy, {"PolicyName": "p", **broken}),
    ]
    told = [world.lab.attempt(call, **parameters).code for call, parameters in calls]
    assert told == ["AccessDenied"] * 5
    beyond = world.lab.attempt(iam.create_policy, PolicyName="p", PolicyDocument="\u2603")
    assert beyond.code == "ValidationError"
    admin = world.iam()
    assert world.lab.attempt(admin.create_policy, PolicyName="p", **broken).code == MALFORMED


def test_all_of_awss_managed_policies_are_accepted():
    """AWS stored them, so its parser takes them; size aside, which AWS has no quota for itself."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    for name, managed in json.loads(aws_managed_policies_data).items():
        params = {"PolicyName": name, "PolicyDocument": json.dumps(managed["Document"])}
        check_documents(Call("iam", "CreatePolicy", (), ACCOUNT, params))


def test_one_that_moto_refuses_is_stored(world):
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    document = json.loads(aws_managed_policies_data)["IAMAuditRootUserCredentials"]["Document"]
    created = world.iam().create_policy(PolicyName="root", PolicyDocument=json.dumps(document))
    arn = created["Policy"]["Arn"]
    version = world.iam().get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == document


OLD = {"Version": "2008-10-17", "Statement": allow("s3:*")}
VERSIONS = [
    # a managed policy's document, what is said against it
    (OLD, "Policy document must be version 2012-10-17 or greater."),
    ({"Statement": {"Effect": "aLLow"}}, "Policy document must be version 2012-10-17 or greater."),
    ({"Version": "2026-10-17", "Statement": allow("s3:*")}, "Syntax errors in policy."),
    ({"Statement": []}, "Syntax errors in policy."),
]


@pytest.mark.parametrize(("document", "words"), VERSIONS)
def test_managed_policies_are_of_the_newer_language(document, words):
    """Syntax is read before the version, everything else after it. Inline ones may be old."""
    params = {"PolicyDocument": json.dumps(document)}
    for operation in ("CreatePolicy", "CreatePolicyVersion"):
        with pytest.raises(Refusal) as caught:
            check_documents(Call("iam", operation, (), ACCOUNT, params))
        assert (caught.value.code, caught.value.message) == (MALFORMED, words)
    check_documents(Call("iam", "PutUserPolicy", (), ACCOUNT, {"PolicyDocument": json.dumps(OLD)}))


def test_unknown_fields_of_a_trust_policy(world):
    create = world.iam().create_role
    document = policy(trusts(ROOT) | {"Conditions": {}})
    got = world.lab.attempt(create, RoleName="r", AssumeRolePolicyDocument=document)
    assert (got.code, got.message) == (MALFORMED, "Unknown field Conditions")


SERVICES = [
    # a service principal, whether AWS has it
    ("ec2", True),
    ("nope", False),
    ("bedrock", True),
    ("bedrock-agent", False),
    ("codepipeline", True),
    ("codepipeiine", False),
    ("ecs-tasks", True),
    ("edgelambda", True),
    ("vpc-flow-logs", True),
    ("malware-protection-plan.guardduty", True),
    ("delivery.logs", True),
    ("new.logs", True),
    ("delivery.logz", False),
    ("states.eu-west-1", True),
    ("nope.eu-west-1", False),
]


@pytest.mark.parametrize(("name", "exists"), SERVICES)
def test_services_that_do_not_exist(name, exists):
    """AWS refuses them as principals; what cannot be known to be wrong is taken."""
    service = f"{name}.amazonaws.com"
    document = policy(trusts({"Service": ["ec2.amazonaws.com", service]}))
    call = Call("iam", "CreateRole", (), ACCOUNT, {"AssumeRolePolicyDocument": document})
    if exists:
        check_documents(call)
        return
    with pytest.raises(Refusal) as caught:
        check_documents(call)
    words = f'Invalid principal in policy: "SERVICE":"{service}"'
    assert (caught.value.code, caught.value.message) == (MALFORMED, words)


def test_services_of_awss_own_policies_exist():
    """iam:PassedToService and iam:AWSServiceName of the managed policies name real ones."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    named = set(re.findall(r'"([a-z0-9.-]+\.amazonaws\.com)"', aws_managed_policies_data))
    assert len(named) > 200
    assert [name for name in named if not may_exist(name)] == []


def test_other_partitions_are_not_this_accounts():
    """An account of aws has nothing in China; a partition of all of them is fine."""
    china = "arn:aws-cn:s3:::b/k"
    for resource, words in (
        ("arn:*:s3:::b", ""),
        (["*", china], f'Partition "aws-cn" is not valid for resource "{china}".'),
    ):
        document = policy(allow("s3:*"), allow("s3:GetObject", resource))
        call = Call("iam", "PutUserPolicy", (), ACCOUNT, {"PolicyDocument": document})
        if not words:
            check_documents(call)
            continue
        with pytest.raises(Refusal) as caught:
            check_documents(call)
        assert (caught.value.code, caught.value.message) == (MALFORMED, words)
    trust = policy(trusts("arn:aws-cn:iam::111122223333:root"))
    with pytest.raises(Refusal, match='Invalid principal in policy: "AWS":"arn:aws-cn:iam'):
        check_documents(Call("iam", "CreateRole", (), ACCOUNT, {"AssumeRolePolicyDocument": trust}))
