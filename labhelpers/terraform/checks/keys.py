"""Access keys that never expire."""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.terraform.access.identities import Identity
from labhelpers.terraform.checks.findings import WARNING, Finding
from labhelpers.terraform.checks.view import View


def long_lived(view: View) -> Iterator[Finding]:
    """aws_iam_access_key, beside roles that could do the same."""
    for key in view.configuration.of_type("aws_iam_access_key"):
        user = key.values.get("user")
        role = next(
            (r.name for r in view.access.roles if r.policies and _of(view, user) & _texts(r)), ""
        )
        beside = f" The role {role} has the same policy and needs no key." if role else ""
        yield view.finding(
            "long-lived-key",
            key,
            "user",
            f"An access key that never expires, and its secret is in the state file.{beside}",
            "A leaked key works until somebody notices. Credentials of a role end by themselves.",
            "# Let the workload come with a role: an instance profile, a task role, or OIDC:\n"
            'principals {\n  type        = "Federated"\n'
            "  identifiers = [aws_iam_openid_connect_provider.ci.arn]\n}",
            severity=WARNING,
        )


def _of(view: View, user: object) -> set[str]:
    found = [i for i in view.access.identities.values() if not i.is_role and i.name == user]
    return set().union(*(_texts(identity) for identity in found)) if found else set()


def _texts(identity: Identity) -> set[str]:
    return {grant.text for grant in identity.grants if isinstance(grant.text, str)}
