"""Ways around the policies that were found by attacking the endpoint; each is closed."""

import json
import re
import urllib.error
import urllib.request
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from scene import World, allow, deny, policy, trusts
from work import calls_within

from labhelpers.sandbox.wire.constraints import check_parameters
from labhelpers.sandbox.wire.errors import Refusal

ME, OTHER = "111122223333", "444455556666"
IAM = f"arn:aws:iam::{ME}:"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TAGGING = (
    b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>'
    b"<Tag><Key>class</Key><Value>%s</Value></Tag></TagSet></Tagging>"
)
MULTIPART = b"".join(
    b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % field
    for field in ((b"Action", b"DeleteTable"), (b"TableName", b"victim"))
)
MULTIPART += b"--b--\r\n"


@pytest.fixture(scope="module")
def world():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        yield World(lab)


def send(url, method="GET", body=None, headers=None):
    """(status, text) of one HTTP request."""
    asked = urllib.request.Request(url, body, dict(headers or {}), method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def ask(world, session, service, method="POST", path="/", body=b"", headers=None, more=None):
    """A request signed by the holder of a session; `more` headers stay unsigned."""
    url = world.lab.endpoint_url + path
    request = AWSRequest(method, url, data=body, headers=headers or {})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(session.get_credentials(), service, world.lab.region).add_auth(request)
    return send(url, method, body or None, dict(request.headers) | (more or {}))


def query(world, session, service, version, path="/", **params):
    body = urlencode({"Version": version, **params}).encode()
    return ask(world, session, service, path=path, body=body, headers=FORM)


def json_call(world, session, service, target, body, path="/", **headers):
    told = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target, **headers}
    return ask(world, session, service, path=path, body=body, headers=told)


# ---- IAM


@pytest.mark.parametrize(
    ("key", "spurious"),
    [("iam:PermissionsBoundary", "PermissionsBoundary"), ("iam:PolicyARN", "PolicyArn")],
)
def test_a_parameter_that_the_call_does_not_have_decides_nothing(world, key, spurious):
    iam, name = world.iam(), spurious.lower()
    document = policy(allow("s3:*"))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    iam.create_user(UserName=f"victim-{name}")
    mallory = world.user(
        f"mallory-{name}", allow("iam:PutUserPolicy", Condition={"ArnEquals": {key: arn}})
    )
    call = {
        "Action": "PutUserPolicy",
        "UserName": f"victim-{name}",
        "PolicyName": "p",
        "PolicyDocument": policy(allow("*")),
    }
    status, text = query(world, mallory, "iam", "2010-05-08", **call, **{spurious: arn})
    assert status == 403 and "not authorized to perform: iam:PutUserPolicy" in text


def test_a_move_needs_both_places(world):
    iam = world.iam()
    iam.create_user(UserName="dev1", Path="/dev/")
    dora = world.user("dora", allow("iam:UpdateUser", f"{IAM}user/dev/*")).client("iam")
    out = world.lab.attempt(dora.update_user, UserName="dev1", NewPath="/admin/")
    assert out.outcome == "ImplicitlyDenied" and f"{IAM}user/admin/dev1" in out.reason
    dora.update_user(UserName="dev1", NewUserName="dev2")
    assert iam.get_user(UserName="dev2")["User"]["Path"] == "/dev/"


def test_a_renamed_user_keeps_keys_and_trust(world):
    iam = world.iam()
    anna = world.user("anna", allow("sts:AssumeRole"))
    role = world.role("annas", trusts(f"{IAM}user/anna"))
    iam.update_user(UserName="anna", NewUserName="anna2")
    assert anna.client("sts").get_caller_identity()["Arn"] == f"{IAM}user/anna2"
    namesake = world.user("anna", allow("sts:AssumeRole"))
    assert anna.client("sts").get_caller_identity()["Arn"] == f"{IAM}user/anna2"
    assert world.assume(anna, role).allowed
    assert not world.assume(namesake, role).allowed


def test_nobody_takes_the_name_of_another(world):
    iam = world.iam()
    iam.create_user(UserName="taker")
    out = world.lab.attempt(iam.update_user, UserName="taker", NewUserName="Lab-Admin")
    assert out.code == "EntityAlreadyExists"


