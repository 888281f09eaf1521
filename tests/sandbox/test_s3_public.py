"""S3's anonymous callers, Block Public Access, missing keys and header conditions."""

import pytest
import requests
from scene import allow, deny, policy

BUCKET, OBJECTS = "arn:aws:s3:::site", "arn:aws:s3:::site/*"
OPEN = allow("s3:GetObject", OBJECTS, Principal="*")
ALL_ON = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


@pytest.fixture
def site(world):
    s3 = world.open_bucket("site")
    s3.put_object(Bucket="site", Key="page", Body=b"hello", Tagging="class=open")
    return s3


def fetch(world, key="page", **more):
    return requests.get(f"{world.lab.endpoint_url}/site/{key}", timeout=60, **more)


def test_nobody_gets_in_without_a_public_policy(world, site):
    answer = fetch(world)
    assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)
    site.put_bucket_policy(Bucket="site", Policy=policy(OPEN))
    assert (fetch(world).status_code, fetch(world).content) == (200, b"hello")
    upload = requests.put(f"{world.lab.endpoint_url}/site/x", data=b"x", timeout=60)
    assert upload.status_code == 403


def test_an_anonymous_caller_is_named_by_the_star_only(world, site):
    site.put_bucket_policy(
        Bucket="site",
        Policy=policy(allow("s3:GetObject", OBJECTS, Principal={"AWS": "111122223333"})),
    )
    assert fetch(world).status_code == 403
    secure = {"Bool": {"aws:SecureTransport": "false"}}
    shut = deny("s3:*", OBJECTS, Principal="*", Condition=secure)
    site.put_bucket_policy(Bucket="site", Policy=policy(OPEN, shut))
    assert fetch(world).status_code == 200


def under(operator, key, *values):
    return {operator: {key: values if len(values) > 1 else values[0]}}


ROLES = "arn:aws:iam::111122223333:role/*"
TIED = [
    under("IpAddress", "aws:SourceIp", "127.0.0.1/32"),
    under("IpAddress", "aws:SourceIp", "9.0.0.0/8", "2001:db8::/32"),
    under("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:role/app"),
    under("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
    under("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/*"),
    under("StringEquals", "AWS:sourcevpce", "vpce-1a2b3c4d"),
]
UNTIED = [
    under("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
    under("IpAddress", "aws:SourceIp", "0.0.0.0/1", "128.0.0.0/1"),
    under("IpAddress", "aws:SourceIp", "0.0.0.0/1"),
    under("IpAddress", "aws:SourceIp", "2001::/16"),
    under("ArnLike", "aws:PrincipalArn", ROLES),
    under("StringLike", "aws:PrincipalOrgID", "o-*"),
    under("StringLike", "aws:PrincipalOrgPaths", "*"),
    under("StringLike", "aws:userid", "AROAEXAMPLEEXAMPLE123:*"),
    under("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:user/${aws:username}"),
    under("StringEqualsIfExists", "aws:SourceVpce", "vpce-1a2b3c4d"),
    under("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
    under("NotIpAddress", "aws:SourceIp", "127.0.0.1/32"),
    under("StringEquals", "aws:Referer", "https://example.com"),
    {},
]


@pytest.mark.parametrize(
    "tied, conditions", [(True, TIED), (False, UNTIED)], ids=["tied", "public"]
)
def test_what_is_public(world, tied, conditions):
    """A new bucket takes no policy that AWS calls public, and says so in its words."""
    put = world.bucket("site").put_bucket_policy
    for condition in conditions:
        statement = OPEN | ({"Condition": condition} if condition else {})
        got = world.lab.attempt(put, Bucket="site", Policy=policy(statement))
        assert got.succeeded is tied, (condition, got)
        if not tied:
            prevented = "because public policies are prevented by the BlockPublicPolicy setting in"
            assert (got.code, prevented in got.message) == ("AccessDenied", True), condition
            assert f's3:PutBucketPolicy on resource: "{BUCKET}"' in got.message


def test_restrict_public_buckets(world, site):
    site.put_bucket_policy(Bucket="site", Policy=policy(OPEN))
    site.put_public_access_block(Bucket="site", PublicAccessBlockConfiguration=ALL_ON)
    assert fetch(world).status_code == 403
    far = world.user("far", allow("s3:GetObject", OBJECTS), account="444455556666")
    get = far.client("s3").get_object
    assert not world.lab.attempt(get, Bucket="site", Key="page").allowed
    near = world.user("near").client("s3").get_object
    assert world.lab.attempt(near, Bucket="site", Key="page").succeeded


def test_only_who_may_list_learns_that_a_key_is_missing(world, site):
    reader = world.user("reader", allow("s3:GetObject", OBJECTS))
    got = world.lab.attempt(reader.client("s3").get_object, Bucket="site", Key="none")
    assert (got.code, "s3:ListBucket" in got.message) == ("AccessDenied", True)
    lister = world.user("lister", allow("s3:GetObject", OBJECTS), allow("s3:ListBucket", BUCKET))
    got = world.lab.attempt(lister.client("s3").get_object, Bucket="site", Key="none")
    assert (got.outcome, got.code) == ("Allowed", "NoSuchKey")


def test_header_and_tag_conditions(world, site):
    encrypted = {"StringEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    is_open = {"StringEquals": {"s3:ExistingObjectTag/class": "open"}}
    lea = world.user(
        "lea",
        allow("s3:PutObject", OBJECTS, Condition=encrypted),
        allow("s3:GetObject", OBJECTS, Condition=is_open),
        allow("s3:ListBucket", BUCKET),
    ).client("s3")
    put = {"Bucket": "site", "Key": "x", "Body": b""}
    assert world.lab.attempt(lea.put_object, **put).blocked_by == "identity"
    assert world.lab.attempt(lea.put_object, ServerSideEncryption="AES256", **put).succeeded
    assert world.lab.attempt(lea.get_object, Bucket="site", Key="page").succeeded
    assert world.lab.attempt(lea.get_object, Bucket="site", Key="x").blocked_by == "identity"
