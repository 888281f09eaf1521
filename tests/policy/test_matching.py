"""Actions, resources, ARN parts and wildcards (STS_FACTS 3.6), with `re` as the oracle."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import matching

from labhelpers.policy import PolicyError, Principal, Request, evaluate, parse
from labhelpers.policy.language.arn import account_of, arn_matcher
from labhelpers.policy.language.operators import OPERATORS
from labhelpers.policy.language.wildcard import joined, matcher, tokens_of

A = "111122223333"
USER = Principal("user", f"arn:aws:iam::{A}:user/anna", A)


def matches(action="s3:GetObject", resource="arn:aws:s3:::b/k", effect="Allow", **elements):
    """Say whether one statement with these elements matches the request."""
    statement = {"Effect": effect, **elements}
    if "NotAction" not in elements:
        statement.setdefault("Action", "*")
    if "NotResource" not in elements:
        statement.setdefault("Resource", "*")
    policy = parse({"Version": "2012-10-17", "Statement": [statement]}, "identity")
    decision = evaluate(Request(USER, action, resource), identity=[policy])
    return any(result.matched for result in decision.statements)


ACTIONS = [
    ("s3:GetObject", "s3:GetObject", True),
    ("s3:getobject", "s3:GetObject", True),
    ("S3:GETOBJECT", "s3:GetObject", True),
    ("s3:GetObject", "S3:getObject", True),
    ("s3:GetObject", "s3:GetObjectAcl", False),
    ("s3:GetObjectAcl", "s3:GetObject", False),
    ("s3:Get*", "s3:GetObjectAcl", True),
    ("s3:GET*", "s3:GetObject", True),
    ("s3:*", "s3:PutObject", True),
    ("s3:*", "s3express:CreateSession", False),
    ("*", "ec2:RunInstances", True),
    ("s3:*Object", "s3:PutObject", True),
    ("s3:*Object", "s3:PutObjectAcl", False),
    ("s3:?etObject", "s3:GetObject", True),
    ("s3:?etObject", "s3:etObject", False),
    ("s3:Get*Acl*", "s3:GetObjectAcl", True),
    ("s3:*Get*", "s3:GetObject", True),
    ("s3:G*e*t", "s3:GetObject", True),
    ("ec2:GetObject", "s3:GetObject", False),
    ("sts:AssumeRole", "sts:AssumeRoleWithSAML", False),
    ("sts:AssumeRole*", "sts:AssumeRoleWithSAML", True),
    (["ec2:*", "s3:Get*"], "s3:GetObject", True),
    (["ec2:*", "sqs:*"], "s3:GetObject", False),
    (["s3:PutObject", "s3:GetObject"], "s3:GetObject", True),
]
IDS = [f"{row[0]} {row[1]}" for row in ACTIONS]


@pytest.mark.parametrize("named, asked, expected", ACTIONS, ids=IDS)
def test_action(named, asked, expected):
    """Prefix and name ignore case; NotAction is the complement of Action."""
    assert matches(asked, Action=named) is expected
    assert matches(asked, NotAction=named) is not expected
    assert matches(asked, effect="Deny", Action=named) is expected


@settings(deadline=None)
@given(st.sampled_from(["s3:Get*", "s3:GetObject", "*", "s3:?et*"]), st.randoms())
def test_case_of_actions_never_matters(named, random):
    def mixed(text):
        return "".join(random.choice([c.lower(), c.upper()]) for c in text)

    assert matches(mixed("s3:GetObject"), Action=mixed(named))


SQS = f"arn:aws:sqs:eu-west-1:{A}:queue"
RESOURCES = [
    ("arn:aws:s3:::b/k", "arn:aws:s3:::b/k", True),
    ("arn:aws:s3:::b/k", "arn:aws:s3:::b/K", False),
    ("arn:aws:s3:::B/k", "arn:aws:s3:::b/k", False),
    ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k", True),
    ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y/z", True),
    ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", True),
    ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
    ("arn:aws:s3:::b*", "arn:aws:s3:::bucket", True),
    ("arn:aws:s3:::b", "arn:aws:s3:::bucket", False),
    ("arn:aws:s3:::*", "arn:aws:s3:::b/k", True),
    ("arn:aws:s3:::b/*/z", "arn:aws:s3:::b/x/y/z", True),
    ("arn:aws:s3:::b/??", "arn:aws:s3:::b/xy", True),
    ("arn:aws:s3:::b/??", "arn:aws:s3:::b/x", False),
    ("arn:aws:s3:::b/?", "arn:aws:s3:::b//", True),
    ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b:c", True),
    ("arn:aws:s3:::b/a:*", "arn:aws:s3:::b/a:b:c", True),
    ("arn:aws:s3:::b/*.txt", "arn:aws:s3:::b/x.txt", True),
    ("arn:aws:s3:::b/*.txt", "arn:aws:s3:::b/xtxt", False),
    ("arn:aws:s3:::b/[k]", "arn:aws:s3:::b/k", False),
    ("*", "arn:aws:s3:::b/k", True),
    ("*", "*", True),
    ("*", "", True),
    (SQS, SQS, True),
    (SQS, SQS + "2", False),
    (f"arn:aws:sqs:*:{A}:queue", SQS, True),
    ("arn:aws:sqs:eu-*-1:*:queue", SQS, True),
    ("arn:aws:sqs:eu-west-?:*:queue", SQS, True),
    ("arn:aws:sqs:us-*:*:queue", SQS, False),
    (f"arn:aws:sqs:*:{A}:*", SQS, True),
    ("arn:aws:sqs:*:*:*", SQS, True),
    ("arn:aws:sqs:*:444455556666:*", SQS, False),
    ("arn:*:sqs:*:*:queue", SQS, True),
    ("arn:aws:sqs:*:queue", SQS, None),
    ("arn:aws:sqs*", SQS, None),
    ("arn:aws:s3:*:*:b", "arn:aws:s3:::b", True),
    ("arn:aws:s3:*:*:b", "arn:aws:s3:::a:b", False),
    ("arn:aws:s3:?::b", "arn:aws:s3:::b", False),
    ("arn:aws:x:*:1:r", "arn:aws:x:a:b:1:r", False),
    ("arn:aws:x:*:1:*", "arn:aws:x:a:1:r:1:s", True),
    ("arn:aws:x:*:1:*", "arn:aws:x:a:2:r:1:s", False),
    (f"arn:aws:iam::{A}:role/*", f"arn:aws:iam::{A}:role/team/app", True),
    (f"arn:aws:iam::{A}:role/App", f"arn:aws:iam::{A}:role/app", False),
    (f"arn:aws:iam::{A}:role/app", f"arn:aws:iam::{A}:role/team/app", False),
    ("arn:aws:iam::*:role/app", f"arn:aws:iam::{A}:role/app", True),
    (["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"], "arn:aws:s3:::b/k", True),
    (["arn:aws:s3:::a/*", "arn:aws:s3:::c/*"], "arn:aws:s3:::b/k", False),
    (["arn:aws:s3:::a", "*"], "arn:aws:s3:::b/k", True),
    ("arn:aws:s3:::b/k", "*", False),
]


@pytest.mark.parametrize("named, asked, expected", RESOURCES)
def test_resource(named, asked, expected):
    """Six parts, each compared on its own and with regard to case; None is refused."""
    if expected is None:
        with pytest.raises(PolicyError, match="legacy parsing|vendor must be fully qualified"):
            matches(resource=asked, Resource=named)
        return
    assert matches(resource=asked, Resource=named) is expected
    assert matches(resource=asked, NotResource=named) is not expected


@pytest.mark.parametrize(
    "effect, elements, expected",
    [
        ("Allow", {"Resource": "*"}, True),
        ("Allow", {"Resource": "arn:aws:s3:::*"}, False),
        ("Allow", {"NotResource": "arn:aws:s3:::b"}, False),
        ("Deny", {"Resource": "arn:aws:s3:::b"}, True),
        ("Deny", {"NotResource": "arn:aws:s3:::b"}, True),
        ("Deny", {"Resource": "*"}, True),
    ],
)
def test_resource_not_known(effect, elements, expected):
    """Without a resource only "*" allows, and every Deny on resources matches."""
    assert matches(resource=None, effect=effect, **elements) is expected


SMALL = st.text("ab*?:", max_size=10)
TEXT = st.text("ab:", max_size=14)


def as_regex(pattern, lone_star=r"[\s\S]*"):
    special = {"*": lone_star, "?": r"[\s\S]"}
    return re.compile("".join(special.get(c) or re.escape(c) for c in pattern))


@settings(deadline=None)
@given(SMALL, TEXT)
def test_wildcards_match_as_regular_expressions_do(pattern, text):
    """Oracle: `re`, with * as any run and ? as any character."""
    expected = as_regex(pattern).fullmatch(text) is not None
    assert matcher(tokens_of(pattern))(text) is expected
    assert matcher(joined(tokens_of(pattern)))(text) is expected


@settings(deadline=None)
@given(st.text(max_size=10), st.text(max_size=10))
def test_wildcards_of_any_text(pattern, text):
    assert matcher(tokens_of(pattern))(text) is (as_regex(pattern).fullmatch(text) is not None)
    assert matcher(tokens_of(pattern))(pattern)


@settings(deadline=None)
@given(st.lists(SMALL, min_size=6, max_size=8), st.lists(TEXT, min_size=5, max_size=8))
def test_arns_match_part_by_part(pattern_parts, text_parts):
    """Oracle: six texts cut at the first five colons, each matched by `re`."""
    pattern, text = ":".join(pattern_parts), ":".join(text_parts)
    wanted, given_ = pattern.split(":", 5), text.split(":", 5)
    expected = len(given_) == 6 and all(
        as_regex(part).fullmatch(piece) for part, piece in zip(wanted, given_, strict=True)
    )
    assert arn_matcher(tokens_of(pattern))(text) is bool(expected)


@settings(deadline=None)
@given(st.text("ab*?", max_size=8))
def test_patterns_of_too_few_parts_match_no_arn(part):
    """A wildcard does not stand for missing colons; only a lone * matches everything."""
    pattern = f"arn:aws:{part}"
    assert not arn_matcher(tokens_of(pattern))(f"arn:aws:{part}:::x".replace("*", "q"))
    assert arn_matcher(tokens_of("*"))("arn:aws:s3:::b")


@pytest.mark.parametrize(
    "arn, account",
    [
        (f"arn:aws:iam::{A}:role/x", A),
        (f"arn:aws:logs:eu-west-1:{A}:log-group:x:y", A),
        ("arn:aws:s3:::b", ""),
        ("*", ""),
        ("", ""),
        (None, ""),
        (f"arn:aws:iam::{A}", ""),
    ],
)
def test_account_of(arn, account):
    assert account_of(arn) == account


# Each kills a backtracking matcher.
KILLERS = {
    "stars between letters": ("*a" * 5000, "a" * 4999),
    "stars and a last letter": ("*a" * 3000 + "b", "a" * 20000),
    "stars only": ("*" * 20000, "a" * 20000),
    "stars and a literal that is missing": ("a*" * 3000 + "b", "a" * 20000 + "c"),
    "a letter that is missing between stars": ("*a" * 25 + "*b*", "a" * 100),
    "question marks": ("?" * 20000, "a" * 20001),
    "questions between stars": ("*?" * 5000, "a" * 4999),
    "long literals": ("*" + "ab" * 2000 + "*" + "ba" * 2000 + "*", "ab" * 4000),
    "almost periodic": ("*" + "a" * 5000 + "b*", "a" * 50000),
    "many short runs": ("*a?" * 1500 + "c", "ab" * 5000),
}


@pytest.mark.parametrize("pattern, text", KILLERS.values(), ids=KILLERS)
def test_no_pattern_explodes(pattern, text):
    """Fifteen lines and looks for each character; backtracking needs the age of the universe."""
    most = 15 * (len(pattern) + len(text))
    compile_and_match = lambda t: matcher(tokens_of(pattern))(t)  # noqa: E731
    assert matching(compile_and_match, text, most) <= most
    arn = "arn:aws:x:::"
    compile_and_match = lambda t: arn_matcher(tokens_of(arn + pattern))(t)  # noqa: E731
    assert matching(compile_and_match, arn + text, most) <= most


def test_work_grows_with_the_text_and_not_with_its_square():
    """Twice the text and the stars are twice the work."""
    small = matching(matcher(tokens_of("*a" * 2000 + "b*")), "a" * 40_000)
    large = matching(matcher(tokens_of("*a" * 4000 + "b*")), "a" * 80_000)
    assert large < 2.5 * small


@pytest.mark.parametrize("operator", ["StringLike", "ArnLike"])
def test_conditions_do_not_explode_either(operator):
    pattern, text = "arn:aws:x:::" + "*a" * 3000 + "b*", "arn:aws:x:::" + "a" * 20_000
    test = OPERATORS[operator].compile([tokens_of(pattern)])
    most = 15 * (len(pattern) + len(text))
    assert 3000 < matching(test, text, most) <= most
