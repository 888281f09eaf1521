"""How requests to S3 are signed: links and headers of both versions, bodies in chunks, digests.

botocore signs what it can sign; the chunks' chain is made here by AWS's description of it.
"""

import hashlib
import hmac
import re
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from urllib.parse import quote

import botocore.auth
import pytest
import requests
from botocore.auth import HmacV1Auth, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from scene import World, allow, deny, policy, trusts

from labhelpers.lab import open_lab

ADMIN = "arn:aws:iam::111122223333:user/lab-admin"
OLD = "us-east-1"


@pytest.fixture(scope="module")
def lab():
    with open_lab() as opened:
        yield opened


@pytest.fixture(scope="module")
def world(lab):
    return World(lab)


@pytest.fixture(scope="module")
def old(lab):
    """A client that signs by Version 2, for a bucket in a Region that knows it."""
    client = lab.session().client("s3", region_name=OLD, config=Config(signature_version="s3"))
    client.create_bucket(Bucket="old")
    client.put_object(Bucket="old", Key="a b/ü+.txt", Body=b"hello")
    return client


@pytest.fixture(scope="module")
def new(lab, world):
    client = world.bucket("new")
    client.put_object(Bucket="new", Key="k", Body=b"hello")
    return client


def ask(url, method="GET", body=None, headers=None):
    """(status, code, text) of one request."""
    got = requests.request(method, url, data=body, headers=headers, timeout=60)
    code = re.search("<Code>(.*?)</Code>", got.text)
    return got.status_code, code[1] if code else "", got.text


def field(text, name):
    found = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return found[1] if found else None


def test_links_of_version_2(lab, old):
    config = Config(signature_version="s3")
    linker = lab.session().client("s3", region_name=OLD, config=config)
    what = {"Bucket": "old", "Key": "a b/ü+.txt"}
    url = linker.generate_presigned_url("get_object", what)
    assert "AWSAccessKeyId=" in url
    assert ask(url) == (200, "", "hello")
    told = ask(url.replace("a%20b", "other"))
    assert told[:2] == (403, "SignatureDoesNotMatch")
    assert field(told[2], "StringToSign").startswith("GET\n\n\n")
    text = field(told[2], "StringToSign").encode().hex(" ")
    assert field(told[2], "StringToSignBytes") == text
    assert ask(url, "DELETE")[:2] == (403, "SignatureDoesNotMatch")
    assert ask(url, headers={"x-amz-acl": "private"})[1] == "SignatureDoesNotMatch"
    named = linker.generate_presigned_url(
        "get_object", {**what, "ResponseContentType": "text/html"}
    )
    assert requests.get(named, timeout=60).headers["content-type"] == "text/html"
    put = linker.generate_presigned_url("put_object", {"Bucket": "old", "Key": "new"})
    assert ask(put, "PUT", b"x")[0] == 200
    wrong = re.sub("AWSAccessKeyId=[A-Z0-9]+", "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE", url)
    status, code, text = ask(wrong)
    assert (status, code) == (403, "InvalidAccessKeyId")
    assert field(text, "AWSAccessKeyId") == "AKIAIOSFODNN7EXAMPLE"


def test_links_of_version_2_end(lab, old):
    config = Config(signature_version="s3")
    linker = lab.session().client("s3", region_name=OLD, config=config)
    what = {"Bucket": "old", "Key": "a b/ü+.txt"}
    url = linker.generate_presigned_url("get_object", what, ExpiresIn=-5)
    status, code, text = ask(url)
    assert (status, code, field(text, "Message")) == (403, "AccessDenied", "Request has expired")
    assert field(text, "Expires") < field(text, "ServerTime")
    for name in ("AWSAccessKeyId", "Signature", "Expires"):
        status, code, text = ask(re.sub(f"{name}=[^&]+&?", "", url))
        assert (status, code, field(text, "Message")) == (
            403,
            "AccessDenied",
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
            "parameters",
        ), name


