"""Step 1 of the gateway: signatures, keys and expiry, each refusal in its service's own words.

Source of codes and statuses: STS_FACTS 2.6. botocore signs, so it is the oracle of what a right
signature is; the wrong ones are made from right ones.
"""

import http.client
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from scene import trusts

ADMIN = "arn:aws:iam::111122223333:user/lab-admin"
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def send(lab, method="POST", path="/", body=IDENTITY, headers=None):
    """(status, body) of a raw HTTP request."""
    address = urlsplit(lab.endpoint_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def signed_headers(lab, keys=None, body=IDENTITY, service="sts", region="us-east-1", more=()):
    keys = keys or lab.session().get_credentials()
    request = AWSRequest("POST", lab.endpoint_url + "/", data=body, headers={**FORM, **dict(more)})
    SigV4Auth(keys, service, region).add_auth(request)
    return dict(request.headers)


def test_a_right_signature_is_let_in(lab):
    status, text = send(lab, headers=signed_headers(lab))
    assert (status, ADMIN in text) == (200, True)


def test_unsigned(lab):
    status, text = send(lab, headers=FORM)
    assert status == 403
    assert "<Code>MissingAuthenticationToken</Code>" in text
    assert "Request is missing Authentication Token" in text


def test_unsigned_s3_is_anonymous_and_refused(lab):
    place = {"LocationConstraint": lab.region}
    lab.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration=place)
    status, text = send(lab, "GET", "/bucket/key", body=None)
    assert (status, "<Code>AccessDenied</Code>" in text) == (403, True)


@pytest.mark.parametrize("changed", ["body", "header", "path", "query", "method"])
def test_what_was_signed_cannot_be_changed(lab, changed):
    headers = signed_headers(lab)
    sent = {"method": "POST", "path": "/", "body": IDENTITY}
    if changed == "header":
        headers["X-Amz-Date"] = f"{datetime.now(UTC) - timedelta(seconds=60):%Y%m%dT%H%M%SZ}"
    elif changed == "body":
        sent["body"] = IDENTITY + "&x=1"
    elif changed == "query":
        sent["path"] = "/?x=1"
    elif changed == "path":
        sent["path"] = "/other"
    else:
        sent["method"] = "PUT"
    status, text = send(lab, headers=headers, **sent)
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)


BROKEN = [
    "",
    "AWS4-HMAC-SHA256",
    "Bearer abc",
    "AWS4-HMAC-SHA256 Credential=",
    "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00",
    "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=00",
    "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00",
    "AWS4-HMAC-SHA256 " + "x" * 5000,
    "AWS4-HMAC-SHA256 Credential=\xff/20200101/us-east-1/sts/aws4_request, "
    "SignedHeaders=host, Signature=\xff",
    "AWS AKIDEXAMPLE:c2lnbmF0dXJl",
]


@pytest.mark.parametrize("value", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_authorization_header_gets_awss_own_error(lab, value):
    date = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    raw = {**FORM, "Authorization": value.encode("latin-1"), "X-Amz-Date": date}
    status, text = send(lab, headers=raw)
    assert status in (400, 403)
    codes = ("IncompleteSignature", "InvalidClientTokenId", "MissingAuthenticationToken")
    codes += ("SignatureDoesNotMatch",)
    assert any(f"<Code>{code}</Code>" in text for code in codes), text
    assert "Traceback" not in text


def test_keys_that_the_sandbox_did_not_issue(lab):
    strange = Credentials("AKIAQQQQQQQQQQQQQQQQ", "s" * 40)
    status, text = send(lab, headers=signed_headers(lab, strange))
    assert (status, "<Code>InvalidClientTokenId</Code>" in text) == (403, True)
    assert "The security token included in the request is invalid." in text


def test_a_wrong_secret(lab):
    key_id = lab.session().get_credentials().access_key
    status, text = send(lab, headers=signed_headers(lab, Credentials(key_id, "s" * 40)))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_signatures_are_dated_by_real_time_not_by_the_lab_clock(lab, minutes, monkeypatch):
    lab.clock.advance(timedelta(days=30))
    assert send(lab, headers=signed_headers(lab))[0] == 200
    import botocore.auth

    late = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: late.replace(tzinfo=None))
    status, text = send(lab, headers=signed_headers(lab))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)
    assert "Signature expired" in text or "Signature not yet current" in text


# What each family of services answers, by kind of bad credentials: (status, code).
FAMILIES = {
    "sts": ("get_caller_identity", {}),
    "iam": ("list_roles", {}),
    "s3": ("list_objects_v2", {"Bucket": "reports"}),
    "ec2": ("describe_instances", {}),
    "dynamodb": ("list_tables", {}),
}
BAD = [
    ("sts", "unknown", 403, "InvalidClientTokenId"),
    ("iam", "unknown", 403, "InvalidClientTokenId"),
    ("s3", "unknown", 403, "InvalidAccessKeyId"),
    ("ec2", "unknown", 401, "AuthFailure"),
    ("dynamodb", "unknown", 400, "UnrecognizedClientException"),
    ("sts", "expired", 403, "ExpiredToken"),
    ("iam", "expired", 403, "ExpiredToken"),
    ("s3", "expired", 400, "ExpiredToken"),
    ("ec2", "expired", 400, "RequestExpired"),
    ("dynamodb", "expired", 400, "ExpiredTokenException"),
    ("sts", "no token", 403, "InvalidClientTokenId"),
    ("s3", "no token", 403, "InvalidAccessKeyId"),
    ("sts", "other token", 403, "InvalidClientTokenId"),
    ("s3", "other token", 403, "InvalidAccessKeyId"),
    ("s3", "broken token", 400, "InvalidToken"),
    ("sts", "token on a long-term key", 403, "InvalidClientTokenId"),
    ("sts", "wrong secret", 403, "SignatureDoesNotMatch"),
    ("s3", "wrong secret", 403, "SignatureDoesNotMatch"),
]


