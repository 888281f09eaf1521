"""One statement block of aws_iam_policy_document, checked and complete."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.values import (
    Attributes,
    Set,
    Unknown,
    contains_unknown,
    kind,
    to_text,
    unique,
)
from labhelpers.terraform.provider.arguments import argument

LISTS = {
    "actions": "Action",
    "not_actions": "NotAction",
    "resources": "Resource",
    "not_resources": "NotResource",
}


def complete_statement(given: Attributes) -> dict[str, Any]:
    """Return a statement as state shows it: every attribute, sets in ascending order."""
    found: dict[str, Any] = {
        "sid": _text(given, "sid", ""),
        "effect": _text(given, "effect", "Allow"),
    }
    if found["effect"] not in ("Allow", "Deny", Unknown):
        message = f'effect must be "Allow" or "Deny", not "{found["effect"]}".'
        raise Problem(message, "Upper and lower case count.", given.line_of("effect"))
    sid = found["sid"]
    if sid is not Unknown and sid and not (sid.isascii() and sid.isalnum()):
        message = f'sid must only include alphanumeric characters, not "{sid}".'
        raise Problem(message, "Use letters and digits, e.g. ReadReports.", given.line_of("sid"))
    for name in LISTS:
        found[name] = _strings(given, name)
    for name in ("principals", "not_principals"):
        found[name] = _blocks(
            given,
            name,
            lambda b: {"type": _text(b, "type"), "identifiers": _strings(b, "identifiers")},
        )
    found["condition"] = _blocks(
        given,
        "condition",
        lambda b: {
            "test": _text(b, "test"),
            "variable": _text(b, "variable"),
            "values": _strings(b, "values", unique=False),
        },
    )
    return found


def _blocks(given: Attributes, name: str, convert: Any) -> Any:
    blocks = given.get(name) or []
    return Unknown if given.get(name) is Unknown else unique(convert(block) for block in blocks)


def _text(given: Attributes, name: str, default: str | None = None) -> Any:
    return argument(given, name, to_text, default)


def _strings(given: Attributes, name: str, unique: bool = True) -> Any:
    value, line = given.get(name), given.line_of(name)
    if value is None or value is Unknown:
        return Unknown if value is Unknown else Set()
    if not isinstance(value, list):
        what = "set" if unique else "list"
        message = f'Inappropriate value for attribute "{name}": {what} of string required, '
        raise Problem(f"{message}not {kind(value)}.", f"Write a list: {name} = [ … ].", line)
    try:
        items = [item if item is Unknown else to_text(item) for item in value]
    except Problem as problem:
        message = f'Inappropriate value for attribute "{name}": {problem.message}'
        raise Problem(message, "", line) from None
    return Set(items) if unique and not contains_unknown(items) else items