def test_links_of_version_2_by_a_session(lab, world, old):
    read = allow("s3:GetObject", "arn:aws:s3:::old/*")
    role = world.role("linker", trusts(ADMIN), permissions=[read])
    session = lab.session_from(world.assume(lab.session(), role, DurationSeconds=900).response)
    linker = session.client("s3", region_name=OLD, config=Config(signature_version="s3"))
    url = linker.generate_presigned_url("get_object", {"Bucket": "old", "Key": "a b/ü+.txt"})
    assert ask(url) == (200, "", "hello")
    assert ask(url.replace("x-amz-security-token=", "x-amz-security-token=x"))[0] in (400, 403)
    other = linker.generate_presigned_url("put_object", {"Bucket": "old", "Key": "k"})
    assert ask(other, "PUT", b"x")[1] == "AccessDenied"  # by the policies


def test_headers_of_version_2(lab, old):
    assert old.get_object(Bucket="old", Key="a b/ü+.txt")["Body"].read() == b"hello"
    keys = lab.session().get_credentials()

    def sent(headers, path="/old/k", method="PUT"):
        request = AWSRequest(method, lab.endpoint_url + path, headers=headers)
        HmacV1Auth(keys).add_auth(request)
        return dict(request.headers)

    url = f"{lab.endpoint_url}/old/k"
    headers = sent({"x-amz-meta-owner": "anna"})
    assert ask(url, "PUT", b"x", headers)[0] == 200
    changed = {**headers, "x-amz-meta-owner": "mallory"}
    assert ask(url, "PUT", b"x", changed)[:2] == (403, "SignatureDoesNotMatch")
    late = {**headers, "Date": formatdate(0, usegmt=True)}
    assert ask(url, "PUT", b"x", late)[1] == "RequestTimeTooSkewed"
    dateless = {name: value for name, value in headers.items() if name != "Date"}
    assert ask(url, "PUT", b"x", dateless)[1] == "AccessDenied"
    assert ask(url, "PUT", b"x", {**headers, "Authorization": "AWS nonsense"})[0] == 400
    # What Version 2 does not cover could be added to any request.
    policy_link = sent({}, "/old?publicAccessBlock", "GET")
    assert ask(f"{lab.endpoint_url}/old?publicAccessBlock", headers=policy_link)[1] == (
        "SandboxNotModelled"
    )
    assert ask(f"{lab.endpoint_url}/old?acl", headers=sent({}, "/old?acl", "GET"))[0] == 200


