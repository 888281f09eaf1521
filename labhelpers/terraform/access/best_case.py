"""A request that meets a statement's conditions: what would have to be true for it to match."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from labhelpers.policy import Policy


def listed(value: Any) -> list[str]:
    """Return the texts of an element that may be one or several."""
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def statements(policy: Policy | None) -> list[Mapping[str, Any]]:
    """Return the statements of a policy, [] without one."""
    if policy is None:
        return []
    found = policy.document["Statement"]
    return found if isinstance(found, list) else [found]


def conditions_of(statement: Mapping[str, Any]) -> list[str]:
    """Return the conditions in words: "sts:ExternalId StringEquals x"."""
    return [
        f"{key} {operator} {' or '.join(listed(values))}".rstrip()
        for operator, pairs in statement.get("Condition", {}).items()
        for key, values in pairs.items()
    ]


def context_for(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return condition keys with values that meet the statement's conditions, where that is easy.

    Keys that should be absent (Null "true") are left out.
    """
    found: dict[str, Any] = {}
    for operator, pairs in statement.get("Condition", {}).items():
        _, _, base = operator.removesuffix("IfExists").rpartition(":")
        for key, values in pairs.items():
            value = _value(base, listed(values)[0] if listed(values) else "")
            if value is not None:
                found.setdefault(key, value)
    return found


def _value(operator: str, wanted: str) -> Any:
    if operator == "Null":
        return None if wanted == "true" else "any"
    if operator.startswith(("String", "Arn")):
        text = re.sub(r"\$\{[^}]*\}", "x", wanted)
        if "Not" in operator:
            return (
                "something-else" if operator.startswith("String") else "arn:aws:iam::000000000000:x"
            )
        return (
            text.replace("*", "x").replace("?", "x")
            if "Like" in operator or "Arn" in operator
            else text
        )
    if operator.startswith(("Numeric", "Date")):
        return _beside(operator, wanted)
    if operator in ("IpAddress", "NotIpAddress"):
        return _address(wanted) if operator == "IpAddress" else "203.0.113.77"
    return wanted


def _beside(operator: str, wanted: str) -> str:
    try:
        number = float(wanted)
    except ValueError:
        return wanted
    step = -1 if "LessThan" in operator else 1 if "GreaterThan" in operator else 0
    step = 1 if "Not" in operator else step
    return f"{number + step:g}" if abs(number) < 1e6 else str(int(number + step))


def _address(wanted: str) -> str:
    try:
        return str(ipaddress.ip_network(wanted, strict=False)[0])
    except ValueError:
        return wanted