def test_policies_of_aws_stay_as_they_are(world):
    iam, arn = world.iam(), "arn:aws:iam::aws:policy/ReadOnlyAccess"
    document = policy(allow("*"))
    calls = [
        world.lab.attempt(
            iam.create_policy_version, PolicyArn=arn, PolicyDocument=document, SetAsDefault=True
        ),
        world.lab.attempt(iam.delete_policy, PolicyArn=arn),
        world.lab.attempt(iam.tag_policy, PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}]),
    ]
    assert [out.code for out in calls] == ["AccessDenied"] * 3


def test_last_use_of_a_key_belongs_to_its_user(world):
    iam = world.iam()
    own = world.user("kim", allow("iam:GetAccessKeyLastUsed", f"{IAM}user/kim"))
    key = own.get_credentials().access_key
    iam.create_user(UserName="lou")
    other = iam.create_access_key(UserName="lou")["AccessKey"]["AccessKeyId"]
    asks = own.client("iam").get_access_key_last_used
    assert asks(AccessKeyId=key)["UserName"] == "kim"
    assert not world.lab.attempt(asks, AccessKeyId=other).allowed


@pytest.mark.parametrize("kind", ["policy", "profile", "provider"])
def test_unknown_tags_decide_nothing(world, kind):
    """Tags of these are not read: a Deny on them must not be passed over."""
    iam, tags = world.iam(), [{"Key": "lock", "Value": "yes"}]
    locked = deny("iam:*", Condition={"StringEquals": {"aws:ResourceTag/lock": "yes"}})
    tom = world.user(f"tom-{kind}", allow("iam:*"), locked).client("iam")
    if kind == "policy":
        document = policy(allow("s3:*"))
        made = iam.create_policy(PolicyName="locked", PolicyDocument=document, Tags=tags)
        out = world.lab.attempt(tom.delete_policy, PolicyArn=made["Policy"]["Arn"])
    elif kind == "profile":
        iam.create_instance_profile(InstanceProfileName="locked", Tags=tags)
        out = world.lab.attempt(tom.delete_instance_profile, InstanceProfileName="locked")
    else:
        made = iam.create_open_id_connect_provider(Url="https://lock.example", Tags=tags)
        arn = made["OpenIDConnectProviderArn"]
        out = world.lab.attempt(tom.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn)
    assert not out.allowed


# ---- services beside IAM, S3 and EC2


def test_the_action_is_named_in_one_place(world):
    sns = world.lab.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    lister = world.user("lister", allow("sns:ListTopics"))
    path = "/?Action=ListTopics&Version=2010-03-31"
    told = {"Action": "DeleteTopic", "TopicArn": topic}
    assert "ListTopicsResult" in query(world, lister, "sns", "2010-03-31", path, **told)[1]
    assert sns.get_topic_attributes(TopicArn=topic)


@pytest.fixture(scope="module")
def tables(world):
    db = world.lab.client("dynamodb")
    for name in ("mine", "victim"):
        db.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    mine = f"arn:aws:dynamodb:{world.lab.region}:{ME}:table/mine"
    may = [allow("dynamodb:*", mine), allow("dynamodb:ListTables")]
    return db, mine, world.user("dyna", *may)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/?Action=DeleteTable", b'{"TableName": "victim"}'),
        ("/", b'{"TableName": "victim", "x": "&Action=DeleteTable&"}'),
        ("/%6doto-api/reset", b"{}"),
        ("/", MULTIPART),
    ],
)
def test_json_calls_name_their_operation_in_the_target(world, tables, path, body):
    db, _, dyna = tables
    kind = "Multipart/Form-Data; boundary=b" if body is MULTIPART else "application/x-amz-json-1.0"
    more = {"Content-Type": kind}
    json_call(world, dyna, "dynamodb", "DynamoDB_20120810.ListTables", body, path, **more)
    assert db.list_tables()["TableNames"] == ["mine", "victim"]


def test_an_arn_beside_the_name_decides_nothing(world, tables):
    _, mine, dyna = tables
    body = json.dumps({"TableName": "victim", "Note": mine}).encode()
    target = "DynamoDB_20120810.DescribeTable"
    assert "AccessDenied" in json_call(world, dyna, "dynamodb", target, body)[1]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/2015-03-31/functions/x?Action=ListFunctions", {}),
        ("/2015-03-31/functions/x", {"X-Amz-Target": "a.ListFunctions"}),
    ],
)
def test_rest_calls_name_their_operation_in_the_path(world, path, headers):
    lister = world.user(f"l{len(path)}", allow("lambda:ListFunctions"))
    status, text = ask(world, lister, "lambda", "DELETE", path, headers=headers)
    assert status == 400 and "SandboxNotModelled" in text