def test_how_a_request_was_signed_is_a_condition_key(lab, old):
    only = {"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}
    text = policy(deny("s3:*", "arn:aws:s3:::signed/*", Principal="*", Condition=only))
    client = lab.session().client("s3", region_name=OLD)
    client.create_bucket(Bucket="signed")
    client.put_bucket_policy(Bucket="signed", Policy=text)
    put = {"Bucket": "signed", "Key": "k"}
    assert lab.attempt(client.put_object, **put).succeeded
    assert lab.attempt(old.put_object, **put).outcome == "ExplicitlyDenied"


def test_where_version_2_is_over(lab, new):
    config = Config(signature_version="s3")
    linker = lab.session().client("s3", config=config)
    url = linker.generate_presigned_url("get_object", {"Bucket": "new", "Key": "k"})
    status, code, text = ask(url)
    assert (status, code) == (400, "InvalidRequest")
    assert field(text, "Message").endswith("Please use AWS4-HMAC-SHA256.")


def test_one_signature_a_request(lab, old, new):
    link = new.generate_presigned_url("get_object", {"Bucket": "new", "Key": "k"})
    two = f"{link}&AWSAccessKeyId=AKIA&Signature=x&Expires=1"
    assert ask(two)[:2] == (400, "InvalidArgument")
    config = Config(signature_version="s3")
    linker = lab.session().client("s3", region_name=OLD, config=config)
    link = linker.generate_presigned_url("get_object", {"Bucket": "old", "Key": "k"})
    status, code, text = ask(link, headers={"Authorization": "AWS AKIA:x"})
    assert (status, code) == (400, "InvalidArgument")
    assert text.count("Only one auth mechanism allowed") == 1


def test_the_region_of_a_signature(lab, new):
    """SDKs read the right one in the answer, and ask again."""
    far = lab.session().client("s3", region_name="eu-west-1")
    assert far.get_object(Bucket="new", Key="k")["Body"].read() == b"hello"
    assert far.get_bucket_location(Bucket="new")["LocationConstraint"] == lab.region
    config = Config(signature_version="s3v4")
    far = lab.session().client("s3", region_name="eu-west-1", config=config)
    link = far.generate_presigned_url("get_object", {"Bucket": "new", "Key": "k"})
    status, code, text = ask(link)
    words = f"the region 'eu-west-1' is wrong; expecting '{lab.region}'"
    assert (status, code) == (400, "AuthorizationQueryParametersError")
    assert words in text and field(text, "Region") == lab.region
    for region, expected in (("eu-west-1", lab.region), ("x", lab.region)):
        request = AWSRequest("GET", f"{lab.endpoint_url}/new/k")
        S3SigV4Auth(lab.session().get_credentials(), "s3", region).add_auth(request)
        answer = requests.get(request.url, headers=dict(request.headers), timeout=60)
        assert (answer.status_code, field(answer.text, "Code")) == (
            400,
            "AuthorizationHeaderMalformed",
        )
        words = f"malformed; the region '{region}' is wrong; expecting '{expected}'"
        assert words in answer.text
        assert answer.headers["x-amz-bucket-region"] == expected


def test_what_a_link_tells_when_it_is_refused(lab, new):
    url = new.generate_presigned_url("get_object", {"Bucket": "new", "Key": "k"})
    told = {"x-amz-acl": "private", "x-amz-meta-a": "b"}
    status, code, text = ask(url, headers=told)
    assert (status, code, field(text, "HeadersNotSigned")) == (
        403,
        "AccessDenied",
        "x-amz-acl, x-amz-meta-a",
    )
    text = ask(url, "DELETE")[2]
    for name in ("StringToSign", "CanonicalRequest"):
        assert field(text, f"{name}Bytes") == field(text, name).replace("&amp;", "&").encode().hex(
            " "
        )


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        (timedelta(days=400), "AccessDenied"),
        (timedelta(days=6), "AccessDenied"),
        (timedelta(minutes=16), "AccessDenied"),
        (timedelta(minutes=14), ""),
        (timedelta(days=-6), ""),
        (timedelta(days=-8), "AccessDenied"),
    ],
)
def test_a_link_lives_for_a_week_from_its_date(lab, new, monkeypatch, ahead, code):
    """One that is dated ahead would live longer."""
    clock = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a: clock(*a) + ahead)
    request = AWSRequest("GET", f"{lab.endpoint_url}/new/k")
    keys = lab.session().get_credentials().get_frozen_credentials()
    S3SigV4QueryAuth(keys, "s3", lab.region, expires=604800).add_auth(request)
    status, found, text = ask(request.url)
    assert (status, found) == ((403, code) if code else (200, ""))
    wanted = "is not valid yet" if ahead > timedelta(0) else "has expired"
    assert f"Request {wanted}" in text or not code


def test_the_hash_of_the_body_needs_no_signature(lab, new):
    """Recorded for links; aws-requests-auth sends it beside what it signs."""
    empty = hashlib.sha256(b"").hexdigest()
    link = new.generate_presigned_url("get_object", {"Bucket": "new", "Key": "k"})
    for value in ("UNSIGNED-PAYLOAD", empty):
        assert ask(link, headers={"x-amz-content-sha256": value})[0] == 200
    put = new.generate_presigned_url("put_object", {"Bucket": "new", "Key": "put"})
    wrong = {"x-amz-content-sha256": empty}
    assert ask(put, "PUT", b"x", wrong)[1] == "XAmzContentSHA256Mismatch"
    chunked = {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    assert ask(put, "PUT", b"x", chunked)[1] == "SandboxNotModelled"
    plain = unsigned_hash(lab, "/new/k")
    assert ask(f"{lab.endpoint_url}/new/k", headers=plain)[0] == 200


def unsigned_hash(lab, path):
    """Headers of a GET that is signed without its x-amz-content-sha256."""
    keys, now = lab.session().get_credentials(), datetime.now(UTC)
    empty, stamp = hashlib.sha256(b"").hexdigest(), f"{now:%Y%m%dT%H%M%SZ}"
    host = lab.endpoint_url.removeprefix("http://")
    canonical = f"GET\n{path}\n\nhost:{host}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n{empty}"
    scope = f"{now:%Y%m%d}/{lab.region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = signing_key(keys.secret_key, scope)
    signature = mac(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}").hex()
    return {
        "x-amz-date": stamp,
        "x-amz-content-sha256": empty,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}",
    }


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, scope):
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = mac(key, part)
    return key


