"""Lint beyond the grammar: each check finds its mistake, and good policies pass in silence."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labhelpers.policy import guess_kind, lint
from labhelpers.policy.language.model import KINDS
from labhelpers.policy.linting.overlap import of_policy, of_reference, overlap

A = "111122223333"
OIDC = f"arn:aws:iam::{A}:oidc-provider/"
GITHUB = "token.actions.githubusercontent.com"
USER, ROLE = f"arn:aws:iam::{A}:user/anna", f"arn:aws:iam::{A}:role/app"


def policy(*statements, version="2012-10-17"):
    document = {"Version": version, "Statement": list(statements)}
    return document if version else {"Statement": list(statements)}


def allow(action, resource="*", principal=None, effect="Allow", **conditions):
    statement = {"Effect": effect, "Action": action}
    if resource:
        statement["Resource"] = resource
    if principal:
        statement["Principal"] = principal
    if conditions:
        statement["Condition"] = {
            name.replace("__", ":"): keys for name, keys in conditions.items()
        }
    return statement


def deny(action, resource="*", principal=None, **conditions):
    return allow(action, resource, principal, "Deny", **conditions)


def trust(principal, action="sts:AssumeRole", **conditions):
    return allow(action, None, principal, **conditions)


BUCKET, OBJECTS = "arn:aws:s3:::reports", "arn:aws:s3:::reports/*"
MFA = "aws:MultiFactorAuthPresent"
BOTH_TAG = ["sts:AssumeRole", "sts:TagSession"]
BOTH_NAME = ["sts:AssumeRole", "sts:SetSourceIdentity"]

# kind, document, (severity, code, path) of the only finding, words of the way out
MISTAKES = {
    "unknown action, near miss": (
        "identity",
        policy(allow("s3:GetObjekt", OBJECTS)),
        ("error", "unknown-action", "Statement[0].Action"),
        "s3:GetObject",
    ),
    "unknown action, API name": (
        "identity",
        policy(allow("s3:ListObjectsV2", BUCKET)),
        ("error", "unknown-action", "Statement[0].Action"),
        "s3:ListBucket",
    ),
    "pattern that matches nothing": (
        "identity",
        policy(allow(["sts:AssumeRole", "sts:Assune*"])),
        ("error", "unknown-action", "Statement[0].Action[1]"),
        "service reference",
    ),
    "unknown service": (
        "identity",
        policy(allow("lamda:InvokeFunction")),
        ("error", "unknown-service", "Statement[0].Action"),
        "lambda:",
    ),
    "service that AWS gave up": (
        "identity",
        policy(allow("evidently:*")),
        ("warning", "unknown-service", "Statement[0].Action"),
        "",
    ),
    "objects' action on a bucket": (
        "identity",
        policy(allow("s3:GetObject", BUCKET)),
        ("error", "action-without-resource", "Statement[0].Action"),
        "arn:aws:s3:::BucketName/ObjectName",
    ),
    "the bucket's action on objects": (
        "identity",
        policy(allow(["s3:GetObject", "s3:ListBucket"], OBJECTS)),
        ("error", "action-without-resource", "Statement[0].Action[1]"),
        "arn:aws:s3:::BucketName",
    ),
    "action that takes no resource": (
        "identity",
        policy(allow("s3:ListAllMyBuckets", BUCKET)),
        ("error", "action-without-resource", "Statement[0].Action"),
        '"Resource": "*"',
    ),
    "Deny on nothing": (
        "identity",
        policy(deny("s3:DeleteObject", BUCKET)),
        ("error", "action-without-resource", "Statement[0].Action"),
        "ObjectName",
    ),
    "AssumeRole on a session": (
        "identity",
        policy(allow("sts:AssumeRole", f"arn:aws:sts::{A}:assumed-role/app/s1")),
        ("error", "action-without-resource", "Statement[0].Action"),
        "role/",
    ),
    "resource that no action takes": (
        "identity",
        policy(allow("s3:GetObject", [OBJECTS, f"arn:aws:sqs:eu-west-1:{A}:q"])),
        ("warning", "resource-without-action", "Statement[0].Resource[1]"),
        "Remove it",
    ),
    "unknown global key": (
        "identity",
        policy(allow("s3:*", StringEquals={"aws:PrincipleOrgID": "o-1"})),
        ("error", "unknown-key", "Statement[0].Condition.StringEquals.aws:PrincipleOrgID"),
        "aws:PrincipalOrgID",
    ),
    "tag key without a tag": (
        "identity",
        policy(allow("s3:*", StringEquals={"aws:PrincipalTag": "red"})),
        ("error", "unknown-key", "Statement[0].Condition.StringEquals.aws:PrincipalTag"),
        "aws:PrincipalTag/KEY",
    ),
    "unknown key of a service": (
        "identity",
        policy(allow("s3:ListBucket", BUCKET, StringEquals={"s3:prefixes": "a"})),
        ("error", "unknown-key", "Statement[0].Condition.StringEquals.s3:prefixes"),
        "s3:prefix",
    ),
    "key of no service": (
        "identity",
        policy(allow("s3:ListBucket", BUCKET, StringEquals={"s4:prefix": "a"})),
        ("error", "unknown-key", "Statement[0].Condition.StringEquals.s4:prefix"),
        "",
    ),
    "key that the action never has": (
        "identity",
        policy(allow("s3:GetObject", OBJECTS, StringEquals={"s3:prefix": "a"})),
        ("error", "key-never-present", "Statement[0].Condition.StringEquals.s3:prefix"),
        "s3:ListBucket",
    ),
    "key that one of the actions never has": (
        "identity",
        policy(
            allow(
                ["s3:ListBucket", "s3:GetObject"],
                [BUCKET, OBJECTS],
                StringLike={"s3:prefix": "a/*"},
            )
        ),
        ("warning", "key-never-present", "Statement[0].Action[1]"),
        "statement of its own",
    ),
    "external ID with a web identity": (
        "trust",
        policy(
            trust(
                {"Federated": OIDC + "idp.example.com"},
                "sts:AssumeRoleWithWebIdentity",
                StringEquals={"idp.example.com:aud": "a", "sts:ExternalId": "42"},
            )
        ),
        ("error", "key-never-present", "Statement[0].Condition.StringEquals.sts:ExternalId"),
        "sts:AssumeRole",
    ),
    "sts:DurationSeconds on AssumeRole (25)": (
        "trust",
        policy(trust({"AWS": A}, NumericLessThan={"sts:DurationSeconds": "3600"})),
        (
            "error",
            "duration-on-assume-role",
            "Statement[0].Condition.NumericLessThan.sts:DurationSeconds",
        ),
        "MaxSessionDuration",
    ),
    "StringEquals with a star (21)": (
        "trust",
        policy(
            trust(
                {"Federated": OIDC + GITHUB},
                "sts:AssumeRoleWithWebIdentity",
                StringEquals={f"{GITHUB}:sub": ["repo:me/*"]},
            )
        ),
        ("error", "literal-star", f"Statement[0].Condition.StringEquals.{GITHUB}:sub[0]"),
        "StringLike",
    ),
    "StringNotEquals with a star": (
        "identity",
        policy(deny("s3:*", StringNotEquals={"aws:PrincipalArn": ROLE + "*"})),
        ("error", "literal-star", "Statement[0].Condition.StringNotEquals.aws:PrincipalArn"),
        "StringNotLike",
    ),
    "Deny with Bool on MFA (18)": (
        "identity",
        policy(deny("*", Bool={MFA: "false"})),
        ("warning", "deny-on-absent-key", f"Statement[0].Condition.Bool.{MFA}"),
        "BoolIfExists",
    ),
    "Allow with BoolIfExists on MFA": (
        "identity",
        policy(allow("*", BoolIfExists={MFA: "true"})),
        ("warning", "allow-on-absent-key", f"Statement[0].Condition.BoolIfExists.{MFA}"),
        "Write Bool",
    ),
    "ForAllValues without Null (20)": (
        "identity",
        policy(allow("ec2:RunInstances", ForAllValues__StringEquals={"aws:TagKeys": ["team"]})),
        (
            "warning",
            "for-all-values-of-none",
            "Statement[0].Condition.ForAllValues:StringEquals.aws:TagKeys",
        ),
        '"Null": {"aws:TagKeys": "false"}',
    ),
    "ForAllValues in a Deny": (
        "identity",
        policy(deny("*", ForAllValues__StringNotEquals={"aws:CalledVia": ["x.amazonaws.com"]})),
        (
            "warning",
            "for-all-values-of-none",
            "Statement[0].Condition.ForAllValues:StringNotEquals.aws:CalledVia",
        ),
        "Null",
    ),
    "ForAllValues on a single value": (
        "identity",
        policy(allow("*", ForAllValues__StringEquals={"aws:PrincipalOrgID": "o-1"})),
        (
            "warning",
            "set-operator-on-single-value",
            "Statement[0].Condition.ForAllValues:StringEquals.aws:PrincipalOrgID",
        ),
        "Write StringEquals",
    ),
    "StringNotEquals on an absent key (19)": (
        "identity",
        policy(allow("s3:*", StringNotEquals={"aws:PrincipalTag/team": "red"})),
        (
            "warning",
            "negated-on-absent-key",
            "Statement[0].Condition.StringNotEquals.aws:PrincipalTag/team",
        ),
        "Null",
    ),
    "aws:PrincipalArn as session ARN (13)": (
        "resource",
        policy(
            allow(
                "s3:GetObject",
                OBJECTS,
                {"AWS": A},
                ArnLike={"aws:PrincipalArn": f"arn:aws:sts::{A}:assumed-role/app/*"},
            )
        ),
        (
            "error",
            "session-arn-as-principal-arn",
            "Statement[0].Condition.ArnLike.aws:PrincipalArn",
        ),
        "role/PATH/NAME",
    ),
    "aws:username of a role (14)": (
        "trust",
        policy(trust({"AWS": ROLE}, StringEquals={"sts:RoleSessionName": "${aws:username}"})),
        (
            "warning",
            "username-of-a-role",
            "Statement[0].Condition.StringEquals.sts:RoleSessionName",
        ),
        "aws:userid",
    ),
    "variable without a Version (23)": (
        "identity",
        policy(allow("s3:GetObject", OBJECTS[:-1] + "${aws:username}/*"), version=""),
        ("error", "variable-in-old-version", "Statement[0].Resource"),
        "2012-10-17",
    ),
    "variable in the old Version": (
        "identity",
        policy(
            allow("s3:ListBucket", BUCKET, StringLike={"s3:prefix": "${aws:username}/*"}),
            version="2008-10-17",
        ),
        ("error", "variable-in-old-version", "Statement[0].Condition.StringLike.s3:prefix"),
        "2012-10-17",
    ),
    "no Version": (
        "identity",
        policy(allow("s3:*"), version=""),
        ("warning", "old-version", ""),
        "2012-10-17",
    ),
    "Deny of GetCallerIdentity (26)": (
        "identity",
        policy(deny("sts:GetCallerIdentity")),
        ("warning", "deny-without-effect", "Statement[0].Action"),
        "Leave it out",
    ),
    "service principal, typing error": (
        "trust",
        policy(trust({"Service": "lamda.amazonaws.com"})),
        ("error", "unknown-service-principal", "Statement[0].Principal.Service"),
        "lambda.amazonaws.com",
    ),
    "service principal, singular": (
        "trust",
        policy(trust({"Service": ["ec2.amazonaws.com", "ecs-task.amazonaws.com"]})),
        ("error", "unknown-service-principal", "Statement[0].Principal.Service[1]"),
        "ecs-tasks.amazonaws.com",
    ),
    "a deleted user (17)": (
        "trust",
        policy(trust({"AWS": "AIDA" + "X" * 17})),
        ("warning", "deleted-principal", "Statement[0].Principal.AWS"),
        "ARN",
    ),
    "everybody": (
        "trust",
        policy(trust({"AWS": "*"})),
        ("warning", "everyone", "Statement[0].Principal.AWS"),
        "condition",
    ),
    "OIDC provider with AssumeRole": (
        "trust",
        policy(
            trust(
                {"Federated": OIDC + "idp.example.com"},
                StringEquals={"idp.example.com:aud": "a"},
            )
        ),
        ("error", "wrong-assume-role-action", "Statement[0].Principal.Federated"),
        "sts:AssumeRoleWithWebIdentity",
    ),
    "service with AssumeRoleWithWebIdentity": (
        "trust",
        policy(trust({"Service": "ec2.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity")),
        ("error", "wrong-assume-role-action", "Statement[0].Principal.Service"),
        '"sts:AssumeRole"',
    ),
    "SAML provider with AssumeRoleWithWebIdentity": (
        "trust",
        policy(
            trust(
                {"Federated": f"arn:aws:iam::{A}:saml-provider/corp"},
                "sts:AssumeRoleWithWebIdentity",
            )
        ),
        ("error", "wrong-assume-role-action", "Statement[0].Principal.Federated"),
        "sts:AssumeRoleWithSAML",
    ),
    "shared provider without a condition": (
        "trust",
        policy(trust({"Federated": OIDC + GITHUB}, "sts:AssumeRoleWithWebIdentity")),
        ("error", "provider-without-condition", "Statement[0].Principal.Federated"),
        f"{GITHUB}:sub",
    ),
    "shared provider with its audience only": (
        "trust",
        policy(
            trust(
                {"Federated": OIDC + GITHUB},
                "sts:AssumeRoleWithWebIdentity",
                StringEquals={f"{GITHUB}:aud": "sts.amazonaws.com"},
            )
        ),
        ("error", "provider-without-condition", "Statement[0].Principal.Federated"),
        f"{GITHUB}:sub",
    ),
    "own provider without a condition": (
        "trust",
        policy(trust({"Federated": OIDC + "idp.example.com"}, "sts:AssumeRoleWithWebIdentity")),
        ("warning", "provider-without-condition", "Statement[0].Principal.Federated"),
        "idp.example.com:aud",
    ),
    "word where a number belongs": (
        "identity",
        policy(allow("s3:*", NumericLessThan={"aws:MultiFactorAuthAge": "1h"})),
        (
            "error",
            "value-of-wrong-type",
            "Statement[0].Condition.NumericLessThan.aws:MultiFactorAuthAge",
        ),
        "a number",
    ),
    "date of another form": (
        "identity",
        policy(allow("s3:*", DateLessThan={"aws:CurrentTime": "31.12.2026"})),
        ("error", "MalformedPolicyDocument", "Statement[0].Condition.DateLessThan.aws:CurrentTime"),
        "2026-07-01T12:00:00Z",
    ),
    "Bool with yes": (
        "identity",
        policy(allow("s3:*", Bool={"aws:SecureTransport": "yes"})),
        ("error", "value-of-wrong-type", "Statement[0].Condition.Bool.aws:SecureTransport"),
        '"true"',
    ),
    "address with a wildcard": (
        "identity",
        policy(allow("s3:*", IpAddress={"aws:SourceIp": ["10.0.0.0/8", "192.168.*"]})),
        ("error", "value-of-wrong-type", "Statement[0].Condition.IpAddress.aws:SourceIp[1]"),
        "CIDR",
    ),
    "ARN operator with a name": (
        "identity",
        policy(deny("s3:*", ArnNotLike={"aws:PrincipalArn": "role/app"})),
        ("error", "value-of-wrong-type", "Statement[0].Condition.ArnNotLike.aws:PrincipalArn"),
        "an ARN",
    ),
    "no values": (
        "identity",
        policy(allow("s3:*", StringEquals={"aws:PrincipalOrgID": []})),
        ("error", "empty-values", "Statement[0].Condition.StringEquals.aws:PrincipalOrgID"),
        "Name a value",
    ),
    "address as text": (
        "identity",
        policy(deny("s3:*", StringNotEquals={"aws:SourceIp": "10.0.0.0/8"})),
        ("error", "address-as-text", "Statement[0].Condition.StringNotEquals.aws:SourceIp"),
        "NotIpAddress",
    ),
    "tags without TagSession (24)": (
        "trust",
        policy(trust({"AWS": A}, StringEquals={"aws:RequestTag/team": "red"})),
        (
            "warning",
            "key-that-nobody-may-send",
            "Statement[0].Condition.StringEquals.aws:RequestTag/team",
        ),
        "sts:TagSession",
    ),
    "source identity without SetSourceIdentity": (
        "trust",
        policy(trust({"AWS": A}, StringLike={"sts:SourceIdentity": "a*"})),
        (
            "warning",
            "key-that-nobody-may-send",
            "Statement[0].Condition.StringLike.sts:SourceIdentity",
        ),
        "sts:SetSourceIdentity",
    ),
    "external ID on TagSession": (
        "trust",
        policy(trust({"AWS": A}, BOTH_TAG, StringEquals={"sts:ExternalId": "42"})),
        ("warning", "key-never-present", "Statement[0].Action[1]"),
        "put sts:TagSession in a statement of its own, without sts:ExternalId",
    ),
    "source identity on TagSession": (
        "trust",
        policy(
            trust(
                {"AWS": A}, [*BOTH_NAME, "sts:TagSession"], StringLike={"sts:SourceIdentity": "*"}
            )
        ),
        ("warning", "key-never-present", "Statement[0].Action[2]"),
        "put sts:TagSession in a statement of its own, without sts:SourceIdentity",
    ),
    "request tag on SetSourceIdentity": (
        "trust",
        policy(
            trust(
                {"AWS": A},
                [*BOTH_TAG, "sts:SetSourceIdentity"],
                StringEquals={"aws:RequestTag/team": "red"},
            )
        ),
        ("warning", "key-never-present", "Statement[0].Action[2]"),
        "put sts:SetSourceIdentity in a statement of its own, without aws:RequestTag/team",
    ),
    "session name on SetSourceIdentity": (
        "trust",
        policy(trust({"AWS": A}, BOTH_NAME, StringLike={"sts:RoleSessionName": "a*"})),
        ("warning", "key-never-present", "Statement[0].Action[1]"),
        "put sts:SetSourceIdentity in a statement of its own, without sts:RoleSessionName",
    ),
    "session name on TagSession of a web identity": (
        "trust",
        policy(
            trust(
                {"Federated": OIDC + GITHUB},
                ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                StringEquals={f"{GITHUB}:sub": "x", "sts:RoleSessionName": "ci"},
            )
        ),
        ("warning", "key-never-present", "Statement[0].Action[1]"),
        "without sts:RoleSessionName",
    ),
    "external ID on TagSession alone": (
        "trust",
        policy(
            trust({"AWS": A}),
            trust({"AWS": A}, "sts:TagSession", StringEquals={"sts:ExternalId": "42"}),
        ),
        ("error", "key-never-present", "Statement[1].Condition.StringEquals.sts:ExternalId"),
        "it belongs to sts:AssumeRole.",
    ),
    "request tag on SetSourceIdentity alone": (
        "trust",
        policy(
            trust({"AWS": A}, BOTH_TAG),
            trust({"AWS": A}, "sts:SetSourceIdentity", StringEquals={"aws:RequestTag/a": "1"}),
        ),
        ("error", "key-never-present", "Statement[1].Condition.StringEquals.aws:RequestTag/a"),
        "it belongs to sts:AssumeRole",
    ),
    "a Deny that reaches TagSession always": (
        "trust",
        policy(
            trust({"AWS": A}, BOTH_TAG),
            trust({"AWS": A}, BOTH_TAG, StringNotEquals={"sts:ExternalId": "42"})
            | {"Effect": "Deny"},
        ),
        ("warning", "key-never-present", "Statement[1].Action[1]"),
        "put sts:TagSession in a statement of its own, without sts:ExternalId",
    ),
    "a Deny that reaches reads always": (
        "identity",
        policy(
            deny(
                ["s3:PutObject", "s3:GetObject"],
                OBJECTS,
                StringNotEquals={"s3:x-amz-server-side-encryption": "aws:kms"},
            )
        ),
        ("warning", "key-never-present", "Statement[0].Action[1]"),
        "put s3:GetObject in a statement of its own",
    ),
    "request tag on PassRole": (
        "identity",
        policy(allow(["iam:CreateRole", "iam:PassRole"], StringEquals={"aws:RequestTag/a": "1"})),
        ("warning", "key-never-present", "Statement[0].Action[1]"),
        "put iam:PassRole in a statement of its own",
    ),
    "tags without TagSession, beside an external ID": (
        "trust",
        policy(
            trust({"AWS": A}, StringEquals={"aws:RequestTag/team": "red", "sts:ExternalId": "42"})
        ),
        (
            "warning",
            "key-that-nobody-may-send",
            "Statement[0].Condition.StringEquals.aws:RequestTag/team",
        ),
        'Add "sts:TagSession" in a statement of its own',
    ),
    "saml:aud is not the audience (29)": (
        "trust",
        policy(
            trust(
                {"Federated": f"arn:aws:iam::{A}:saml-provider/corp"},
                "sts:AssumeRoleWithSAML",
                StringEquals={"saml:aud": "urn:amazon:webservices"},
            )
        ),
        ("warning", "saml-audience", "Statement[0].Condition.StringEquals.saml:aud"),
        "https://signin.aws.amazon.com/saml",
    ),
    "account with 11 digits": (
        "identity",
        policy(allow("sts:AssumeRole", "arn:aws:iam::11112222333:role/x")),
        ("error", "bad-arn", "Statement[0].Resource"),
        "12 digits",
    ),
    "unknown partition": (
        "identity",
        policy(allow("s3:GetObject", "arn:was:s3:::b/*")),
        ("error", "MalformedPolicyDocument", "Statement[0].Resource"),
        "arn:aws:",
    ),
    "Resource in a trust policy (34)": (
        "trust",
        policy(trust({"AWS": A}) | {"Resource": "*"}),
        ("error", "MalformedPolicyDocument", "Statement[0].Resource"),
        "Remove it",
    ),
}


@pytest.mark.parametrize("kind, document, finding, words", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(kind, document, finding, words):
    """Exactly one finding: what, where, why and how to write it instead."""
    [found] = lint(document, kind)
    assert (found.severity, found.code, found.path) == finding
    assert words in found.instead
    assert found.message
    assert found.why
    assert guess_kind(document) == kind


def test_misplaced_variables():
    document = policy(allow("s3:${aws:username}"))
    assert "misplaced-variable" in {finding.code for finding in lint(document, "identity")}


def test_where_a_finding_stands():
    """Lines and columns are those of the text, of the name or of the value."""
    text = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["s3:GetObject",
                 "s3:GetObjekt"],
      "Resource": "arn:aws:s3:::reports/*",
      "Condition": {"Bool": {"aws:SecureTransprt": "true"}}
    }
  ]
}"""
    assert [(f.line, f.column) for f in lint(text)] == [(7, 18), (9, 30)]


