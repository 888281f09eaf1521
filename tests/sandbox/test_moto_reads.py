"""The quick way to moto's methods gives moto's own answers, and refuses nothing by itself."""

import re

import pytest
from botocore.exceptions import ClientError
from scene import allow, policy

from labhelpers.sandbox.answer import moto, moto_reads

TRUST = policy(
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
MANAGED = "arn:aws:iam::aws:policy/ReadOnlyAccess"


class Both:
    """Answers each read the quick way and the long way, and keeps what differs."""

    def __init__(self, quick):
        self.quick, self.kept, self.answered, self.different = quick, True, set(), []

    def __call__(self, http, call, caller, request_id):
        found = self.quick(http, call, caller, request_id) if self.kept else None
        if found is not None:
            self.kept = False
            other = moto.answer_moto(http, call, caller, request_id)
            self.kept = True
            self.answered.add(call.operation)
            if plain(*found) != plain(*other):
                self.different.append((call.operation, plain(*found), plain(*other)))
        return found


def plain(status, headers, body):
    """Without what is another one each time; a length that nobody gave, the gateway adds."""
    told = {name.lower(): value for name, value in headers if "requestid" not in name.lower()}
    length = told.pop("content-length", str(len(body)))
    body = re.sub(b"<RequestId>.*?</RequestId>", b"", body)
    if told["content-type"].startswith("text/xml"):
        told["content-type"], length = "text/xml", ""
    return status, told, length, body


@pytest.fixture
def both(monkeypatch):
    found = Both(moto_reads.read)
    monkeypatch.setattr(moto_reads, "read", found)
    return found


def test_iam_reads_in_many_states(world, both):
    iam, tags = world.iam(), [{"Key": "team", "Value": "é 漢 /="}, {"Key": "e", "Value": ""}]
    document = policy(allow("s3:GetObject", "arn:aws:s3:::a&b/*"))
    own = iam.create_policy(PolicyName="own", PolicyDocument=document, Description="d", Tags=tags)
    own = own["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=own, PolicyDocument=document, SetAsDefault=True)
    iam.create_policy(PolicyName="bare", PolicyDocument=document, Path="/team/")
    more = {
        "Path": "/x/y/",
        "Description": 'A <b> & "c" é',
        "PermissionsBoundary": own,
        "Tags": tags,
    }
    iam.create_role(RoleName="bare", AssumeRolePolicyDocument=TRUST)
    iam.create_role(
        RoleName="full", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200, **more
    )
    iam.create_user(UserName="bare")
    iam.create_user(UserName="full", Path="/x/", PermissionsBoundary=own, Tags=tags)
    iam.create_group(GroupName="bare")
    iam.create_group(GroupName="full", Path="/x/")
    iam.add_user_to_group(GroupName="full", UserName="full")
    for kind in ("role", "user", "group"):
        name = {f"{kind.title()}Name": "full"}
        getattr(iam, f"put_{kind}_policy")(PolicyName="in", PolicyDocument=document, **name)
        for arn in (own, MANAGED):
            getattr(iam, f"attach_{kind}_policy")(PolicyArn=arn, **name)
    for name in ("bare", "full"):
        iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName="full", RoleName="full")
    key = iam.create_access_key(UserName="full")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="full", AccessKeyId=key, Status="Inactive")
    iam.create_access_key(UserName="full")

    for name in ("bare", "full"):
        for kind in ("role", "user", "group"):
            given = {f"{kind.title()}Name": name}
            getattr(iam, f"get_{kind}")(**given)
            getattr(iam, f"list_{kind}_policies")(**given)
            getattr(iam, f"list_attached_{kind}_policies")(**given)
            if name == "full":
                getattr(iam, f"get_{kind}_policy")(PolicyName="in", **given)
        iam.list_role_tags(RoleName=name)
        iam.list_user_tags(UserName=name)
        iam.list_access_keys(UserName=name)
        iam.list_groups_for_user(UserName=name)
        iam.list_instance_profiles_for_role(RoleName=name)
        iam.get_instance_profile(InstanceProfileName=name)
    for arn in (own, own.replace("own", "team/bare"), MANAGED):
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        iam.get_policy_version(PolicyArn=arn, VersionId=version)
        iam.list_policy_versions(PolicyArn=arn)
    for kind in ("roles", "users", "groups"):
        getattr(iam, f"list_{kind}")()
        getattr(iam, f"list_{kind}")(PathPrefix="/x/")
    assert not both.different
    assert both.answered == set(moto_reads.IAM_READS)


