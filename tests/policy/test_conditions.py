"""The Condition element (STS_FACTS 4.1, 4.2), table by table, with independent oracles."""

import base64
import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labhelpers.policy import Principal, Request, evaluate, parse
from labhelpers.policy.language.conditions import split_operator
from labhelpers.policy.language.operators import OPERATORS
from labhelpers.policy.writing.grammar_dates import is_date

KEY = "test:Key"
USER = Principal("user", "arn:aws:iam::111122223333:user/anna", "111122223333", "AIDA" + "A" * 17)
ABSENT = None


def met(operator, wanted, got, *, key=KEY, effect="Allow", modelled=None):
    """Say whether one condition lets its statement match a request with this key's value."""
    return meets({operator: {KEY: wanted}}, {} if got is ABSENT else {key: got}, effect, modelled)


def meets(block, context, effect="Allow", modelled=None):
    statement = {"Effect": effect, "Action": "s3:*", "Resource": "*", "Condition": block}
    policy = parse({"Version": "2012-10-17", "Statement": [statement]}, "identity")
    request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k", "", context, modelled)
    [result] = evaluate(request, identity=[policy]).statements
    return result.matched


def table(*rows):
    return pytest.mark.parametrize(
        "operator, wanted, got, expected",
        rows,
        ids=[f"{n}-{row[0]}-{row[1]}-{row[2]}"[:90] for n, row in enumerate(rows)],
    )


POSITIVE = sorted(name for name, entry in OPERATORS.items() if not entry.negated)
NEGATED = sorted(name for name, entry in OPERATORS.items() if entry.negated)
DOCUMENTED = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
]


def test_operators_are_the_documented_ones():
    """The engine knows the operators of the User Guide and no others (Null apart)."""
    assert sorted(OPERATORS) == sorted(DOCUMENTED)
    assert sorted(NEGATED) == sorted(n for n in DOCUMENTED if "Not" in n)


@pytest.mark.parametrize("operator", POSITIVE)
def test_absent_key_fails_positive(operator):
    assert not met(operator, "1", ABSENT)


@pytest.mark.parametrize("operator", NEGATED)
def test_absent_key_meets_negated(operator):
    assert met(operator, "1", ABSENT)


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("operator", DOCUMENTED)
def test_absent_key_meets_if_exists(operator, effect):
    """IfExists is met without the key, also in a Deny with a negated operator."""
    assert met(f"{operator}IfExists", "1", ABSENT, effect=effect)


@pytest.mark.parametrize("operator", DOCUMENTED)
@pytest.mark.parametrize("got", [ABSENT, [], ()], ids=["absent", "empty list", "empty tuple"])
def test_absent_key_with_set_prefix(operator, got):
    """ForAllValues passes without the key, ForAnyValue does not, negated or not."""
    assert met(f"ForAllValues:{operator}", "1", got)
    assert not met(f"ForAnyValue:{operator}", "1", got)
    assert met(f"ForAnyValue:{operator}IfExists", "1", got)


PRESENT = {"String": ("x", "y"), "Numeric": ("5", "6"), "Date": ("2026", "2027")}
PRESENT |= {"Bool": ("true", "false"), "Binary": ("eA==", "y"), "Arn": ("a:b:c:d:e:f", "g")}


@pytest.mark.parametrize("operator", [n for n in DOCUMENTED if n.endswith("Equals")])
def test_if_exists_changes_nothing_when_the_key_is_there(operator):
    wanted, other = next(v for k, v in PRESENT.items() if operator.startswith(k))
    for got in (wanted, other):
        assert met(operator, wanted, got) == met(f"{operator}IfExists", wanted, got)


@table(
    ("Null", "true", ABSENT, True),
    ("Null", "true", "x", False),
    ("Null", "false", ABSENT, False),
    ("Null", "false", "x", True),
    ("Null", True, ABSENT, True),
    ("Null", False, "x", True),
    ("Null", True, "x", False),
    ("Null", "TRUE", ABSENT, True),
    ("Null", "true", [], True),
    ("Null", "false", [], False),
    ("Null", "false", "", True),
    ("Null", "true", "", False),
    ("Null", ["true", "false"], "x", True),
    ("Null", ["true", "false"], ABSENT, True),
    ("Null", "true", ["x", "y"], False),
)
def test_null(operator, wanted, got, expected):
    """Null asks whether the key is absent; an empty text is present."""
    assert met(operator, wanted, got) is expected


