"""Conditions that say something else than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Finding
from ..operators import address, moment, network, number
from . import catalogue
from .views import ConditionView, View, error, warning

_MFA = "aws:multifactorauthpresent"
_MANY = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    }
)
# Keys that many requests lack; a negated operator is met by those.
_OFTEN_ABSENT = {
    "aws:multifactorauthage": "long-term keys and sessions without MFA lack it",
    "aws:principalorgid": "principals outside an organization lack it",
    "aws:principaltag/": "principals without this tag lack it",
    "aws:sourceidentity": "sessions without a source identity lack it",
    "aws:sourcevpc": "requests that come over the internet lack it",
    "aws:sourcevpce": "requests that come over the internet lack it",
    "aws:requesttag/": "requests without this tag lack it",
    "sts:externalid": "callers that pass none lack it",
    "sts:sourceidentity": "callers that pass none lack it",
}
_IP_KEYS = frozenset({"aws:sourceip", "aws:vpcsourceip", "aws:ec2instancesourceprivateipv4"})
_PLAIN = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
_ESCAPES = re.compile(r"\$\{[*?$]\}")


def condition_traps(view: View) -> Iterator[Finding]:
    """Run every check on every condition of a statement."""
    for condition in view.conditions:
        yield from _values(condition)
        yield from _stars(condition)
        yield from _address_as_text(condition)
        yield from _mfa(view, condition)
        yield from _set_operators(view, condition)
        yield from _negated(view, condition)
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


def _mfa(view: View, condition: ConditionView) -> Iterator[Finding]:
    if condition.key.lower() != _MFA or condition.base != "Bool":
        return
    wanted = {value.lower() for value in condition.values}
    if not view.allow and wanted == {"false"} and not condition.if_exists:
        yield warning(
            "deny-on-absent-key",
            "This Deny does not reach requests with long-term access keys",
            condition.path,
            "aws:MultiFactorAuthPresent is absent there, and Bool is not met by an absent key.",
            'Write BoolIfExists, so that a request without the key counts as "false".',
            at_name=True,
        )
    if view.allow and wanted == {"true"} and condition.if_exists:
        yield warning(
            "allow-on-absent-key",
            "This Allow lets requests with long-term access keys pass without MFA",
            condition.path,
            "aws:MultiFactorAuthPresent is absent there, and IfExists is met by an absent key.",
            "Write Bool.",
            at_name=True,
        )


def _set_operators(view: View, condition: ConditionView) -> Iterator[Finding]:
    if not condition.prefix or condition.base == "Null":
        return
    key = condition.key.lower()
    if _single_valued(key):
        yield warning(
            "set-operator-on-single-value",
            f"{condition.key} has one value, but {condition.prefix[:-1]} is for keys with several",
            condition.path,
            "ForAllValues is met by an absent key, too; for a single value it only opens a gap."
            if condition.prefix == "ForAllValues:"
            else "For a single value the set operator says nothing more.",
            f"Write {condition.operator.removeprefix(condition.prefix)}.",
            at_name=True,
        )
    elif condition.prefix == "ForAllValues:" and not _guarded(view, key):
        effect = "allows" if view.allow else "denies"
        yield warning(
            "for-all-values-of-none",
            f"This also {effect} requests without {condition.key}",
            condition.path,
            "ForAllValues is met where the key is absent or has no values.",
            f'Add "Null": {{"{condition.key}": "false"}} to demand the key.',
            at_name=True,
        )


def _single_valued(key: str) -> bool:
    prefix = key.partition(":")[0]
    if prefix == "aws":
        return key not in _MANY
    if "." in prefix or prefix not in catalogue.services():
        return False
    known = catalogue.keys_of_service(prefix)
    return not known.get(catalogue.listed(key, known), "ArrayOf").startswith("ArrayOf")


def _guarded(view: View, key: str) -> bool:
    """Say whether something else in the statement demands the key, or the actions imply it."""
    for other in view.conditions:
        if other.base == "Null" and other.key.lower() == key:
            return True
        if other.prefix == "ForAnyValue:" and other.key.lower() == key:
            return True
        # Whoever sends a tag also sends its key.
        if key == "aws:tagkeys" and other.key.lower().startswith("aws:requesttag/"):
            return True
    expanded = [full for _, text in view.actions for full in catalogue.expand(text)]
    if key in ("aws:tagkeys", "sts:transitivetagkeys") and expanded:
        # Requests to set tags always hold some.
        return any(map(catalogue.is_tagging, expanded))
    return False


def _negated(view: View, condition: ConditionView) -> Iterator[Finding]:
    key = catalogue.listed(condition.key.lower(), _OFTEN_ABSENT)
    if not view.allow or not condition.negated or condition.prefix or not key:
        return
    for other in view.conditions:
        positive = not other.negated and not other.if_exists and other.prefix != "ForAllValues:"
        if other.key.lower() == condition.key.lower() and positive:
            return
    yield warning(
        "negated-on-absent-key",
        f"This also allows requests without {condition.key}",
        condition.path,
        f"A negated operator is met by an absent key: {_OFTEN_ABSENT[key]}.",
        f'Add "Null": {{"{condition.key}": "false"}}, or list what is allowed.',
        at_name=True,
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
