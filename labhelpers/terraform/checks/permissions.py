"""Permissions that reach further than their author can have meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labhelpers.terraform.access.best_case import listed, statements
from labhelpers.terraform.access.identities import Grant, compiled
from labhelpers.terraform.checks.findings import WARNING, Finding
from labhelpers.terraform.checks.view import View


def _allows(view: View) -> Iterator[tuple[Grant, int, Mapping]]:
    for identity in view.access.identities.values():
        if identity.address in view.admins:
            continue
        for grant in identity.grants:
            policy = compiled(grant.text, "identity", grant.name)
            if grant.attribute in ("policy_arn", "policy_arns", "managed_policy_arns"):
                continue  # AWS's own; what they allow is not written here
            for number, statement in enumerate(statements(policy)):
                if statement["Effect"] == "Allow":
                    yield grant, number, statement


def assume_anything(view: View) -> Iterator[Finding]:
    """sts:AssumeRole on every role there is."""
    for grant, number, statement in _allows(view):
        actions = {a.lower() for a in listed(statement.get("Action", ()))}
        if not actions & {"sts:assumerole", "sts:*", "sts:assume*", "sts:assumerole*"}:
            continue
        for resource in listed(statement.get("Resource", ())):
            every = resource == "*" or (
                resource.startswith("arn:") and resource.endswith(":role/*")
            )
            if every and not statement.get("Condition"):
                yield view.finding(
                    "assume-any-role",
                    grant.resource,
                    grant.attribute,
                    f'sts:AssumeRole on "{resource}": every role that trusts the account is within '
                    "reach.",
                    "Roles often trust the whole account and rely on permissions like this one "
                    "being narrow. Here nothing is left to decide.",
                    'actions   = ["sts:AssumeRole"]\n'
                    'resources = ["arn:aws:iam::111122223333:role/deploy"]',
                    path=f"Statement[{number}].Resource",
                )


def pass_anything(view: View) -> Iterator[Finding]:
    """iam:PassRole on every role, to every service."""
    for grant, number, statement in _allows(view):
        actions = {a.lower() for a in listed(statement.get("Action", ()))}
        resources = listed(statement.get("Resource", ()))
        limited = "iam:passedtoservice" in str(statement.get("Condition", {})).lower()
        if actions & {"iam:passrole", "iam:pass*"} and "*" in resources and not limited:
            yield view.finding(
                "pass-any-role",
                grant.resource,
                grant.attribute,
                "iam:PassRole on every role: whoever has this can hand any of them to a service.",
                "A service that runs your code with a role gives that code the role's rights.",
                'actions   = ["iam:PassRole"]\nresources = [aws_iam_role.task.arn]\n\n'
                'condition {\n  test     = "StringEquals"\n  variable = "iam:PassedToService"\n'
                '  values   = ["ecs-tasks.amazonaws.com"]\n}',
                severity=WARNING,
                path=f"Statement[{number}].Resource",
            )
