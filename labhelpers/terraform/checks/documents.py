"""The lint of labhelpers.policy for every policy of a configuration, with Terraform's lines."""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy import Finding as LintFinding
from labhelpers.policy import lint
from labhelpers.terraform.checks.findings import LESSONS_BY_KIND, Finding
from labhelpers.terraform.checks.view import View
from labhelpers.terraform.language.values import Attributes
from labhelpers.terraform.modules.configuration import Resource

# type -> (argument with the policy, its kind)
_POLICIES = {
    "aws_iam_role": ("assume_role_policy", "trust"),
    "aws_iam_policy": ("policy", "identity"),
    "aws_iam_role_policy": ("policy", "identity"),
    "aws_iam_user_policy": ("policy", "identity"),
    "aws_iam_group_policy": ("policy", "identity"),
    "aws_s3_bucket_policy": ("policy", "resource"),
    "aws_sqs_queue_policy": ("policy", "resource"),
    "aws_sqs_queue": ("policy", "resource"),
    "aws_sns_topic_policy": ("policy", "resource"),
    "aws_kms_key": ("policy", "resource"),
    "aws_kms_key_policy": ("policy", "resource"),
    "aws_ecr_repository_policy": ("policy", "resource"),
    "aws_secretsmanager_secret_policy": ("policy", "resource"),
}
# AWS's own documentation writes these; they are no weak points.
_LEFT_OUT = ("old-version",)

_HCL = {
    "unknown-service-principal": 'principals {\n  type        = "Service"\n'
    '  identifiers = ["ec2.amazonaws.com"]\n}',
    "everyone": 'principals {\n  type        = "AWS"\n'
    '  identifiers = ["arn:aws:iam::111122223333:role/deploy"]\n}',
    "wrong-assume-role-action": "# users and roles: sts:AssumeRole; OIDC: …WithWebIdentity; SAML:\n"
    'actions = ["sts:AssumeRoleWithWebIdentity"]',
    "provider-without-condition": 'condition {\n  test     = "StringEquals"\n'
    '  variable = "token.actions.githubusercontent.com:aud"\n'
    '  values   = ["sts.amazonaws.com"]\n}\n\ncondition {\n  test     = "StringEquals"\n'
    '  variable = "token.actions.githubusercontent.com:sub"\n'
    '  values   = ["repo:my-team/my-repo:ref:refs/heads/main"]\n}',
    "allow-on-absent-key": 'condition {\n  test     = "Bool"\n'
    '  variable = "aws:MultiFactorAuthPresent"\n  values   = ["true"]\n}',
    "deny-on-absent-key": 'condition {\n  test     = "BoolIfExists"\n'
    '  variable = "aws:MultiFactorAuthPresent"\n  values   = ["false"]\n}',
}


def linted(view: View) -> Iterator[Finding]:
    """Every finding of lint, at the line of the argument that says it."""
    for resource in view.configuration.of_type(*_POLICIES):
        attribute, kind = _POLICIES[resource.type]
        yield from _of(view, resource, attribute, kind)
        blocks = resource.values.get("inline_policy")
        for number, block in enumerate(blocks if isinstance(blocks, list) else ()):
            if isinstance(block, Attributes):
                yield from _of(view, resource, f"inline_policy.{number}", "identity")


def _of(view: View, resource: Resource, attribute: str, kind: str) -> Iterator[Finding]:
    text = view.places.known_text(resource, attribute)
    if not text:
        return
    for found in lint(text, kind):
        if found.code in _LEFT_OUT:
            continue
        yield view.finding(
            _id_of(found),
            resource,
            attribute,
            found.message,
            found.why,
            _HCL.get(_id_of(found), found.instead),
            severity="error" if found.code == "everyone" and kind == "trust" else found.severity,
            path=found.path,
            lesson=LESSONS_BY_KIND[kind],
        )


def _id_of(found: LintFinding) -> str:
    """Return the name of the check; AWS's own error codes get one in this style."""
    if found.code.islower():
        return found.code
    return "unknown-service-principal" if ".Service" in found.path else "policy-refused"