def test_roles_are_passed_to_other_services_too(world):
    role = world.role("fn", trusts({"Service": "lambda.amazonaws.com"}))
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    told = {"FunctionName": "f", "Role": role, "Runtime": "python3.12", "Handler": "a.b"}
    told["Code"] = {"ZipFile": b"PK\5\6" + bytes(18)}
    poor = world.user("poor", allow("lambda:*")).client("lambda")
    out = world.lab.attempt(poor.create_function, **told)
    assert not out.allowed and "iam:PassRole" in out.message
    may = [allow("lambda:*"), allow("iam:PassRole", role, Condition=to_lambda)]
    rich = world.user("rich", *may).client("lambda")
    assert world.lab.attempt(rich.create_function, **told).allowed


# ---- signatures


def test_one_credential_in_a_signature(world):
    """moto would read the first one's Region."""
    session, url = world.lab.session(), world.lab.endpoint_url + "/"
    body = b"Action=DescribeVpcs&Version=2016-11-15"
    request = AWSRequest("POST", url, data=body, headers=FORM)
    SigV4Auth(session.get_credentials(), "ec2", world.lab.region).add_auth(request)
    headers = dict(request.headers)
    first = re.search(r"Credential=\S+", headers["Authorization"])[0]
    headers["Authorization"] = headers["Authorization"].replace(
        first, f"{first.replace(world.lab.region, 'us-east-1')} {first}"
    )
    assert send(url, "POST", body, headers)[0] == 400


def test_what_asks_for_something_is_signed(world):
    world.bucket("signed")
    s3 = world.lab.client("s3")
    s3.put_object(Bucket="signed", Key="secret", Body=b"x")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "signed", "Key": "inbox"})
    status, text = send(url, "PUT", b"", {"x-amz-copy-source": "signed/secret"})
    assert status == 403 and "which were not signed" in text
    status, text = query(
        world, world.lab.session(), "sts", "2011-06-15", Action="GetCallerIdentity"
    )
    assert status == 200
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    told = {"X-Amz-Security-Token": "x"}
    assert ask(world, world.lab.session(), "sts", body=body, headers=FORM, more=told)[0] == 403


# ---- S3


@pytest.fixture(scope="module")
def buckets(world):
    s3 = world.bucket("mine")
    world.bucket("victim")
    s3.put_object(Bucket="victim", Key="mine/k", Body=b"secret")
    s3.put_object(Bucket="mine", Key="k", Body=b"open")
    s3.put_object(Bucket="mine", Key="tagged", Body=b"secret", Tagging="class=secret")
    return s3


def test_a_bucket_has_a_name(world, buckets):
    """moto takes //mine/k for the object mine/k of the bucket mine."""
    stranger = world.lab.session(OTHER)
    status, text = ask(world, stranger, "s3", "PUT", "//mine/k", b"x")
    assert status == 400 and "InvalidBucketName" in text
    assert "mine/k" not in [o["Key"] for o in buckets.list_objects(Bucket="mine")["Contents"]]


@pytest.mark.parametrize(
    "source",
    ["//victim/mine/k", "http://victim/mine/k", "mine/k#x", "mine/k;x", "mine/k?a=b&versionId"],
)
def test_copy_sources_that_read_two_ways(world, buckets, source):
    status, text = ask(
        world, world.lab.session(), "s3", "PUT", "/mine/out", headers={"x-amz-copy-source": source}
    )
    assert status == 400 and "Copy Source must mention" in text


def test_copy_sources_with_awkward_keys(world, buckets):
    for key in ("a//b", "a;b", "a#b", "a:b", "a?b", "a+b c"):
        buckets.put_object(Bucket="mine", Key=key, Body=key.encode())
        source = {"Bucket": "mine", "Key": key}
        buckets.copy_object(Bucket="mine", Key="out", CopySource=source)
        assert buckets.get_object(Bucket="mine", Key="out")["Body"].read() == key.encode()


SECRET = {"StringEquals": {"s3:ExistingObjectTag/class": "secret"}}


def test_a_copy_looks_at_the_tags_of_its_source(world, buckets):
    may = [allow(["s3:GetObject", "s3:PutObject"]), deny("s3:GetObject", Condition=SECRET)]
    tia = world.user("tia", *may).client("s3")
    source = {"Bucket": "mine", "Key": "tagged"}
    out = world.lab.attempt(tia.copy_object, Bucket="mine", Key="out", CopySource=source)
    assert out.outcome == "ExplicitlyDenied"


