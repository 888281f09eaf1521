"""What lab identities reach on AWS itself, with their own keys and plain boto3."""

import json
import os

import pytest
from botocore.exceptions import ClientError
from scene import allow, policy, trusts

from labhelpers import SandboxOnly, open_lab
from labhelpers.account.fence.boundary import fenced
from labhelpers.boto_session import isolated_session

ACCOUNT = "123456789012"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = policy(allow("*"))
REFUSED = "AccessDenied|UnauthorizedOperation"


@pytest.fixture(scope="module")
def account(aws):
    """One open lab for the module: no test leaves anything that another one minds."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [n for n in os.environ if n.startswith(("AWS_", "LAB_", "ACTIONS_"))]:
            patched.delenv(name)
        for name, value in aws.environ.items():
            patched.setenv(name, value)
        patched.setenv("LAB_AWS_PATIENCE", "2")  # nothing lags here
        with open_lab() as lab:
            yield lab


@pytest.fixture(scope="module")
def alice(account, aws):
    """Plain boto3 with the keys of a user whose boundary and policy the lesson meant to allow
    everything."""
    iam = account.client("iam")
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
    iam.create_user(UserName="alice", PermissionsBoundary=limit)
    iam.put_user_policy(UserName="alice", PolicyName="all", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    return raw(aws, account, key)


def raw(aws, lab, key):
    return isolated_session(
        aws.endpoint_url, lab.region, key["AccessKeyId"], key["SecretAccessKey"]
    )


def real(lab, kind, name):
    return f"arn:aws:iam::{ACCOUNT}:{kind}/sts-lab/{lab.real(name)}"


def refused(call, **parameters):
    with pytest.raises(ClientError, match=REFUSED):
        call(**parameters)


def test_who_is_made_by_a_lab_identity_carries_a_boundary_of_the_run(account, aws, alice):
    """The first way to administrator: a role without a boundary, then AdministratorAccess."""
    iam = alice.client("iam")
    theirs = aws.session().client("iam")
    limits = {
        "none": {},
        "AWS's": {"PermissionsBoundary": ADMIN},
        "somebody's under the lab's path": {"PermissionsBoundary": team_policy(theirs)},
    }
    before = aws.contents()
    trust = policy(trusts(alice.client("sts").get_caller_identity()["Arn"]))
    role = {"RoleName": account.real("door"), "AssumeRolePolicyDocument": trust}
    for path in ("/sts-lab/", "/sts-lab/team/", "/"):
        for limit in limits.values():
            refused(iam.create_role, **role, Path=path, **limit)
            refused(iam.create_user, UserName=account.real("carol"), Path=path, **limit)
    assert aws.contents() == before
    iam.create_role(**role, Path="/sts-lab/", PermissionsBoundary=real(account, "policy", "limit"))
    refused(iam.delete_role_permissions_boundary, RoleName=role["RoleName"])
    for limit in (ADMIN, real(account, "policy", "limit")):
        refused(
            iam.put_role_permissions_boundary,
            RoleName=role["RoleName"],
            PermissionsBoundary=limit,
        )
    iam.delete_role(RoleName=role["RoleName"])
    theirs.delete_policy(PolicyArn=limits["somebody's under the lab's path"]["PermissionsBoundary"])


def team_policy(iam):
    """A policy that people keep under the lab's path, without the fence."""
    made = iam.create_policy(PolicyName="team", Path="/sts-lab/", PolicyDocument=EVERYTHING)
    return made["Policy"]["Arn"]


def test_a_role_of_the_run_that_lost_its_boundary_is_filled_by_nobody(account, aws, alice):
    """Somebody has taken it off by hand, as the account's administrator."""
    account.client("iam").create_role(
        RoleName="bare", AssumeRolePolicyDocument=policy(trusts("arn:aws:iam::111122223333:root"))
    )
    name = {"RoleName": account.real("bare")}
    aws.session().client("iam").delete_role_permissions_boundary(**name)
    iam = alice.client("iam")
    before = aws.contents()
    refused(iam.put_role_policy, **name, PolicyName="all", PolicyDocument=EVERYTHING)
    refused(iam.attach_role_policy, **name, PolicyArn=ADMIN)
    assert aws.contents() == before


def just_too_long(account):
    """A policy that AWS would take, and would not take with the fence in it."""
    spare = {"Sid": "x" * 5000}
    return policy({**allow("*"), **spare})


@pytest.mark.parametrize("as_version", [True, False])
def test_no_policy_is_stored_without_the_fence(account, aws, alice, as_version):
    """The second way: a version of alice's boundary that is too long to be fenced."""
    iam = account.client("iam")
    limit = "arn:aws:iam::111122223333:policy/limit"
    before = aws.contents()
    with pytest.raises(SandboxOnly, match="shorten it"):
        if as_version:
            iam.create_policy_version(
                PolicyArn=limit, PolicyDocument=just_too_long(account), SetAsDefault=True
            )
        else:
            iam.create_policy(PolicyName="later", PolicyDocument=just_too_long(account))
    assert aws.contents() == before
    theirs = aws.session().client("iam")
    theirs.create_user(UserName="victim")
    refused(alice.client("iam").delete_user, UserName="victim")
    theirs.delete_user(UserName="victim")


