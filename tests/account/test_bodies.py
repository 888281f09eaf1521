"""The object read back is the object written, however often AWS had to be asked."""

import io
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import boto3
import pytest
from botocore.config import Config
from scene import allow, policy
from written import compare_what_is_written

from labhelpers import LabError, open_lab
from labhelpers.account import asking
from labhelpers.account.bodies import Held, anew
from labhelpers.account.calls import Calls

HERE = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-2"}}
TEXT = b"revenue,42\n" * 7
FILE = {"Bucket": "reports", "Key": "q1.csv"}
SAYS = "see arn:aws:iam::111122223333:user/alice in 444455556666"


class Once(io.RawIOBase):
    """A stream that cannot be rewound, as a socket's."""

    def __init__(self, content):
        self._rest = io.BytesIO(content)

    def readable(self):
        return True

    def read(self, size=-1):
        return self._rest.read(size)


def at(position, content):
    stream = io.BytesIO(content)
    stream.seek(position)
    return stream


def a_file(folder, content):
    path = folder / "body"
    path.write_bytes(content)
    return path.open("rb")


BODIES = {
    "bytes": (lambda _: TEXT, TEXT),
    "text": (lambda _: SAYS, SAYS.encode()),
    "bytearray": (lambda _: bytearray(TEXT), TEXT),
    "BytesIO": (lambda _: io.BytesIO(TEXT), TEXT),
    "BytesIO in the middle": (lambda _: at(5, TEXT), TEXT[5:]),
    "BytesIO at its end": (lambda _: at(len(TEXT), TEXT), b""),
    "file": (lambda folder: a_file(folder, TEXT), TEXT),
    "stream": (lambda _: Once(TEXT), TEXT),
    "nothing": (lambda _: b"", b""),
}


