"""tests/served_aws.py: is it as slow, throttled and late as AWS, and does it show what it holds?"""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection
from types import SimpleNamespace

import boto3
import psutil
import pytest
import served_aws as served_aws_module
from botocore.config import Config
from botocore.exceptions import ClientError
from scene import allow, deny, policy, trusts
from served_aws import CONTROL_PATH, DRIFTS, LEARNER, Dice, Lag, served_aws

from labhelpers.boto_session import isolated_session
from labhelpers.lab import DEFAULT_REGION

LONG = 600  # seconds of lag; lag=0 ends it at once
HERE = {"LocationConstraint": DEFAULT_REGION}
ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with served_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(served):
    """Undisturbed at the beginning of each test."""
    served.change(lag=0, latency=0, throttle=0, drift=None)
    return served


@pytest.fixture
def iam(aws):
    return aws.session().client("iam")


def code_of(call, *args, **parameters) -> str:
    """The error code of a call, "" if it worked."""
    try:
        call(*args, **parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def keys_of(aws, key) -> boto3.Session:
    pair = (key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
    return isolated_session(aws.endpoint_url, DEFAULT_REGION, *pair)


def new_user(aws, name, *statements) -> boto3.Session:
    iam = aws.session().client("iam")
    iam.create_user(UserName=name)
    if statements:
        put(iam, name, *statements)
    return keys_of(aws, iam.create_access_key(UserName=name)["AccessKey"])


def put(iam, user, *statements):
    document = policy(*statements)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)


def new_role(iam, name, *trust, permissions=()):
    answer = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(*trust))
    if permissions:
        document = policy(*permissions)
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return answer["Role"]["Arn"]


def test_a_new_key_is_unknown_for_a_while(aws):
    aws.change(lag=LONG)
    sts = new_user(aws, "fresh").client("sts")
    assert code_of(sts.get_caller_identity) == "InvalidClientTokenId"
    aws.change(lag=0.2)
    sts = new_user(aws, "fresher").client("sts")
    until = time.monotonic() + 60  # only lest it hangs; how long a lag is, the next test says
    while code_of(sts.get_caller_identity):
        assert time.monotonic() < until


def test_a_lag_lasts_between_a_fifth_and_the_whole_of_what_was_set(monkeypatch):
    """And a later change never shows before an earlier one."""
    now = 100.0
    monkeypatch.setattr(served_aws_module, "time", SimpleNamespace(monotonic=lambda: now))
    lag = Lag(10.0, Dice(1))
    lag._remember({}, {("key", "AKIA"): "made"}, "CreateAccessKey")
    lag._remember({("key", "AKIA"): "made"}, {("key", "AKIA"): "shut"}, "UpdateAccessKey")
    seen = []
    for _ in range(101):
        seen.append(lag._seen("key", "AKIA", "shut"))
        now += 0.1
    changes = [n for n, (old, new) in enumerate(zip(seen, seen[1:], strict=False)) if old != new]
    assert seen[:20] == [None] * 20 and seen[-1] == "shut"
    assert [seen[0], *(seen[n + 1] for n in changes)] in ([None, "made", "shut"], [None, "shut"])


def test_each_service_says_in_its_own_words_that_a_key_is_unknown(aws):
    aws.change(lag=LONG)
    user = new_user(aws, "unknown")
    assert code_of(user.client("ec2").describe_instances) == "AuthFailure"
    assert code_of(user.client("s3").list_buckets) == "InvalidAccessKeyId"


def test_a_new_role_is_neither_assumed_nor_named_for_a_while(aws, iam):
    user = new_user(aws, "early", allow("sts:AssumeRole")).client("sts")
    aws.change(lag=LONG)
    arn = new_role(iam, "late", trusts(aws.accounts[0]))
    assert iam.get_role(RoleName="late")["Role"]["Arn"] == arn
    more = {"RoleName": "names", "AssumeRolePolicyDocument": policy(trusts(arn))}
    assume = {"RoleArn": arn, "RoleSessionName": "session"}
    assert code_of(user.assume_role, **assume) == "AccessDenied"
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException, match="Invalid principal"):
        iam.create_role(**more)
    aws.change(lag=0)
    assert code_of(user.assume_role, **assume) == ""
    assert code_of(iam.create_role, **more) == ""