def test_each_version_of_each_policy_of_the_run_holds_the_fence(account, aws):
    iam = account.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
    for number in range(3):
        text = policy({**allow("*"), "Sid": f"n{number}"})
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=number == 1)
    iam.create_user(UserName="u")  # and with it the run's own boundary
    held = aws.contents()[ACCOUNT]["managed_policies"]
    versions = [text for one in held.values() for text in one["versions"].values()]
    assert len(versions) > 4
    for text in versions:
        assert {"StsLabResources", "StsLabBounded"} <= {s.get("Sid") for s in statements(text)}


def statements(text):
    return json.loads(text)["Statement"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"Version": "2012-10-17", "statement": [{"Effect": "Allow", "Action": "*"}]}',
        EVERYTHING[:-1] + ', "statement": []}',
    ],
)
def test_what_only_we_cannot_read_is_not_stored_as_it_is(account, aws, text):
    """IAM refuses it in the words that it has for such texts."""
    iam = account.client("iam")
    before = aws.contents()
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.create_policy(PolicyName="odd", PolicyDocument=text)
    assert aws.contents() == before
    assert "*" not in fenced(text, "sts-lab-abc123-", [ACCOUNT])


def test_a_byte_order_mark_hides_no_policy():
    """Python's reader stops at it; one of bytes may skip it."""
    assert "*" not in fenced("\ufeff" + EVERYTHING, "sts-lab-abc123-", [ACCOUNT])


def test_of_two_statement_elements_the_one_that_is_read_holds_the_fence():
    twice = EVERYTHING[:-1] + ', "Statement": ' + json.dumps([allow("s3:*")]) + "}"
    sent = fenced(twice, "sts-lab-abc123-", [ACCOUNT])
    assert sent.count('"Statement"') == 1 and '"Action": "*"' not in sent


def test_longer_than_aws_takes_is_for_aws_to_refuse(account):
    iam = account.client("iam")
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.create_policy(PolicyName="p", PolicyDocument=policy({**allow("*"), "Sid": "x" * 6144}))


def test_a_boundary_that_the_run_has_not_made_is_refused(account, aws):
    theirs = aws.session().client("iam")
    team = team_policy(theirs)
    iam = account.client("iam")
    iam.create_user(UserName="anna")
    before = aws.contents()
    lesson = team.replace(ACCOUNT, "111122223333")
    with pytest.raises((SandboxOnly, ClientError)):
        iam.create_user(UserName="bob", PermissionsBoundary=lesson)
    with pytest.raises((SandboxOnly, ClientError)):
        iam.put_user_permissions_boundary(UserName="anna", PermissionsBoundary=lesson)
    assert aws.contents() == before
    theirs.delete_policy(PolicyArn=team)


def test_another_run_is_out_of_reach(account, aws, alice):
    """Names under the lab's path and buckets with the lab's prefix, but of another run."""
    theirs = aws.session()
    other = {"UserName": "sts-lab-ffffff-alice"}
    theirs.client("iam").create_user(**other, Path="/sts-lab/")
    region = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    theirs.client("s3").create_bucket(Bucket="sts-lab-ffffff-reports", **region)
    before = aws.contents()
    refused(alice.client("iam").create_access_key, **other)
    refused(alice.client("s3").put_object, Bucket="sts-lab-ffffff-reports", Key="k", Body=b"x")
    assert aws.contents() == before
    theirs.client("iam").delete_user(**other)
    theirs.client("s3").delete_bucket(Bucket="sts-lab-ffffff-reports")


def test_a_lab_identity_opens_no_bucket_and_locks_none(account, aws, alice):
    region = {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    account.client("s3").create_bucket(Bucket="ours", **region)
    bucket, s3 = {"Bucket": account.real("ours")}, alice.client("s3")
    before = aws.contents()
    shut = policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    refused(s3.put_bucket_policy, **bucket, Policy=shut)
    refused(s3.delete_public_access_block, **bucket)
    refused(s3.put_bucket_acl, **bucket, ACL="public-read")
    lock = {"ObjectLockEnabled": "Enabled"}
    refused(s3.put_object_lock_configuration, **bucket, ObjectLockConfiguration=lock)
    refused(s3.put_bucket_versioning, **bucket, VersioningConfiguration={"Status": "Enabled"})
    assert aws.contents() == before
    s3.put_object(**bucket, Key="k", Body=b"x")  # it is not refused everything


@pytest.mark.parametrize("text", ['{"a":' * 5000 + "1" + "}" * 5000, "[" * 100_000 + "]" * 100_000])
def test_what_is_nested_too_deep_is_no_policy(text):
    """json cannot read it; IAM is asked with something that it cannot read either."""
    assert fenced(text, "sts-lab-abc123-", [ACCOUNT]) == "{"
