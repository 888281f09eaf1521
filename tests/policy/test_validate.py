"""Validation with places: every defect, where it stands, AWS's words (STS_FACTS 2.7)."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import lines_run

from labhelpers import policy as room
from labhelpers.policy import PolicyError, parse, validate
from labhelpers.policy.language.model import KINDS
from labhelpers.policy.writing.grammar import defects
from labhelpers.policy.writing.places import Places

USER = "arn:aws:iam::111122223333:user/anna"
TEXT = """{
  "Version": "2012-10-17",
  "statement": [],
  "Statement": [
    {"Sid": "a b", "Effect": "allow",
     "Action": ["s3:GetObject", "GetObject"], "Resource": "bucket",
     "Condition": {
       "StringEqual": {"a:x": 1},
       "Bool": {"x": null}
     }},
    {
      "Effect": "Allow", "Effect": "Deny",
      "NotAction": "s3:*",
      "Resource": []
    },
    7
  ]
}"""


def test_every_defect_with_its_place():
    """Names that are wrong are shown at the name, values at the value, lacks at the statement."""
    found = [(f.line, f.column, f.path) for f in validate(TEXT, "identity")]
    assert found == [
        (3, 3, "statement"),
        (5, 13, "Statement[0].Sid"),
        (5, 30, "Statement[0].Effect"),
        (6, 33, "Statement[0].Action[1]"),
        (6, 59, "Statement[0].Resource"),
        (8, 8, "Statement[0].Condition.StringEqual"),
        (9, 22, "Statement[0].Condition.Bool.x"),
        (12, 26, "Statement[1].Effect"),
        (14, 19, "Statement[1].Resource"),
        (16, 5, "Statement[2]"),
    ]


def test_missing_elements_are_shown_at_the_statement():
    text = '{"Version": "2012-10-17",\n "Statement": [\n  {"Sid": "x"}]}'
    found = validate(text, "trust")
    assert {(f.line, f.column, f.path) for f in found} == {(3, 3, "Statement[0]")}
    assert {f.message for f in found} == {
        "Missing required field Effect",
        "Missing required field Principal",
        "Missing required field Action",
    }


@pytest.mark.parametrize(
    "text, line, column",
    [
        ("", 1, 1),
        ("{", 1, 2),
        ('{"Version": "2012-10-17",\n "Statement": [}', 2, 16),
        ('{\n  "Version": "2012-10-17"\n  "Statement": []}', 3, 3),
        ('{"a": 1} x', 1, 10),
    ],
)
def test_no_json(text, line, column):
    """One finding at the place where reading stopped."""
    [found] = validate(text, "identity")
    assert found.message == "Syntax errors in policy."
    assert (found.line, found.column) == (line, column)
    assert found.instead


def test_a_dict_has_the_places_of_its_indented_text():
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*"}}
    [found] = validate(document, "identity")
    assert (found.message, found.line) == ("Policy statement must contain resources.", 3)


@pytest.mark.parametrize("document", [float("nan"), {"a": {1, 2}}, {"a": float("inf")}])
def test_what_cannot_be_json(document):
    told = {kind: validate(document, kind)[0].message for kind in ("identity", "session", "trust")}
    assert told == {
        "identity": "Syntax errors in policy.",
        "session": "The policy is not in the valid JSON format.",
        "trust": "This policy contains invalid Json",
    }


def test_kind_that_does_not_exist():
    with pytest.raises(ValueError, match="no policy kind 'bucket'"):
        validate("{}", "bucket")


GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
GOOD = dict.fromkeys(KINDS, GOOD) | {
    "resource": GOOD | {"Principal": "*"},
    "rcp": GOOD | {"Principal": "*"},
    "trust": {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_function_for_each_kind(kind):
    check = getattr(room, f"validate_{kind}")
    assert check({"Version": "2012-10-17", "Statement": GOOD[kind]}) == []
    other = "identity" if kind == "trust" else "trust"
    [*found] = check({"Version": "2012-10-17", "Statement": GOOD[other]})
    assert found


def sized(kind, size):
    """A good policy of exactly `size` characters that are no white space."""
    document = {"Version": "2012-10-17", "Id": "", "Statement": [GOOD[kind]]}
    empty = len("".join(json.dumps(document).split()))
    return json.dumps(document | {"Id": "x" * (size - empty)})


SIZES = [
    ("trust", 2048, "error", "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"),
    ("trust", 4096, "error", "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 4096"),
    ("identity", 6144, "warning", "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
    ("identity", 10240, "error", "LimitExceeded", "Maximum policy size of 10240 bytes exceeded"),
    ("boundary", 6144, "error", "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"),
    ("scp", 5120, "warning", "ConstraintViolationException", "exceeded the allowed size"),
    ("rcp", 5120, "warning", "ConstraintViolationException", "exceeded the allowed size"),
    ("resource", 20480, "warning", "PolicyTooLarge", "maximum allowed document size"),
]


@pytest.mark.parametrize("kind, limit, severity, code, words", SIZES)
def test_sizes(kind, limit, severity, code, words):
    """The quota itself is allowed, one character more is not; white space does not count."""
    at, over = sized(kind, limit), sized(kind, limit + 1)
    assert words not in "".join(f.message for f in validate(at, kind))
    assert words not in "".join(f.message for f in validate(at.replace(",", ",\n   "), kind))
    [found] = validate(over, kind)
    assert (found.severity, found.code) == (severity, code)
    assert words in found.message
    assert f"{limit + 1:,}" in found.why


def test_session_policies_count_every_character():
    """STS counts plain text, white space included."""
    text = sized("session", 1000)
    assert validate(text.ljust(2048), "session") == []
    [found] = validate(text.ljust(2049), "session")
    assert found.message == "Member must have length less than or equal to 2048"


def test_longest_document_of_all():
    [found] = validate(sized("resource", 131_073), "resource")
    assert found.message == "Member must have length less than or equal to 131072"


@pytest.mark.parametrize("kind", ["identity", "trust", "session", "boundary"])
def test_characters(kind):
    """IAM and STS take characters up to U+00FF; JSON can escape the others."""
    document = {"Version": "2012-10-17", "Id": "ÿ →", "Statement": GOOD[kind]}
    [found] = validate(json.dumps(document, ensure_ascii=False), kind)
    assert found.code == "ValidationError"
    assert "U+2192" in found.why
    assert validate(json.dumps(document), kind) == []


TRUSTED = ["sts:AssumeRole", "sts:*", "sts:AssumeRole*", "STS:tagsession", "sts:SetSourceIdentity"]
REFUSED = ["sts:GetCallerIdentity", "sts:Get*", "sts:AssumeRol", "sts:AssumeRoot", "s3:*"]


@pytest.mark.parametrize("action", TRUSTED + REFUSED)
def test_actions_of_a_trust_policy(action):
    """Only the actions by which somebody gets a session of the role."""
    statement = GOOD["trust"] | {"Action": action}
    found = validate({"Version": "2012-10-17", "Statement": statement}, "trust")
    messages = [f.message for f in found]
    wanted = "AssumeRole policy may only specify STS AssumeRole actions."
    assert messages == ([] if action in TRUSTED else [wanted])


@pytest.mark.parametrize("action", ["s3:ListBucket", "nonsense"])
def test_work_grows_with_the_policy_and_not_with_its_square(action):
    """At most four lines a character, defects or none; `make bench` has the milliseconds."""

    def work(count):
        condition = {"StringLike": {"s3:prefix": ["a/*", "b/*"]}}
        statement = GOOD["identity"] | {"Action": action, "Condition": condition}
        statements = [statement | {"Sid": f"s{n}"} for n in range(count)]
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        lines = lines_run(lambda: validate(text, "identity"))
        assert lines < 4 * len(text)
        return lines

    assert work(600) < 2.5 * work(300)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=4), v, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_places_are_where_the_values_are(value, indent, ascii_only):
    """Oracle: reading JSON again at the place of every value gives the value."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    places, lines = Places(text), text.split("\n")
    reader = json.JSONDecoder()

    def check(part, path):
        line, column = places.of(path)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert reader.raw_decode(rest)[0] == part
        if isinstance(part, list):
            for number, item in enumerate(part):
                check(item, f"{path}[{number}]")
        elif isinstance(part, dict):
            for key, item in part.items():
                check(item, f"{path}.{key}" if path else key)

    # Keys with dots or brackets make paths ambiguous; policies have none that collide.
    if not any(sign in text for sign in (".", "[0]", "[1]", '""')):
        check(value, "")


@settings(max_examples=200, deadline=None)
@given(VALUES | st.text(max_size=20), st.sampled_from(KINDS))
def test_validate_agrees_with_parse(value, kind):
    """What parse refuses has a finding, what it accepts has no malformed part; no exceptions."""
    text = value if isinstance(value, str) else json.dumps({"Statement": value})
    found = [f for f in validate(text, kind) if f.code == "MalformedPolicyDocument"]
    try:
        parse(text, kind)
    except PolicyError as error:
        assert str(error) in [f.message for f in found]
    else:
        assert found == []


def test_defects_and_findings_are_the_same():
    value = json.loads(TEXT)
    messages = sorted(str(defect) for defect in defects(value, "identity"))
    found = sorted(f.message for f in validate(json.dumps(value), "identity"))
    assert found == messages
