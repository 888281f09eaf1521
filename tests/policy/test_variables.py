"""Policy variables (STS_FACTS 4.3): where they count, what they become, what if they cannot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labhelpers.policy import Principal, Request, evaluate, parse
from labhelpers.policy.language.variables import has_variables, resolve, show, template

A = "111122223333"
USER = Principal("user", f"arn:aws:iam::{A}:user/staff/anna", A, "AIDA" + "X" * 17)
SESSION = Principal(
    "role-session",
    f"arn:aws:sts::{A}:assumed-role/app/s1",
    A,
    "AROA" + "Y" * 17,
    role_arn=f"arn:aws:iam::{A}:role/app",
)
HOME = "arn:aws:s3:::home/"
NEW, OLD = "2012-10-17", "2008-10-17"
TEAM = "${aws:PrincipalTag/team}"


def allows(
    resource="*",
    condition=None,
    *,
    on=HOME + "anna",
    who=USER,
    context=None,
    version=NEW,
    element="Resource",
    effect="Allow",
    modelled=None,
):
    """Say whether one statement matches a request for the object `on`."""
    statement = {"Effect": effect, "Action": "s3:*", element: resource}
    statement["Condition"] = condition or {}
    document = {"Statement": [statement]} | ({"Version": version} if version else {})
    request = Request(who, "s3:GetObject", on, "", context or {}, modelled)
    [result] = evaluate(request, identity=[parse(document, "identity")]).statements
    return result.matched


TAG = "aws:PrincipalTag/team"
RESOURCES = [
    ("username", HOME + "${aws:username}", HOME + "anna", {}, True),
    ("username of somebody else", HOME + "${aws:username}", HOME + "bob", {}, False),
    ("the value in the middle", HOME + "${aws:username}/*", HOME + "anna/x/y", {}, True),
    ("the value is not a prefix", HOME + "${aws:username}/*", HOME + "annabel/x", {}, False),
    ("two variables", HOME + "${aws:username}-" + TEAM, HOME + "anna-red", {TAG: "red"}, True),
    ("key in another case", HOME + "${AWS:UserName}", HOME + "anna", {}, True),
    (
        "tag key in another case",
        HOME + "${aws:principaltag/TEAM}",
        HOME + "red",
        {TAG: "red"},
        True,
    ),
    ("value keeps its case", HOME + TEAM, HOME + "RED", {TAG: "red"}, False),
    ("no value: matches nothing", HOME + TEAM, HOME + TEAM, {}, False),
    ("no value: not the empty text", HOME + TEAM, HOME, {}, False),
    ("an empty value is a value", HOME + TEAM, HOME, {TAG: ""}, True),
    ("several values are none", HOME + TEAM, HOME + "red", {TAG: ["red", "blue"]}, False),
    ("a list of one value", HOME + TEAM, HOME + "red", {TAG: ["red"]}, True),
    ("asterisk in the value is literal", HOME + TEAM, HOME + "anything", {TAG: "*"}, False),
    ("asterisk in the value, literally", HOME + TEAM, HOME + "*", {TAG: "*"}, True),
    ("question mark in the value is literal", HOME + TEAM, HOME + "x", {TAG: "?"}, False),
    ("wildcard beside the value", HOME + TEAM + "*", HOME + "**x", {TAG: "**"}, True),
    ("a value is not expanded again", HOME + TEAM, HOME + "anna", {TAG: "${aws:username}"}, False),
    ("colons in the value", HOME + TEAM, HOME + "a:b:c", {TAG: "a:b:c"}, True),
    ("default", HOME + "${aws:PrincipalTag/team, 'all'}", HOME + "all", {}, True),
    (
        "default not needed",
        HOME + "${aws:PrincipalTag/team, 'all'}",
        HOME + "all",
        {TAG: "r"},
        False,
    ),
    (
        "value before default",
        HOME + "${aws:PrincipalTag/team, 'all'}",
        HOME + "r",
        {TAG: "r"},
        True,
    ),
    ("empty default", HOME + "${aws:PrincipalTag/team, ''}/x", HOME + "/x", {}, True),
    ("asterisk in the default", HOME + "${aws:PrincipalTag/team, '*'}", HOME + "x", {}, False),
    ("escaped asterisk", HOME + "${*}", HOME + "*", {}, True),
    ("escaped asterisk is no wildcard", HOME + "${*}", HOME + "x", {}, False),
    ("escaped question mark", HOME + "a${?}", HOME + "a?", {}, True),
    ("escaped question mark is no wildcard", HOME + "a${?}", HOME + "ab", {}, False),
    ("escaped dollar", HOME + "${$}{aws:username}", HOME + "${aws:username}", {}, True),
    ("dollar alone", HOME + "a$b", HOME + "a$b", {}, True),
    ("brace never closed", HOME + "${aws:username", HOME + "${aws:username", {}, True),
    ("before the fifth colon", "arn:aws:s3:::home/x", "arn:aws:s3:::home/x", {}, True),
    (
        "a variable before the fifth colon stays text",
        "arn:aws:sns:${aws:RequestedRegion}:111122223333:t",
        "arn:aws:sns:eu-west-1:111122223333:t",
        {"aws:RequestedRegion": "eu-west-1"},
        False,
    ),
    (
        "after the fifth colon, further colons",
        "arn:aws:logs:eu-west-1:111122223333:log-group:${aws:username}:*",
        "arn:aws:logs:eu-west-1:111122223333:log-group:anna:log-stream:x",
        {},
        True,
    ),
    ("unknown escape is a key without value", HOME + "${!}", HOME + "!", {}, False),
    ("one of several values", [HOME + TEAM, HOME + "anna"], HOME + "anna", {}, True),
]


@pytest.mark.parametrize(
    "resource, on, context, expected", [r[1:] for r in RESOURCES], ids=[r[0] for r in RESOURCES]
)
def test_resource(resource, on, context, expected):
    assert allows(resource, on=on, context=context) is expected
    assert allows(resource, on=on, context=context, element="NotResource") is not expected


@pytest.mark.parametrize("version", [OLD, None], ids=["2008-10-17", "no Version"])
@pytest.mark.parametrize(
    "resource, on, expected",
    [
        (HOME + "${aws:username}", HOME + "anna", False),
        (HOME + "${aws:username}", HOME + "${aws:username}", True),
        (HOME + "${*}", HOME + "*", False),
        (HOME + "${*}", HOME + "${anything}", True),
        (HOME + "${?}", HOME + "${x}", True),
        (HOME + "${aws:username, 'x'}", HOME + "x", False),
    ],
)
def test_old_versions_have_no_variables(version, resource, on, expected):
    """Under 2008-10-17, and without a Version, the text is literal and * is a wildcard."""
    assert allows(resource, on=on, version=version) is expected


KEY, GOT = "s3:prefix", "anna"
WITH_NAME = [
    ("StringEquals", "${aws:username}", True),
    ("StringNotEquals", "${aws:username}", False),
    ("StringEqualsIgnoreCase", "${aws:username}", True),
    ("StringNotEqualsIgnoreCase", "${aws:username}", False),
    ("StringLike", "${aws:username}*", True),
    ("StringNotLike", "${aws:username}*", False),
    ("ForAnyValue:StringEquals", "${aws:username}", True),
    ("ForAllValues:StringLike", "${aws:username}", True),
    ("StringEqualsIfExists", "${aws:username}", True),
    ("StringEquals", "x${aws:username}", False),
    ("StringEquals", "${aws:username}*", False),
    ("StringEquals", ["x", "${aws:username}"], True),
    ("StringEquals", "${aws:PrincipalTag/none, 'anna'}", True),
    ("StringLike", "${aws:PrincipalTag/none, 'an*'}", False),
    ("StringEquals", ["${aws:PrincipalTag/none}", "anna"], True),
    ("StringEquals", "${aws:PrincipalTag/none}", False),
    ("StringLike", "*${aws:PrincipalTag/none}", False),
    ("StringEqualsIfExists", "${aws:PrincipalTag/none}", False),
    ("StringNotEquals", "${aws:PrincipalTag/none}", True),
    ("StringNotLike", "${aws:PrincipalTag/none}*", True),
    ("StringNotEqualsIgnoreCase", "${aws:PrincipalTag/none}", True),
    ("StringNotEquals", ["${aws:PrincipalTag/none}", "anna"], False),
    ("ForAnyValue:StringEquals", "${aws:PrincipalTag/none}", False),
    ("ForAllValues:StringEquals", "${aws:PrincipalTag/none}", False),
]


@pytest.mark.parametrize("operator, wanted, expected", WITH_NAME)
def test_string_conditions(operator, wanted, expected):
    """Unresolvable: a positive condition does not match, a negated one does."""
    assert allows(condition={operator: {KEY: wanted}}, context={KEY: GOT}) is expected


@pytest.mark.parametrize(
    "operator, wanted, got, expected",
    [
        ("StringEquals", "${*}", "*", True),
        ("StringLike", "a${*}b", "a*b", True),
        ("StringLike", "a${*}b", "axb", False),
        ("StringLike", "a${?}b*", "a?bc", True),
        ("StringLike", "a${?}b", "axb", False),
        ("StringEquals", "${$}{aws:username}", "${aws:username}", True),
        ("StringNotLike", "a${*}b", "axb", True),
    ],
)
def test_escapes_in_conditions(operator, wanted, got, expected):
    assert allows(condition={operator: {KEY: wanted}}, context={KEY: got}) is expected


ROLE = "arn:aws:iam::111122223333:role/"


@pytest.mark.parametrize(
    "operator, wanted, expected",
    [
        ("ArnLike", ROLE + "${aws:username}", True),
        ("ArnEquals", ROLE + "${aws:username}", True),
        ("ArnNotLike", ROLE + "${aws:username}", False),
        ("ArnNotEquals", ROLE + "${aws:username}", False),
        ("ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:role/*", True),
        ("ArnLike", ROLE + "${aws:PrincipalTag/none}", False),
        ("ArnNotLike", ROLE + "${aws:PrincipalTag/none}", True),
    ],
)
def test_arn_conditions(operator, wanted, expected):
    condition = {operator: {"aws:SourceArn": wanted}}
    assert allows(condition=condition, context={"aws:SourceArn": ROLE + "anna"}) is expected


@pytest.mark.parametrize(
    "operator, key, value",
    [
        ("NumericEquals", "a:number", "5"),
        ("NumericLessThanEquals", "a:number", "5"),
        ("IpAddress", "a:ip", "10.0.0.1"),
        ("BinaryEquals", "a:binary", "QUJD"),
    ],
)
def test_other_operators_take_no_variables(operator, key, value):
    """Only String and Arn operators fill variables in; IAM refuses one as a date."""
    assert not allows(condition={operator: {key: f"${{{key}}}"}}, context={key: value})


def test_null_takes_no_variables():
    condition = {"Null": {"a:x": "${a:flag}"}}
    assert not allows(condition=condition, context={"a:flag": "true"})


@pytest.mark.parametrize("version", [OLD, None])
def test_conditions_of_old_versions_are_literal(version):
    condition = {"StringEquals": {KEY: "${aws:username}"}}
    assert not allows(condition=condition, context={KEY: "anna"}, version=version)
    assert allows(condition=condition, context={KEY: "${aws:username}"}, version=version)


def test_never_in_action():
    """The Action element knows no variables; the grammar refuses the characters."""
    with pytest.raises(ValueError):
        parse(
            {
                "Version": NEW,
                "Statement": {"Effect": "Allow", "Action": "s3:${a:x}", "Resource": "*"},
            },
            "identity",
        )


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_username_exists_for_users_only(effect):
    """A role session has no aws:username, whatever it is called."""
    for on in (HOME + "app", HOME + "s1", HOME, HOME + "anna"):
        assert not allows(HOME + "${aws:username}", on=on, who=SESSION, effect=effect)


def test_userid_of_a_session_holds_role_id_and_session_name():
    assert allows(HOME + "${aws:userid}", on=f"{HOME}{SESSION.unique_id}:s1", who=SESSION)


@pytest.mark.parametrize("element", ["Resource", "NotResource"])
def test_a_key_nobody_knows_matches_no_statement(element):
    """Neither Resource nor NotResource may guess."""
    for effect in ("Allow", "Deny"):
        assert not allows(HOME + TEAM, element=element, effect=effect, modelled=lambda key: False)


def test_default_does_not_replace_an_unknown_key():
    """The default is for keys that are absent, not for those that nobody knows."""
    resource = HOME + "${aws:PrincipalTag/team, 'anna'}"
    assert allows(resource)
    assert not allows(resource, modelled=lambda key: False)


def test_known_alternative_beside_an_unknown_key_decides():
    """If another value of the list matches, the unknown one does not matter."""
    assert allows([HOME + TEAM, HOME + "anna"], modelled=lambda key: False)


# No braces and wildcards, so that text means itself.
PLAIN = st.text(st.characters(exclude_characters="${}*?'", exclude_categories=["Cs"]), max_size=12)


@settings(deadline=None)
@given(PLAIN, st.text(max_size=12), PLAIN)
def test_a_value_is_taken_literally(before, value, after):
    """Whatever a tag holds, the resolved pattern is that text and nothing more."""
    tokens = template(f"{before}${{a:x}}{after}", wildcards=True, variables=True)
    assert has_variables(tokens)
    resolved = resolve(tokens, lambda variable: value)
    assert all(isinstance(token, str) for token in resolved)
    assert "".join(resolved) == show(resolved) == before + value + after
    assert resolve(tokens, lambda variable: None) is None


@settings(deadline=None)
@given(st.text(max_size=30))
def test_escaped_text_comes_back(text):
    """Escaping each of $, * and ? makes any text literal."""
    escaped = "".join(f"${{{c}}}" if c in "$*?" else c for c in text)
    tokens = template(escaped, wildcards=True, variables=True)
    assert tokens == ((text,) if text else ())


@settings(deadline=None)
@given(PLAIN.map(str.strip).filter(lambda k: k and "," not in k), PLAIN)
def test_default_follows_comma_and_quotes(key, default):
    [variable] = template(f"${{{key}, '{default}'}}", wildcards=True, variables=True)
    assert (variable.key, variable.default) == (key, default)
    [bare] = template(f"${{{key}}}", wildcards=True, variables=True)
    assert (bare.key, bare.default) == (key, None)


@settings(deadline=None)
@given(st.text(max_size=40), st.booleans())
def test_templates_of_any_text(text, wildcards):
    """No text breaks the reader; without variables it comes back unchanged."""
    template(text, wildcards=wildcards, variables=True)
    plain = template(text, wildcards=wildcards, variables=False)
    joined = "".join(t if isinstance(t, str) else "?" for t in plain)
    assert joined.replace("*", "?") == text.replace("**", "*").replace("*", "?") or "**" in text
