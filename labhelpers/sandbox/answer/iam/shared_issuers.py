"""Issuers whose one URL serves many customers: without a condition, anybody's token gets in.

Since 2025 IAM refuses trust policies that name such an issuer without evaluating the claim that
tells its customers apart. Source: IAM User Guide, "Identity-provider controls for shared OIDC
providers"; the words, job_workflow_ref and what counts as scoped: AWS_RECORDED A7 (four reports
and a trial of 2026, about GitHub; that the words are the same for other issuers is by analogy).
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
#: Issuer -> the claims of which one has to tell its customers apart.
SHARED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_SUB, ("sub",)),
    **dict.fromkeys(_AUD, ("aud",)),
}
SHARED["token.actions.githubusercontent.com"] = ("sub", "job_workflow_ref")
_OPERATORS = ("StringEquals", "StringLike", "StringEqualsIgnoreCase")
_ANYTHING = frozenset("*?")


def shared_provider_without_condition(document: Mapping[str, Any]) -> str | None:
    """Why IAM refuses this trust policy (parsed JSON), None where it has nothing against it.

    A condition counts when its operator compares texts and some value is more than wildcards.
    """
    statements = document.get("Statement", ())
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        if statement.get("Effect") != "Allow":
            continue
        for trusted in _federated(statement):
            issuer = trusted.partition(":oidc-provider/")[2] or trusted
            keys = [f"{issuer}:{claim}" for claim in SHARED.get(issuer.lower(), ())]
            if keys and not _evaluates(statement.get("Condition") or {}, keys):
                first, *others = _OPERATORS
                return (
                    f"Trust policy with trusted principal {trusted} must evaluate, using "
                    f"{first}, {' or '.join(others)}, {' or '.join(keys)} "
                    "which is not scoped to all."
                )
    return None


def _federated(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal")
    named = principal.get("Federated", ()) if isinstance(principal, Mapping) else ()
    yield from [named] if isinstance(named, str) else named


def _evaluates(condition: Mapping[str, Any], keys: list[str]) -> bool:
    """Whether a condition restricts one of the keys.

    …IfExists and ForAllValues are satisfied by tokens that they do not restrict.
    """
    for operator, block in condition.items():
        if operator.removeprefix("ForAnyValue:") not in _OPERATORS:
            continue
        for name, values in block.items():
            listed = values if isinstance(values, list) else [values]
            if name.lower() in map(str.lower, keys) and not all(
                _ANYTHING.issuperset(str(value)) for value in listed
            ):
                return True
    return False
