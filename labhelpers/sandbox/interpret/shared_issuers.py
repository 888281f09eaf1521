"""Issuers whose one URL serves many customers: without a condition, anybody's token gets in.

Since 2025 IAM refuses trust policies that name such an issuer without evaluating the claim that
tells its customers apart. Source: IAM User Guide, "Identity-provider controls for shared OIDC
providers"; the wording of the refusal is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SUB = (
    "agent.buildkite.com",
    "app.terraform.io",
    "gitlab.com",
    "oidc-configuration.audit-log.githubusercontent.com",
    "oidc.codefresh.io",
    "proidc.upbound.io",
    "scalr.io",
    "studio.datachain.ai/api",
    "token.actions.githubusercontent.com",
    "tokens.cloud.shisho.dev",
    "vstoken.actions.githubusercontent.com",
)
_AUD = (
    "api.pulumi.com/oidc",
    "cognito-identity.amazonaws.com",
    "oidc.vercel.com",
    "sandboxes.cloud",
)
#: Issuer -> the claim that tells its customers apart.
SHARED = dict.fromkeys(_SUB, "sub") | dict.fromkeys(_AUD, "aud")
_ANYTHING = frozenset("*?")


def shared_provider_without_condition(document: Mapping[str, Any]) -> str | None:
    """Why IAM refuses this trust policy (parsed JSON), None where it has nothing against it.

    A condition counts when its operator compares texts and no value is all wildcard.
    """
    statements = document.get("Statement", ())
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        if statement.get("Effect") != "Allow":
            continue
        for issuer in _federated(statement):
            claim = SHARED.get(issuer.lower())
            key = f"{issuer}:{claim}"
            if claim and not _evaluates(statement.get("Condition") or {}, key):
                return (
                    f"The trust policy for the shared OIDC provider {issuer} must evaluate "
                    f"{key} in a condition."
                )
    return None


def _federated(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    named = principal.get("Federated", ()) if isinstance(principal, Mapping) else ()
    for value in [named] if isinstance(named, str) else named:
        yield value.partition(":oidc-provider/")[2] or value


def _evaluates(condition: Mapping[str, Any], key: str) -> bool:
    for operator, block in condition.items():
        comparison = operator.rpartition(":")[2].lower()
        # Negated, …IfExists and ForAllValues are satisfied by tokens that they do not restrict.
        if not comparison.startswith("string") or "not" in comparison:
            continue
        if comparison.endswith("ifexists") or operator.lower().startswith("forallvalues:"):
            continue
        for name, values in block.items():
            values = values if isinstance(values, list) else [values]
            if name.lower() == key.lower() and not any(
                _ANYTHING.issuperset(str(v)) for v in values
            ):
                return True
    return False