def test_tags_of_a_version(world):
    s3 = world.bucket("versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="versions", Key="k", Body=b"x", Tagging="class=secret")["VersionId"]
    s3.put_object(Bucket="versions", Key="k", Body=b"y")
    may = [allow("s3:*"), deny("s3:GetObject*", Condition=SECRET)]
    vera = world.user("vera", *may).client("s3")
    assert vera.get_object(Bucket="versions", Key="k")["Body"].read() == b"y"
    out = world.lab.attempt(vera.get_object, Bucket="versions", Key="k", VersionId=old)
    assert out.outcome == "ExplicitlyDenied"
    s3.delete_object(Bucket="versions", Key="k")
    assert world.lab.attempt(vera.get_object, Bucket="versions", Key="k").code == "NoSuchKey"


def test_asked_tags_wherever_they_are(world, buckets):
    public = {"StringEquals": {"s3:RequestObjectTag/class": "public"}}
    ted = world.user("ted", allow("s3:*"), deny("s3:PutObjectTagging", Condition=public))
    put = {"method": "PUT", "path": "/mine/t", "body": b"x"}
    twice = {"x-amz-tagging": "class=public&class=internal"}
    assert "InvalidTag" in ask(world, ted, "s3", **put, headers=twice)[1]
    call = {"method": "PUT", "path": "/mine/k?tagging"}
    assert ask(world, ted, "s3", **call, body=TAGGING % b"public")[0] == 403
    got = ask(world, ted, "s3", **call, body=TAGGING % b"internal")
    assert got[0] == 200, got


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/mine/k?torrent"),
        ("DELETE", "/mine/k?annotation&annotationName=a"),
        ("PUT", "/mine/k?encryption"),
        ("GET", "/mine?ownershipControls&list-type=2"),
        ("GET", "/mine/k?acl&uploadId=u"),
        ("PUT", "/mine/k?partNumber=1"),
    ],
)
def test_no_answer_to_another_question(world, buckets, method, path):
    body = b"<a/>" if method == "PUT" else b""
    status, _ = ask(world, world.lab.session(), "s3", method, path, body)
    assert status == 400
    assert buckets.get_object(Bucket="mine", Key="k")["Body"].read() == b"open"


@pytest.mark.parametrize("kind", [FORM["Content-Type"], "Application/X-WWW-Form-Urlencoded"])
def test_an_object_may_look_like_a_form(world, buckets, kind):
    """moto would take the fields of a form for sub-resources."""
    told = {"method": "PUT", "path": "/mine/form", "headers": {"Content-Type": kind}}
    assert ask(world, world.lab.session(), "s3", **told, body=b"tagging=1&acl=1")[0] == 200
    assert buckets.get_object(Bucket="mine", Key="form")["Body"].read() == b"tagging=1&acl=1"
    told |= {"method": "DELETE", "path": "/mine"}
    text = ask(world, world.lab.session(), "s3", **told, body=b"policy=1")[1]
    assert "BucketNotEmpty" in text


def test_a_bucket_name_that_is_taken(world, buckets):
    where = {"LocationConstraint": world.lab.region}
    other = world.lab.session(OTHER).client("s3")
    out = world.lab.attempt(other.create_bucket, Bucket="mine", CreateBucketConfiguration=where)
    assert out.code == "BucketAlreadyExists"


# ---- EC2


def test_one_name_for_a_security_group(world):
    ec2 = world.lab.client("ec2")
    ids = {}
    for name in ("mine", "victim"):
        ids[name] = ec2.create_security_group(GroupName=name, Description="d")["GroupId"]
    arn = f"arn:aws:ec2:{world.lab.region}:{ME}:security-group/"
    not_victim = deny("ec2:AuthorizeSecurityGroupIngress", arn + ids["victim"])
    sam = world.user("sam", allow("ec2:*"), not_victim)
    rule = {"Action": "AuthorizeSecurityGroupIngress", "CidrIp": "0.0.0.0/0"}
    rule |= {"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22"}
    for named in ({"GroupName": "victim"}, {"GroupName": ids["victim"]}):
        assert query(world, sam, "ec2", "2016-11-15", **rule, **named)[0] == 403
    both = {"GroupName": "victim", "GroupId": ids["mine"]}
    text = query(world, sam, "ec2", "2016-11-15", **rule, **both)[1]
    assert "InvalidParameterCombination" in text
    assert query(world, sam, "ec2", "2016-11-15", **rule, GroupName="mine")[0] == 200


