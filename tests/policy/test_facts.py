"""The documented rules of evaluation, row by row, each with its source and asked end to end.

A row is: source, sentence, fields of a line of `decide`, outcome. Sources: "UG" is the IAM User
Guide (page), "STS" the STS API Reference, "probe" a measurement against AWS (STS_FACTS 0),
"SIM" a third-party evaluator, "Org" the AWS Organizations User Guide.
"""

# ruff: noqa: E501 - a row is read best on one line
import json

import pytest

from labhelpers.policy import decide_line

A, B = "111122223333", "444455556666"
USER, ROLE = f"arn:aws:iam::{A}:user/staff/anna", f"arn:aws:iam::{A}:role/team/app"
SESSION = {"arn": f"arn:aws:sts::{A}:assumed-role/app/s1", "role_arn": ROLE, "unique_id": "AROAX"}
S_ARN = SESSION["arn"]
FED = {"arn": f"arn:aws:sts::{A}:federated-user/fred", "user_arn": USER, "unique_id": "AIDAX"}
ROOT = f"arn:aws:iam::{A}:root"
OIDC = f"arn:aws:iam::{A}:oidc-provider/idp.example.com"
SAML = f"arn:aws:iam::{A}:saml-provider/corp"
AIDA, AROA = "AIDA" + "X" * 17, "AROA" + "Y" * 17
HERE, THERE = f"arn:aws:iam::{A}:role/target", f"arn:aws:iam::{B}:role/target"
OK, NO, DENIED = "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"
MFA = "aws:MultiFactorAuthPresent"


def doc(*statements, version="2012-10-17"):
    return (
        {"Version": version, "Statement": list(statements)}
        if version
        else {"Statement": list(statements)}
    )


def st(effect="Allow", action="*", resource="*", **elements):
    made = {"Effect": effect, "Action": action, "Resource": resource, **elements}
    return {name: value for name, value in made.items() if value is not None}


ALL, OTHER, DENY = doc(st()), doc(st(action="ec2:*")), doc(st("Deny"))


def names(*arns, effect="Allow", kind="AWS", **elements):
    who = arns[0] if kind is None else {kind: list(arns)}
    return st(effect, Principal=who, **elements)


def s3(principal=USER, bucket=None, **fields):
    line = {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "principal": principal}
    if bucket is not None:
        line["resource_policy"] = doc(*bucket) if isinstance(bucket, tuple) else doc(bucket)
    return line | fields


def assume(principal, trusted, role=HERE, action="sts:AssumeRole", kind="AWS", **fields):
    trusted = trusted if isinstance(trusted, tuple) else (trusted,)
    statement = {"Effect": "Allow", "Principal": {kind: list(trusted)}, "Action": "sts:*"}
    condition = fields.pop("condition", None)
    if condition:
        statement["Condition"] = condition
    more = fields.pop("more", ())
    line = {"action": action, "resource": role, "principal": principal}
    return line | {"resource_policy": doc(statement, *more)} | fields


def when(block, context=None, effect="Allow", principal=USER, version="2012-10-17", **elements):
    """One identity-based statement under a condition; a Deny stands beside an Allow."""
    statement = st(effect, Condition=block, **elements)
    both = (
        doc(st(), statement, version=version)
        if effect == "Deny"
        else doc(statement, version=version)
    )
    return s3(principal, context=context or {}, identity_policies=[both])


IDENTITY = {"identity_policies": [ALL]}
NONE_BOUND = {"permissions_boundaries": [OTHER]}
NONE_PASSED = {"session_policies": [OTHER]}
DENY_RCP = {"resource_control_policies": [[doc(names("*", effect="Deny", kind=None))]]}
FULL_RCP = {"resource_control_policies": [[doc(names("*", kind=None))]]}
TAGS = "ForAllValues:StringEquals"