def test_a_missing_key_behind_a_link_is_missing(lab, new):
    """A download's own name or type makes no difference."""
    for more in ({}, {"ResponseContentType": "a/b"}, {"ResponseContentDisposition": "inline"}):
        what = {"Bucket": "new", "Key": "missing", **more}
        assert ask(new.generate_presigned_url("get_object", what))[:2] == (404, "NoSuchKey")


def test_headers_in_the_query_of_a_link_count(lab, world, new):
    """Some SDKs move them there, where the signature covers them."""
    anna = world.user("tagless", allow("s3:PutObject", "arn:aws:s3:::new/*"))
    for who, status in ((lab.session(), 200), (anna, 403)):
        client = who.client("s3")
        client.meta.events.register("before-sign.s3.PutObject", lambda request, **_: hoist(request))
        what = {"Bucket": "new", "Key": "tagged", "Tagging": "class=open"}
        url = client.generate_presigned_url("put_object", what)
        assert "x-amz-tagging=" in url
        assert ask(url, "PUT", b"x")[0] == status
    tags = new.get_object_tagging(Bucket="new", Key="tagged")["TagSet"]
    assert tags == [{"Key": "class", "Value": "open"}]
    url = new.generate_presigned_url("get_object", {"Bucket": "new", "Key": "k"})
    assert ask(url)[0] == 200


def hoist(request):
    value = request.headers["x-amz-tagging"]
    del request.headers["x-amz-tagging"]
    request.url += f"?x-amz-tagging={quote(value, safe='')}"


# ---- bodies


class Chunked:
    """An upload in chunks as AWS describes it."""

    def __init__(self, lab, trailer=None, kind=None):
        kind = kind or "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
        self.url, self.trailer = f"{lab.endpoint_url}/new/chunked", trailer
        headers = {"x-amz-decoded-content-length": "11", "content-encoding": "aws-chunked"}
        headers["x-amz-content-sha256"] = kind
        if trailer:
            headers["x-amz-trailer"] = trailer[0]
        request = AWSRequest("PUT", self.url, headers=headers, data=b"")
        keys = lab.session().get_credentials()
        signer = S3SigV4Auth(keys, "s3", lab.region)
        signer.payload = lambda _: kind
        signer.add_auth(request)
        self.headers = dict(request.headers)
        self.headers["x-amz-content-sha256"] = kind
        self.last = re.search("Signature=([0-9a-f]+)", self.headers["Authorization"])[1]
        scope = re.search("Credential=[^/]+/([^,]+)", self.headers["Authorization"])[1]
        self.scope, self.key = scope, signing_key(keys.secret_key, scope)

    def _next(self, kind, *digests):
        stamp = self.headers["X-Amz-Date"]
        text = "\n".join((kind, stamp, self.scope, self.last, *digests))
        self.last = mac(self.key, text).hex()
        return self.last

    def body(self, *chunks):
        empty, found = hashlib.sha256(b"").hexdigest(), b""
        for chunk in (*chunks, b""):
            digest = hashlib.sha256(chunk).hexdigest()
            signature = self._next("AWS4-HMAC-SHA256-PAYLOAD", empty, digest)
            found += f"{len(chunk):x};chunk-signature={signature}\r\n".encode()
            found += chunk + (b"\r\n" if chunk else b"")
        if self.trailer:
            line = f"{self.trailer[0]}:{self.trailer[1]}"
            digest = hashlib.sha256(f"{line}\n".encode()).hexdigest()
            signature = self._next("AWS4-HMAC-SHA256-TRAILER", digest)
            found += f"{line}\r\nx-amz-trailer-signature:{signature}\r\n".encode()
        return found + b"\r\n"

    def put(self, body):
        return ask(self.url, "PUT", body, self.headers)[:2]


def crc32(data):
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