def test_what_moto_refuses_takes_the_long_way(world, both):
    """Of nothing that is not there does the quick way say anything."""
    iam, missing = world.iam(), "arn:aws:iam::111122223333:policy/missing"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    calls = [
        lambda: iam.get_role_policy(RoleName="r", PolicyName="missing"),
        lambda: iam.get_user_policy(UserName="u", PolicyName="missing"),
        lambda: iam.get_group_policy(GroupName="g", PolicyName="missing"),
        lambda: iam.get_role(RoleName="missing"),
        lambda: iam.get_policy(PolicyArn=missing),
        lambda: iam.get_policy_version(PolicyArn=missing, VersionId="v1"),
        lambda: iam.get_instance_profile(InstanceProfileName="missing"),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="NoSuchEntity"):
            call()
    assert not both.answered


def test_objects_in_many_states(world, both):
    s3 = world.bucket("shelf")
    s3.put_bucket_versioning(Bucket="shelf", VersioningConfiguration={"Status": "Enabled"})
    world.bucket("plain").put_object(Bucket="plain", Key="empty")
    kinds = {
        "text/a.txt": {"ContentType": "text/plain", "CacheControl": "no-cache"},
        "meta": {"Metadata": {"Some-Name": "value", "under_score": "x"}, "ContentEncoding": "gzip"},
        "tagged": {"Tagging": "a=1&b=2"},
        "cold": {"StorageClass": "STANDARD_IA"},
        "sum": {"ChecksumAlgorithm": "SHA256"},
        "away": {"WebsiteRedirectLocation": "/other"},
        "sealed": {"ServerSideEncryption": "AES256"},
    }
    for bucket in ("plain", "shelf"):
        for key, more in kinds.items():
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * 9, **more)
    for bucket in ("plain", "shelf"):
        for key in kinds:
            for more in ({}, {"ChecksumMode": "ENABLED"}):
                assert s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()
                s3.head_object(Bucket=bucket, Key=key, **more)
    s3.get_object(Bucket="plain", Key="empty")
    assert both.answered == {"GetObject", "HeadObject"}
    assert not both.different


def test_extraordinary_reads_of_objects_take_the_long_way(world, both):
    s3 = world.bucket("shelf")
    etag = s3.put_object(Bucket="shelf", Key="k", Body=b"0123456789")["ETag"]
    s3.put_object(Bucket="shelf", Key="cold", Body=b"x", StorageClass="GLACIER")
    s3.put_object(Bucket="shelf", Key="a b+ü", Body=b"x")
    assert s3.get_object(Bucket="shelf", Key="k", Range="bytes=2-4")["Body"].read() == b"234"
    assert s3.get_object(Bucket="shelf", Key="a b+ü")["Body"].read() == b"x"
    got = s3.get_object(Bucket="shelf", Key="k", ResponseContentType="text/x")
    assert got["ContentType"] == "text/x"
    for code, given in {
        "NoSuchKey": {"Key": "missing"},
        "InvalidObjectState": {"Key": "cold"},
        "304": {"Key": "k", "IfNoneMatch": etag},
        "PreconditionFailed": {"Key": "k", "IfMatch": '"0"'},
    }.items():
        with pytest.raises(ClientError, match=code):
            s3.get_object(Bucket="shelf", **given)
    assert not both.answered


def test_a_use_of_a_key_is_noted_either_way(world):
    """moto notes it for GetAccessKeyLastUsed."""
    lea = world.user("lea", allow("iam:*"))
    lea.client("iam").get_user(UserName="lea")
    key = lea.get_credentials().access_key
    used = world.iam().get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert used["ServiceName"] == "iam"
