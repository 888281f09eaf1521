"""What no client of AWS sends: broken requests are refused in a form that somebody can read, and
never with a fault of the server or a trace."""

import http.client
import logging
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

LONG = b"a" * 300_000
PARSING = "An error occurred when parsing the HTTP request"
#: What is sent, and what the answer names; "" where the server may close without an answer.
BROKEN = [
    (b"GET\r\n\r\n", f"{PARSING}: Start line is invalid."),
    (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", f"{PARSING}: Malformed HTTP method"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", f"{PARSING}: Invalid header."),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA: c\x00d\r\n\r\n", f"{PARSING}: Invalid header."),
    (b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n", f"{PARSING}: Bad URI."),
    (b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", f"{PARSING}: Bad URI."),
    (b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n", "does not model GET //[ of s3"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "Content-Length is invalid."),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "Invalid chunk size."),
    (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "model this transfer encoding"),
    (b"GET / HTTP/1.1\r\nX-A: " + LONG + b"\r\n\r\n", "RequestHeaderSectionTooLarge"),
    (b"GET /" + LONG + b" HTTP/1.1\r\n\r\n", "RequestHeaderSectionTooLarge"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "the sandbox speaks http, not https"),
    (b"GET / HTTP/1.1\r\nAuthorization: \xff\xfe\r\n\r\n", "IncompleteSignature"),
    (b"FOO / HTTP/1.1\r\n\r\n", "does not model FOO / of s3"),
]
#: Forms of one refusal: how the request looks, and what its client reads.
LARGE = b"Content-Length: 300000000\r\n\r\nx"
SIGNED = b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/%s/aws4_request\r\n"
TOO_LARGE = [
    (b"PUT /bucket/key HTTP/1.1\r\n", "<Error><Code>SandboxNotModelled</Code>"),
    (b"PUT /bucket/key HTTP/1.1\r\nExpect: 100-continue\r\n", "<Error><Code>Sandbox"),
    (b"POST / HTTP/1.1\r\n" + SIGNED % b"sts", "<Code>SandboxNotModelled</Code>"),
    (b"POST / HTTP/1.1\r\n" + SIGNED % b"dynamodb", '{"__type": "SandboxNotModelled"'),
    (b"POST /2015-03-31/functions HTTP/1.1\r\n" + SIGNED % b"lambda", '{"__type": "Sandbox'),
]


@pytest.fixture(scope="module")
def lab():
    from labhelpers import open_lab

    with open_lab("sandbox") as opened:
        yield opened


def sent(lab, data):
    """The whole answer to some bytes, as text."""
    address = urlsplit(lab.endpoint_url)
    found = b""
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        try:
            connection.sendall(data)
            while more := connection.recv(65536):
                found += more
        except ConnectionError:
            pass  # the server has answered, and does not read on
    return found.decode()


@pytest.mark.parametrize(("data", "words"), BROKEN, ids=[str(n) for n in range(len(BROKEN))])
def test_what_is_no_request(lab, data, words):
    """The connection is closed, so nobody waits; a TLS client is told at once."""
    closing = data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    answer = sent(lab, closing)
    status = answer.split()[1]
    assert words in answer and status.startswith("4")
    assert "Traceback" not in answer


@pytest.mark.parametrize(("head", "words"), TOO_LARGE)
def test_bodies_that_are_too_large(lab, head, words):
    """Refused before they are sent, in the form of the service; 100 Continue would ask for them."""
    answer = sent(lab, head + LARGE)
    assert answer.startswith("HTTP/1.1 413 ") and words in answer
    assert "does not model bodies of 256 MiB and more" in answer and "in parts" in answer


SERVICES = ("sts", "iam", "s3", "ec2", "sqs", "dynamodb", "lambda", "route53", "monitoring", "x")
PATHS = (
    "/",
    "//",
    "/%",
    "/%00",
    "/%ff",
    "/..%2f..",
    "/?Action=",
    "/?Action=ListUsers",
    "/?%ff=%fe",
)
BODIES = (
    b"",
    b"{",
    b"null",
    b"[" * 100_000,
    b'{"TableName": "\\ud800"}',
    b'{"TableName": NaN}',
    b"\x00\xff",
    b"\xa1\x61a",
    b"Action=%ff&Version=",
    b"Action=ListUsers&Action=DeleteUser&Version=2010-05-08",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
)
KINDS = (
    "application/x-amz-json-1.0",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/html; charset=utf-99",
    "application/cbor",
)


@pytest.mark.parametrize("service", SERVICES)
def test_signed_nonsense(lab, service, capsys, caplog):
    """By the administrator, whom no policy stops: whatever it is, some refusal is the answer, the
    last line of defence is not needed, and nothing is printed."""
    address, keys = urlsplit(lab.endpoint_url), lab.session().get_credentials()
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    cases = [(path, BODIES[1], KINDS[0]) for path in PATHS]
    cases += [("/", body, kind) for body in BODIES for kind in KINDS]
    for path, body, kind in cases:
        for target in ({}, {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, {"X-Amz-Target": "."}):
            headers = {"Content-Type": kind, **target}
            if kind == "application/cbor":
                headers["smithy-protocol"] = "rpc-v2-cbor"
            request = AWSRequest("POST", lab.endpoint_url + path, headers=headers, data=body)
            SigV4Auth(keys, service, lab.region).add_auth(request)
            connection.request("POST", path, body, dict(request.headers))
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status < 500, (path, body, kind, target)
            assert b"Traceback" not in text and b"a request of this form" not in text
    connection.close()
    assert capsys.readouterr() == ("", "")
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


SCRIPT = """
import logging, sys, warnings
from labhelpers import open_lab
with open_lab() as lab:
    lab.session().client("sqs").list_queues()
    import moto.sqs.models as sqs
    print_ = sqs.__builtins__["print"]
    print_("of moto")
    exec("import warnings, logging; print('of moto'); warnings.warn('of moto'); "
         "logging.getLogger(__name__).warning('of moto')", vars(sqs))
    for name, call in (("rolesanywhere", "list_crls"), ("account", "get_contact_information"),
                       ("eks", "list_clusters")):
        print(name, lab.attempt(getattr(lab.session().client(name), call)).code)
"""


def test_moto_says_nothing_in_a_learners_cell():
    """Neither prints nor warnings nor log lines; what it has no page for is not modelled."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.stderr == ""
    told = "rolesanywhere SandboxNotModelled\naccount SandboxNotModelled\neks \n"
    assert done.stdout == told
