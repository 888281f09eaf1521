"""The Action and Condition elements and NotAction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labhelpers.policy.language.conditions import split_operator
from labhelpers.policy.language.model import PolicyError
from labhelpers.policy.language.wildcard import matcher, tokens_of
from labhelpers.policy.writing.grammar_dates import is_date
from labhelpers.policy.writing.grammar_parts import (
    LEGACY,
    PAIRS,
    RULES,
    SYNTAX,
    Duplicated,
    Rules,
    Stage,
    names,
    texts,
)

TRUST_ACTIONS = frozenset(
    f"sts:{name}"
    for name in (
        "assumerole",
        "assumerolewithsaml",
        "assumerolewithwebidentity",
        "setcontext",
        "setsourceidentity",
        "tagsession",
    )
)


def action(statement: Mapping, path: str, kind: str) -> Iterator[PolicyError]:
    """Yield the defects of Action or NotAction, its lack included."""
    legacy = RULES[kind].legacy
    name = next((n for n in PAIRS[1] if n in statement), "")
    if not name or (legacy and statement[name] == []):
        hint = 'Say what: "Action": "sts:AssumeRole", for example.'
        missing = "Policy statement must contain actions."
        told = "Missing required field Action" if kind == "trust" else missing
        yield PolicyError(told, f"{path}.{name}".strip("."), hint, stage=Stage.ACTIONS)
        return
    sts_only = "AssumeRole policy may only specify STS AssumeRole actions."
    if kind == "trust" and name == "NotAction":
        hint = "Write Action with the sts: actions that you mean."
        yield PolicyError(sts_only, f"{path}.NotAction", hint)
    for place, text in texts(statement[name], f"{path}.{name}", legacy):
        if isinstance(text, PolicyError):
            yield text
        elif kind == "trust" and text.count(":") < 2 and not _may_trust(text):
            hint = (
                "Of the sts: actions only AssumeRole, AssumeRoleWithSAML, "
                "AssumeRoleWithWebIdentity, TagSession, SetSourceIdentity and SetContext go here."
                if text.lower().startswith("sts:")
                else "What the role may do afterwards belongs in its permission policies."
            )
            yield PolicyError(sts_only, place, hint)
        elif text not in ("*", "*:*"):
            yield from _action_name(text, place, legacy)


_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def _may_trust(text: str) -> bool:
    """Say whether an action or pattern of a trust policy means one that can stand there."""
    test = matcher(tokens_of(text.lower()))
    return text.lower().startswith("sts:") and any(map(test, TRUST_ACTIONS))


def _action_name(text: str, place: str, legacy: bool) -> Iterator[PolicyError]:
    vendor, colon, action = text.partition(":")
    told = ""
    if not colon or not vendor or not action:
        told = _VENDOR
        hint = f'Write service and action, e.g. "s3:GetObject"; "{text}" has no service prefix.'
        if colon:
            hint = f'"{text}" lacks one of its two parts.'
    elif ":" in action:
        told = "Actions/Condition can contain only one colon."
        hint = f'"{text}" has {text.count(":")} colons.'
    elif re.search(r"[*?]", vendor):
        told = "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards."
        hint = 'The service prefix takes no wildcard; only a lone "*" covers all services.'
    elif not re.fullmatch(r"[a-zA-Z0-9.-]+", vendor, re.ASCII):
        told = f"Vendor {vendor} is not valid"
        hint = "A service prefix is letters, digits, hyphens and points."
    elif not legacy and not re.fullmatch(r"[\w*?-]+", action, re.ASCII):
        told = SYNTAX
        hint = "An action is letters and digits, with * and ? as wildcards."
    if told:
        yield PolicyError(told, place, hint, stage=Stage.VENDORS)


def condition(block: object, path: str, rules: Rules) -> Iterator[PolicyError]:
    """Yield the defects of a Condition element."""
    if not isinstance(block, Mapping):
        yield PolicyError(SYNTAX, path, 'Write {"StringEquals": {"key": "value"}}.')
        return
    if isinstance(block, Duplicated):
        yield from names(block, tuple(block), path)
    for operator, keys in block.items():
        place = f"{path}.{operator}"
        if split_operator(str(operator)) is None and not (rules.legacy and keys == {}):
            hint = "Operators are case-sensitive, e.g. StringEquals, ArnLike, DateLessThan."
            text = rules.told(f"Invalid Condition type : {operator}")
            yield PolicyError(text, place, hint, at_name=True)
        if not isinstance(keys, Mapping):
            yield PolicyError(SYNTAX, place, 'An operator holds {"key": "value"}.')
            continue
        if isinstance(keys, Duplicated):
            yield from names(keys, tuple(keys), place)
        for key, value in keys.items():
            yield from _condition_key(key, value, f"{place}.{key}", str(operator), rules)


def _condition_key(
    key: str, value: object, path: str, operator: str, rules: Rules
) -> Iterator[PolicyError]:
    # IAM takes such a key in an identity-based policy; it is in no request, and lint says so.
    if not rules.legacy and ":" not in key.strip(":"):
        hint = f'Write the key with its service, e.g. "aws:SourceIp"; "{key}" has none.'
        yield PolicyError(_VENDOR, path, hint, at_name=True)
    dates = rules.dates and operator.rpartition(":")[2].startswith("Date")
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str | bool | int | float):
            hint = "A condition's value is a text, a number, true or false, or a list of those."
            yield PolicyError(SYNTAX, path, hint)
            return
        if dates and isinstance(item, str) and not is_date(item):
            hint = 'Write a date as in "2026-07-01T12:00:00Z", or seconds since 1970.'
            yield PolicyError(LEGACY, path, hint, stage=Stage.LEGACY)
