"""Only what names this machine is answered, and no other site's page that signs nothing."""

import json
import socket
import urllib.request
from urllib.parse import urlsplit

import pytest
from test_authentication import FORM, send, signed_headers

from labhelpers.sandbox.hosts import is_ours

OURS = [
    "127.0.0.1",
    "127.0.0.1:8080",
    "localhost",
    "LOCALHOST:1",
    "[::1]",
    "[::1]:65535",
    "my-bucket.localhost:4566",
    "my.bucket.localhost",
    "sts.amazonaws.com",
    "sts.eu-west-1.amazonaws.com:443",
]
NOT_OURS = [
    "evil.example",
    "evil.example:8080",
    "169.254.169.254",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil-localhost",
    "127.0.0.1:8080@evil.example",
    "evil.example#127.0.0.1",
    "127.0.0.1.",
    "localhost.",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "::1",
    "[::1%25eth0]",
    "[::ffff:127.0.0.1]",
    "my-bucket.s3.amazonaws.com",
    "my-bucket",
    "sts.amazonaws.com.evil.example",
    "127.0.0.1:8080, evil.example",
    "127.0.0.1:",
    "127.0.0.1:123456",
    ".localhost",
    "",
    "127.0.0.1\u0661",
]


@pytest.mark.parametrize("host", OURS)
def test_whose_names_are_ours(host):
    assert is_ours(host)


@pytest.mark.parametrize("host", NOT_OURS)
def test_whose_are_not(host):
    assert not is_ours(host)


def raw(lab, *lines, port=0):
    """The answer to a request as it is written here."""
    with socket.create_connection(("127.0.0.1", port or urlsplit(lab.endpoint_url).port)) as sent:
        sent.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        answer = b""
        while more := sent.recv(65536):
            answer += more
    head, _, body = answer.decode().partition("\r\n\r\n")
    return int(head.split()[1]), body


@pytest.fixture(scope="module")
def shared():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        yield lab


@pytest.mark.parametrize(
    "lines",
    [
        ["GET / HTTP/1.1", "Host: evil.example"],
        ["GET / HTTP/1.1", "Host: 127.0.0.1", "Host: evil.example"],
        ["GET http://evil.example/ HTTP/1.1", "Host: 127.0.0.1"],
        ["GET http://evil.example HTTP/1.1", "Host: 127.0.0.1"],
        ["GET http://127.0.0.1@evil.example/?x HTTP/1.1", "Host: 127.0.0.1"],
        ["GET http://127.0.0.1/ HTTP/1.1", "Host: evil.example"],
        ["GET /.oidc/x/.well-known/jwks HTTP/1.1", "Host: evil.example"],
        ["PUT /latest/api/token HTTP/1.1", "Host: 169.254.169.254"],
        ["OPTIONS / HTTP/1.1", "Host: evil.example"],
    ],
)
def test_another_host_is_misdirected(shared, lines):
    status, body = raw(shared, *lines)
    assert (status, "MisdirectedRequest" in body) == (421, True)
    assert "127.0.0.1 or localhost" in body


@pytest.mark.parametrize("target", ["/", "http://localhost:1/", "HTTP://127.0.0.1/"])
def test_this_machine_is_answered(shared, target):
    status, body = raw(shared, f"GET {target} HTTP/1.1", "Host: 127.0.0.1:1")
    assert (status, "AccessDenied" in body) == (403, True)


def test_a_signature_is_no_excuse(shared):
    """DNS rebinding has no keys, but nobody who has any asks for another host."""
    headers = signed_headers(shared) | {"Host": "evil.example"}
    status, body = send(shared, headers=headers)
    assert (status, "<Code>MisdirectedRequest</Code>" in body) == (421, True)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ({"X-Amz-Target": "DynamoDB_20120810.ListTables"}, "__type"),
        (FORM, "<ErrorResponse"),
        ({}, "<Error><Code>"),
    ],
)
def test_it_is_said_in_the_clients_own_form(shared, kind, form):
    status, body = send(shared, headers=kind | {"Host": "evil.example"})
    assert (status, form in body) == (421, True)


def test_an_instances_port_is_guarded_too(shared):
    ec2 = shared.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    port = urlsplit(shared.instance_metadata(made["InstanceId"]).endpoint_url).port
    ask = ["PUT /latest/api/token HTTP/1.1", "X-aws-ec2-metadata-token-ttl-seconds: 60"]
    assert raw(shared, *ask, "Host: 127.0.0.1", port=port)[0] == 200
    assert raw(shared, *ask, "Host: evil.example", port=port)[0] == 421
    assert raw(shared, *ask, "Host: 127.0.0.1", "Origin: http://evil.example", port=port)[0] == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://evil.example:1", "x"])
def test_no_unsigned_request_of_another_sites_page(shared, origin):
    status, body = send(shared, headers={**FORM, "Origin": origin})
    assert (status, "ForeignOrigin" in body) == (403, True)
    token = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
    assert "ForeignOrigin" in send(shared, body=token, headers={**FORM, "Origin": origin})[1]


@pytest.mark.parametrize("origin", ["http://localhost:8888", "http://127.0.0.1:1", "https://[::1]"])
def test_this_machines_own_pages_may_ask(shared, origin):
    assert "MissingAuthenticationToken" in send(shared, headers={**FORM, "Origin": origin})[1]


def test_a_signed_request_of_any_page_is_answered(shared):
    headers = signed_headers(shared) | {"Origin": "http://evil.example"}
    assert send(shared, headers=headers)[0] == 200
    s3 = shared.client("s3")
    place = {"LocationConstraint": shared.region}
    s3.create_bucket(Bucket="linked", CreateBucketConfiguration=place)
    s3.put_object(Bucket="linked", Key="k", Body=b"content")
    link = s3.generate_presigned_url("get_object", {"Bucket": "linked", "Key": "k"})
    asked = urllib.request.Request(link, headers={"Origin": "http://evil.example"})
    with urllib.request.urlopen(asked) as answer:
        assert answer.read() == b"content"


def test_documents_name_no_host_but_ours(shared):
    shared.identity_provider("https://idp.example.com")
    address = f"{shared.endpoint_url}/.oidc/idp.example.com/.well-known/openid-configuration"
    asked = urllib.request.Request(address, headers={"Host": "localhost:9"})
    with urllib.request.urlopen(asked) as answer:
        assert json.load(answer)["jwks_uri"].startswith("http://localhost:9/.oidc/")