@pytest.mark.parametrize(
    "operator, parts",
    [
        ("StringEquals", ("", "StringEquals", False)),
        ("BoolIfExists", ("", "Bool", True)),
        ("ForAllValues:ArnLikeIfExists", ("ForAllValues:", "ArnLike", True)),
        ("ForAnyValue:StringLike", ("ForAnyValue:", "StringLike", False)),
        ("Null", ("", "Null", False)),
        ("NullIfExists", None),
        ("stringequals", None),
        ("StringEqual", None),
        ("ForAllValue:StringEquals", None),
        ("ForAllValues:ForAnyValue:StringEquals", None),
        ("StringEqualsIfExistsIfExists", None),
        ("IfExists", None),
        ("", None),
        ("BinaryNotEquals", None),
    ],
)
def test_split_operator(operator, parts):
    """Operators are case-sensitive, IfExists does not go with Null."""
    assert split_operator(operator) == parts


@table(
    ("StringEquals", "Ab", "Ab", True),
    ("StringEquals", "Ab", "ab", False),
    ("StringEquals", "a*", "abc", False),
    ("StringEquals", "a*", "a*", True),
    ("StringEquals", "a?", "ab", False),
    ("StringEquals", ["x", "y"], "y", True),
    ("StringEquals", [], "y", False),
    ("StringEquals", "", "", True),
    ("StringEquals", "a", "a ", False),
    ("StringEquals", 5, "5", True),
    ("StringEquals", True, "true", True),
    ("StringNotEquals", "Ab", "ab", True),
    ("StringNotEquals", "Ab", "Ab", False),
    ("StringNotEquals", ["x", "y"], "y", False),
    ("StringNotEquals", ["x", "y"], "z", True),
    ("StringNotEquals", "a*", "abc", True),
    ("StringEqualsIgnoreCase", "Ab", "aB", True),
    ("StringEqualsIgnoreCase", "a*", "ABC", False),
    ("StringNotEqualsIgnoreCase", "Ab", "aB", False),
    ("StringNotEqualsIgnoreCase", ["a", "b"], "C", True),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "a*", "Abc", False),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "a?c", "abbc", False),
    ("StringLike", "*", "", True),
    ("StringLike", "?", "", False),
    ("StringLike", "*b*", "abc", True),
    ("StringLike", "repo:me/*:ref:*", "repo:me/x:ref:y/z", True),
    ("StringLike", ["x*", "y*"], "yes", True),
    ("StringLike", "a.c", "abc", False),
    ("StringLike", "[ab]", "a", False),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", ["x*", "y*"], "zoo", True),
    ("StringNotLike", ["x*", "z*"], "zoo", False),
)
def test_string(operator, wanted, got, expected):
    assert met(operator, wanted, got) is expected


@table(
    ("NumericEquals", "5", "5", True),
    ("NumericEquals", 5, "5.0", True),
    ("NumericEquals", "5", "5.00", True),
    ("NumericEquals", "05", "5", True),
    ("NumericEquals", 1.5, "1.5", True),
    ("NumericEquals", "0.1", "0.10000000000000001", False),
    ("NumericEquals", "five", "five", False),
    ("NumericEquals", "5", "five", False),
    ("NumericEquals", "-3", "-3.0", True),
    ("NumericNotEquals", "5", "5.0", False),
    ("NumericNotEquals", "5", "6", True),
    ("NumericNotEquals", ["5", "6"], "6", False),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThan", "9007199254740993", "9007199254740992", True),
    ("NumericLessThan", ["1", "10"], "5", True),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericLessThanEquals", "10", "10.1", False),
    ("NumericLessThanEquals", "3600", 3600, True),
    ("NumericGreaterThan", "10", "9", False),
    ("NumericGreaterThan", "9", "10", True),
    ("NumericGreaterThan", "-1", "0", True),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericGreaterThanEquals", "10", "9.999", False),
    ("NumericLessThan", "10", "", False),
    ("NumericLessThan", "10", "1_0", False),
    ("NumericLessThan", "${x}", "1", False),
)
def test_numeric(operator, wanted, got, expected):
    """Numbers compare by value, not as texts and not as floats."""
    assert met(operator, wanted, got) is expected