ROWS = [
    # 3.1 Order of the enforcement code
    ("UG evaluation-logic", "the default is a deny", s3(), NO),
    ("UG evaluation-logic", "root has full access", s3(ROOT), OK),
    ("UG evaluation-logic", "a Deny beats an Allow", s3(identity_policies=[ALL, DENY]), DENIED),
    (
        "UG evaluation-logic",
        "a Deny of the boundary beats all",
        s3(**IDENTITY, permissions_boundaries=[doc(st(), st("Deny"))]),
        DENIED,
    ),
    (
        "UG evaluation-logic",
        "a Deny of the session policy beats all",
        s3(SESSION, **IDENTITY, session_policies=[doc(st(), st("Deny"))]),
        DENIED,
    ),
    (
        "UG evaluation-logic",
        "a Deny of an SCP beats all",
        s3(**IDENTITY, service_control_policies=[[ALL, DENY]]),
        DENIED,
    ),
    (
        "UG evaluation-logic",
        "a Deny of the bucket beats all",
        s3(bucket=names(USER, effect="Deny"), **IDENTITY),
        DENIED,
    ),
    ("UG policy-eval-denyallow", "a Deny of an RCP beats all", s3(**IDENTITY, **DENY_RCP), DENIED),
    ("UG policy-eval-denyallow", "the full RCP allows", s3(**IDENTITY, **FULL_RCP), OK),
    (
        "UG policy-eval-denyallow",
        "an RCP's Deny reaches principals of other accounts",
        s3(bucket=names(USER), resource_account=B, **IDENTITY, **DENY_RCP),
        DENIED,
    ),
    (
        "UG evaluation-logic",
        "every level of SCPs must allow",
        s3(**IDENTITY, service_control_policies=[[ALL], [OTHER], [ALL]]),
        NO,
    ),
    (
        "UG evaluation-logic",
        "SCPs bind the root user of a member account",
        s3(ROOT, service_control_policies=[[OTHER]]),
        NO,
    ),
    ("UG policies", "SCPs grant nothing", s3(service_control_policies=[[ALL]]), NO),
    (
        "Org SCPs",
        "SCPs do not reach service-linked roles",
        s3(
            f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
            **IDENTITY,
            service_control_policies=[[OTHER]],
        ),
        OK,
    ),
    (
        "Org SCPs",
        "SCPs say nothing about services",
        s3(
            "ec2.amazonaws.com",
            names("ec2.amazonaws.com", kind="Service"),
            service_control_policies=[[OTHER]],
        ),
        OK,
    ),
    ("UG boundaries", "a boundary grants nothing", s3(permissions_boundaries=[ALL]), NO),
    ("UG boundaries", "a boundary caps", s3(**IDENTITY, **NONE_BOUND), NO),
    ("UG policies", "a session policy grants nothing", s3(SESSION, session_policies=[ALL]), NO),
    ("UG policies", "a session policy caps", s3(SESSION, **IDENTITY, **NONE_PASSED), NO),
    ("UG policies", "a role session without session policy", s3(SESSION, **IDENTITY), OK),
    ("UG getfederationtoken", "a federated user without session policy", s3(FED, **IDENTITY), NO),
    (
        "UG getfederationtoken",
        "a federated user with session policy",
        s3(FED, **IDENTITY, session_policies=[ALL]),
        OK,
    ),
    (
        "UG getfederationtoken",
        "a federated user needs the user's permission, too",
        s3(FED, session_policies=[ALL]),
        NO,
    ),
    # 3.2 and 3.3 Which implicit denies a resource-based policy of the account overrides
    ("UG evaluation-logic", "user ARN: no identity allow needed", s3(bucket=names(USER)), OK),
    (
        "UG boundaries",
        "user ARN: a boundary's implicit deny does not count",
        s3(bucket=names(USER), **NONE_BOUND),
        OK,
    ),
    ("UG evaluation-logic", "role ARN: no identity allow needed", s3(SESSION, names(ROLE)), OK),
    ("UG boundaries", "role ARN: boundary counts", s3(SESSION, names(ROLE), **NONE_BOUND), NO),
    (
        "UG policies",
        "role ARN: session policy counts",
        s3(SESSION, names(ROLE), **NONE_PASSED),
        NO,
    ),
    ("UG boundaries", "session ARN: boundary not", s3(SESSION, names(S_ARN), **NONE_BOUND), OK),
    (
        "UG policies",
        "session ARN: session policy not",
        s3(SESSION, names(S_ARN), **NONE_PASSED),
        OK,
    ),
    ("UG principal", "star: boundary not", s3(SESSION, names("*"), **NONE_BOUND), OK),
    (
        "UG principal",
        "star with aws:PrincipalArn of the role: session policy not",
        s3(
            SESSION,
            names("*", kind=None, Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}),
            **NONE_PASSED,
        ),
        OK,
    ),
    (
        "UG evaluation-logic",
        "the user behind a federated user: boundary counts",
        s3(FED, names(USER), session_policies=[ALL], **NONE_BOUND),
        NO,
    ),
    (
        "UG evaluation-logic",
        "the user behind a federated user: session policy counts",
        s3(FED, names(USER), **NONE_PASSED),
        NO,
    ),
    (
        "UG evaluation-logic",
        "the user behind a federated user: identity not",
        s3(FED, names(USER), session_policies=[ALL]),
        OK,
    ),
    ("UG getfederationtoken", "federated-user ARN needs nothing", s3(FED, names(FED["arn"])), OK),
    ("UG principal", "root ARN delegates: identity needed", s3(bucket=names(ROOT)), NO),
    ("UG principal", "root ARN delegates", s3(bucket=names(ROOT), **IDENTITY), OK),
    ("UG principal", "12 digits delegate: identity needed", s3(bucket=names(A)), NO),
    (
        "UG principal",
        "12 digits: boundary counts",
        s3(bucket=names(A), **IDENTITY, **NONE_BOUND),
        NO,
    ),
    (
        "UG policies",
        "an SCP counts although the session is named",
        s3(SESSION, names(S_ARN), service_control_policies=[[OTHER]]),
        NO,
    ),
    (
        "UG evaluation-logic-cross-account",
        "across accounts identity alone is not enough",
        s3(resource_account=B, **IDENTITY),
        NO,
    ),
    (
        "UG evaluation-logic-cross-account",
        "across accounts the resource alone is not enough",
        s3(bucket=names(USER), resource_account=B),
        NO,
    ),
    (
        "UG evaluation-logic-cross-account",
        "across accounts both together are",
        s3(bucket=names(USER), resource_account=B, **IDENTITY),
        OK,
    ),
    (
        "UG boundaries",
        "across accounts a session ARN steps over nothing",
        s3(SESSION, names(S_ARN), resource_account=B, **IDENTITY, **NONE_PASSED),
        NO,
    ),
    # 3.4 Trust policies
    ("UG evaluation-logic", "identity alone never suffices", assume(USER, B, **IDENTITY), NO),
    ("probe", "user ARN of the account needs nothing", assume(USER, USER), OK),
    ("probe", "typed star of the account needs nothing", assume(USER, "*"), OK),
    ("probe", "role ARN of the account, chaining", assume(SESSION, ROLE), OK),
    ("STS AssumeRole", "the account delegates", assume(USER, ROOT), NO),
    ("STS AssumeRole", "the account delegates to who has permission", assume(USER, A, **IDENTITY), OK),
    ("probe", "across accounts both are needed", assume(USER, USER, THERE), NO),
    ("probe", "across accounts both are needed, star, too", assume(USER, "*", THERE), NO),
    ("probe", "across accounts, both", assume(USER, A, THERE, **IDENTITY), OK),
    (
        "UG evaluation-logic",
        "a Deny of the caller's wins",
        assume(USER, USER, identity_policies=[DENY]),
        DENIED,
    ),
    ("WILD", "root may not assume roles", assume(ROOT, A), NO),
    ("UG session-tags", "federated users may not assume roles", assume(FED, FED["arn"]), NO),
    ("Security Blog 2022", "a role does not trust itself", assume(SESSION, B, ROLE, **IDENTITY), NO),
    ("Security Blog 2022", "... unless it is named", assume(SESSION, ROLE, ROLE), OK),
    (
        "UG evaluation-logic",
        "a key policy must allow, too",
        {
            "action": "kms:Decrypt",
            "resource": f"arn:aws:kms:eu-west-1:{A}:key/k",
            "principal": USER,
            "resource_policy": doc(names(B)),
            **IDENTITY,
        },
        NO,
    ),
    (
        "UG session-tags",
        "TagSession needs an allow of its own",
        {
            "action": "sts:TagSession",
            "resource": HERE,
            "principal": USER,
            "resource_policy": doc(
                {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}
            ),
        },
        NO,
    ),
    # 3.5 The Principal element
    ("UG principal", "an account is not only its root user", s3(bucket=names(ROOT), **IDENTITY), OK),
    (
        "UG principal",
        "a user by unique id",
        s3({"arn": USER, "unique_id": AIDA}, names(AIDA)),
        OK,
    ),
    (
        "UG principal",
        "a user created anew has another id",
        s3({"arn": USER, "unique_id": AIDA}, names(AIDA[:-1] + "Z")),
        NO,
    ),
    (
        "UG principal",
        "a role by unique id",
        assume(SESSION | {"unique_id": AROA}, AROA),
        OK,
    ),
    (
        "UG principal",
        "... created anew",
        assume(SESSION | {"unique_id": AROA}, AROA[:-1] + "Z", **IDENTITY),
        NO,
    ),
    ("UG principal", "several principals are an OR", s3(bucket=names(B, USER)), OK),
    ("UG principal", "a service", assume("ec2.amazonaws.com", "ec2.amazonaws.com", kind="Service"), OK),
    (
        "UG principal",
        "another service",
        assume("ec2.amazonaws.com", "lambda.amazonaws.com", kind="Service"),
        NO,
    ),
    (
        "UG principal",
        "an OIDC provider",
        assume(OIDC, OIDC, action="sts:AssumeRoleWithWebIdentity", kind="Federated"),
        OK,
    ),
    (
        "UG principal",
        "a SAML provider",
        assume(SAML, SAML, action="sts:AssumeRoleWithSAML", kind="Federated"),
        OK,
    ),
    (
        "UG principal",
        "a public provider",
        assume(
            "accounts.google.com",
            "accounts.google.com",
            action="sts:AssumeRoleWithWebIdentity",
            kind="Federated",
        ),
        OK,
    ),
    ("UG principal", "star lets anonymous callers in", s3("anonymous", names("*", kind=None)), OK),
    ("UG principal", "the typed star as well", s3("anonymous", names("*")), OK),
    ("UG principal", "an account does not", s3("anonymous", names(A)), NO),
    ("UG principal", "a longer name does not match", s3(bucket=names(USER + "X")), NO),
    (
        "UG notprincipal",
        "NotPrincipal spares who is listed with the account",
        s3(
            bucket=(
                names("*", kind=None),
                {"Effect": "Deny", "NotPrincipal": {"AWS": [A, USER]}, "Action": "*", "Resource": "*"},
            )
        ),
        OK,
    ),
    (
        "UG notprincipal",
        "a session must be listed, too",
        s3(
            SESSION,
            (
                names("*", kind=None),
                {"Effect": "Deny", "NotPrincipal": {"AWS": [A, ROLE]}, "Action": "*", "Resource": "*"},
            ),
        ),
        DENIED,
    ),
    (
        "UG notprincipal",
        "... and then is spared",
        s3(
            SESSION,
            (
                names("*", kind=None),
                {
                    "Effect": "Deny",
                    "NotPrincipal": {"AWS": [A, ROLE, S_ARN]},
                    "Action": "*",
                    "Resource": "*",
                },
            ),
        ),
        OK,
    ),
    (
        "UG notprincipal",
        "who has a boundary is never spared",
        s3(
            bucket=(
                names("*", kind=None),
                {"Effect": "Deny", "NotPrincipal": {"AWS": [A, USER]}, "Action": "*", "Resource": "*"},
            ),
            permissions_boundaries=[ALL],
        ),
        DENIED,
    ),
    # 3.6 Matching
    ("UG action", "actions in any case", s3(identity_policies=[doc(st(action="S3:getOBJECT"))]), OK),
    ("UG action", "* in an action", s3(identity_policies=[doc(st(action="s3:Get*"))]), OK),
    ("KNOW", "*:* is every action", s3(identity_policies=[doc(st(action="*:*"))]), OK),
    ("UG action", "? in an action", s3(identity_policies=[doc(st(action="s3:GetObjec?"))]), OK),
    ("UG action", "? is one character", s3(identity_policies=[doc(st(action="s3:GetObject?"))]), NO),
    (
        "UG notaction",
        "NotAction",
        s3(identity_policies=[doc(st(action=None, NotAction="ec2:*"))]),
        OK,
    ),
    ("UG notaction", "... left out", s3(identity_policies=[doc(st(action=None, NotAction="s3:*"))]), NO),
    (
        "UG resource",
        "resources have their case",
        s3(identity_policies=[doc(st(resource="arn:aws:s3:::B/*"))]),
        NO,
    ),
    (
        "UG resource",
        "* covers slashes",
        s3(resource="arn:aws:s3:::b/x/y/z", identity_policies=[doc(st(resource="arn:aws:s3:::b/*"))]),
        OK,
    ),
    (
        "UG resource",
        "* stays in its part of the ARN",
        {
            "action": "sqs:SendMessage",
            "resource": f"arn:aws:sqs:eu-west-1:{A}:q",
            "principal": USER,
            "identity_policies": [doc(st(resource="arn:aws:sqs:*:q"))],
        },
        "error",
    ),
    (
        "UG resource",
        "a part of its own for the Region",
        {
            "action": "sqs:SendMessage",
            "resource": f"arn:aws:sqs:eu-west-1:{A}:q",
            "principal": USER,
            "identity_policies": [doc(st(resource=f"arn:aws:sqs:*:{A}:?"))],
        },
        OK,
    ),
    (
        "UG notresource",
        "NotResource",
        s3(identity_policies=[doc(st(resource=None, NotResource="arn:aws:s3:::c/*"))]),
        OK,
    ),
    ("UG policies", "several policies are an OR", s3(identity_policies=[OTHER, ALL]), OK),
    (
        "STS GetCallerIdentity",
        "cannot be denied",
        s3(action="sts:GetCallerIdentity", resource="*", identity_policies=[DENY]),
        OK,
    ),
    (
        "UG getsessiontoken",
        "cannot be governed",
        s3(action="sts:GetSessionToken", resource="*", identity_policies=[DENY]),
        OK,
    ),
    # 4.1 Combination and absent keys
    ("UG multi-value", "operators are an AND", when({"StringEquals": {"a:x": "1"}, "Bool": {"a:y": "true"}}, {"a:x": "1"}), NO),
    ("UG multi-value", "keys are an AND", when({"StringEquals": {"a:x": "1", "a:y": "2"}}, {"a:x": "1"}), NO),
    ("UG multi-value", "values are an OR", when({"StringEquals": {"a:x": ["1", "2"]}}, {"a:x": "2"}), OK),
    ("UG multi-value", "negated values are a NOR", when({"StringNotEquals": {"a:x": ["1", "2"]}}, {"a:x": "2"}), NO),
    ("UG operators", "absent, positive", when({"StringEquals": {"a:x": "1"}}), NO),
    ("UG operators", "absent, negated", when({"StringNotEquals": {"a:x": "1"}}), OK),
    ("UG operators", "absent, NotIpAddress", when({"NotIpAddress": {"a:x": "10.0.0.0/8"}}), OK),
    ("UG operators", "absent, ArnNotLike", when({"ArnNotLike": {"a:x": "arn:aws:s3:::b"}}), OK),
    ("UG operators", "absent, IfExists", when({"StringEqualsIfExists": {"a:x": "1"}}), OK),
    ("UG operators", "absent, Deny with negated IfExists", when({"StringNotEqualsIfExists": {"a:x": "1"}}, effect="Deny"), DENIED),
    ("UG operators", "present, IfExists", when({"StringEqualsIfExists": {"a:x": "1"}}, {"a:x": "2"}), NO),
    ("UG operators", "absent, Null true", when({"Null": {"a:x": "true"}}), OK),
    ("UG operators", "present, Null true", when({"Null": {"a:x": True}}, {"a:x": "1"}), NO),
    ("UG operators", "present, Null false", when({"Null": {"a:x": "false"}}, {"a:x": "1"}), OK),
    ("UG operators", "absent, Null false", when({"Null": {"a:x": "false"}}), NO),
    ("UG multi-value", "absent, ForAllValues", when({TAGS: {"aws:TagKeys": ["a"]}}), OK),
    ("UG multi-value", "empty, ForAllValues", when({TAGS: {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": []}), OK),
    ("UG multi-value", "ForAllValues with Null", when({TAGS: {"aws:TagKeys": ["a"]}, "Null": {"aws:TagKeys": "false"}}), NO),
    ("UG multi-value", "absent, ForAnyValue", when({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}), NO),
    ("UG multi-value", "ForAllValues, one too many", when({TAGS: {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["a", "b"]}), NO),
    ("UG multi-value", "ForAnyValue, one of several", when({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["b", "a"]}), OK),
    ("SIM", "ForAllValues negated: none is listed", when({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["b", "a"]}), NO),
    ("SIM", "ForAnyValue negated: one is not listed", when({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["b", "a"]}), OK),
    # 4.2 Operators
    ("UG operators", "StringEquals takes * literally", when({"StringEquals": {"a:x": "a*"}}, {"a:x": "ab"}), NO),
    ("UG operators", "StringEquals has its case", when({"StringEquals": {"a:x": "A"}}, {"a:x": "a"}), NO),
    ("UG operators", "IgnoreCase has not", when({"StringEqualsIgnoreCase": {"a:x": "A"}}, {"a:x": "a"}), OK),
    ("UG operators", "NotEqualsIgnoreCase", when({"StringNotEqualsIgnoreCase": {"a:x": "A"}}, {"a:x": "a"}), NO),
    ("UG operators", "StringLike anywhere", when({"StringLike": {"a:x": "a*c?"}}, {"a:x": "abbcd"}), OK),
    ("UG operators", "StringNotLike", when({"StringNotLike": {"a:x": "a*"}}, {"a:x": "ab"}), NO),
    ("UG operators", "numbers, not texts", when({"NumericLessThan": {"a:x": "10"}}, {"a:x": 9}), OK),
    ("UG operators", "decimals", when({"NumericEquals": {"a:x": "1.50"}}, {"a:x": "1.5"}), OK),
    ("UG operators", "NumericGreaterThanEquals", when({"NumericGreaterThanEquals": {"a:x": "5"}}, {"a:x": "5"}), OK),
    ("UG operators", "no number fits nothing", when({"NumericNotEquals": {"a:x": "5"}}, {"a:x": "5.0"}), NO),
    ("UG operators", "dates with offsets", when({"DateEquals": {"a:x": "2026-01-02T03:04:05Z"}}, {"a:x": "2026-01-02T04:04:05+01:00"}), OK),
    ("UG operators", "dates as epoch seconds", when({"DateEquals": {"a:x": "60"}}, {"a:x": "1970-01-01T00:01:00Z"}), OK),
    ("UG operators", "a date without time", when({"DateGreaterThan": {"a:x": "2026-01-02"}}, {"a:x": "2026-01-02T00:00:01Z"}), OK),
    ("UG operators", "Bool with JSON's true", when({"Bool": {"a:x": True}}, {"a:x": "true"}), OK),
    ("SIM", "Bool in any case", when({"Bool": {"a:x": "True"}}, {"a:x": "true"}), OK),
    ("UG operators", "BinaryEquals", when({"BinaryEquals": {"a:x": "YWI="}}, {"a:x": "ab"}), OK),
    ("UG operators", "IPv4 in a range", when({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.113.9"}), OK),
    ("UG operators", "IPv4 outside", when({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:SourceIp": "203.0.114.9"}), NO),
    ("UG operators", "one address", when({"IpAddress": {"aws:SourceIp": "203.0.113.9"}}, {"aws:SourceIp": "203.0.113.9"}), OK),
    ("UG operators", "IPv6", when({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]}}, {"aws:SourceIp": "2001:DB8::1"}), OK),
    ("KNOW", "IPv4 range, IPv6 address", when({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, {"aws:SourceIp": "::1"}), NO),
    ("UG operators", "ArnEquals behaves like ArnLike", when({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::b*"}}, {"aws:SourceArn": "arn:aws:s3:::bx"}), OK),
    ("UG operators", "ArnLike's * does not cross a colon", when({"ArnLike": {"a:x": "arn:aws:sns:*:x"}}, {"a:x": "arn:aws:sns:r:a:x"}), NO),
    ("UG operators", "StringLike's does", when({"StringLike": {"a:x": "arn:aws:sns:*:x"}}, {"a:x": "arn:aws:sns:r:a:x"}), OK),
    ("UG condition", "names of keys in any case", when({"StringEquals": {"AWS:requesttag/TEAM": "x"}}, {"aws:RequestTag/team": "x"}), OK),
    # 4.3 Policy variables
    ("UG variables", "in a condition", when({"StringEquals": {"a:x": "${aws:username}"}}, {"a:x": "anna"}), OK),
    ("UG variables", "not without a Version", when({"StringEquals": {"a:x": "${aws:username}"}}, {"a:x": "anna"}, version=""), NO),
    ("UG version", "not in 2008-10-17", when({"StringEquals": {"a:x": "${aws:username}"}}, {"a:x": "${aws:username}"}, version="2008-10-17"), OK),
    ("UG variables", "in a resource", s3(resource="arn:aws:s3:::b/anna/k", identity_policies=[doc(st(resource="arn:aws:s3:::b/${aws:username}/*"))]), OK),
    ("UG variables", "without a value a resource matches nothing", s3(SESSION, identity_policies=[doc(st(resource="arn:aws:s3:::b/${aws:username}/*"))]), NO),
    ("UG variables", "without a value, positive", when({"StringLike": {"a:x": "${aws:username}"}}, {"a:x": "x"}, principal=SESSION), NO),
    ("UG variables", "without a value, negated", when({"StringNotLike": {"a:x": "${aws:username}"}}, {"a:x": "x"}, principal=SESSION), OK),
    ("UG variables", "default", when({"StringEquals": {"a:x": "${aws:PrincipalTag/t, 'd'}"}}, {"a:x": "d"}), OK),
    ("UG variables", "default not needed", when({"StringEquals": {"a:x": "${aws:PrincipalTag/t, 'd'}"}}, {"a:x": "v", "aws:PrincipalTag/t": "v"}), OK),
    ("UG variables", "an escaped star", when({"StringLike": {"a:x": "a${*}"}}, {"a:x": "ab"}), NO),
    ("UG variables", "... is a star", when({"StringLike": {"a:x": "a${*}"}}, {"a:x": "a*"}), OK),
    ("UG variables", "an escaped dollar", when({"StringEquals": {"a:x": "${$}{x}"}}, {"a:x": "${x}"}), OK),
    ("UG variables", "several values are none", when({"StringEquals": {"a:x": "${a:y}"}}, {"a:x": "1", "a:y": ["1", "2"]}), NO),
    ("UG iam-condition-keys", "aws:username shuts out role sessions", assume(SESSION, ROLE, condition={"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}, context={"sts:RoleSessionName": "s1"}), NO),
    # 5 Condition keys
    ("UG iam-condition-keys", "external ID", assume(USER, USER, condition={"StringEquals": {"sts:ExternalId": "42"}}, context={"sts:ExternalId": "42"}), OK),
    ("probe", "external ID not passed", assume(USER, USER, condition={"StringEquals": {"sts:ExternalId": "42"}}), NO),
    ("UG iam-condition-keys", "sts:DurationSeconds is never there", assume(USER, USER, condition={"NumericLessThan": {"sts:DurationSeconds": "900"}}), NO),
    ("UG mfa", "long-term keys have no MFA key: Bool", when({"Bool": {MFA: "false"}}, effect="Deny"), OK),
    ("UG mfa", "... BoolIfExists", when({"BoolIfExists": {MFA: "false"}}, effect="Deny"), DENIED),
    ("UG condition-keys", "aws:PrincipalArn of a session is the role's", when({"ArnEquals": {"aws:PrincipalArn": ROLE}}, principal=SESSION), OK),
    ("UG condition-keys", "... and not the session's", when({"ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/*"}}, principal=SESSION), NO),
    ("UG condition-keys", "aws:PrincipalAccount", when({"StringEquals": {"aws:PrincipalAccount": A}}), OK),
    ("UG condition-keys", "aws:PrincipalType of a user", when({"StringEquals": {"aws:PrincipalType": "User"}}), OK),
    ("UG variables", "aws:userid of a session", when({"StringEquals": {"aws:userid": "AROAX:s1"}}, principal=SESSION), OK),
    ("UG variables", "aws:username is the last part of the ARN", when({"StringEquals": {"aws:username": "anna"}}), OK),
    ("UG condition-keys", "aws:TokenIssueTime: long-term keys have none", when({"DateLessThan": {"aws:TokenIssueTime": "2099-01-01"}}, effect="Deny"), OK),
    ("UG disable-perms", "... sessions have", when({"DateLessThan": {"aws:TokenIssueTime": "2026-09-01T10:00:00.000Z"}}, {"aws:TokenIssueTime": "2026-09-01T09:59:59Z"}, "Deny", SESSION), DENIED),
    ("UG confused-deputy", "aws:SourceArn of a service", s3("sns.amazonaws.com", names("sns.amazonaws.com", kind="Service", Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:t"}}), context={"aws:SourceArn": f"arn:aws:sns:eu-west-1:{A}:t"}), OK),
    ("Org RCPs", "a service is spared by aws:PrincipalIsAWSService", s3("sns.amazonaws.com", names("sns.amazonaws.com", kind="Service"), resource_control_policies=[[doc(names("*", effect="Deny", kind=None, Condition={"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}))]]), OK),
    ("Org RCPs", "... a user is not", s3(**IDENTITY, resource_control_policies=[[doc(names("*", effect="Deny", kind=None, Condition={"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}))]]), DENIED),
]  # fmt: skip


@pytest.mark.parametrize(
    "fields, expected",
    [row[2:] for row in ROWS],
    ids=[f"{n}: {row[1]} ({row[0]})" for n, row in enumerate(ROWS)],
)
def test_documented_rule(fields, expected):
    """One rule; "error" stands for a policy that AWS refuses."""
    if expected == "error":
        with pytest.raises(ValueError, match="ARN format|legacy parsing"):
            decide_line(json.dumps(fields))
    else:
        assert decide_line(json.dumps(fields)).outcome == expected


def test_every_row_has_a_source():
    sources = ("UG", "STS", "probe", "WILD", "SIM", "KNOW", "Org", "Security Blog")
    assert all(row[0].startswith(sources) for row in ROWS)
    assert len({row[1] + json.dumps(row[2]) for row in ROWS}) == len(ROWS)
