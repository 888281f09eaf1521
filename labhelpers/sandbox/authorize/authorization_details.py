"""What GetRequestAuthorizationDetails tells of a request that was denied: its context, each check
and its result, and the policies as they were then.

Source: botocore's model of iam-toolbox (a preview of 2026); IAM User Guide, "Troubleshoot access
denied error messages with authorization ID". What it calls an inline policy is opaque there, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labhelpers.policy import (
    EXPLICITLY_DENIED,
    Decision,
    Policy,
    StatementResult,
    principal_context,
)
from labhelpers.policy.deciding.case import ALLOW, DENY

#: Policy type -> (the check that it is for, what it is called), in the order of the checks.
_TYPES = {
    "rcp": ("RESOURCE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"),
    "scp": ("SERVICE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"),
    "resource": ("RESOURCE", "RESOURCE_BASED_POLICY"),
    "identity": ("PRINCIPAL", "IDENTITY_BASED_POLICY"),
    "boundary": ("PERMISSIONS_BOUNDARY", "PERMISSIONS_BOUNDARY"),
    "session": ("SESSION", "SESSION_POLICY"),
}
_EFFECTS = {ALLOW: "ALLOW", DENY: "EXPLICIT_DENY"}


def details_of(decision: Decision) -> dict[str, Any]:
    """The whole answer; the sandbox evaluates one action on one resource at a time."""
    request = decision.request
    explicit = decision.outcome == EXPLICITLY_DENIED
    evaluation = {
        "action": request.action,
        "resource": request.resource or "",
        "context": {},
        "evaluatedEffect": "EXPLICIT_DENY" if explicit else "IMPLICIT_DENY",
        "matchedPolicies": _matched(decision, _policies(decision)),
        "checks": list(_checks(decision)),
    }
    context = {**principal_context(request.principal), **request.context}
    return {
        "requestContext": {key: value for key, value in context.items() if value is not None},
        "evaluations": [evaluation],
        "policies": [_told(decision, kind, policy) for kind, policy in _policies(decision)],
    }


def policy_of(decision: Decision, uri: str) -> Mapping[str, Any] | None:
    """The document of a policy that was evaluated, None for another URI."""
    found = (policy.document for _, policy in _policies(decision) if _uri(policy) == uri)
    return next(found, None)


def _policies(decision: Decision) -> Iterator[tuple[str, Policy]]:
    for kind in _TYPES:
        for policies in decision.judged.groups[kind]:
            yield from ((kind, policy) for policy in policies)


def _checks(decision: Decision) -> Iterator[dict[str, Any]]:
    """One for each set of policies that must allow, such as a level of an organization."""
    case = decision.judged
    for kind, (check, policy_type) in _TYPES.items():
        for verdict, policies in zip(case.verdicts[kind], case.groups[kind], strict=True):
            effect = _EFFECTS.get(verdict, "IMPLICIT_DENY")
            if kind == "resource" and effect == "IMPLICIT_DENY" and case.same_account:
                effect = "NO_IMPACT"
            yield {
                "checkType": check,
                "evaluatedEffect": effect,
                "relevantPolicyTypes": [policy_type],
                "matchedPolicies": _matched(decision, ((kind, policy) for policy in policies)),
            }


def _matched(decision: Decision, held: Iterable[tuple[str, Policy]]) -> list[dict[str, Any]]:
    """The policies of which statements matched, and those statements."""
    found = []
    for kind, policy in held:
        hits = [r for r in decision.statements if r.matched and _is_of(r, kind, policy)]
        if hits:
            told = [{"sid": _sid(hit), "evaluatedEffect": hit.effect.upper()} for hit in hits]
            found.append({"uri": _uri(policy), "matchedStatements": told})
    return found


def _is_of(result: StatementResult, kind: str, policy: Policy) -> bool:
    return result.policy_name == policy.name and result.policy_type == kind


def _sid(result: StatementResult) -> str:
    """Its own, or one made for reference."""
    return result.sid or f"statement{result.index + 1}"


def _told(decision: Decision, kind: str, policy: Policy) -> dict[str, Any]:
    principal = decision.request.principal
    whose = principal.role_arn or principal.arn
    told = {"type": _TYPES[kind][1], "inline": not policy.arn, "uri": _uri(policy)}
    return told if kind in ("scp", "rcp") else {**told, "attachedTo": [{"arn": whose}]}


def _uri(policy: Policy) -> str:
    return policy.arn or hashlib.sha256(policy.name.encode()).hexdigest()[:32]