NOON = "2026-01-02T12:00:00Z"


@table(
    ("DateEquals", NOON, NOON, True),
    ("DateEquals", NOON, "2026-01-02T13:00:00+01:00", True),
    ("DateEquals", NOON, "2026-01-02T07:00:00-05:00", True),
    ("DateEquals", NOON, "2026-01-02T12:00:00.000Z", True),
    ("DateEquals", NOON, "2026-01-02T12:00Z", True),
    ("DateEquals", NOON, "1767355200", True),
    ("DateEquals", "1767355200", NOON, True),
    ("DateEquals", 1767355200, NOON, True),
    ("DateEquals", "2026-01-02", "2026-01-02T00:00:00Z", True),
    ("DateEquals", "2026-01", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "2026", "2026-01-01T00:00:00Z", True),
    ("DateEquals", "2026-02-30", "2026-02-30", False),
    ("DateNotEquals", NOON, "2026-01-02T12:00:01Z", True),
    ("DateNotEquals", NOON, NOON, False),
    ("DateLessThan", NOON, "2026-01-02T11:59:59.999Z", True),
    ("DateLessThan", NOON, NOON, False),
    ("DateLessThan", "2026-01-02T12:00:00.000Z", "2026-01-02T11:59:59Z", True),
    ("DateLessThan", NOON, "2026-01-02T12:30:00+01:00", True),
    ("DateLessThanEquals", NOON, NOON, True),
    ("DateLessThanEquals", NOON, "2026-01-02T12:00:00.001Z", False),
    ("DateGreaterThan", NOON, "2026-01-02T12:00:01Z", True),
    ("DateGreaterThan", NOON, NOON, False),
    ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", True),
    ("DateGreaterThanEquals", NOON, NOON, True),
    ("DateGreaterThanEquals", NOON, "2026-01-02T11:59:59Z", False),
    ("DateLessThan", NOON, ABSENT, False),
)
def test_date(operator, wanted, got, expected):
    assert met(operator, wanted, got) is expected


@settings(deadline=None)
@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)),
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)),
    st.sampled_from(["Z", "+00:00", "+05:30", "-08:00", "+1400"]),
)
def test_dates_compare_as_python_compares_them(bound, given_, offset):
    """Oracle: datetime.fromisoformat."""
    wanted, got = bound.isoformat() + "Z", given_.isoformat() + offset
    one, other = datetime.fromisoformat(wanted), datetime.fromisoformat(got)
    assert met("DateLessThan", wanted, got) == (other < one)
    assert met("DateGreaterThanEquals", wanted, got) == (other >= one)
    assert met("DateEquals", wanted, got) == (other == one)


@settings(deadline=None)
@given(st.integers(0, 4102444800), st.integers(0, 4102444800))
def test_epoch_seconds_and_iso_dates_agree(bound, got):
    iso = datetime.fromtimestamp(got, UTC).isoformat()
    if bound >= 10_000:  # four digits are a year
        assert met("DateLessThan", str(bound), iso) == (got < bound)


@table(
    ("Bool", "true", "true", True),
    ("Bool", "true", "false", False),
    ("Bool", "false", "false", True),
    ("Bool", True, "true", True),
    ("Bool", False, "true", False),
    ("Bool", "True", "tRUE", True),
    ("Bool", "true", True, True),
    ("Bool", "false", False, True),
    ("Bool", "yes", "yes", False),
    ("Bool", "true", "1", False),
    ("Bool", ["true", "false"], "false", True),
    ("Bool", "false", ABSENT, False),
    ("BoolIfExists", "false", ABSENT, True),
    ("BoolIfExists", "true", "false", False),
)
def test_bool(operator, wanted, got, expected):
    """A long-term key has no aws:MultiFactorAuthPresent, so Bool false does not match it."""
    assert met(operator, wanted, got) is expected


