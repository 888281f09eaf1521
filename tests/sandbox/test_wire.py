"""No input may produce a 500, a stack trace or a silent allow."""

import http.client
import json
import socket
import string
import threading
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labhelpers.sandbox.answer import moto


@pytest.fixture(scope="module")
def shared():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        yield lab


def raw(lab, data: bytes) -> bytes:
    """What the endpoint says to these bytes."""
    address = urlsplit(lab.endpoint_url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as wire:
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 400


def signed(lab, method, path, body=b"", headers=None, service="sts"):
    """(status, body) of a rightly signed request of the administrator."""
    keys = lab.session().get_credentials()
    request = AWSRequest(method, lab.endpoint_url + path, data=body, headers=headers or {})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(keys, service, "ap-northeast-2").add_auth(request)
    address = urlsplit(lab.endpoint_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request(method, path, body=body or None, headers=dict(request.headers))
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, text


def is_clean(status: int, text: str) -> bool:
    """No 5xx, no stack trace, and not caught by the gateway's last line of defence either."""
    return status < 500 and "Traceback" not in text and "a request of this form" not in text


BROKEN = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET \x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Date: \xff\xfe\r\nAuthorization: \xff\r\n\r\n",
    b"PROPFIND /?a=%ff&X-Amz-Signature=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /?X-Amz-Credential=&X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /?X-Amz-Signature=1&X-Amz-Expires=9" + b"9" * 400 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_broken_http(shared, data):
    answer = raw(shared, data)
    assert status_of(answer) in range(400, 500) or status_of(answer) in (501, 505), answer
    assert b"Traceback" not in answer and b".py" not in answer


texts = st.text(alphabet=string.printable, max_size=40)
quiet = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@quiet
@given(st.dictionaries(st.sampled_from(["Authorization", "X-Amz-Date", "Host", "X-Amz-Target",
       "Content-Type", "X-Amz-Security-Token"]), texts), texts, texts)  # fmt: skip
def test_arbitrary_requests(shared, headers, path, body):
    lines = [b"POST /" + path.encode().replace(b" ", b"%20").replace(b"\n", b"").replace(b"\r", b"")
             + b" HTTP/1.1"]  # fmt: skip
    for name, value in headers.items():
        clean = value.replace("\r", "").replace("\n", "")
        lines.append(f"{name}: {clean}".encode())
    lines.append(f"Content-Length: {len(body.encode())}".encode())
    answer = raw(shared, b"\r\n".join(lines) + b"\r\n\r\n" + body.encode())
    assert status_of(answer) < 500, answer
    assert b"Traceback" not in answer


ACTIONS = "AssumeRole GetCallerIdentity GetSessionToken CreateRole PutUserPolicy RunInstances"
ACTIONS = [*ACTIONS.split(), "DecodeAuthorizationMessage", "AssumeRoleWithSAML", "Nothing", ""]
NAMES = "RoleArn RoleName RoleSessionName DurationSeconds PolicyDocument UserName ExternalId"
NAMES = [*NAMES.split(), "AssumeRolePolicyDocument", "PolicyArns.member.1.arn", "Policy"]
NAMES += ["Tags.member.1.Key", "MaxResults", "ImageId", "MinCount", "MaxCount"]
values = st.one_of(texts, st.sampled_from(["arn:aws:iam::111122223333:role/x", "{}", "[]", "1"]))


@settings(parent=quiet, max_examples=120)
@given(st.sampled_from(["sts", "iam", "ec2"]), st.sampled_from(ACTIONS),
       st.dictionaries(st.sampled_from(NAMES), values, max_size=5))  # fmt: skip
def test_signed_query_requests_with_any_parameters(shared, service, action, parameters):
    from urllib.parse import urlencode

    versions = {"sts": "2011-06-15", "iam": "2010-05-08", "ec2": "2016-11-15"}
    body = urlencode({"Action": action, "Version": versions[service], **parameters}).encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, text = signed(shared, "POST", "/", body, form, service)
    assert is_clean(status, text), text


keys = st.text(alphabet=string.ascii_letters + string.digits + "/._-+ü ", max_size=12)


@settings(parent=quiet, max_examples=120)
@given(st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH"]), keys,
       st.sampled_from(["", "?policy", "?acl", "?uploads", "?tagging", "?list-type=2", "?nope",
                        "?policy&acl", "?versionId=1", "?location", "?delete", "?cors", "?x-id=y",
                        "?publicAccessBlock", "?notification", "?select", "?torrent"]),
       st.sampled_from([b"", b"{}", b"<a/>", b"<", b"\xff\x00", b"x" * 2000]))  # fmt: skip
def test_signed_s3_requests_of_any_form(shared, method, key, query, body):
    from urllib.parse import quote

    status, text = signed(shared, method, "/" + quote(key) + query, body, service="s3")
    assert is_clean(status, text), (status, text)


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/"])
def test_motos_back_doors_are_shut(shared, path):
    role = shared.client("iam").list_users()["Users"]
    for method in ("GET", "POST"):
        assert (
            status_of(raw(shared, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())) >= 400
        )
        assert signed(shared, method, path, service="s3")[0] >= 400
    assert shared.client("iam").list_users()["Users"] == role


@pytest.mark.parametrize(
    ("service", "method"),
    [
        ("sts", "get_session_token"),
        ("sqs", "create_queue"),
        ("lambda", "list_functions"),
        ("secretsmanager", "list_secrets"),
    ],
)
def test_other_services_answer_or_say_what_is_missing(shared, service, method):
    parameters = {"QueueName": "q"} if service == "sqs" else {}
    outcome = shared.attempt(getattr(shared.client(service), method), **parameters)
    assert outcome.succeeded or outcome.code == "SandboxNotModelled", outcome


def test_a_body_beyond_the_limit_is_refused(shared):
    size = 257 * 1024 * 1024
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    assert status_of(raw(shared, head + b"x" * 1000)) == 413


def test_the_endpoint_listens_on_loopback_only(shared):
    port = urlsplit(shared.endpoint_url).port
    other = socket.gethostbyname(socket.gethostname())
    if other.startswith("127."):
        with open("/proc/net/tcp") as table:
            listening = [line.split()[1] for line in table.readlines()[1:]]
        assert f"0100007F:{port:04X}" in listening
        assert f"00000000:{port:04X}" not in listening
    else:
        with pytest.raises(OSError):
            socket.create_connection((other, port), timeout=2)


def test_many_clients_at_once(shared):
    from concurrent.futures import ThreadPoolExecutor

    sts = shared.client("sts")
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: sts.get_caller_identity()["Arn"], range(80)))
    assert set(got) == {"arn:aws:iam::111122223333:user/lab-admin"}


