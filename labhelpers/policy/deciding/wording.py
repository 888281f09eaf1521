"""The words of explanations: callers, statements, and why an element did not match."""

from __future__ import annotations

from labhelpers.policy.language.conditions import parts_of
from labhelpers.policy.language.model import (
    POLICY_NAMES,
    Failure,
    Principal,
    Request,
    StatementResult,
)

_COMPARED = {
    "LessThan": "below",
    "LessThanEquals": "of at most",
    "GreaterThan": "above",
    "GreaterThanEquals": "of at least",
}


def caller(principal: Principal) -> str:
    """Name the caller as a sentence would: user anna, a session of role app, ..."""
    name = principal.arn.rsplit("/", 1)[-1]
    if principal.kind == "role-session":
        role = principal.role_arn.rsplit("/", 1)[-1]
        return (
            f"session {name} of role {role}" if ":assumed-role/" in principal.arn else _role(role)
        )
    return {
        "user": f"user {name}",
        "root": f"the root user of {principal.account}",
        "federated-user": f"federated user {name}",
        "anonymous": "the anonymous caller",
    }.get(principal.kind, principal.arn)


def _role(name: str) -> str:
    return f"role {name}"


def asked(request: Request) -> str:
    """Name action and resource."""
    return request.action + (f" on {request.resource}" if request.resource else "")


def policy_name(kind: str, request: Request) -> str:
    """Name a policy type; a trust policy with its role."""
    if kind == "trust":
        return f"the trust policy of role {(request.resource or '?').rsplit('/', 1)[-1]}"
    return f"the {POLICY_NAMES[kind]}"


def place(result: StatementResult) -> str:
    """Name a statement: its Sid or number (from 0), and its policy."""
    policy = result.policy_name or f"the {POLICY_NAMES[result.policy_type]}"
    which = f'"{result.sid}"' if result.sid else str(result.index)
    return f"Statement {which} of {policy}"


def sentence(failure: Failure) -> str:
    """Say in words why one element did not match, with both values."""
    wanted = " or ".join(failure.wanted) or "nothing"
    got = "none" if failure.got is None else ", ".join(failure.got)
    if failure.unmodelled:
        return f"{failure.element} needs {failure.key or 'a value'}, which is not known here"
    if failure.element == "Condition":
        return f"Condition {failure.operator} {failure.key} wants {wanted}, the request has {got}"
    if failure.element == "Principal":
        return f"Principal names {wanted}, the caller is {got}"
    if failure.element.startswith("Not"):
        return f"{failure.element} leaves out {wanted}, the request has {got}"
    return f"{failure.element} names {wanted}, the request has {got}"


def demand(failure: Failure) -> str:
    """Say what a statement demands and what came instead: `asks for KEY = v, ...`."""
    wanted = " or ".join(failure.wanted) or "nothing"
    got = ", ".join(failure.got or ())
    if failure.unmodelled:
        return f"asks for {failure.key or 'a value'}, which is not known here"
    if failure.element == "Condition":
        carried = f"carries {got}" if got else "carries none"
        return f"asks for {_asked_for(failure, wanted)}, the request {carried}"
    if failure.element == "Principal":
        return f"names {wanted}, the caller is {got}"
    if failure.element.startswith("Not"):
        return f"leaves out {wanted}"
    return f"is about {wanted}, the request about {got or 'no resource known here'}"


def _asked_for(failure: Failure, wanted: str) -> str:
    prefix, base, _ = parts_of(failure.operator)
    key = failure.key
    if base == "Null":
        return f"no {key}" if "true" in map(str.lower, failure.wanted) else f"some {key}"
    if prefix:
        which = "only values" if prefix == "ForAllValues:" else "a value"
        other = "other than" if "Not" in base else "among"
        return f"{which} of {key} {other} {wanted}"
    for ending, words in _COMPARED.items():
        if base in (f"Numeric{ending}", f"Date{ending}"):
            return f"{key} {words} {wanted}"
    if base in ("IpAddress", "NotIpAddress"):
        return f"{key} {'outside' if 'Not' in base else 'in'} {wanted}"
    if "Not" in base:
        return f"{key} other than {wanted}"
    like = "Like" in base or base == "ArnEquals"
    return f"{key} {'like' if like else '='} {wanted}"
