"""Roles: who may assume them, for how long, and whether those that carry them can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labhelpers.policy.language.principals import account_in, entries_of
from labhelpers.terraform.access.best_case import listed, statements
from labhelpers.terraform.access.identities import Identity
from labhelpers.terraform.checks.findings import WARNING, Finding
from labhelpers.terraform.checks.view import View
from labhelpers.terraform.modules.configuration import Resource

LONG = 8 * 3600  # seconds; a working day
_MFA = "aws:multifactorauthpresent"
# Each of them tells an invited caller from whoever the outside account lets in.
_NARROWING = (
    *("sts:externalid", "aws:principalorgid", "aws:principalorgpaths", _MFA),
    *("aws:multifactorauthage", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce"),
    *("aws:sourceidentity", "sts:sourceidentity"),  # people, named one by one
)
_CI = (
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "agent.buildkite.com",
)


def _allows(role: Identity) -> Iterator[tuple[int, Mapping]]:
    for number, statement in enumerate(statements(role.certain_trust)):
        if statement["Effect"] == "Allow" and "Principal" in statement:
            yield number, statement


def _keys(statement: Mapping) -> dict[str, tuple[str, list[str]]]:
    """Return key in lower case -> (operator, values)."""
    return {
        key.lower(): (operator, listed(values))
        for operator, pairs in statement.get("Condition", {}).items()
        for key, values in pairs.items()
    }


def outside_accounts(view: View) -> Iterator[Finding]:
    """Another account may assume a role, and nothing tells for whom it does so."""
    for role in view.access.roles:
        for number, statement in _allows(role):
            if any(key in _NARROWING for key in _keys(statement)):
                continue
            for kind, value in entries_of(statement["Principal"]):
                account = value.split(":")[4] if value.startswith("arn:") else account_in(value)
                if kind != "AWS" or account in ("", role.arn.split(":")[4]):
                    continue
                yield view.finding(
                    "outside-account-without-external-id",
                    role.resource,
                    "assume_role_policy",
                    f"Account {account} may assume this role without an external ID.",
                    "If that account works for several customers, any of them can make it use "
                    "your role: the confused deputy. An ID that only you were given stops them.",
                    'condition {\n  test     = "StringEquals"\n  variable = "sts:ExternalId"\n'
                    '  values   = ["the ID that the other side gave you"]\n}',
                    severity=WARNING,
                    path=f"Statement[{number}].Principal.AWS",
                )


def mfa(view: View) -> Iterator[Finding]:
    """MFA conditions that ask for none, or that nobody can meet."""
    for role in view.access.roles:
        for number, statement in _allows(role):
            operator, values = _keys(statement).get(_MFA, ("", []))
            path = f"Statement[{number}].Condition.{operator}"
            if operator.startswith("Bool") and values == ["false"]:
                yield view.finding(
                    "mfa-asked-for-false",
                    role.resource,
                    "assume_role_policy",
                    "The condition lets in only those who come WITHOUT MFA.",
                    'The key is "true" after MFA; "false" asks for the opposite.',
                    'condition {\n  test     = "Bool"\n  variable = "aws:MultiFactorAuthPresent"\n'
                    '  values   = ["true"]\n}',
                    path=path,
                )
            kinds = {kind for kind, _ in entries_of(statement["Principal"])}
            wanted = operator == "Bool" and values == ["true"]
            if wanted and kinds & {"Service", "Federated"}:
                who = "A service" if "Service" in kinds else "A federated caller"
                yield view.finding(
                    "mfa-never-present",
                    role.resource,
                    "assume_role_policy",
                    f"{who} can never meet the MFA condition.",
                    "aws:MultiFactorAuthPresent is there only for IAM users and their sessions.",
                    "# Give people and services a statement each; only the people's has MFA.",
                    path=path,
                )


def subjects(view: View) -> Iterator[Finding]:
    """OIDC subjects with a wildcard where the owner of the workload should stand."""
    for role in view.access.roles:
        for number, statement in _allows(role):
            for key, (operator, values) in _keys(statement).items():
                issuer, _, claim = key.rpartition(":")
                if claim != "sub" or "Like" not in operator or issuer not in _CI:
                    continue
                for value in values:
                    owner = value.split(":")[1] if value.count(":") else value
                    if owner[:1] not in ("*", "?"):
                        continue
                    yield view.finding(
                        "oidc-subject-too-broad",
                        role.resource,
                        "assume_role_policy",
                        f'The subject "{value}" lets in repositories of everybody.',
                        f"{issuer} signs tokens for the whole world; the part before the first "
                        "slash is what makes a subject yours.",
                        'values = ["repo:my-team/my-repo:ref:refs/heads/main"]',
                        path=f"Statement[{number}].Condition.{operator}",
                    )


def long_sessions(view: View) -> Iterator[Finding]:
    """Sessions of more than a working day."""
    for role in view.access.roles:
        seconds = role.resource.values.get("max_session_duration")
        if isinstance(seconds, int) and seconds > LONG:
            yield view.finding(
                "long-session",
                role.resource,
                "max_session_duration",
                f"A session of this role may last {seconds / 3600:g} hours.",
                "Temporary credentials that leak are of use until they expire; nothing but a "
                "Deny for older sessions ends them earlier.",
                "max_session_duration = 3600",
                severity=WARNING,
            )


def untaken(view: View) -> Iterator[Finding]:
    """A profile, function, task … with a role that its service may not assume."""
    for carrier in view.carriers:
        role = carrier.role
        if role.trust is None:
            continue
        context = {"aws:SourceAccount": view.access.account, "aws:SourceArn": "arn:aws:x"}
        if not _names_service(role, carrier.service):
            holder = carrier.profile or carrier.resource
            attribute = "role" if carrier.profile else _attribute(carrier.resource, role)
            yield view.finding(
                "role-not-for-its-service",
                holder,
                attribute,
                f"{carrier.service} may not assume {role.name}, so {carrier.resource.address} "
                "gets no credentials.",
                view.access.decide(
                    carrier.service, "sts:AssumeRole", role.address, context
                ).aws_reason
                or "The trust policy does not name the service.",
                'principals {\n  type        = "Service"\n'
                f'  identifiers = ["{carrier.service}"]\n}}',
            )


def _names_service(role: Identity, service: str) -> bool:
    """Whether some Allow statement names the service; its conditions are the service's to meet."""
    return any(
        value == service or (service.startswith("ec2.") and value.startswith("ec2.amazonaws.com"))
        for _, statement in _allows(role)
        for kind, value in entries_of(statement["Principal"])
        if kind == "Service"
    )


def _attribute(resource: Resource, role: Identity) -> str:
    for name in ("role", "role_arn", "task_role_arn", "execution_role_arn", "service_role"):
        if resource.values.get(name) in (role.arn, role.name):
            return name
    return "role"
