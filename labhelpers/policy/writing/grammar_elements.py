"""The Action, Resource and Condition elements and their negations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from labhelpers.policy.language.conditions import split_operator
from labhelpers.policy.language.model import PolicyError
from labhelpers.policy.language.wildcard import matcher, tokens_of
from labhelpers.policy.writing.grammar_parts import PAIRS, SYNTAX, Duplicated, Rules, names, texts

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
    name = next((n for n in PAIRS[1] if n in statement), "")
    if not name:
        hint = 'Say what: "Action": "sts:AssumeRole", for example.'
        missing = "Policy statement must contain actions."
        told = "Missing required field Action" if kind == "trust" else missing
        yield PolicyError(told, path, hint)
        return
    sts_only = "AssumeRole policy may only specify STS AssumeRole actions."
    if kind == "trust" and name == "NotAction":
        hint = "Write Action with the sts: actions that you mean."
        yield PolicyError(sts_only, f"{path}.NotAction", hint)
    for place, text in texts(statement[name], f"{path}.{name}"):
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
            yield from _action_name(text, place)


def _may_trust(text: str) -> bool:
    """Say whether an action or pattern of a trust policy means one that can stand there."""
    test = matcher(tokens_of(text.lower()))
    return text.lower().startswith("sts:") and any(map(test, TRUST_ACTIONS))


def _action_name(text: str, place: str) -> Iterator[PolicyError]:
    vendor, colon, action = text.partition(":")
    if not colon or not vendor or not action:
        hint = f'Write service and action, e.g. "s3:GetObject"; "{text}" has no service prefix.'
        yield PolicyError(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            place,
            hint if not colon else f'"{text}" lacks one of its two parts.',
        )
    elif ":" in action:
        hint = f'"{text}" has {text.count(":")} colons.'
        yield PolicyError("Actions/Condition can contain only one colon.", place, hint)
    elif not re.fullmatch(r"[a-zA-Z0-9-]+", vendor, re.ASCII):
        hint = 'The service prefix takes no wildcard; only a lone "*" covers all services.'
        yield PolicyError(f"Vendor {vendor} is not valid", place, hint)
    elif not re.fullmatch(r"[\w*?-]+", action, re.ASCII):
        hint = "An action is letters and digits, with * and ? as wildcards."
        yield PolicyError(SYNTAX, place, hint)


def resource(statement: Mapping, path: str, rules: Rules) -> Iterator[PolicyError]:
    """Yield the defects of Resource or NotResource, its lack included."""
    name = next((n for n in PAIRS[2] if n in statement), "")
    if not rules.resource:
        if name:
            told = {
                "Resource": "Has prohibited field Resource",
                "NotResource": "AssumeRole policy must not contain resources.",
            }[name]
            hint = "Remove it: a trust policy is about its own role and nothing else."
            yield PolicyError(told, f"{path}.{name}", hint)
        return
    if not name:
        hint = 'Say on what: "Resource": an ARN, a list of ARNs or "*".'
        yield PolicyError("Policy statement must contain resources.", path, hint)
        return
    for place, text in texts(statement[name], f"{path}.{name}"):
        if isinstance(text, PolicyError):
            yield text
        elif text != "*" and not _is_arn(text):
            hint = (
                "An ARN has six parts and names its service without wildcards: "
                "arn:aws:s3:::bucket/key, for example."
            )
            yield PolicyError(f'Resource {text} must be in ARN format or "*".', place, hint)


def _is_arn(text: str) -> bool:
    parts = text.split(":", 5)
    return parts[0] == "arn" and len(parts) == 6 and not re.search(r"[*?]", parts[2])


def condition(block: object, path: str) -> Iterator[PolicyError]:
    """Yield the defects of a Condition element."""
    if not isinstance(block, Mapping):
        yield PolicyError(SYNTAX, path, 'Write {"StringEquals": {"key": "value"}}.')
        return
    if isinstance(block, Duplicated):
        yield from names(block, tuple(block), path)
    for operator, keys in block.items():
        place = f"{path}.{operator}"
        if split_operator(str(operator)) is None:
            hint = "Operators are case-sensitive, e.g. StringEquals, ArnLike, DateLessThan."
            text = f"Invalid Condition type : {operator}"
            yield PolicyError(text, place, hint, at_name=True)
        if not isinstance(keys, Mapping):
            yield PolicyError(SYNTAX, place, 'An operator holds {"key": "value"}.')
            continue
        if isinstance(keys, Duplicated):
            yield from names(keys, tuple(keys), place)
        for key, value in keys.items():
            yield from _condition_key(key, value, f"{place}.{key}")


def _condition_key(key: str, value: object, path: str) -> Iterator[PolicyError]:
    if ":" not in key.strip(":"):
        hint = f'Write the key with its service, e.g. "aws:SourceIp"; "{key}" has none.'
        text = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        yield PolicyError(text, path, hint, at_name=True)
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, str | bool | int | float):
            hint = "A condition's value is a text, a number, true or false, or a list of those."
            yield PolicyError(SYNTAX, path, hint)
            return
