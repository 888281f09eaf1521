"""Principals that do not exist, let in more than meant, or cannot use the action."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labhelpers.policy.language.principals import WELL_KNOWN
from labhelpers.policy.language.slips import closest
from labhelpers.policy.linting import catalogue
from labhelpers.policy.linting.views import View, error, warning
from labhelpers.policy.writing.findings import Finding

_NAMES = """
    apigateway application-autoscaling appsync athena autoscaling backup batch bedrock billing
    billingconsole budgets ce chatbot cloudformation cloudfront cloudtrail cloudwatch codebuild
    codecommit codedeploy codepipeline cognito-idp config config-multiaccountsetup datasync
    delivery.logs dlm dms ds dynamodb ec2 ec2fleet ec2scheduled ecs ecs-tasks edgelambda eks
    eks-fargate-pods eks-nodegroup elasticache elasticbeanstalk elasticfilesystem
    elasticloadbalancing elasticmapreduce events firehose fsx glacier glue greengrass guardduty
    health iam imagebuilder inspector2 iot kafka kafkaconnect kinesis kinesisanalytics kms
    lakeformation lambda lex lightsail logdelivery.elasticloadbalancing logger.cloudfront logs
    macie mediaconvert member.org.stacksets.cloudformation monitoring monitoring.rds
    opensearchservice ops.apigateway organizations osis pinpoint pipes pods.eks quicksight ram
    rds redshift redshift-serverless replicator.lambda resource-groups rolesanywhere
    route53 s3 sagemaker scheduler secretsmanager securityhub serverlessrepo
    servicecatalog ses sns spot spotfleet sqs ssm ssm-incidents sso stacksets.cloudformation
    states storagegateway support swf tagging textract transcribe transfer translate
    trustedadvisor vmie vpc-flow-logs vpc-lattice waf wafv2 wellarchitected workspaces xray
"""
# Service principals that are in common use and do not begin with the service's prefix.
_SERVICES = frozenset(_NAMES.split())
_SHARED = {
    "app.terraform.io": "aud",
    "agent.buildkite.com": "sub",
    "codefresh.io": "sub",
    "gitlab.com": "sub",
    "token.actions.githubusercontent.com": "sub",
}
_ASSUME = "sts:AssumeRole"
_BY_TYPE = {
    "AWS": ("sts:AssumeRole",),
    "Service": ("sts:AssumeRole",),
    "oidc": ("sts:AssumeRoleWithWebIdentity",),
    "saml": ("sts:AssumeRoleWithSAML",),
}


def principal_checks(view: View) -> Iterator[Finding]:
    """Run every check on the principals of a statement."""
    for element in ("Principal", "NotPrincipal"):
        for path, kind, text in view.principals(element):
            if kind == "Service":
                yield from _service(path, text)
            elif kind == "AWS" and re.match("A(IDA|ROA)[A-Z0-9]", text):
                yield _deleted(path, text)
    yield from _everyone(view)
    if view.kind == "trust":
        yield from _wrong_call(view)
        yield from _provider_conditions(view)
        yield from _user_name(view)


def _service(path: str, text: str) -> Iterator[Finding]:
    name = text.lower().removesuffix(".cn").removesuffix(".amazonaws.com")
    known = _SERVICES | catalogue.services()
    # A service may have regional principals (logs.eu-west-1) and ones below its own name.
    if text == "*" or name in known or any(part in known for part in name.split(".")):
        return
    near = closest(name, known, 0.7)
    if near:
        yield error(
            "unknown-service-principal",
            f'"{text}" is no service principal known',
            path,
            "AWS refuses a trust policy that names a service it does not have.",
            f'Did you mean "{near}.amazonaws.com"?',
        )


def _deleted(path: str, text: str) -> Finding:
    return warning(
        "deleted-principal",
        f"{text} is the unique id of a user or role",
        path,
        "AWS shows the id instead of the ARN once the user or role is deleted; one that is "
        "created anew under the same name has another id.",
        "Name the ARN of the user or role that exists today.",
    )


def _everyone(view: View) -> Iterator[Finding]:
    if not view.allow or view.conditions:
        return
    for path, kind, text in view.principals():
        if kind in ("*", "AWS") and text == "*":
            who = "every AWS principal of every account" if view.kind == "trust" else "everybody"
            yield warning(
                "everyone",
                f"This lets in {who}",
                path,
                "No condition narrows the *.",
                "Name accounts, roles or users, or add a condition such as aws:PrincipalOrgID.",
            )


def _wrong_call(view: View) -> Iterator[Finding]:
    """Principals that could only come with another AssumeRole* action than those allowed."""
    actions = {full for _, text in view.actions for full in catalogue.expand(text)}
    assuming = {name for name in actions if name.startswith(_ASSUME)}
    if not view.allow or not assuming:
        return
    for path, kind, text in view.principals():
        if kind == "Federated":
            kind = "saml" if ":saml-provider/" in text else "oidc"
        needed = _BY_TYPE.get(kind)
        if needed and assuming.isdisjoint(needed):
            yield error(
                "wrong-assume-role-action",
                f"{text} can never use {' or '.join(sorted(assuming))}",
                path,
                f"Principals of this type come with {needed[0]}.",
                f'Write "Action": "{needed[0]}" for it.',
            )


def _provider_conditions(view: View) -> Iterator[Finding]:
    """OIDC providers that serve everybody need a condition that tells one tenant from another."""
    if not view.allow:
        return
    for path, kind, text in view.principals():
        issuer = text.partition(":oidc-provider/")[2] or (text if text in WELL_KNOWN else "")
        if kind != "Federated" or not issuer:
            continue
        keys = {key for key in view.keys if key.startswith(issuer.lower() + ":")}
        claim = _SHARED.get(issuer.split("/")[0].lower())
        if not keys:
            severity = error if claim else warning
            wanted = f"{issuer}:{claim or 'aud'}"
            yield severity(
                "provider-without-condition",
                f"Whoever has a token of {issuer} may assume the role",
                path,
                "The provider signs tokens for all its users; AWS refuses such a trust policy for "
                "the providers that everybody shares."
                if claim
                else "The provider signs tokens for all its users and clients.",
                f'Add a condition such as "StringEquals": {{"{wanted}": "…"}}.',
            )
        elif claim == "sub" and f"{issuer.lower()}:sub" not in keys and len(keys) == 1:
            [key] = keys
            if key.endswith(":aud"):
                yield error(
                    "provider-without-condition",
                    f"Every repository or project of {issuer} may assume the role",
                    path,
                    "The audience is the same for all users of the provider; AWS refuses such a "
                    "trust policy.",
                    f'Add "StringLike": {{"{issuer}:sub": "…"}} with your own organization.',
                )


def _user_name(view: View) -> Iterator[Finding]:
    """`${aws:username}` shuts out everybody who is no IAM user."""
    sessions = [text for _, kind, text in view.principals() if kind == "AWS" and ":role/" in text]
    if not view.allow or not sessions:
        return
    for condition in view.conditions:
        for path, value in condition.places():
            if "${aws:username}" in value.lower():
                yield warning(
                    "username-of-a-role",
                    f"{sessions[0]} can never meet this condition",
                    path,
                    "aws:username exists for IAM users only; sessions of a role have none.",
                    "Use aws:userid, aws:PrincipalTag or a fixed text.",
                )