QUJD = base64.b64encode(b"ABC").decode()
HIGH = base64.b64encode(bytes([0, 255, 128])).decode()


@table(
    ("BinaryEquals", QUJD, b"ABC", True),
    ("BinaryEquals", QUJD, "ABC", True),
    ("BinaryEquals", QUJD, b"ABCD", False),
    ("BinaryEquals", QUJD, QUJD, False),
    ("BinaryEquals", HIGH, bytes([0, 255, 128]), True),
    ("BinaryEquals", "", b"", True),
    ("BinaryEquals", "%%%", b"%%%", False),
    ("BinaryEquals", "QUJ", b"ABC", False),
    ("BinaryEquals", ["%%%", QUJD], b"ABC", True),
    ("BinaryEquals", QUJD, ABSENT, False),
)
def test_binary(operator, wanted, got, expected):
    assert met(operator, wanted, got) is expected


BOTH = ["203.0.113.0/24", "2001:db8::/32"]


@table(
    ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),
    ("IpAddress", "203.0.113.7", "203.0.113.8", False),
    ("IpAddress", "203.0.113.77/24", "203.0.113.1", True),
    ("IpAddress", "0.0.0.0/0", "8.8.8.8", True),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "::/0", "8.8.8.8", False),
    ("IpAddress", BOTH, "2001:db8::1", True),
    ("IpAddress", BOTH, "203.0.113.9", True),
    ("IpAddress", BOTH, "2001:db9::1", False),
    ("IpAddress", "2001:DB8:0:0::1", "2001:db8::1", True),
    ("IpAddress", "2001:db8::1", "2001:db8::2", False),
    ("IpAddress", "10.0.0.0/33", "10.0.0.1", False),
    ("IpAddress", "10.0.0.*", "10.0.0.1", False),
    ("IpAddress", "10.0.0.0/8", "not an address", False),
    ("IpAddress", "10.0.0.0/8", "", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.114.0", True),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.1", False),
    ("NotIpAddress", BOTH, "2001:db8::1", False),
    ("NotIpAddress", BOTH, "198.51.100.1", True),
    ("NotIpAddress", BOTH, ABSENT, True),
    ("NotIpAddressIfExists", BOTH, ABSENT, True),
)
def test_ip(operator, wanted, got, expected):
    """A range of one family never matches an address of the other."""
    assert met(operator, wanted, got) is expected


@settings(deadline=None)
@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_ipv4_ranges_share_their_leading_bits(base, got, length):
    """Oracle: the first `length` bits are equal."""
    shift = 32 - length
    assert met("IpAddress", f"{base}/{length}", str(got)) == (
        int(base) >> shift == int(got) >> shift
    )


@settings(deadline=None)
@given(st.ip_addresses(v=6), st.integers(0, 128), st.integers(0, 2**128 - 1))
def test_ipv6_ranges_share_their_leading_bits(base, length, noise):
    got = ipaddress.IPv6Address(int(base) ^ (noise >> length if length < 128 else 0))
    assert met("IpAddress", f"{base}/{length}", str(got))
    assert not met("NotIpAddress", f"{base}/{length}", got.exploded)


ROLE = "arn:aws:iam::111122223333:role/team/app"
FINANCE = "arn:aws:svc:*:111122223333:finance/*"
LONG = "arn:aws:svc:eu:west:111122223333:finance/x"


