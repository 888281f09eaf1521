"""What a stranger sends takes no longer than it is long, and is not kept whole.

By counts and by the form of the expressions, never by the clock.
"""

import ast
import base64
import errno
import gc
import re
import re._parser as parser
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from re._constants import IN, LITERAL, MAX_REPEAT, MAXREPEAT, MIN_REPEAT, SUBPATTERN
from unittest.mock import Mock

import pytest
from moto.s3.models import s3_backends
from test_authentication import FORM, send, signed_headers

import labhelpers.sandbox
from labhelpers.policy import Principal
from labhelpers.sandbox import listening, server
from labhelpers.sandbox.authenticate.claims import read_signature
from labhelpers.sandbox.interpret.addressed import addressed
from labhelpers.sandbox.record import Record, Recorder, recorder
from labhelpers.sandbox.state import sessions
from labhelpers.sandbox.wire.http import MAX_FIELDS, MAX_FORM, HttpRequest

ROOM = Path(labhelpers.sandbox.__file__).parent
#: What runs before anybody is known.
EARLY = [
    *(ROOM / "wire").glob("*.py"),
    *(ROOM / "authenticate").glob("*.py"),
    *(ROOM / "federation").glob("*.py"),
    *(ROOM / "workloads").glob("*.py"),
    *ROOM.glob("*.py"),
    *(ROOM / "interpret" / f"{name}.py" for name in ("addressed", "models", "unreadable")),
    ROOM / "record" / "federated.py",
    ROOM / "record" / "observe.py",
]
SEARCHING = ("search", "findall", "finditer", "sub", "subn", "split")