@pytest.fixture(scope="module")
def short():
    """Waits for a change are short, as in account_clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "SETTLES_IN", 0.6)
        patch.setattr(asking, "_PAUSES", (0.05,))
        # After throttling botocore waits for up to a second, in all modes.
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
        yield


@pytest.fixture
def lab(learner, short):
    learner.change(lag=0.0, drift=None, throttle=0.0)
    with open_lab() as opened:
        opened.client("s3").create_bucket(Bucket="reports", **HERE)
        yield opened
        learner.change(lag=0.0, drift=None, throttle=0.0)


def writer(lab, *statements):
    iam = lab.client("iam")
    iam.create_user(UserName="anna")
    text = policy(*(statements or [allow("s3:*")]))
    iam.put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=text)
    return lab.session_from(iam.create_access_key(UserName="anna"))


def in_the_account(aws, lab, key=FILE["Key"]):
    return aws.stored(lab.real("reports"), key)


def test_every_kind_of_body_arrives_whole_though_aws_had_to_be_asked_again(learner, lab, tmp_path):
    """Each time right after a change, which AWS believes later."""
    s3 = writer(lab).client("s3")
    iam = lab.client("iam")
    learner.change(lag=0.4)
    for name, (make, content) in BODIES.items():
        for change in ("delete_user_policy", "put_user_policy"):
            document = {"PolicyDocument": policy(allow("s3:*"))} if "put" in change else {}
            getattr(iam, change)(UserName="anna", PolicyName="own", **document)
        before = learner.calls()["stale"].get("s3", 0)
        s3.put_object(**FILE, Body=make(tmp_path))
        assert in_the_account(learner, lab) == content, name
        assert s3.get_object(**FILE)["Body"].read() == content, name
    assert learner.calls()["stale"].get("s3", 0) > before
    assert lab.differences == []


def test_botocores_own_repetition_sends_the_whole_body(learner, lab, tmp_path):
    """It goes back to the first byte of a stream, wherever the call began."""
    s3 = lab.client("s3")
    learner.change(throttle=1.0)  # each call is refused once
    for name, (make, content) in BODIES.items():
        s3.put_object(**FILE, Body=make(tmp_path))
        assert in_the_account(learner, lab) == content, name
    assert learner.calls()["throttled"].get("s3", 0) >= len(BODIES)


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_uploads_arrive_whole_and_report_their_progress(learner, lab, tmp_path, mode):
    s3 = lab.session().client("s3", config=Config(retries={"mode": mode}))
    (tmp_path / "f").write_bytes(TEXT)
    learner.change(throttle=1.0)
    for upload in (
        partial(s3.upload_file, str(tmp_path / "f")),
        partial(s3.upload_fileobj, io.BytesIO(TEXT)),
        partial(s3.upload_fileobj, Once(TEXT)),
    ):
        done = []
        upload(*FILE.values(), Callback=done.append)
        assert in_the_account(learner, lab) == TEXT
        assert sum(done) == len(TEXT)
        s3.delete_object(**FILE)
    got = io.BytesIO()
    s3.upload_fileobj(io.BytesIO(TEXT), *FILE.values())
    s3.download_fileobj(*FILE.values(), got)
    assert got.getvalue() == TEXT
    assert lab.differences == []


def test_a_stream_from_aws_can_be_written_again(learner, lab):
    s3 = lab.client("s3")
    lab.client("iam").create_user(UserName="anna")
    key = lab.client("iam").create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
    s3.put_object(**FILE, Body=TEXT, Metadata={"Note": f"{key} {SAYS}"})
    s3.put_object(Bucket="reports", Key="copy", Body=s3.get_object(**FILE)["Body"])
    assert in_the_account(learner, lab, "copy") == TEXT
    got = s3.get_object(**FILE)
    assert list(got["Metadata"].values()) == [f"{key} {SAYS}"]
    assert got["Body"].read(3) == TEXT[:3] and got["Body"].read() == TEXT[3:]
    assert lab.differences == []


def test_a_file_opened_as_text_gets_a_sentence(lab, tmp_path):
    (tmp_path / "f").write_text("text")
    with (tmp_path / "f").open() as file, pytest.raises(LabError, match='open.*"rb"'):
        lab.client("s3").put_object(**FILE, Body=file)


def test_a_write_that_shall_be_refused_is_not_asked_before_the_change_counts(learner, lab):
    """It would get through, and do harm."""
    s3 = writer(lab).client("s3")
    lab.client("s3").put_object(**FILE, Body=TEXT)
    learner.change(lag=0.5)
    for _ in range(3):
        lab.client("iam").delete_user_policy(UserName="anna", PolicyName="own")
        for call in (partial(s3.put_object, Body=b"harm"), s3.delete_object):
            before = learner.calls()["seen"].get("s3", 0)
            refused = lab.attempt(call, **FILE)
            assert refused.blocked_by == "identity"
            assert learner.calls()["seen"].get("s3", 0) == before + 1
        assert in_the_account(learner, lab) == TEXT
        lab.client("iam").put_user_policy(
            UserName="anna", PolicyName="own", PolicyDocument=policy(allow("s3:*"))
        )
    assert lab.differences == []


@pytest.mark.parametrize("service", ["s3", "iam"])
def test_what_got_through_is_told_and_done_once(learner, lab, capsys, service):
    """AWS lets through what the sandbox refuses: that is what happened."""
    anna = writer(lab, allow("iam:ListUsers"))
    put = partial(anna.client("s3").put_object, **FILE, Body=io.BytesIO(b"harm"))
    key = partial(anna.client("iam").create_access_key, UserName="anna")  # AWS's most is two
    learner.change(drift="allow-everything")
    before = learner.calls()["seen"][service]
    got = lab.attempt({"s3": put, "iam": key}[service])
    assert learner.calls()["seen"][service] == before + 1
    learner.change(drift=None)
    assert got.succeeded
    assert service == "iam" or in_the_account(learner, lab) == b"harm"
    (said,) = lab.differences
    assert "AWS says allowed, the sandbox AccessDenied" in said
    assert "before the last change of a policy counted" in said
    assert said in capsys.readouterr().out


def test_an_object_that_is_not_the_sandboxs_is_a_difference(learner, lab):
    """Whoever changed it: here the account's administrator, behind the lab's back."""
    s3 = lab.client("s3")
    s3.put_object(**FILE, Body=TEXT, Metadata={"a": "1"})
    theirs = learner.session().client("s3")
    real = {**FILE, "Bucket": lab.real("reports")}
    theirs.put_object(**real, Body=b"", Metadata={"a": "1"})
    assert s3.get_object(**FILE)["Body"].read() == b""  # AWS's word counts
    theirs.put_object(**real, Body=TEXT, Metadata={"a": "2"})
    assert s3.get_object(**FILE)["Body"].read() == TEXT
    empty, other = lab.differences
    assert empty == f"s3:GetObject: AWS says an object of 0 bytes, the sandbox one of {len(TEXT)}."
    assert "metadata" in other and "'2'" in other and "'1'" in other


def test_the_series_would_see_a_lost_body(learner, lab, monkeypatch):
    """What written.py compares in every lesson."""
    monkeypatch.setattr(Calls, "make", Calls.make)  # comes back afterwards
    found = compare_what_is_written(learner._ask)
    s3 = lab.client("s3")
    s3.put_object(**FILE, Body=TEXT)
    s3.copy_object(Bucket="reports", Key="copy", CopySource=FILE)
    assert found == {"objects": 2, "wrong": []}
    monkeypatch.setattr(Held, "anew", lambda held: b"")
    s3.put_object(**FILE, Body=TEXT)
    assert found["objects"] == 3 and len(found["wrong"]) == 1


class _Refusing(BaseHTTPRequestHandler):
    """Answers 403 before it has read any body, then takes everything."""

    got: list[bytes] = []
    protocol_version = "HTTP/1.1"

    def handle_expect_100(self):
        if not self.got:
            self.got.append(b"")
            body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True
            return False
        return super().handle_expect_100()

    def do_PUT(self):
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_):
        pass


def test_a_refusal_before_the_body_was_read_does_not_lose_it():
    """As S3 does, which is asked by Expect: 100-continue whether it wants the body at all."""
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "x"}
        address = f"http://127.0.0.1:{server.server_address[1]}"
        s3 = boto3.client("s3", "us-east-1", endpoint_url=address, **keys)
        parameters = {**FILE, "Body": Held(TEXT)}
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            s3.put_object(**anew(parameters))
        s3.put_object(**anew(parameters))
        server.shutdown()
    assert _Refusing.got == [b"", TEXT]
