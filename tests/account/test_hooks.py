"""Event hooks that make another request of a call after the guard has looked at it."""

from urllib.parse import urlsplit

import pytest
from attacks import WHERE

from labhelpers import SandboxOnly, open_lab


@pytest.fixture(scope="module")
def lab(aws):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**aws.environ, "LAB_AWS_PATIENCE": "0"}.items():
            patch.setenv(name, value)
        with open_lab("aws", mirrored=False) as opened:
            opened.client("s3").create_bucket(Bucket="ours", **WHERE)
            opened.client("iam").create_user(UserName="anna")
            yield opened


@pytest.fixture(scope="module")
def foreign(aws):
    people = aws.session()
    people.client("s3").create_bucket(Bucket="company-data", **WHERE)
    people.client("s3").put_object(Bucket="company-data", Key="k", Body=b"years of work")
    people.client("iam").create_user(UserName="victim")
    return "company-data"


def other_bucket(params, **_):
    params["Bucket"] = "company-data"


def answer_other_bucket(params, **_):
    return {**params, "Bucket": "company-data"}


def other_url(params, **_):
    params["url"] = urlsplit(params["url"])._replace(netloc="elsewhere.example").geturl()


def no_path(params, **_):
    params["url"] = params["url"].replace("/k", "/k2")


def other_acl(params, **_):
    params["headers"]["x-amz-acl"] = "public-read"


def delete(params, **_):
    params["method"] = "DELETE"


def request_url(request, **_):
    request.url = request.url.replace("/k", "/k2")


def request_host(request, **_):
    request.headers["Host"] = "company-data.s3.amazonaws.com"


def request_acl(request, **_):
    request.headers["x-amz-acl"] = "public-read"


def endpoint(builtins, **_):
    builtins["SDK::Endpoint"] = "http://127.0.0.1:9"


def endpoint_bucket(params, **_):
    params["Bucket"] = "company-data"


S3 = {
    "parameters": ("provide-client-params", other_bucket),
    "other parameters": ("provide-client-params", answer_other_bucket),
    "building": ("before-parameter-build", other_bucket),
    "an endpoint": ("before-endpoint-resolution", endpoint),
    "an endpoint's bucket": ("before-endpoint-resolution", endpoint_bucket),
    "address": ("before-call", other_url),
    "path": ("before-call", no_path),
    "header": ("before-call", other_acl),
    "method": ("before-call", delete),
    "signed address": ("request-created", request_url),
    "signing address": ("before-sign", request_url),
    "signing header": ("before-sign", request_acl),
    "signing host": ("before-sign", request_host),
    "sent address": ("before-send", request_url),
    "sent host": ("before-send", request_host),
}


@pytest.mark.parametrize("event, hook", S3.values(), ids=list(S3))
@pytest.mark.parametrize("where", ["client", "session"])
def test_a_hook_makes_no_other_request(aws, lab, foreign, event, hook, where):
    before, seen = aws.contents(), aws.calls()["seen"]
    session = lab.session_from(keys(aws))
    name = f"{event}.s3.PutObject" if event not in ("before-endpoint-resolution",) else event
    if where == "session":
        session.events.register_last(event, hook)
    client = session.client("s3")
    if where == "client":
        client.meta.events.register(name, hook)
    with pytest.raises(SandboxOnly, match="PutObject: an event hook"):
        client.put_object(Bucket="ours", Key="k", Body=b"overwritten")
    assert aws.contents() == before and aws.calls()["seen"] == seen
    assert aws.stored("company-data", "k") == b"years of work"


def keys(aws):
    found = aws.session().get_credentials()
    return {"AccessKeyId": found.access_key, "SecretAccessKey": found.secret_key}


def other_user(params, **_):
    params["body"]["UserName"] = "victim"


def signed_user(request, **_):
    request.data["UserName"] = "victim"


@pytest.mark.parametrize("event, hook", [("before-call", other_user), ("before-sign", signed_user)])
def test_nor_of_a_form(aws, lab, foreign, event, hook):
    before, iam = aws.contents(), lab.client("iam")
    iam.meta.events.register(f"{event}.iam.DeleteUser", hook)
    with pytest.raises(SandboxOnly, match=r"DeleteUser: an event hook .* \(its body\)"):
        iam.delete_user(UserName="anna")
    assert aws.contents() == before


@pytest.mark.parametrize(
    "event, hook",
    [
        ("provide-client-params", answer_other_bucket),
        ("before-parameter-build", other_bucket),
        ("before-sign", request_url),
    ],
)
def test_nor_another_link(lab, foreign, event, hook):
    s3 = lab.client("s3")
    s3.meta.events.register(f"{event}.s3.GetObject", hook)
    with pytest.raises(SandboxOnly):
        s3.generate_presigned_url("get_object", {"Bucket": "ours", "Key": "k"})


def test_a_hook_that_only_looks_and_asks_is_nobodys_harm(lab):
    """One that makes a call of its own, too; and what botocore's own handlers change."""
    s3, sts, seen = lab.client("s3"), lab.client("sts"), []
    for event in ("provide-client-params", "before-call", "before-sign", "before-send"):
        s3.meta.events.register(
            f"{event}.s3", lambda **_: seen.append(sts.get_caller_identity()["Arn"])
        )
    s3.put_object(Bucket="ours", Key="a b/ü", Body=b"x", Metadata={"Owner": "me"})
    s3.copy_object(Bucket="ours", Key="z", CopySource={"Bucket": "ours", "Key": "a b/ü"})
    s3.copy_object(Bucket="ours", Key="y", CopySource="ours/z")
    found = s3.list_objects_v2(Bucket="ours")["Contents"]
    assert [one["Key"] for one in found] == ["a b/ü", "y", "z"]
    objects = [{"Key": one["Key"]} for one in found] + [{"Key": "a\rb"}]
    s3.delete_objects(Bucket="ours", Delete={"Objects": objects})
    assert s3.list_objects_v2(Bucket="ours")["KeyCount"] == 0 and len(seen) >= 24


def test_two_keys_stay_two_objects(aws, lab):
    """One with an account's number in the lesson and one with its real number."""
    s3, real = lab.client("s3"), lab.real("ours")
    keys = {"n-111122223333": b"A", f"n-{aws.accounts[0]}": b"B"}
    for key, body in keys.items():
        s3.put_object(Bucket="ours", Key=key, Body=body)
    for key, body in keys.items():
        assert s3.get_object(Bucket="ours", Key=key)["Body"].read() == body
        assert aws.stored(real, key) == body
    found = s3.list_objects_v2(Bucket="ours", Prefix="n-")
    assert [one["Key"] for one in found["Contents"]] == sorted(keys)
    s3.delete_objects(Bucket="ours", Delete={"Objects": [{"Key": key} for key in keys]})
