"""Condition keys: what follows from the principal, and how a request's keys are looked up."""

from __future__ import annotations

from functools import lru_cache

from labhelpers.policy.language.model import Principal, Request, Scalar, Value

_TYPES = {
    "user": "User",
    "role-session": "AssumedRole",
    "root": "Account",
    "federated-user": "FederatedUser",
    "anonymous": "Anonymous",
}


@lru_cache(maxsize=4096)
def _pairs(principal: Principal) -> tuple[tuple[str, str], ...]:
    signed = principal.kind in ("user", "role-session", "root", "federated-user")
    name = principal.arn.rsplit("/", 1)[-1]
    if principal.kind == "anonymous":
        account = user_id = "anonymous"
    else:
        account = principal.account
        user_id = {
            "user": principal.unique_id,
            "role-session": principal.unique_id and f"{principal.unique_id}:{name}",
            "root": principal.account,
            "federated-user": f"{principal.account}:{name}",
        }.get(principal.kind, "")
    service = principal.arn if principal.kind == "service" else ""
    pairs = {
        "aws:PrincipalArn": (principal.role_arn or principal.arn) if signed else "",
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": _TYPES.get(principal.kind, ""),
        "aws:userid": user_id,
        "aws:username": name if principal.kind == "user" else "",
        "aws:PrincipalIsAWSService": "true" if service else "false" if signed else "",
        "aws:PrincipalServiceName": service,
    }
    return tuple((key, value) for key, value in pairs.items() if value)


def principal_context(principal: Principal) -> dict[str, str]:
    """Return the condition keys that follow from the principal alone.

    aws:PrincipalArn of a role session is the ARN of the IAM role, with its path; aws:username
    exists for IAM users only. A key that the principal does not have is left out.
    """
    return dict(_pairs(principal))


@lru_cache(maxsize=4096)
def _lowered(principal: Principal) -> dict[str, str]:
    return {key.lower(): value for key, value in _pairs(principal)}


def merged(request: Request) -> dict[str, Value]:
    """Return the request's context under lower-case names; given keys win over derived ones."""
    return _lowered(request.principal) | {k.lower(): v for k, v in request.context.items()}


def as_values(value: Value) -> tuple[str, ...] | None:
    """Return a context value as a tuple of strings; None (absent) for an empty list or None."""
    if isinstance(value, str):
        return (value,)
    if value is None:
        return None
    if isinstance(value, bytes | bool | int | float):
        return (_text(value),)
    return tuple(_text(item) for item in value) or None


def _text(item: Scalar) -> str:
    """Return one value as text; bytes keep their octets as Latin-1 characters."""
    if isinstance(item, bool):
        return "true" if item else "false"
    return item.decode("latin-1") if isinstance(item, bytes) else str(item)


def certainly_absent(principal: Principal, key: str) -> bool:
    """Say whether the engine itself knows that the principal cannot have this (lower) key."""
    return key == "aws:username" and principal.kind != "user"