@pytest.mark.parametrize("trailer", [None, ("x-amz-checksum-crc32", crc32(b"hello world"))])
def test_uploads_that_are_signed_chunk_by_chunk(lab, new, trailer):
    upload = Chunked(lab, trailer)
    assert upload.put(upload.body(b"hello ", b"world")) == (200, "")
    stored = new.get_object(Bucket="new", Key="chunked")
    assert stored["Body"].read() == b"hello world"
    assert "ContentEncoding" not in stored
    for changed in (
        lambda body: body.replace(b"world", b"lorry"),
        lambda body: body.replace(b"=", b"=0", 1),
        lambda body: body[: body.index(b"0;chunk")],
        lambda body: b"6" + body[body.index(b";") :][:100],
    ):
        upload = Chunked(lab, trailer)
        status, code = upload.put(changed(upload.body(b"hello ", b"world")))
        assert (status, code) in ((403, "SignatureDoesNotMatch"), (400, "IncompleteBody"))
    upload = Chunked(lab, trailer)
    assert upload.put(upload.body(b"hello")) == (400, "IncompleteBody")
    assert new.get_object(Bucket="new", Key="chunked")["Body"].read() == b"hello world"


def test_trailers_are_signed_and_true(lab, new):
    upload = Chunked(lab, ("x-amz-checksum-crc32", crc32(b"hello world")))
    body = upload.body(b"hello world").replace(crc32(b"hello world").encode(), crc32(b"x").encode())
    assert upload.put(body) == (403, "SignatureDoesNotMatch")
    upload = Chunked(lab, ("x-amz-checksum-crc32", crc32(b"x")))
    assert upload.put(upload.body(b"hello world")) == (400, "BadDigest")
    upload = Chunked(lab, ("x-amz-copy-source", "new/k"))
    assert upload.put(upload.body(b"hello world")) == (400, "MalformedTrailerError")


def test_signatures_of_other_kinds_are_not_modelled(lab, new):
    upload = Chunked(lab, kind="STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")
    assert upload.put(upload.body(b"hello world")) == (400, "SandboxNotModelled")


def test_digests_are_compared(lab, new):
    md5 = b64encode(hashlib.md5(b"x").digest()).decode()
    sha1 = b64encode(hashlib.sha1(b"x").digest()).decode()
    sha256 = b64encode(hashlib.sha256(b"x").digest()).decode()
    cases = [
        ("ContentMD5", md5, "The Content-MD5 you specified did not match what we received."),
        ("ChecksumCRC32", crc32(b"x"), "The CRC32 you specified did not match the calculated"),
        ("ChecksumSHA1", sha1, "The SHA1 you specified did not match the calculated checksum."),
        ("ChecksumSHA256", sha256, "The SHA256 you specified did not match the calculated"),
    ]
    put = {"Bucket": "new", "Key": "digest"}
    for name, value, words in cases:
        assert lab.attempt(new.put_object, **put, Body=b"x", **{name: value}).succeeded
        got = lab.attempt(new.put_object, **put, Body=b"y", **{name: value})
        assert (got.code, got.message.startswith(words)) == ("BadDigest", True), name
        got = lab.attempt(new.put_object, **put, Body=b"x", **{name: "nonsense"})
        assert got.code == ("InvalidDigest" if name == "ContentMD5" else "InvalidRequest"), name
    assert new.get_object(Bucket="new", Key="digest")["Body"].read() == b"x"


def test_a_body_that_is_cut_is_not_stored(lab, new):
    """Clients send checksums behind the body, and its length before it."""
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    headers |= {"x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32"}
    url = new.generate_presigned_url("put_object", {"Bucket": "new", "Key": "cut"})
    request = AWSRequest("PUT", f"{lab.endpoint_url}/new/cut", headers=headers)
    signer = S3SigV4Auth(lab.session().get_credentials(), "s3", lab.region)
    signer.payload = lambda _: headers["x-amz-content-sha256"]
    signer.add_auth(request)
    sent = dict(request.headers) | {"x-amz-content-sha256": headers["x-amz-content-sha256"]}
    end = f"x-amz-checksum-crc32:{crc32(b'hello')}\r\n\r\n".encode()
    for body, code in (
        (b"4\r\nhell\r\n0\r\n" + end, "IncompleteBody"),
        (b"5\r\nhell", "IncompleteBody"),
        (b"5\r\nhallo\r\n0\r\n" + end, "BadDigest"),
        (b"5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"),
        (b"5\r\nhello\r\n0\r\n" + end, ""),
    ):
        assert ask(request.url, "PUT", body, sent)[1] == code, body
    assert new.get_object(Bucket="new", Key="cut")["Body"].read() == b"hello"
    assert ask(url, "PUT", b"x")[0] == 200