def test_dispatch_errors_have_their_own_shape(shared):
    """STS_FACTS 2.1: another namespace, no Message without words, a redirection without Action."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    whole = "Version=2011-06-15&Action="
    status, text = signed(shared, "POST", "/", b"Action=GetCallerIdentity", form, "sts")
    assert (status, "version NO_VERSION_SPECIFIED" in text) == (400, True)
    assert 'xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"' in text
    role = "&RoleArn=arn:aws:iam::111122223333:role/r&RoleSessionName=xx&DurationSeconds=abc"
    body = f"{whole}AssumeRole{role}".encode()
    status, text = signed(shared, "POST", "/", body, form, "sts")
    assert (status, "<Code>MalformedInput</Code>" in text, "Message" in text) == (400, True, False)
    status, text = signed(shared, "POST", "/", b"", form, "sts")
    assert status == 302


def test_a_request_waits_while_another_thread_loads_its_service(lab, monkeypatch):
    """Half a package would be a wrong answer; requests of other services go on meanwhile."""
    monkeypatch.setattr(moto, "_apps", {})
    listing, codes = lab.client("s3").list_buckets, []
    with moto._building["s3"]:
        thread = threading.Thread(target=lambda: codes.append(lab.attempt(listing).code))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert lab.client("sts").get_caller_identity()
        assert codes == []
    thread.join()
    assert codes == [""] and "s3" in moto._apps


@pytest.mark.parametrize(
    "accept, kind",
    [("application/json", "{"), ("text/html, application/json;q=0.5", "{"), ("*/*", "<")],
)
def test_sts_answers_json_to_whom_asks_for_it(world, accept, kind):
    """As aws-iam-authenticator reads it."""
    path = "/?Action=GetCallerIdentity&Version=2011-06-15"
    status, text = signed(world.lab, "GET", path, headers={"accept": accept})
    assert status == 200 and text.startswith(kind)
    if kind == "{":
        answer = json.loads(text)["GetCallerIdentityResponse"]
        assert answer["GetCallerIdentityResult"]["Account"] == world.lab.account_id
        assert answer["ResponseMetadata"]["RequestId"]


def test_credentials_in_json(world):
    path = "/?Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900"
    _, text = signed(world.lab, "GET", path, headers={"accept": "application/json"})
    keys = json.loads(text)["GetSessionTokenResponse"]["GetSessionTokenResult"]["Credentials"]
    assert 0 < keys["Expiration"] - world.lab.clock.now().timestamp() <= 900
    event = world.lab.trail[-1]["responseElements"]["credentials"]
    assert event["accessKeyId"] == keys["AccessKeyId"] and event["expiration"].endswith("M")


def test_queues_are_addressed_in_the_lab(lab):
    """The SDK for JavaScript sends what is for a queue to the host of its URL."""
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    assert url == f"{lab.endpoint_url}/111122223333/orders"
    assert sqs.get_queue_url(QueueName="orders")["QueueUrl"] == url
    sqs.send_message(QueueUrl=url, MessageBody="one")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "one"