@pytest.mark.parametrize(("service", "kind", "status", "code"), BAD)
def test_bad_credentials(world, service, kind, status, code):
    lab = world.lab
    role = world.role("reader", trusts(ADMIN), permissions=[])
    first = world.assume(lab.session(), role, "one").response["Credentials"]
    second = world.assume(lab.session(), role, "two").response["Credentials"]
    admin = lab.session().get_credentials()
    keys = {
        "unknown": {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ", "SecretAccessKey": "s" * 40},
        "expired": first,
        "no token": {k: v for k, v in first.items() if k != "SessionToken"},
        "other token": {**first, "SessionToken": second["SessionToken"]},
        "broken token": {**first, "SessionToken": "broken"},
        "token on a long-term key": {
            "AccessKeyId": admin.access_key,
            "SecretAccessKey": admin.secret_key,
            "SessionToken": second["SessionToken"],
        },
        "wrong secret": {**first, "SecretAccessKey": "s" * 40},
    }[kind]
    if kind == "expired":
        lab.clock.advance(seconds=3601)
    method, parameters = FAMILIES[service]
    client = lab.session_from(keys).client(service)
    with pytest.raises(client.exceptions.ClientError) as refused:
        getattr(client, method)(**parameters)
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    outcome = lab.attempt(getattr(client, method), **parameters)
    assert outcome.blocked_by == "authentication" and outcome.reason


def test_expiry_to_the_second(world):
    role = world.role("reader", trusts(ADMIN))
    answer = world.assume(world.lab.session(), role, DurationSeconds=900).response
    who = world.lab.session_from(answer).client("sts").get_caller_identity
    ends = answer["Credentials"]["Expiration"]
    world.lab.clock.advance(ends - world.lab.clock.now() - timedelta(seconds=5))
    assert world.lab.attempt(who).succeeded
    world.lab.clock.advance(seconds=5)
    assert world.lab.attempt(who).code == "ExpiredToken"


def test_the_administrator_outlives_every_move_of_the_clock(lab):
    lab.clock.advance(timedelta(days=4000))
    assert lab.attempt(lab.client("sts").get_caller_identity).succeeded


def test_the_clock_only_moves_forward(lab):
    before = lab.clock.now()
    with pytest.raises(ValueError, match="forward"):
        lab.clock.advance(seconds=-1)
    assert lab.clock.now() >= before


def test_deleted_and_inactive_keys(world):
    iam = world.iam()
    anna = world.user("anna")
    key_id = anna.get_credentials().access_key
    who = anna.client("sts").get_caller_identity
    assert world.lab.attempt(who).succeeded
    iam.update_access_key(UserName="anna", AccessKeyId=key_id, Status="Inactive")
    assert world.lab.attempt(who).code == "InvalidClientTokenId"
    iam.update_access_key(UserName="anna", AccessKeyId=key_id, Status="Active")
    assert world.lab.attempt(who).succeeded
    iam.delete_access_key(UserName="anna", AccessKeyId=key_id)
    assert world.lab.attempt(who).code == "InvalidClientTokenId"


def test_presigned_requests(world):
    lab = world.lab
    s3 = world.bucket("reports")
    s3.put_object(Bucket="reports", Key="a b/ü+.txt", Body=b"hello")
    url = s3.generate_presigned_url("get_object", {"Bucket": "reports", "Key": "a b/ü+.txt"})
    path = url.removeprefix(lab.endpoint_url)
    assert send(lab, "GET", path, body=None) == (200, "hello")
    status, text = send(lab, "GET", path.replace("a%20b", "other"), body=None)
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True)
    status, text = send(lab, "DELETE", path, body=None)
    assert status == 403


def test_presigned_requests_end(world, monkeypatch):
    s3 = world.bucket("reports")
    s3.put_object(Bucket="reports", Key="k", Body=b"hello")
    import botocore.auth

    early = datetime.now(UTC) - timedelta(seconds=61)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: early.replace(tzinfo=None))
    url = s3.generate_presigned_url("get_object", {"Bucket": "reports", "Key": "k"}, ExpiresIn=60)
    status, text = send(world.lab, "GET", url.removeprefix(world.lab.endpoint_url), body=None)
    assert (status, "Request has expired" in text) == (403, True)


def test_presigned_requests_of_a_session_die_with_it(world):
    world.bucket("reports").put_object(Bucket="reports", Key="k", Body=b"hello")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*"}
    role = world.role("reader", trusts(ADMIN), permissions=[read])
    answer = world.assume(world.lab.session(), role, DurationSeconds=900).response
    s3 = world.lab.session_from(answer).client("s3")
    url = s3.generate_presigned_url("get_object", {"Bucket": "reports", "Key": "k"})
    path = url.removeprefix(world.lab.endpoint_url)
    assert send(world.lab, "GET", path, body=None) == (200, "hello")
    world.lab.clock.advance(seconds=901)
    status, text = send(world.lab, "GET", path, body=None)
    assert (status, "<Code>ExpiredToken</Code>" in text) == (400, True)