def test_a_changed_policy_is_read_at_once_and_counts_later(aws, iam):
    user = new_user(aws, "reader", allow("iam:ListUsers")).client("iam")
    aws.change(lag=LONG)
    stale = aws.calls()["stale"].get("iam", 0)
    put(iam, "reader", allow("iam:ListRoles"))
    put(iam, "reader", deny("iam:ListUsers"))
    read = iam.get_user_policy(UserName="reader", PolicyName="p")["PolicyDocument"]
    assert read["Statement"][0]["Effect"] == "Deny"
    assert code_of(user.list_users) == ""
    assert code_of(user.list_roles) == "AccessDenied"
    assert aws.calls()["stale"]["iam"] == stale + 2
    aws.change(lag=0)
    assert code_of(user.list_users) == "AccessDenied"
    assert aws.calls()["stale"]["iam"] == stale + 2


def test_what_a_role_may_and_whom_it_trusts_change_later(aws, iam):
    account = aws.accounts[0]
    user = new_user(aws, "caller", allow("sts:AssumeRole")).client("sts")
    arn = new_role(iam, "worker", trusts(account), permissions=[allow("iam:ListUsers")])
    assume = {"RoleArn": arn, "RoleSessionName": "session"}
    worker = keys_of(aws, user.assume_role(**assume)["Credentials"]).client("iam")
    aws.change(lag=LONG)
    iam.delete_role_policy(RoleName="worker", PolicyName="p")
    nobody = policy(trusts(aws.accounts[1]))
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=nobody)
    assert code_of(worker.list_users) == code_of(user.assume_role, **assume) == ""
    aws.change(lag=0)
    assert code_of(worker.list_users) == code_of(user.assume_role, **assume) == "AccessDenied"


def test_groups_boundaries_and_deleted_keys_count_later(aws, iam):
    session = new_user(aws, "member")
    member, key_id = session.client("iam"), session.get_credentials().access_key
    iam.create_group(GroupName="readers")
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_group_policy(GroupName="readers", PolicyArn=admin)
    aws.change(lag=LONG)
    iam.add_user_to_group(GroupName="readers", UserName="member")
    assert code_of(member.list_users) == "AccessDenied"
    aws.change(lag=0)
    assert code_of(member.list_users) == ""
    aws.change(lag=LONG)
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.put_user_permissions_boundary(UserName="member", PermissionsBoundary=boundary)
    iam.delete_access_key(UserName="member", AccessKeyId=key_id)
    assert iam.list_access_keys(UserName="member")["AccessKeyMetadata"] == []
    assert code_of(member.list_users) == ""
    aws.change(lag=0)
    assert code_of(member.list_users) == "InvalidClientTokenId"