GOOD = {
    "administrator": ("identity", policy(allow("*"))),
    "power user": (
        "identity",
        policy(
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"},
            allow(["iam:ListRoles", "iam:CreateServiceLinkedRole"]),
        ),
    ),
    "logs of a function": (
        "identity",
        policy(
            allow("logs:CreateLogGroup", f"arn:aws:logs:eu-west-1:{A}:*"),
            allow(
                ["logs:CreateLogStream", "logs:PutLogEvents"],
                f"arn:aws:logs:eu-west-1:{A}:log-group:/aws/lambda/f:*",
            ),
        ),
    ),
    "home directories": (
        "identity",
        policy(
            allow(["s3:ListAllMyBuckets", "s3:GetBucketLocation"], "arn:aws:s3:::*"),
            allow(
                "s3:ListBucket", BUCKET, StringLike={"s3:prefix": ["", "home/${aws:username}/*"]}
            ),
            allow("s3:*Object", BUCKET + "/home/${aws:username}/*"),
        ),
    ),
    "service-linked role": (
        "identity",
        policy(
            allow(
                "iam:CreateServiceLinkedRole",
                "arn:aws:iam::*:role/aws-service-role/*",
                StringEquals={"iam:AWSServiceName": "ecs.amazonaws.com"},
            )
        ),
    ),
    "pass a role": (
        "identity",
        policy(
            allow("iam:PassRole", ROLE, StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})
        ),
    ),
    "own password and MFA": (
        "identity",
        policy(
            allow("iam:ChangePassword", f"arn:aws:iam::{A}:user/${{aws:username}}"),
            deny("ec2:*", BoolIfExists={MFA: "false"}),
        ),
    ),
    "tags on create": (
        "identity",
        policy(
            allow(
                "ec2:CreateVolume",
                StringEquals={"aws:RequestTag/team": "${aws:PrincipalTag/team}"},
                ForAllValues__StringEquals={"aws:TagKeys": ["team"]},
            ),
            allow("ec2:CreateTags", ForAllValues__StringEquals={"aws:TagKeys": ["team"]}),
            allow("ec2:StartInstances", StringEquals={"ec2:ResourceTag/team": "red"}),
        ),
    ),
    "assume roles": ("identity", policy(allow("sts:AssumeRole", f"arn:aws:iam::{A}:role/lab-*"))),
    "encryption context": (
        "identity",
        policy(
            allow(
                "kms:Decrypt",
                f"arn:aws:kms:eu-west-1:{A}:key/*",
                StringEquals={
                    "kms:EncryptionContext:app": "x",
                    "kms:ViaService": "s3.amazonaws.com",
                },
            )
        ),
    ),
    "trust a service": ("trust", policy(trust({"Service": "ec2.amazonaws.com"}))),
    "trust services": (
        "trust",
        policy(
            trust(
                {
                    "Service": [
                        "lambda.amazonaws.com",
                        "edgelambda.amazonaws.com",
                        "ecs-tasks.amazonaws.com",
                        "logs.eu-west-1.amazonaws.com",
                        "vpc-flow-logs.amazonaws.com",
                    ]
                }
            )
        ),
    ),
    "trust an account with an external ID": (
        "trust",
        policy(
            trust(
                {"AWS": f"arn:aws:iam::{A}:root"},
                StringEquals={"sts:ExternalId": "42"},
                Bool={MFA: "true"},
            ),
            trust(
                {"AWS": f"arn:aws:iam::{A}:root"},
                ["sts:TagSession", "sts:SetSourceIdentity"],
                Bool={MFA: "true"},
                ArnLike={"aws:PrincipalArn": USER},
            ),
        ),
    ),
    "trust what is there for every action": (
        "trust",
        policy(
            trust(
                {"AWS": A},
                [*BOTH_TAG, "sts:SetSourceIdentity"],
                StringEquals={"aws:PrincipalTag/team": "red", "aws:ResourceTag/team": "red"},
                StringEqualsIfExists={"sts:ExternalId": "42"},
            ),
            trust({"AWS": A}, BOTH_TAG, StringEquals={"aws:RequestTag/team": "red"}),
            trust({"AWS": A}, BOTH_NAME, StringLike={"sts:SourceIdentity": "a*"}),
            trust({"AWS": "*"}, BOTH_TAG, StringEquals={"sts:ExternalId": "43"})
            | {"Effect": "Deny"},
        ),
    ),
    "trust GitHub": (
        "trust",
        policy(
            trust(
                {"Federated": OIDC + GITHUB},
                "sts:AssumeRoleWithWebIdentity",
                StringEquals={f"{GITHUB}:aud": "sts.amazonaws.com"},
                StringLike={f"{GITHUB}:sub": "repo:me/it:*"},
            )
        ),
    ),
    "trust SAML": (
        "trust",
        policy(
            trust(
                {"Federated": f"arn:aws:iam::{A}:saml-provider/corp"},
                ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                StringEquals={"SAML:aud": "https://signin.aws.amazon.com/saml"},
            )
        ),
    ),
    "trust Cognito": (
        "trust",
        policy(
            trust(
                {"Federated": "cognito-identity.amazonaws.com"},
                "sts:AssumeRoleWithWebIdentity",
                StringEquals={"cognito-identity.amazonaws.com:aud": "eu-west-1:pool"},
                ForAnyValue__StringLike={"cognito-identity.amazonaws.com:amr": "authenticated"},
            )
        ),
    ),
    "bucket: TLS only": (
        "resource",
        policy(
            deny("s3:*", [BUCKET, OBJECTS], "*", Bool={"aws:SecureTransport": "false"}),
            allow(
                "s3:PutObject",
                OBJECTS,
                {"Service": "cloudtrail.amazonaws.com"},
                StringEquals={"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": A},
            ),
        ),
    ),
    "bucket: CDN and organization": (
        "resource",
        policy(
            allow(
                "s3:GetObject",
                OBJECTS,
                {"Service": "cloudfront.amazonaws.com"},
                StringEquals={"AWS:SourceArn": f"arn:aws:cloudfront::{A}:distribution/E1"},
            ),
            allow("s3:GetObject", OBJECTS, "*", StringEquals={"aws:PrincipalOrgID": "o-1"}),
            deny("s3:*", [BUCKET, OBJECTS], "*", StringNotEquals={"aws:SourceVpce": "vpce-1"}),
        ),
    ),
    "key policy": ("resource", policy(allow("kms:*", "*", {"AWS": f"arn:aws:iam::{A}:root"}))),
    "queue": (
        "resource",
        policy(
            allow(
                "sqs:SendMessage",
                f"arn:aws:sqs:eu-west-1:{A}:q",
                {"Service": "sns.amazonaws.com"},
                ArnEquals={"aws:SourceArn": f"arn:aws:sns:eu-west-1:{A}:t"},
            )
        ),
    ),
    "SCP: regions": (
        "scp",
        policy(
            {
                "Effect": "Deny",
                "NotAction": ["iam:*", "sts:*", "support:*"],
                "Resource": "*",
                "Condition": {
                    "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]},
                    "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"},
                },
            }
        ),
    ),
    "RCP: only our organization": (
        "rcp",
        policy(
            deny(
                ["s3:*", "sts:AssumeRole"],
                "*",
                "*",
                StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1"},
                BoolIfExists={"aws:PrincipalIsAWSService": "false"},
            )
        ),
    ),
    "revoked sessions": (
        "identity",
        policy(deny(["*"], ["*"], DateLessThan={"aws:TokenIssueTime": "2026-09-01T10:00:00.000Z"})),
    ),
    "session policy": ("session", policy(allow("s3:GetObject", OBJECTS))),
}


