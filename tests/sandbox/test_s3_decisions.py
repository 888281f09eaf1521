"""S3 beyond the policies: whose bucket it is, whether it is there, and what only its owner may."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from scene import allow, policy

HERE, THERE = "111122223333", "444455556666"
OBJECTS = "arn:aws:s3:::reports/*"


@pytest.fixture
def reports(world):
    s3 = world.bucket("reports")
    s3.put_object(Bucket="reports", Key="k", Body=b"x")
    return s3


def upload(s3, key="k", **more):
    return s3.create_multipart_upload(Bucket="reports", Key=key, **more)["UploadId"]


def test_the_expected_owner_of_a_bucket(world, reports):
    """The guard against buckets that somebody else has made under the name."""
    world.bucket("mine")
    copy = {"Bucket": "mine", "Key": "k", "CopySource": "reports/k"}
    part = copy | {"UploadId": "u", "PartNumber": 1, "Bucket": "reports"}
    calls = [
        (reports.get_object, "ExpectedBucketOwner", {"Bucket": "reports", "Key": "k"}),
        (reports.head_object, "ExpectedBucketOwner", {"Bucket": "reports", "Key": "k"}),
        (reports.put_object, "ExpectedBucketOwner", {"Bucket": "reports", "Key": "k"}),
        (reports.list_objects_v2, "ExpectedBucketOwner", {"Bucket": "reports"}),
        (reports.head_bucket, "ExpectedBucketOwner", {"Bucket": "reports"}),
        (reports.put_bucket_tagging, "ExpectedBucketOwner",
         {"Bucket": "reports", "Tagging": {"TagSet": []}}),
        (reports.copy_object, "ExpectedBucketOwner", copy),
        (reports.copy_object, "ExpectedSourceBucketOwner", copy),
        (reports.upload_part_copy, "ExpectedSourceBucketOwner", part),
    ]  # fmt: skip
    for call, parameter, given in calls:
        got = world.lab.attempt(call, **given, **{parameter: THERE})
        head = call.__name__.startswith("head")
        assert got.code == ("403" if head else "AccessDenied"), (call, parameter)
        assert head or got.message == "Access Denied"
        assert THERE in got.reason
        for wrong in ("0000", "0000000000020", "abcd", "11112222333\u0663"[:11]):
            got = world.lab.attempt(call, **given, **{parameter: wrong})
            assert got.code == ("400" if head else "InvalidBucketOwnerAWSAccountID"), wrong
            assert head or got.message == (
                "The value of the expected bucket owner parameter must be an AWS Account ID... "
                f"[{wrong}]"
            )
    assert reports.get_object(Bucket="reports", Key="k", ExpectedBucketOwner=HERE)
    reports.copy_object(**copy, ExpectedSourceBucketOwner=HERE, ExpectedBucketOwner=HERE)


def test_a_bucket_that_is_missing_is_said_to_everybody(world, reports):
    nobody = world.user("nobody").client("s3")
    calls = [
        (nobody.get_object, {"Key": "k"}),
        (nobody.put_object, {"Key": "k"}),
        (nobody.list_objects_v2, {}),
        (nobody.get_bucket_policy, {}),
        (nobody.put_bucket_policy, {"Policy": policy(allow("s3:*", Principal="*"))}),
        (nobody.delete_bucket, {}),
    ]
    for call, given in calls:
        got = world.lab.attempt(call, Bucket="no-such-bucket", **given)
        assert (got.code, got.message) == (
            "NoSuchBucket",
            "The specified bucket does not exist",
        ), call
    assert world.lab.attempt(nobody.head_bucket, Bucket="no-such-bucket").code == "404"
    answer = requests.get(f"{world.lab.endpoint_url}/no-such-bucket/k", timeout=60)
    assert (answer.status_code, "<Code>NoSuchBucket</Code>" in answer.text) == (404, True)
    assert "<BucketName>no-such-bucket</BucketName>" in answer.text
    copy = {"Bucket": "reports", "Key": "c", "CopySource": "no-such-bucket/k"}
    assert world.lab.attempt(nobody.copy_object, **copy).code == "NoSuchBucket"


def test_a_bucket_policy_is_its_owners_alone(world, reports):
    """Granted to another account, it is refused all the same; who has no grant is denied."""
    rights = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
    far = world.user("far", allow("s3:*"), account=THERE).client("s3")
    text = policy(allow(rights, "arn:aws:s3:::reports", Principal={"AWS": THERE}))
    calls = [
        (far.get_bucket_policy, {}),
        (far.put_bucket_policy, {"Policy": text}),
        (far.delete_bucket_policy, {}),
    ]
    for call, given in calls:
        assert world.lab.attempt(call, Bucket="reports", **given).code == "AccessDenied"
    reports.put_bucket_policy(Bucket="reports", Policy=text)
    for call, given in calls:
        got = world.lab.attempt(call, Bucket="reports", **given)
        assert (got.code, got.message) == (
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )
    assert reports.get_bucket_policy(Bucket="reports")["Policy"] == text


def test_a_source_that_is_missing_is_told_to_who_may_list(world, reports):
    target = allow("s3:PutObject", "arn:aws:s3:::target/*")
    world.bucket("target")
    read = allow("s3:GetObject*", OBJECTS)
    reader = world.user("reader", target, read).client("s3")
    lister = world.user(
        "lister", target, read, allow("s3:ListBucket", "arn:aws:s3:::reports")
    ).client("s3")
    new = lister.create_multipart_upload(Bucket="target", Key="t")["UploadId"]
    copy = {"Bucket": "target", "Key": "t", "CopySource": "reports/missing"}
    part = copy | {"UploadId": new, "PartNumber": 1}
    versions = copy | {"CopySource": {"Bucket": "reports", "Key": "k", "VersionId": "none"}}
    key = {"Bucket": "reports", "Key": "missing"}
    for operation, given in (
        ("copy_object", copy),
        ("copy_object", versions),
        ("upload_part_copy", part),
        ("get_object", key),
        ("get_object_tagging", key),
        ("get_object_acl", key),
        ("get_object_attributes", key | {"ObjectAttributes": ["ETag"]}),
    ):
        got = world.lab.attempt(getattr(reader, operation), **given)
        assert (got.code, got.blocked_by) == ("AccessDenied", "identity"), operation
        assert "s3:ListBucket" in got.message
        got = world.lab.attempt(getattr(lister, operation), **given)
        assert (got.code, got.outcome) == (
            "NoSuchVersion" if given is versions else "NoSuchKey",
            "Allowed",
        ), operation


def test_a_deleted_object_is_missing(world, reports):
    """A delete marker is no object: without ListBucket nobody learns of it."""
    reports.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
    reports.put_object(Bucket="reports", Key="gone", Body=b"x")
    marker = reports.delete_object(Bucket="reports", Key="gone")["VersionId"]
    reader = world.user("reader", allow("s3:GetObject*", OBJECTS)).client("s3")
    got = world.lab.attempt(reader.get_object, Bucket="reports", Key="gone")
    assert (got.code, "s3:ListBucket" in got.message) == ("AccessDenied", True)
    assert world.lab.attempt(reports.get_object, Bucket="reports", Key="gone").code == "NoSuchKey"
    got = world.lab.attempt(reports.get_object, Bucket="reports", Key="gone", VersionId=marker)
    assert got.code == "MethodNotAllowed"


def test_uploads_that_are_not_there(world, reports):
    open_one = upload(reports)
    of_other_key = upload(reports, "other")
    aborted = upload(reports)
    reports.abort_multipart_upload(Bucket="reports", Key="k", UploadId=aborted)
    part = {"Parts": [{"ETag": "x", "PartNumber": 1}]}
    for unknown in ("nope", of_other_key, aborted):
        given = {"Bucket": "reports", "Key": "k", "UploadId": unknown}
        for call, more in (
            (reports.upload_part, {"PartNumber": 1, "Body": b"x"}),
            (reports.upload_part_copy, {"PartNumber": 1, "CopySource": "reports/k"}),
            (reports.complete_multipart_upload, {"MultipartUpload": part}),
            (reports.abort_multipart_upload, {}),
            (reports.list_parts, {}),
        ):
            got = world.lab.attempt(call, **given, **more)
            assert got.code == "NoSuchUpload", (call, unknown)
            assert got.message.startswith("The specified upload does not exist. The upload ID may")
    given = {"Bucket": "reports", "Key": "k", "UploadId": open_one}
    got = world.lab.attempt(reports.complete_multipart_upload, **given)
    assert got.code == "MalformedXML"
    etag = reports.upload_part(**given, PartNumber=1, Body=b"y")["ETag"]
    done = {"Parts": [{"ETag": etag, "PartNumber": 1}]}
    for _ in range(2):  # completing it again changes nothing
        answer = reports.complete_multipart_upload(**given, MultipartUpload=done)
        assert "VersionId" not in answer
    (grant,) = reports.get_object_acl(Bucket="reports", Key="k")["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"


def test_versions_are_deleted_together(world, reports):
    reports.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
    versions = [
        reports.put_object(Bucket="reports", Key="v", Body=b"x")["VersionId"] for _ in range(2)
    ]
    named = {"Objects": [{"Key": "v", "VersionId": one} for one in versions], "Quiet": True}
    plain = {"Objects": [{"Key": "v"}]}
    anna = world.user("anna", allow("s3:DeleteObject", OBJECTS)).client("s3")
    refused = anna.delete_objects(Bucket="reports", Delete=named)["Errors"]
    assert [one["VersionId"] for one in refused] == versions
    assert all("s3:DeleteObjectVersion on" in one["Message"] for one in refused)
    assert "Errors" not in anna.delete_objects(Bucket="reports", Delete=plain)
    bob = world.user("bob", allow("s3:DeleteObjectVersion", OBJECTS)).client("s3")
    assert "Deleted" not in bob.delete_objects(Bucket="reports", Delete=named)
    (refused,) = bob.delete_objects(Bucket="reports", Delete=plain)["Errors"]
    assert refused["Code"] == "AccessDenied" and "s3:DeleteObject on" in refused["Message"]
    conditional = {"Objects": [{"Key": "v", "ETag": "x"}]}
    got = world.lab.attempt(reports.delete_objects, Bucket="reports", Delete=conditional)
    assert got.blocked_by == "not modelled"
    left = reports.list_object_versions(Bucket="reports", Prefix="v")
    assert "Versions" not in left and len(left["DeleteMarkers"]) == 1


def test_only_versioned_buckets_tell_versions(world, reports):
    """rclone takes a version "null" of an upload for a failure."""
    for answer in (
        reports.put_object(Bucket="reports", Key="k", Body=b"x"),
        reports.get_object(Bucket="reports", Key="k"),
        reports.head_object(Bucket="reports", Key="k"),
        reports.get_object_tagging(Bucket="reports", Key="k"),
        reports.get_object(Bucket="reports", Key="k", VersionId="null"),
        reports.head_object(Bucket="reports", Key="k", VersionId="null"),
        reports.copy_object(Bucket="reports", Key="c", CopySource="reports/k"),
    ):
        assert "VersionId" not in answer
    for version, errors in (("other", 1), ("null", 0)):
        got = world.lab.attempt(reports.delete_object, Bucket="reports", Key="k", VersionId="other")
        assert (got.code, got.message) == ("InvalidArgument", "Invalid version id specified")
        named = {"Objects": [{"Key": "k", "VersionId": version}]}
        told = reports.delete_objects(Bucket="reports", Delete=named)
        assert len(told.get("Errors", ())) == errors
    assert reports.list_objects_v2(Bucket="reports")["KeyCount"] == 1


def soon(days):
    return datetime.now(UTC) + timedelta(days=days)


def test_stepping_over_a_governance_lock_takes_a_right(world):
    s3 = world.lab.session().client("s3")
    here = {"LocationConstraint": world.lab.region}
    s3.create_bucket(
        Bucket="locked", CreateBucketConfiguration=here, ObjectLockEnabledForBucket=True
    )
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": soon(9)}
    version = s3.put_object(Bucket="locked", Key="k", Body=b"x", **lock)["VersionId"]
    anna = world.user("anna", allow(["s3:Delete*", "s3:PutObjectRetention"])).client("s3")
    one = {"Bucket": "locked", "Key": "k", "VersionId": version}
    many = {"Bucket": "locked", "Delete": {"Objects": [{"Key": "k", "VersionId": version}]}}
    shorter = one | {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": soon(1)}}
    longer = one | {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": soon(20)}}
    (refused,) = anna.delete_objects(**many, BypassGovernanceRetention=True)["Errors"]
    assert "s3:BypassGovernanceRetention" in refused["Message"]
    for call, given in ((anna.delete_object, one), (anna.put_object_retention, shorter)):
        got = world.lab.attempt(call, BypassGovernanceRetention=True, **given)
        assert (got.blocked_by, "s3:BypassGovernanceRetention" in got.message) == (
            "identity",
            True,
        ), call
    got = world.lab.attempt(anna.put_object_retention, **shorter)
    assert (got.code, got.message) == (
        "AccessDenied",
        "Access Denied because object protected by object lock.",
    )
    assert world.lab.attempt(anna.put_object_retention, **longer).succeeded
    asked = longer["Retention"]
    told = s3.get_object_retention(**one)["Retention"]
    assert told["Mode"] == "GOVERNANCE"
    assert abs(told["RetainUntilDate"] - asked["RetainUntilDate"]) < timedelta(seconds=1)
    assert world.lab.attempt(anna.get_object_retention, **one).blocked_by == "identity"
    assert s3.put_object_retention(**shorter, BypassGovernanceRetention=True)
    assert world.lab.attempt(anna.delete_object, **one).code == "AccessDenied"
    s3.delete_object(**one, BypassGovernanceRetention=True)
    kept = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": soon(9)}
    one["VersionId"] = s3.put_object(Bucket="locked", Key="k", Body=b"x", **kept)["VersionId"]
    shorter = one | {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": soon(20)}}
    got = world.lab.attempt(s3.put_object_retention, **shorter, BypassGovernanceRetention=True)
    assert got.code == "AccessDenied"


def test_configurations_that_no_bucket_has(world, reports):
    """Ansible and Terraform ask for them at every bucket."""
    for kind in ("analytics", "intelligent_tiering", "inventory", "metrics"):
        one = f"get_bucket_{kind}_configuration"
        name = kind.title().replace("_", "")
        anna = world.user(f"anna-{name}", allow(f"s3:Get{name}Configuration")).client("s3")
        told = getattr(anna, f"list_bucket_{kind}_configurations")(Bucket="reports")
        assert told["IsTruncated"] is False
        nobody = world.user(f"nobody-{name}").client("s3")
        got = world.lab.attempt(getattr(nobody, one), Bucket="reports", Id="i")
        assert f"s3:Get{name}Configuration on" in got.message
        got = world.lab.attempt(getattr(anna, one), Bucket="reports", Id="i")
        assert got.code == "NoSuchConfiguration", kind


def test_whether_a_policy_is_public_is_told(world, reports):
    reports.delete_public_access_block(Bucket="reports")
    anyone = allow("s3:GetObject", OBJECTS, Principal="*")
    wide = {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}
    narrow = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    for condition, public in (({}, True), (wide, True), (narrow, False)):
        text = policy(anyone | ({"Condition": condition} if condition else {}))
        reports.put_bucket_policy(Bucket="reports", Policy=text)
        told = reports.get_bucket_policy_status(Bucket="reports")
        assert told["PolicyStatus"]["IsPublic"] is public


def test_names_of_requests_are_s3s(world, reports):
    headers = reports.head_object(Bucket="reports", Key="k")["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-request-id"] and headers["x-amz-id-2"]
    assert "x-amzn-requestid" not in headers
    text = policy(allow("s3:GetObject", OBJECTS, Principal={"AWS": HERE}))
    for answer in (
        reports.put_bucket_policy(Bucket="reports", Policy=text),
        reports.delete_object(Bucket="reports", Key="k"),
    ):
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
        assert "content-type" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_the_account_of_a_bucket_is_a_condition_key(world, reports):
    for account, succeeds in ((HERE, True), (THERE, False)):
        own = {"StringEquals": {"s3:ResourceAccount": account}}
        anna = world.user(
            f"anna-{account}", allow(["s3:GetObject", "s3:ListBucket"], "*", Condition=own)
        ).client("s3")
        get = world.lab.attempt(anna.get_object, Bucket="reports", Key="k")
        assert get.succeeded is succeeds
        assert world.lab.attempt(anna.list_objects_v2, Bucket="reports").succeeded is succeeds


def test_a_role_for_replication_is_handed_over(world, reports):
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust["Principal"] = {"Service": "s3.amazonaws.com"}
    role = world.role("copier", trust)
    versions = {"Status": "Enabled"}
    reports.put_bucket_versioning(Bucket="reports", VersioningConfiguration=versions)
    rule = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::reports"}}
    asked = {"ReplicationConfiguration": {"Role": role, "Rules": [rule]}, "Bucket": "reports"}
    may = allow("s3:PutReplicationConfiguration")
    anna = world.user("anna", may).client("s3")
    got = world.lab.attempt(anna.put_bucket_replication, **asked)
    assert (got.blocked_by, "iam:PassRole" in got.message) == ("identity", True)
    to_s3 = {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}
    passing = allow("iam:PassRole", role, Condition=to_s3)
    bob = world.user("bob", may, passing).client("s3")
    assert world.lab.attempt(bob.put_bucket_replication, **asked).succeeded


def test_what_moto_would_forget_is_refused(world, reports):
    """moto gives an object away without the client's own key, and loses a new bucket's tags."""
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    got = world.lab.attempt(reports.put_object, Bucket="reports", Key="c", Body=b"x", **key)
    assert (got.code, "SSE-C" in got.message) == ("SandboxNotModelled", True)
    tags = {"LocationConstraint": world.lab.region, "Tags": [{"Key": "a", "Value": "b"}]}
    got = world.lab.attempt(reports.create_bucket, Bucket="tagged", CreateBucketConfiguration=tags)
    assert (got.code, "with tags" in got.message) == ("SandboxNotModelled", True)
