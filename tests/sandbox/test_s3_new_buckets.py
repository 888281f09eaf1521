"""New buckets as since April 2023: shut, without ACLs, encrypted; and what opens them."""

import pytest
from scene import allow, policy

OBJECTS = "arn:aws:s3:::new/*"
ALL_ON = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
ALL_USERS = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
PREVENTED = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public"


@pytest.fixture
def s3(world):
    made = world.bucket("new")
    made.put_object(Bucket="new", Key="k", Body=b"x")
    return made


@pytest.fixture
def here(world):
    return {"CreateBucketConfiguration": {"LocationConstraint": world.lab.region}}


def ownership(setting):
    return {"Bucket": "new", "OwnershipControls": {"Rules": [{"ObjectOwnership": setting}]}}


def test_how_a_new_bucket_is_set(world, s3):
    told = s3.get_public_access_block(Bucket="new")
    assert told["PublicAccessBlockConfiguration"] == ALL_ON
    rules = s3.get_bucket_ownership_controls(Bucket="new")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    for _ in range(2):
        found = s3.get_bucket_encryption(Bucket="new")["ServerSideEncryptionConfiguration"]
        default = found["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        assert default == {"SSEAlgorithm": "AES256"}
        s3.delete_bucket_encryption(Bucket="new")  # which brings the default back
    assert s3.head_object(Bucket="new", Key="k")["ServerSideEncryption"] == "AES256"
    s3.delete_public_access_block(Bucket="new")
    got = world.lab.attempt(s3.get_public_access_block, Bucket="new")
    assert got.code == "NoSuchPublicAccessBlockConfiguration"
    s3.delete_bucket_ownership_controls(Bucket="new")
    got = world.lab.attempt(s3.get_bucket_ownership_controls, Bucket="new")
    assert got.code == "OwnershipControlsNotFoundError"


def test_a_bucket_made_twice_keeps_its_settings(world):
    s3 = world.lab.session().client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="again")
    kms = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    rules = {"Rules": [kms]}
    s3.put_bucket_encryption(Bucket="again", ServerSideEncryptionConfiguration=rules)
    s3.create_bucket(Bucket="again")
    found = s3.get_bucket_encryption(Bucket="again")["ServerSideEncryptionConfiguration"]
    assert found["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_acls_are_refused(world, s3):
    """Public ones by Block Public Access, then all but the owner's by the ownership controls."""
    public = [
        (s3.put_bucket_acl, {"ACL": "public-read"}),
        (s3.put_bucket_acl, {"ACL": "authenticated-read"}),
        (s3.put_object_acl, {"Key": "k", "ACL": "public-read-write"}),
        (s3.put_object_acl, {"Key": "k", "GrantRead": ALL_USERS}),
        (s3.put_object, {"Key": "n", "ACL": "public-read"}),
        (s3.copy_object, {"Key": "n", "ACL": "public-read", "CopySource": "new/k"}),
        (s3.create_multipart_upload, {"Key": "n", "GrantRead": ALL_USERS}),
    ]
    for call, given in public:
        got = world.lab.attempt(call, Bucket="new", **given)
        assert (got.code, PREVENTED in got.message) == ("AccessDenied", True), (given, got)
    s3.delete_public_access_block(Bucket="new")
    private = (
        (s3.put_bucket_acl, {"ACL": "private"}),
        (s3.put_object_acl, {"Key": "k", "ACL": "private"}),
    )
    for call, given in (*public, *private):
        got = world.lab.attempt(call, Bucket="new", **given)
        assert (got.code, got.message) == (
            "AccessControlListNotSupported",
            "The bucket does not allow ACLs",
        ), given
    for acl in ("bucket-owner-full-control", "private"):  # the uploader is the owner
        s3.put_object(Bucket="new", Key="n", ACL=acl)
    owner = s3.get_bucket_acl(Bucket="new")
    keep = {key: owner[key] for key in ("Owner", "Grants")}
    s3.put_bucket_acl(Bucket="new", AccessControlPolicy=keep)


def test_acls_that_let_somebody_in_are_not_modelled(world, s3):
    s3.put_bucket_ownership_controls(**ownership("BucketOwnerPreferred"))
    got = world.lab.attempt(s3.put_object, Bucket="new", Key="n", ACL="public-read")
    assert PREVENTED in got.message
    s3.delete_public_access_block(Bucket="new")
    for given in (
        {"ACL": "public-read"},
        {"GrantRead": 'id="79a59df900b949e55d96a1e698fbacedfd6e"'},
    ):
        got = world.lab.attempt(s3.put_object, Bucket="new", Key="n", **given)
        assert (got.code, got.blocked_by) == ("SandboxNotModelled", "not modelled")
    s3.put_bucket_acl(Bucket="new", ACL="private")
    s3.put_bucket_acl(Bucket="new", ACL="log-delivery-write")
    got = world.lab.attempt(s3.put_bucket_ownership_controls, **ownership("BucketOwnerEnforced"))
    assert got.code == "InvalidBucketAclWithObjectOwnership"


def test_whose_objects_are_the_uploaders_are_not_modelled(world, s3):
    """Where ACLs count, an object of another account is out of the bucket owner's hands."""
    far = world.user("far", allow("s3:*", "*"), account="444455556666").client("s3")
    grant = allow("s3:Put*", OBJECTS, Principal={"AWS": "444455556666"})
    s3.put_bucket_policy(Bucket="new", Policy=policy(grant))
    put = {"Bucket": "new", "Key": "theirs", "Body": b"x"}
    assert world.lab.attempt(far.put_object, **put).succeeded
    s3.put_bucket_ownership_controls(**ownership("ObjectWriter"))
    assert world.lab.attempt(far.put_object, **put).blocked_by == "not modelled"
    s3.put_bucket_ownership_controls(**ownership("BucketOwnerPreferred"))
    assert world.lab.attempt(far.put_object, **put).blocked_by == "not modelled"
    full = put | {"ACL": "bucket-owner-full-control"}
    assert world.lab.attempt(far.put_object, **full).succeeded
    assert s3.put_object(**put)


MADE = [
    ({"ACL": "public-read"}, "InvalidBucketAclWithObjectOwnership"),
    ({"GrantRead": ALL_USERS}, "InvalidBucketAclWithObjectOwnership"),
    ({"ACL": "authenticated-read", "ObjectOwnership": "ObjectWriter"},
     "InvalidBucketAclWithBlockPublicAccessError"),
    ({"ACL": "everybody"}, "InvalidArgument"),
    ({"ObjectOwnership": "Mine"}, "InvalidArgument"),
    ({"ACL": "private"}, ""),
    ({"ObjectOwnership": "BucketOwnerPreferred"}, ""),
    ({"ACL": "log-delivery-write", "ObjectOwnership": "ObjectWriter"}, ""),
]  # fmt: skip


def test_buckets_made_with_an_acl_or_an_owner(world, here):
    s3 = world.lab.session().client("s3")
    for number, (given, code) in enumerate(MADE):
        got = world.lab.attempt(s3.create_bucket, Bucket=f"made-{number}", **given, **here)
        assert got.code == code, given
        if not code and "ObjectOwnership" in given:
            told = s3.get_bucket_ownership_controls(Bucket=f"made-{number}")["OwnershipControls"]
            assert told["Rules"][0] == {"ObjectOwnership": given["ObjectOwnership"]}


@pytest.mark.parametrize(
    "given, action",
    [
        ({"ACL": "bucket-owner-full-control"}, "PutBucketAcl"),
        ({"ObjectOwnership": "ObjectWriter"}, "PutBucketOwnershipControls"),
        ({"ObjectLockEnabledForBucket": True}, "PutBucketObjectLockConfiguration"),
    ],
)
def test_what_a_new_bucket_is_to_be_takes_a_right_of_its_own(world, here, given, action):
    maker = world.user("maker", allow("s3:CreateBucket")).client("s3")
    assert world.lab.attempt(maker.create_bucket, Bucket="plain", **here).succeeded
    got = world.lab.attempt(maker.create_bucket, Bucket="other", **given, **here)
    assert (got.blocked_by, f"s3:{action} on" in got.message) == ("identity", True)