@pytest.mark.parametrize("kind, document", GOOD.values(), ids=GOOD)
def test_good_policies_pass_in_silence(kind, document):
    assert lint(document, kind) == []
    assert lint(json.dumps(document), kind) == []


def test_policies_that_aws_itself_manages():
    """Oracle: every fourth of the 1,500 policies of AWS. The few errors are slips of AWS.

    Sizes are left out: AWS does not hold itself to them.
    """
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found, without = Counter(), 0
    policies = list(json.loads(aws_managed_policies_data).values())[::4]
    for managed in policies:
        findings = [f for f in lint(managed["Document"], "identity") if f.code != "LimitExceeded"]
        errors = [f.code for f in findings if f.severity == "error"]
        found.update(set(errors))
        without += not errors
        assert "MalformedPolicyDocument" not in errors
    assert without / len(policies) > 0.97
    for code in ("literal-star", "value-of-wrong-type", "unknown-service-principal"):
        assert found[code] == 0
    assert set(found) <= {
        "ValidationError",
        "action-without-resource",
        "key-never-present",
        "unknown-action",
        "unknown-key",
        "unknown-service",
    }


KINDS_GUESSED = [
    ({"Statement": []}, "identity"),
    ([], "identity"),
    ({}, "identity"),
    (policy(trust({"AWS": A}), allow("s3:*", "*", "*")), "resource"),
    (policy({"Effect": "Allow", "Action": "sts:AssumeRole"}), "trust"),
    (policy(allow("sts:AssumeRole", ROLE)), "identity"),
    (policy({"Effect": "Deny", "NotPrincipal": {"AWS": A}, "Action": "s3:*"}), "resource"),
]