@table(
    ("ArnEquals", ROLE, ROLE, True),
    ("ArnEquals", ROLE, ROLE.lower().replace("app", "App"), False),
    ("ArnEquals", "arn:aws:iam::*:role/*", ROLE, True),
    ("ArnLike", "arn:aws:iam::*:role/*", ROLE, True),
    ("ArnLike", "arn:aws:iam::*:role/app", ROLE, False),
    ("ArnLike", "arn:aws:iam::11112222333?:role/team/a?p", ROLE, True),
    ("ArnLike", "arn:aws:iam::11112222333?:role/team/app?", ROLE, False),
    ("ArnLike", "arn:aws:*:role/team/app", ROLE, False),
    ("ArnLike", "arn:*", ROLE, False),
    ("ArnLike", "*:*:*:*:*:*", ROLE, True),
    ("ArnLike", FINANCE, "arn:aws:svc:eu:111122223333:finance/x", True),
    ("ArnLike", FINANCE, LONG, False),
    ("StringLike", FINANCE, LONG, True),
    ("ArnLike", "arn:aws:sns:*:*:t", "arn:aws:sns:eu-west-1:111122223333:t:sub", False),
    ("ArnLike", "arn:aws:sns:*:*:t:*", "arn:aws:sns:eu-west-1:111122223333:t:sub", True),
    ("ArnLike", "arn:aws:sns:*:*:*", "arn:aws:sns:eu-west-1:111122223333:t:sub", True),
    ("ArnLike", "arn:aws:iam::*:role/*", "role/app", False),
    ("ArnLike", "ARN:aws:iam::*:role/*", ROLE, False),
    ("ArnLike", ["arn:aws:s3:::*", "arn:aws:iam::*:*"], ROLE, True),
    ("ArnNotEquals", "arn:aws:iam::*:role/*", ROLE, False),
    ("ArnNotLike", "arn:aws:iam::*:user/*", ROLE, True),
    ("ArnNotLike", ["arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*"], ROLE, False),
    ("ArnNotLike", FINANCE, LONG, True),
    ("ArnNotEquals", ROLE, ABSENT, True),
)
def test_arn(operator, wanted, got, expected):
    """The six parts are compared one by one, also by ArnEquals."""
    assert met(operator, wanted, got) is expected


AB = ["a", "b"]


@table(
    ("ForAllValues:StringEquals", AB, ["a"], True),
    ("ForAllValues:StringEquals", AB, ["a", "b"], True),
    ("ForAllValues:StringEquals", AB, ["a", "c"], False),
    ("ForAllValues:StringEquals", AB, "a", True),
    ("ForAllValues:StringEquals", AB, "c", False),
    ("ForAllValues:StringEquals", AB, [""], True),
    ("ForAllValues:StringEquals", AB, ["", ""], True),
    ("ForAllValues:StringEquals", AB, ["", "c"], False),
    ("ForAnyValue:StringEquals", AB, ["c", "a"], True),
    ("ForAnyValue:StringEquals", AB, ["c", "d"], False),
    ("ForAnyValue:StringEquals", AB, "b", True),
    ("ForAnyValue:StringLike", "a*", ["b", "ab"], True),
    ("ForAllValues:StringLike", "a*", ["b", "ab"], False),
    ("ForAllValues:StringNotEquals", AB, ["c", "d"], True),
    ("ForAllValues:StringNotEquals", AB, ["c", "a"], False),
    ("ForAnyValue:StringNotEquals", AB, ["a", "c"], True),
    ("ForAnyValue:StringNotEquals", AB, ["a", "b"], False),
    ("ForAnyValue:StringNotLike", "a*", ["ab", "ac"], False),
    ("ForAllValues:NumericLessThan", "10", ["1", "9"], True),
    ("ForAllValues:NumericLessThan", "10", ["1", "11"], False),
    ("ForAnyValue:ArnLike", "arn:aws:iam::*:role/*", ["x", ROLE], True),
    ("ForAnyValue:IpAddress", "10.0.0.0/8", ["8.8.8.8", "10.1.1.1"], True),
    ("ForAllValues:Bool", "true", ["true", "false"], False),
    ("ForAllValues:StringEqualsIfExists", AB, ["c"], False),
    ("ForAnyValue:StringEqualsIfExists", AB, ["c"], False),
)
def test_set_prefix(operator, wanted, got, expected):
    assert met(operator, wanted, got) is expected


LETTERS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4)


