"""Values of conditions that no request can have, or that are compared otherwise than meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labhelpers.policy.language.operators import address, moment, network, number
from labhelpers.policy.linting.views import ConditionView, error
from labhelpers.policy.writing.findings import Finding

_IP_KEYS = frozenset({"aws:sourceip", "aws:vpcsourceip", "aws:ec2instancesourceprivateipv4"})
_PLAIN = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
_ESCAPES = re.compile(r"\$\{[*?$]\}")


def value_checks(condition: ConditionView) -> Iterator[Finding]:
    """Run every check on the values of one condition."""
    yield from _values(condition)
    yield from _stars(condition)
    yield from _address_as_text(condition)
    yield from _session_arn(condition)


def _values(condition: ConditionView) -> Iterator[Finding]:
    """Values that no request can equal, for they are not of the operator's type."""
    if not condition.values:
        yield error(
            "empty-values",
            f"{condition.operator} {condition.key} has no values",
            condition.path,
            "Nothing equals one of no values: " + _effect(condition),
            "Name a value, or remove the condition.",
        )
    for path, value in condition.places():
        wanted = _wanted(condition.base, value)
        if wanted:
            yield error(
                "value-of-wrong-type",
                f'"{value}" is not {wanted}',
                path,
                f"{condition.operator} wants {wanted}: " + _effect(condition),
                f"Write {wanted}.",
            )


def _effect(condition: ConditionView) -> str:
    return "the condition is always met." if condition.negated else "the condition is never met."


def _wanted(base: str, value: str) -> str:
    """Return the type that the operator wants if the value is not of it."""
    if base.startswith("Numeric"):
        return "" if number(value) is not None else "a number"
    if base.startswith("Date"):
        return "" if moment(value) is not None else "a date, like 2026-01-02T03:04:05Z"
    if base in ("Bool", "Null"):
        good = value.lower() in ("true", "false") or (base == "Bool" and "${" in value)
        return "" if good else '"true" or "false"'
    if base in ("IpAddress", "NotIpAddress"):
        return "" if network(value) or address(value) else "an IP address or CIDR range"
    if base.startswith("Arn"):
        good = (
            value == "*" or "${" in value or (value[:4] in ("arn:", "*:*:") or value.count(":") > 4)
        )
        return "" if good else "an ARN"
    return ""


def _stars(condition: ConditionView) -> Iterator[Finding]:
    if condition.base not in _PLAIN:
        return
    like = condition.operator.replace("EqualsIgnoreCase", "Equals").replace("Equals", "Like")
    for path, value in condition.places():
        if "*" in _ESCAPES.sub("", value):
            yield error(
                "literal-star",
                f'{condition.operator} takes the * of "{value}" literally',
                path,
                "Only StringLike, StringNotLike and the Arn operators know wildcards.",
                f"Write {like}, or ${{*}} if you mean an asterisk.",
            )


def _address_as_text(condition: ConditionView) -> Iterator[Finding]:
    if condition.key.lower() not in _IP_KEYS or not condition.base.startswith("String"):
        return
    for path, value in condition.places():
        if "/" in value or "*" in value:
            yield error(
                "address-as-text",
                f'{condition.operator} compares "{value}" as text',
                path,
                "A range of addresses is no text that a request could equal.",
                f"Write {'NotIpAddress' if condition.negated else 'IpAddress'} with a CIDR range.",
            )


def _session_arn(condition: ConditionView) -> Iterator[Finding]:
    if condition.key.lower() != "aws:principalarn":
        return
    for path, value in condition.places():
        if ":assumed-role/" in value:
            yield error(
                "session-arn-as-principal-arn",
                "aws:PrincipalArn of a role session is the ARN of its role",
                path,
                "The assumed-role ARN never stands there: " + _effect(condition),
                "Write arn:aws:iam::ACCOUNT:role/PATH/NAME, or ask for aws:userid.",
            )