@pytest.mark.parametrize("document, kind", KINDS_GUESSED)
def test_kind_is_guessed_from_the_content(document, kind):
    assert guess_kind(document) == kind


OVERLAPS = [
    ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}", True),
    ("arn:aws:s3:::b/*", "arn:${Partition}:s3:::${BucketName}", False),
    ("arn:aws:s3:::b*", "arn:${Partition}:s3:::${BucketName}", True),
    ("arn:aws:s3:::b*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
    ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
    ("arn:aws:s3:::b?k", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
    ("arn:aws:s3:::${aws:username}", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
    ("arn:*:iam::*:role/*", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", True),
    ("arn:aws:iam::*:user/*", "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}", False),
    ("arn:aws:iam::1:role/a/b", "arn:${Partition}:iam::${Account}:role/${R}", True),
    ("arn:aws:iam::1:role", "arn:${Partition}:iam::${Account}:role/${R}", False),
]


@pytest.mark.parametrize("resource, reference, expected", OVERLAPS)
def test_overlap(resource, reference, expected):
    assert overlap(of_policy(resource), of_reference(reference)) is expected


def run(*arguments, text=""):
    command = [sys.executable, "-m", "labhelpers", "lint", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)


def test_command_line(tmp_path):
    """Findings with file, line and column; the status tells errors from warnings."""
    bad, odd, good = (tmp_path / name for name in ("bad.json", "odd.json", "good.json"))
    bad.write_text(json.dumps(MISTAKES["objects' action on a bucket"][1], indent=2))
    odd.write_text(json.dumps(MISTAKES["no Version"][1]))
    good.write_text(json.dumps(GOOD["trust a service"][1]))
    done = run(str(good), str(bad), str(odd))
    assert done.returncode == 1
    assert f"{bad}:6:17: error: " in done.stdout
    assert f"{odd}:1:1: warning: " in done.stdout
    assert str(good) not in done.stdout
    assert run(str(odd)).returncode == 0
    assert (run("-", text=good.read_text()).stdout, run(str(good)).returncode) == ("", 0)
    assert "contains invalid Json" in run("-", text="{").stdout
    wrong = run("--kind", "identity", str(good))
    assert wrong.returncode == 1
    assert "should not specify a principal" in wrong.stdout
    missing = run(str(tmp_path / "none.json"))
    assert missing.returncode == 2
    assert missing.stderr.startswith("labhelpers lint: ")


WORDS = st.sampled_from(
    ["Statement", "Effect", "Action", "Resource", "Principal", "Condition", "Version", "AWS"]
    + ["StringEquals", "Bool", "aws:TagKeys", "s3:prefix", "ForAllValues:StringLike", "Service"]
)
VALUES = st.recursive(
    st.sampled_from(
        ["Allow", "*", "s3:*", "s3:Get", ":", "a:b", "${", "AIDAX", "", "arn:aws:s3:::"]
    )
    | st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(WORDS, v, max_size=4),
    max_leaves=15,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.sampled_from(["", *KINDS]))
def test_any_document_can_be_linted(value, kind):
    """Findings come out, never an exception, whatever stands in the document."""
    text = json.dumps({"Version": "2012-10-17", "Statement": value})
    for document in (text, json.dumps(value)):
        for finding in lint(document, kind):
            assert str(finding)
            assert finding.line >= 1
            assert finding.column >= 1
