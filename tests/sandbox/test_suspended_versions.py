"""A bucket whose versioning is suspended keeps what it had (S3 User Guide)."""

import pytest
from botocore.exceptions import ClientError

from labhelpers import open_lab

SHOP = {"Bucket": "shop"}
PRICES = SHOP | {"Key": "prices.csv"}


@pytest.fixture
def s3():
    with open_lab() as lab:
        client = lab.client("s3")
        client.create_bucket(CreateBucketConfiguration={"LocationConstraint": lab.region}, **SHOP)
        yield client


def versioning(s3, status):
    s3.put_bucket_versioning(VersioningConfiguration={"Status": status}, **SHOP)


def read(s3, version=None):
    more = {"VersionId": version} if version else {}
    try:
        return s3.get_object(**PRICES, **more)["Body"].read().decode()
    except ClientError as error:
        return error.response["Error"]["Code"]


def test_writing_replaces_null_alone(s3):
    s3.put_object(Body=b"plain", **PRICES)
    versioning(s3, "Enabled")
    old, new = (s3.put_object(Body=text, **PRICES)["VersionId"] for text in (b"old", b"new"))
    versioning(s3, "Suspended")
    s3.put_object(Body=b"now", **PRICES)
    s3.copy_object(CopySource="shop/prices.csv", MetadataDirective="REPLACE", **PRICES)
    assert [read(s3, which) for which in (None, "null", old, new)] == ["now", "now", "old", "new"]
    listed = s3.list_object_versions(**SHOP)["Versions"]
    assert sorted(one["VersionId"] for one in listed) == sorted([old, new, "null"])


def test_deleting_leaves_a_null_marker_and_versions_go_one_by_one(s3):
    versioning(s3, "Enabled")
    old, new = (s3.put_object(Body=text, **PRICES)["VersionId"] for text in (b"old", b"new"))
    versioning(s3, "Suspended")
    s3.put_object(Body=b"now", **PRICES)
    told = s3.delete_object(**PRICES)
    assert told["DeleteMarker"] is True
    assert [read(s3, which) for which in (None, old, new)] == ["NoSuchKey", "old", "new"]
    s3.delete_object(VersionId=new, **PRICES)
    assert [read(s3, which) for which in (old, new)] == ["old", "NoSuchVersion"]
    s3.delete_object(VersionId="null", **PRICES)
    assert read(s3) == "old"
    s3.delete_objects(Delete={"Objects": [{"Key": "prices.csv", "VersionId": old}]}, **SHOP)
    s3.delete_bucket(**SHOP)


def test_where_versions_are_kept_and_where_none_were_nothing_changes(s3):
    s3.put_object(Body=b"plain", **PRICES)
    s3.delete_object(**PRICES)
    assert read(s3) == "NoSuchKey" and "Versions" not in s3.list_object_versions(**SHOP)
    versioning(s3, "Enabled")
    kept = s3.put_object(Body=b"kept", **PRICES)["VersionId"]
    marker = s3.delete_object(**PRICES)["VersionId"]
    assert marker != "null" and [read(s3), read(s3, kept)] == ["NoSuchKey", "kept"]