@settings(deadline=None)
@given(LETTERS, LETTERS, st.sampled_from(["Allow", "Deny"]))
def test_set_operators_are_set_relations(wanted, got, effect):
    """Oracle: subset, overlap and their negations, whatever the effect."""
    have, listed = set(got), set(wanted)
    assert met("ForAllValues:StringEquals", wanted, got, effect=effect) == (have <= listed)
    assert met("ForAnyValue:StringEquals", wanted, got, effect=effect) == bool(have & listed)
    assert met("ForAllValues:StringNotEquals", wanted, got, effect=effect) == (not have & listed)
    assert met("ForAnyValue:StringNotEquals", wanted, got, effect=effect) == bool(have - listed)


@settings(deadline=None)
@given(st.sampled_from(DOCUMENTED), st.text(max_size=8), st.text(max_size=8))
def test_negated_operator_is_the_opposite_of_its_positive(operator, wanted, got):
    """With the key present, XNotY and XY never agree, also for values of the wrong type."""
    negated = {"IpAddress": "NotIpAddress"}.get(operator)
    for family in ("String", "Numeric", "Date", "Arn"):
        if operator.startswith(family):
            negated = operator.replace(family, f"{family}Not")
    if negated in OPERATORS and (not operator.startswith("Date") or is_date(wanted)):
        assert met(operator, wanted, got) != met(negated, wanted, got)


BLOCKS = {
    "operators are an AND": (
        {"StringEquals": {"a:x": "1"}, "StringLike": {"a:y": "2*"}},
        [({"a:x": "1", "a:y": "22"}, True), ({"a:x": "1", "a:y": "3"}, False), ({}, False)],
    ),
    "keys are an AND": (
        {"StringEquals": {"a:x": "1", "a:y": "2"}},
        [({"a:x": "1", "a:y": "2"}, True), ({"a:x": "1"}, False), ({"a:y": "2"}, False)],
    ),
    "values are an OR": (
        {"StringEquals": {"a:x": ["1", "2"]}},
        [({"a:x": "1"}, True), ({"a:x": "2"}, True), ({"a:x": "3"}, False)],
    ),
    "values of a negated operator are a NOR": (
        {"StringNotEquals": {"a:x": ["1", "2"]}},
        [({"a:x": "1"}, False), ({"a:x": "2"}, False), ({"a:x": "3"}, True), ({}, True)],
    ),
    "the same key under two operators is a range": (
        {"NumericGreaterThan": {"a:x": "1"}, "NumericLessThan": {"a:x": "5"}},
        [({"a:x": "3"}, True), ({"a:x": "1"}, False), ({"a:x": "5"}, False)],
    ),
    "an empty block is always met": ({}, [({}, True), ({"a:x": "1"}, True)]),
    "key names ignore case, values do not": (
        {"StringEquals": {"AWS:requesttag/DEPT": "hr"}},
        [({"aws:RequestTag/Dept": "hr"}, True), ({"aws:RequestTag/Dept": "HR"}, False)],
    ),
    "Null guards ForAllValues": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": "x"}, "Null": {"aws:TagKeys": "false"}},
        [({"aws:TagKeys": ["x"]}, True), ({}, False), ({"aws:TagKeys": ["y"]}, False)],
    ),
    "revoked sessions: older tokens only, long-term keys not": (
        {"DateLessThan": {"aws:TokenIssueTime": "2026-09-01T10:00:00.000Z"}},
        [
            ({"aws:TokenIssueTime": "2026-09-01T09:59:59Z"}, True),
            ({"aws:TokenIssueTime": "2026-09-01T10:00:00Z"}, False),
            ({}, False),
        ],
    ),
}


@pytest.mark.parametrize(
    "block, context, expected",
    [(block, context, want) for block, cases in BLOCKS.values() for context, want in cases],
    ids=[f"{name} {n}" for name, (_, cases) in BLOCKS.items() for n in range(len(cases))],
)
def test_combination(block, context, expected):
    assert meets(block, context) is expected


def test_key_nobody_knows_meets_nothing():
    """An absent key that is not modelled is neither absent nor present."""
    for operator in ("StringEquals", "StringNotEquals", "StringEqualsIfExists", "Null"):
        for wanted in ("true", "false"):
            assert not met(operator, wanted, ABSENT, modelled=lambda key: False)
    assert met("StringEquals", "x", "x", modelled=lambda key: False)