def searched_for():
    """The expressions that are looked for anywhere in a text, with the place of each."""
    for path in EARLY:
        tree = ast.parse(path.read_text())
        compiled = {
            node.targets[0].id: node.value.args[0]
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("re.compile(")
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            on = ast.unparse(node.func.value)
            if node.func.attr in SEARCHING and (on == "re" or on in compiled):
                said = node.args[0] if on == "re" else compiled[on]
                yield pytest.param(ast.literal_eval(said), id=f"{path.stem}-{node.lineno}")


def repeats(parsed):
    """The repetitions without an end in an expression, as what each repeats."""
    for kind, given in parsed:
        if kind in (MAX_REPEAT, MIN_REPEAT):
            if given[1] is MAXREPEAT:
                yield given[2]
            yield from repeats(given[2])
        elif kind is SUBPATTERN:
            yield from repeats(given[3])


@pytest.mark.parametrize("expression", list(searched_for()))
def test_an_expression_is_searched_for_in_one_go(expression):
    """It begins with a letter at which everything within it that has no end stops: no place of
    the text is looked at from two beginnings."""
    parsed = parser.parse(expression)
    endless = list(repeats(parsed))
    if not endless:
        return
    assert parsed[0][0] is LITERAL, "An expression that may begin anywhere, and goes on for ever."
    first = chr(parsed[0][1])
    for inner in endless:
        kind, given = inner[0]
        assert len(inner) == 1 and kind is IN, "Repeat classes of characters only."
        assert not matches(given, first), f"{expression!r} goes on beyond the next {first!r}."


def matches(members, letter):
    """Whether a class of characters has this one."""
    negated, found = False, False
    for kind, given in members:
        if str(kind) == "NEGATE":
            negated = True
        elif str(kind) == "LITERAL":
            found |= given == ord(letter)
        elif str(kind) == "RANGE":
            found |= given[0] <= ord(letter) <= given[1]
        elif str(kind) == "CATEGORY":
            text = {"WORD": r"\w", "SPACE": r"\s", "DIGIT": r"\d"}[str(given).rsplit("_", 1)[1]]
            found |= bool(re.match(text, letter)) != ("NOT" in str(given))
    return found != negated


LONG = 60_000
AUTHORIZATIONS = [
    "a" * LONG,
    "AWS4-HMAC-SHA256 " + " " * LONG + "x",
    "AWS4-HMAC-SHA256 " + "Signature = " * (LONG // 12),
    "AWS4-HMAC-SHA256 Credential=" + "a/" * (LONG // 2),
]


@pytest.mark.parametrize("text", AUTHORIZATIONS, ids=range(len(AUTHORIZATIONS)))
def test_a_long_signature_is_refused(lab, text):
    status, said = send(lab, headers={**FORM, "Authorization": text})
    assert (status, "IncompleteSignature" in said) == (400, True)


@pytest.mark.parametrize(
    ("scope", "service"),
    [
        ("AKIA/20260101/eu-west-1/iam/aws4_request", "iam"),
        ("AKIA/20260101/eu-west-1/iam", "sts"),
        ("a" * 99 + "/b/c/dynamo db/aws4_request", "sts"),
        ("////aws4_request", "sts"),
    ],
)
def test_a_service_is_read_from_the_scope(scope, service):
    header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    http = HttpRequest("POST", "/", "", {"authorization": header}, b"", "")
    assert addressed(http).service == service


@pytest.mark.parametrize(
    "header",
    [
        "Credential=A/20260101/r/sts/aws4_request,SignedHeaders=host;x-amz-date,Signature=ab",
        " Credential = A/20260101/r/sts/aws4_request , Signature=ab ,"
        "SignedHeaders = host;x-amz-date ",
    ],
)
def test_an_unusual_header_is_read_all_the_same(header):
    headers = {"authorization": f"AWS4-HMAC-SHA256 {header}", "x-amz-date": "20260101T000000Z"}
    http = HttpRequest("POST", "/", "", headers, b"", "")
    found = read_signature(http, addressed(http).family)
    assert (found.access_key_id, found.signature) == ("A", "ab")


def test_a_form_is_bounded(lab):
    fields = "Action=GetCallerIdentity&Version=2011-06-15" + "&a" * MAX_FIELDS
    big = "Action=GetCallerIdentity&a=" + "%41" * (MAX_FORM // 3)
    for body in (fields, big):
        status, said = send(lab, body=body, headers=FORM)
        assert (status, "forms of more than 4 MiB or 50,000 fields" in said) == (400, True)
    few = "Action=GetCallerIdentity&Version=2011-06-15" + "&a" * (MAX_FIELDS - 2)
    assert send(lab, body=few, headers=signed_headers(lab, body=few))[0] == 200


def test_what_is_put_is_no_form(lab):
    """curl calls whatever it sends a form."""
    s3 = lab.client("s3")
    place = {"LocationConstraint": lab.region}
    s3.create_bucket(Bucket="forms", CreateBucketConfiguration=place)
    content = b"&" * (MAX_FIELDS + 1)
    kind = "application/x-www-form-urlencoded"
    s3.put_object(Bucket="forms", Key="k", Body=content, ContentType=kind)
    assert s3.get_object(Bucket="forms", Key="k")["Body"].read() == content


def test_heads_are_bounded(lab):
    for header in ("User-Agent", "X-Amz-Meta-A"):
        status, said = send(lab, headers={header: "a" * 4 * server.MAX_HEAD})
        assert (status, "RequestHeaderSectionTooLarge" in said) == (400, True)


def test_a_record_keeps_little_of_what_was_refused(lab):
    """Nobody signed it, and each one is remembered."""
    token = base64.urlsafe_b64encode(b"{}" * 9000).decode()
    form = f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={'a' * 300_000}"
    for name in ("RoleSessionName", "WebIdentityToken"):
        form += f"&{name}={'b' * 300_000}"
    send(lab, body=f"{form}&Other={token}", headers=FORM)
    record = next(iter(lab._sandbox.gateway.recorder.newest_first()))
    kept = [record.refusal.message, str(record.seen.params) if record.seen else ""]
    assert [len(text) < 20_000 for text in kept] == [True, True]


def test_records_are_dropped_when_they_are_many_bytes(monkeypatch):
    monkeypatch.setattr(recorder, "MAX_BYTES", 1000)
    kept = Recorder()
    for number in range(100):
        kept.add(str(number), Record(None, size=90))
    assert [record.number for record in kept.newest_first()] == list(range(100, 89, -1))
    assert kept.get("0") is None and kept.total == 100


def test_what_is_overwritten_goes(lab):
    s3, kept = lab.client("s3"), []
    place = {"LocationConstraint": lab.region}
    s3.create_bucket(Bucket="written", CreateBucketConfiguration=place)
    for number in range(3):
        s3.put_object(Bucket="written", Key="k", Body=b"x" * number)
        bucket = s3_backends["111122223333"]["aws"].buckets["written"]
        kept.append(weakref.ref(bucket.keys["k"]))
    gc.collect()
    assert [one() is None for one in kept] == [True, True, False]


def test_a_session_that_is_over_keeps_an_id_and_an_end(monkeypatch):
    monkeypatch.setattr(sessions, "KEPT", 10)
    monkeypatch.setattr(sessions, "KEPT_ENDS", 15)
    known, start = sessions.SessionRegistry(), datetime(2026, 1, 1, tzinfo=UTC)
    known._room = 10
    user = Principal("user", "arn:aws:iam::111122223333:user/anna", "111122223333")
    made = []
    for hour in range(40):
        issued = start + timedelta(hours=hour)
        end = issued + timedelta(minutes=15)
        made.append(
            known.add(principal=user, user_id="A", issued=issued, expires=end, caller_arn=user.arn)
        )
    assert len(known.all()) <= 20 and known.all()[-1] == made[-1]
    forgotten = [s for s in made if known.get(s.access_key_id) is None]
    ends = [known.end_of(s.access_key_id) for s in forgotten]
    assert ends[-15:] == [s.expires for s in forgotten[-15:]]
    assert not any(ends[:-15]) and len(forgotten) > 15


def test_the_key_of_a_session_that_is_forgotten_has_expired(lab):
    registry = lab._sandbox.gateway.registry.sessions
    token = lab.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    lab.clock.advance(timedelta(hours=1))
    registry._let_go(lab.clock.now())
    assert registry.get(token["AccessKeyId"]) is None
    got = lab.attempt(lab.session_from(token).client("sts").get_caller_identity)
    assert got.code == "ExpiredToken"


def test_without_room_for_a_connection_the_server_looks_away(lab, monkeypatch):
    door = lab._sandbox._server
    full = Mock(accept=Mock(side_effect=OSError(errno.EMFILE, "Too many open files")))
    monkeypatch.setattr(door, "socket", full)
    now = listening.time.monotonic()
    monkeypatch.setattr(listening.time, "monotonic", lambda: now)
    door.handle_accept()
    assert full.accept.call_count == 1 and not door.readable()
    now += listening.PAUSE
    assert door.readable()