def test_a_tag_has_one_value(world):
    call = {"Action": "CreateVpc", "CidrBlock": "10.9.0.0/16"}
    call["TagSpecification.1.ResourceType"] = "vpc"
    for number, value in ((2, "b"), (1, "a")):
        call[f"TagSpecification.1.Tag.{number}.Key"] = "team"
        call[f"TagSpecification.1.Tag.{number}.Value"] = value
    text = query(world, world.lab.session(), "ec2", "2016-11-15", **call)[1]
    assert "Duplicate tag key" in text


# ---- load


def test_accounts_that_nobody_uses_cost_nothing(world):
    """Each account that moto knows holds all managed policies of AWS."""
    from moto.iam.models import iam_backends

    unused = [str(number * 10**10 + n) for number in (70, 80) for n in range(30)]
    for account in unused[30:]:
        world.assume(world.lab.session(), f"arn:aws:iam::{account}:role/r")
    world.lab.attempt(
        world.iam().create_role,
        RoleName="many",
        AssumeRolePolicyDocument=policy(trusts([f"arn:aws:iam::{a}:user/a" for a in unused[:30]])),
    )
    assert not set(unused) & set(dict.keys(iam_backends))


def tags_of(count):
    return {f"Tags.member.{n}.{k}": "x" for n in range(1, count + 1) for k in ("Key", "Value")}


def test_a_long_list_is_refused(world):
    call = {"Action": "CreateUser", "UserName": "tagged", **tags_of(9998)}
    text = query(world, world.lab.session(), "iam", "2010-05-08", **call)[1]
    assert "length less than or equal to 50" in text
    bare = {"Action": "CreateUser", "UserName": "bare", "Tags.member.1": "x"}
    text = query(world, world.lab.session(), "iam", "2010-05-08", **bare)[1]
    assert "Member must not be null" in text


def test_a_list_twice_as_long_is_twice_the_work():
    """And not four times, as when each item were looked for among all parameters."""
    model = botocore.session.get_session().get_service_model("iam")
    operation = model.operation_model("CreateUser")

    def read(count):
        with pytest.raises(Refusal, match="length less than or equal to 50"):
            check_parameters(operation, {"UserName": "tagged", **tags_of(count)})

    read(51)  # models and patterns are read once
    once, twice = (calls_within(lambda n=n: read(n)) for n in (200, 400))
    assert once < twice < 2.5 * once


# ---- refusals


def test_what_a_refusal_of_s3_shows(world):
    keys = world.lab.client("sts").get_session_token()["Credentials"]
    wrong = world.lab.session_from({**keys, "SessionToken": "garbage"})
    status, text = ask(world, wrong, "s3", "GET")
    assert status == 400 and "<Token-0>garbage</Token-0>" in text
    wrong = world.lab.session_from({**keys, "SecretAccessKey": "x" * 40})
    status, text = ask(world, wrong, "s3", "GET")
    assert status == 403 and "<StringToSign>AWS4-HMAC-SHA256" in text
    assert "<CanonicalRequest>GET" in text and keys["SecretAccessKey"] not in text
    status, text = send(world.lab.endpoint_url + "/")
    assert status == 403 and "<Message>Access Denied</Message>" in text


@pytest.mark.parametrize(
    ("service", "told", "code"),
    [
        ("sts", FORM, "SignatureDoesNotMatch"),
        ("ec2", FORM, "RequestExpired"),
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "InvalidSignatureException"),
        ("s3", {}, "RequestTimeTooSkewed"),
    ],
)
def test_a_clock_that_is_wrong(world, monkeypatch, service, told, code):
    from datetime import timedelta

    import botocore.auth

    real = botocore.auth.get_current_datetime
    monkeypatch.setattr(
        botocore.auth, "get_current_datetime", lambda *a, **k: real(*a, **k) - timedelta(minutes=20)
    )
    body = b"Action=DescribeVpcs&Version=2016-11-15" if told is FORM else b""
    assert code in ask(world, world.lab.session(), service, body=body, headers=told)[1]


def test_the_kind_of_a_form_has_no_case(world):
    told = {"Content-Type": "Application/X-WWW-Form-URLencoded"}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    assert ask(world, world.lab.session(), "sts", body=body, headers=told)[0] == 200