def test_a_new_version_of_a_managed_policy_counts_later(aws, iam):
    user = new_user(aws, "versions").client("iam")
    document = policy(allow("iam:ListUsers"))
    arn = iam.create_policy(PolicyName="versions", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="versions", PolicyArn=arn)
    assert code_of(user.list_users) == ""
    aws.change(lag=LONG)
    document = policy(deny("iam:ListUsers"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    assert code_of(user.list_users) == ""
    aws.change(lag=0)
    assert code_of(user.list_users) == "AccessDenied"


def test_bucket_policies_count_later(aws):
    s3 = aws.session().client("s3")
    s3.create_bucket(Bucket="shared", CreateBucketConfiguration=HERE)
    s3.put_object(Bucket="shared", Key="k", Body=b"x")
    other = aws.session(aws.accounts[1]).client("s3")
    get = {"Bucket": "shared", "Key": "k"}
    grant = allow("s3:GetObject", "arn:aws:s3:::shared/*", Principal={"AWS": aws.accounts[1]})
    for change, more in (
        (s3.put_bucket_policy, {"Policy": policy(grant)}),
        (s3.delete_bucket_policy, {}),
    ):
        aws.change(lag=LONG)
        before = code_of(other.get_object, **get)
        change(Bucket="shared", **more)
        assert code_of(other.get_object, **get) == before
        aws.change(lag=0)
        assert {before, code_of(other.get_object, **get)} == {"", "AccessDenied"}


def test_throttled_calls_succeed_with_retries(aws):
    aws.change(throttle=1)
    session, before = aws.session(), aws.calls()["throttled"]
    assert code_of(session.client("iam", config=ONCE).get_user) == "Throttling"
    assert code_of(session.client("sts", config=ONCE).get_caller_identity) == "Throttling"
    ec2 = session.client("ec2", config=ONCE)
    assert code_of(ec2.describe_instances) == "RequestLimitExceeded"
    s3 = session.client("s3", config=ONCE)
    assert code_of(s3.list_buckets) == "SlowDown"
    assert code_of(s3.head_bucket, Bucket="none") == "503"
    standard = Config(retries={"mode": "standard"})
    answer = session.client("iam", config=standard).list_roles()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    counted = aws.calls()["throttled"]
    more = {service: count - before.get(service, 0) for service, count in counted.items()}
    assert more == {"iam": 2, "sts": 1, "ec2": 1, "s3": 2}


def test_a_share_is_throttled_and_the_seed_says_which(aws):
    aws.change(throttle=0.3)
    client = aws.session().client("sts", config=ONCE)
    codes = [code_of(client.get_caller_identity) for _ in range(60)]
    assert 5 < codes.count("Throttling") < 30
    assert ("Throttling", "Throttling") not in zip(codes, codes[1:], strict=False)
    rows = [[dice.roll("a") for _ in range(3)] for dice in (Dice(1), Dice(1), Dice(2))]
    assert rows[0] == rows[1] != rows[2]


def test_latency(aws):
    aws.change(latency=0.1)
    began = time.monotonic()
    aws.session().client("sts").get_caller_identity()
    assert time.monotonic() - began > 0.1  # a slow machine only makes it longer


def test_contents_are_the_same_after_everything_is_removed(aws, iam):
    account = aws.accounts[0]
    aws.session(aws.accounts[1]).client("sts").get_caller_identity()
    before = aws.contents()
    s3 = aws.session().client("s3")
    new_role(iam, "gone", trusts(account), permissions=[allow("*")])
    iam.create_instance_profile(InstanceProfileName="gone")
    iam.add_role_to_instance_profile(InstanceProfileName="gone", RoleName="gone")
    iam.create_user(UserName="gone", Tags=[{"Key": "lab", "Value": "1"}])
    key_id = iam.create_access_key(UserName="gone")["AccessKey"]["AccessKeyId"]
    document = policy(allow("*"))
    managed = iam.create_policy(PolicyName="gone", PolicyDocument=document)["Policy"]["Arn"]
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="gone")["VirtualMFADevice"]
    s3.create_bucket(Bucket="gone", CreateBucketConfiguration=HERE)
    s3.put_object(Bucket="gone", Key="k", Body=b"x")

    held = aws.contents()[account]
    assert held["roles"]["gone"]["policies"] == {"p": document}
    assert held["instance_profiles"] == {"gone": ["gone"]}
    assert held["users"]["gone"]["keys"] == {key_id: "Active"}
    assert held["users"]["gone"]["tags"] == {"lab": "1"}
    assert held["managed_policies"][managed]["versions"] == {"v1": document}
    assert held["virtual_mfa_devices"] == [serial["SerialNumber"]]
    assert held["buckets"]["gone"] == {"objects": ["k"], "policy": None}

    s3.delete_object(Bucket="gone", Key="k")
    s3.delete_bucket(Bucket="gone")
    iam.delete_virtual_mfa_device(SerialNumber=serial["SerialNumber"])
    iam.delete_policy(PolicyArn=managed)
    iam.delete_access_key(UserName="gone", AccessKeyId=key_id)
    iam.delete_user(UserName="gone")
    iam.remove_role_from_instance_profile(InstanceProfileName="gone", RoleName="gone")
    iam.delete_instance_profile(InstanceProfileName="gone")
    iam.delete_role_policy(RoleName="gone", PolicyName="p")
    assert aws.contents() != before
    iam.delete_role(RoleName="gone")
    assert aws.contents() == before


def test_instances_and_security_groups_are_contents(aws):
    account, ec2 = aws.accounts[0], aws.session().client("ec2")
    before = aws.contents()
    group = ec2.create_security_group(GroupName="gone", Description="x")["GroupId"]
    run = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    instance = ec2.run_instances(**run)["Instances"][0]["InstanceId"]
    held = aws.contents()[account]
    assert held["instances"] == {instance: DEFAULT_REGION}
    assert held["security_groups"] == {group: f"{DEFAULT_REGION} gone"}
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_security_group(GroupId=group)
    assert aws.contents() == before


def test_advance_moves_expiry_and_the_trail_tells(aws, iam):
    user = new_user(aws, "brief", allow("sts:*")).client("sts")
    answer = user.get_session_token(DurationSeconds=900)
    sts = keys_of(aws, answer["Credentials"]).client("sts")
    assert code_of(sts.get_caller_identity) == ""
    aws.advance(901)
    assert code_of(sts.get_caller_identity) == "ExpiredToken"
    assert [e["eventName"] for e in aws.trail()[-2:]] == ["GetSessionToken", "GetCallerIdentity"]


def _external_id(aws, name):
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    account = aws.accounts[0]
    arn = new_role(aws.session().client("iam"), name, trusts(account, Condition=condition))
    sts = new_user(aws, name, allow("sts:AssumeRole")).client("sts")
    return lambda: code_of(sts.assume_role, RoleArn=arn, RoleSessionName="session")


def _boundary(aws, name):
    user = new_user(aws, name, allow("*"))
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    more = {"UserName": name, "PermissionsBoundary": boundary}
    aws.session().client("iam").put_user_permissions_boundary(**more)
    return lambda: code_of(user.client("iam").list_users)


def _session_policy(aws, name):
    account, iam = aws.accounts[0], aws.session().client("iam")
    arn = new_role(iam, name, trusts(account), permissions=[allow("*")])
    sts = new_user(aws, name, allow("*")).client("sts")
    more = {"RoleSessionName": "session", "Policy": policy(allow("s3:*"))}
    session = keys_of(aws, sts.assume_role(RoleArn=arn, **more)["Credentials"])
    return lambda: code_of(session.client("iam").list_users)


def _lists_users(*statements):
    def scene(aws, name):
        user = new_user(aws, name, *statements).client("iam")
        return lambda: code_of(user.list_users)

    return scene


def _if(operator, key, value):
    return allow("iam:ListUsers", Condition={operator: {key: value}})


SCENES = {
    "allow-everything": _lists_users(),
    "case-insensitive-stringequals": _lists_users(
        _if("StringEquals", "aws:username", "CASE-INSENSITIVE-STRINGEQUALS")
    ),
    "ignore-boundary": _boundary,
    "ignore-external-id": _external_id,
    "ignore-session-policy": _session_policy,
    "no-explicit-deny": _lists_users(allow("*"), deny("iam:ListUsers")),
    "wildcard-crosses-colon-in-arnlike": _lists_users(
        _if("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*/wildcard-crosses-*")
    ),
}


@pytest.mark.parametrize("rule", DRIFTS)
def test_each_drift_changes_what_it_says(aws, rule):
    call = SCENES[rule](aws, rule)
    assert call() == "AccessDenied"
    aws.change(drift=rule)
    assert call() == ""
    aws.change(drift=None)
    assert call() == "AccessDenied"


def test_the_learner_has_exactly_the_policy(tmp_path, monkeypatch):
    learner_policy = policy(allow("iam:ListUsers"), allow("sts:AssumeRole"))
    more = {"lag": 5, "drift": "no-explicit-deny", "learner_policy": learner_policy}
    with served_aws(tmp_path / "aws", **more) as aws:
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        iam = boto3.Session(profile_name=aws.environ["LAB_AWS_PROFILE"]).client("iam")
        arn = boto3.Session(profile_name="lab").client("sts").get_caller_identity()["Arn"]
        assert arn == f"arn:aws:iam::{aws.accounts[0]}:user/{LEARNER}"
        assert code_of(iam.list_users) == ""
        assert code_of(iam.list_roles) == "AccessDenied"
        root = boto3.Session(profile_name="root").client("sts").get_caller_identity()["Arn"]
        assert root == f"arn:aws:iam::{aws.accounts[0]}:root"
        second = boto3.Session(profile_name="second").client("sts").get_caller_identity()
        assert second["Account"] == aws.accounts[1] == aws.environ["LAB_AWS_SECOND_ACCOUNT_ID"]
        assert not {name for name in aws.environ if "KEY" in name}
        learner = aws.contents()[aws.accounts[0]]["users"][LEARNER]
        assert learner["policies"] == {} and len(learner["attached"]) == 1
        process = aws.process
    assert process.returncode == 0


def test_a_bad_learner_policy_is_said(tmp_path, capfd):
    with pytest.raises(RuntimeError), served_aws(tmp_path, learner_policy="{"):
        pass
    assert "--learner-policy" in capfd.readouterr().err


def test_only_loopback_and_only_with_the_token(aws):
    sockets = psutil.Process(aws.process.pid).net_connections()
    assert {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    connection = HTTPConnection(aws.endpoint_url.removeprefix("http://"))
    connection.request("POST", CONTROL_PATH + "contents", "{}", {"X-Served-Aws-Token": "x"})
    answer = connection.getresponse()
    assert answer.status in (400, 403) and b"users" not in answer.read()
    connection.close()
    with pytest.raises(ValueError, match="names no fault"):
        aws.change(drift="unknown")
    with pytest.raises(ValueError, match="only moves forward"):
        aws.advance(-1)


def test_threads_under_all_faults_at_once(aws):
    aws.change(lag=0.1, latency=0.001, throttle=0.2)
    codes = []

    def work(number: int) -> None:
        name, iam = f"thread-{number}", aws.session().client("iam", config=ONCE)
        iam = {n: getattr(iam, n) for n in ("create_user", "put_user_policy", "create_access_key")}
        document = {"PolicyName": "p", "PolicyDocument": policy(allow("s3:*"))}
        for _ in range(6):
            codes.append(code_of(iam["create_user"], UserName=name))
            codes.append(code_of(iam["create_access_key"], UserName=name))
            codes.append(code_of(iam["put_user_policy"], UserName=name, **document))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {"", "Throttling", "EntityAlreadyExists", "LimitExceeded", "NoSuchEntity"}
    assert set(codes) <= expected and len(codes) == 6 * 18
    aws.contents()


def test_a_fork_goes_on_by_itself_and_without_faults(aws, iam):
    iam.create_user(UserName="both")
    aws.change(lag=LONG, throttle=1.0)
    with aws.fork() as other:
        theirs = other.session().client("iam")
        theirs.create_user(UserName="theirs")
        keys = keys_of(other, theirs.create_access_key(UserName="theirs")["AccessKey"])
        assert keys.client("sts", config=ONCE).get_caller_identity()["Account"] == aws.accounts[0]
        assert {"both", "theirs"} <= other.contents()[aws.accounts[0]]["users"].keys()
    assert "theirs" not in aws.contents()[aws.accounts[0]]["users"]
    with pytest.raises(OSError):
        other.contents()
