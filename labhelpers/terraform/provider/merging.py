"""Policy documents that are merged: reading them from JSON, joining them, writing them.

A document is {"Version", "Id", "Statement": [...]}; in a statement Principal and NotPrincipal
are lists of (type, identifiers), Condition is a list of (test, variable, values). Identifiers
and values are a list, or a plain string where the JSON had one.
"""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.json_text import from_json
from labhelpers.terraform.language.values import kind

_ELEMENTS = ("Action", "NotAction", "Resource", "NotResource")
_PRINCIPALS = ("Principal", "NotPrincipal")


def empty_document() -> dict[str, Any]:
    """Return a document that says nothing yet."""
    return {"Version": "", "Id": "", "Statement": []}


def merge(document: dict[str, Any], other: dict[str, Any]) -> None:
    """Merge `other` into `document`: equal Sids are replaced, the rest is appended."""
    document["Id"] = other["Id"] or document["Id"]
    document["Version"] = max(document["Version"], other["Version"])
    statements = document["Statement"]
    for statement in other["Statement"]:
        places = [n for n, s in enumerate(statements) if s["Sid"] == statement["Sid"]]
        if statement["Sid"] and places:
            statements[places[0]] = statement
        else:
            statements.append(statement)


def imported(text: str) -> dict[str, Any]:
    """Read a policy's JSON as the provider does; raises Problem for what it cannot read."""
    given = from_json(text)
    if not isinstance(given, dict):
        raise Problem("A policy document is a JSON object.")
    given = {str(key).lower(): value for key, value in given.items()}
    statements = given.get("statement") or []
    if not isinstance(statements, list) or not all(isinstance(s, dict) for s in statements):
        hint = 'Write "Statement": [ { … } ], with a list even around a single statement.'
        raise Problem("Statement must be a list of objects.", hint)
    return {
        "Version": _string(given, "Version"),
        "Id": _string(given, "Id"),
        "Statement": [_statement(statement) for statement in statements],
    }


def rendered(document: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes JSON, with the elements in the provider's order."""
    found: dict[str, Any] = {name: document[name] for name in ("Version", "Id") if document[name]}
    if document["Statement"]:
        found["Statement"] = [_rendered(statement) for statement in document["Statement"]]
    return found


def _statement(given: dict[str, Any]) -> dict[str, Any]:
    given = {str(key).lower(): value for key, value in given.items()}
    found: dict[str, Any] = {name: _string(given, name) for name in ("Sid", "Effect")}
    for name in _ELEMENTS:
        if given.get(name.lower()) is not None:
            found[name] = given[name.lower()]
    for name in _PRINCIPALS:
        found[name] = _principals(given[name.lower()], name) if name.lower() in given else []
    found["Condition"] = _conditions(given.get("condition") or {})
    return found


def _string(given: dict[str, Any], name: str) -> str:
    value = given.get(name.lower())
    if value is not None and not isinstance(value, str):
        raise Problem(f"{name} must be a string, not {kind(value)}.")
    return value or ""


def _principals(value: Any, name: str) -> list[tuple[str, Any]]:
    if isinstance(value, str):
        return [("*", ["*"])]
    if not isinstance(value, dict):
        raise Problem(f"{name} cannot be of type {kind(value)}.")
    for items in value.values():
        listed = items if isinstance(items, list) else [items]
        if not all(isinstance(item, str) for item in listed):
            raise Problem(f"{name} holds strings and lists of strings only.")
    return list(value.items())


def _conditions(value: Any) -> list[tuple[str, str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
        raise Problem('Condition is an object of objects: {"StringEquals": {"key": "value"}}.')
    found: list[tuple[str, str, Any]] = []
    for test, pairs in value.items():
        for variable, items in pairs.items():
            if isinstance(items, bool):
                found.append((test, variable, "true" if items else "false"))
            elif isinstance(items, str):
                found.append((test, variable, items))
            elif isinstance(items, list):
                if not all(isinstance(item, str) for item in items):
                    raise Problem(f"The values of {test} {variable} must be strings.")
                found.append((test, variable, items))
            # The provider drops a lone number without a word; so does this.
    return found


def _rendered(statement: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: statement[name] for name in ("Sid", "Effect") if statement[name]}
    found |= {name: statement[name] for name in _ELEMENTS if name in statement}
    for name in _PRINCIPALS:
        if statement[name]:
            found[name] = _written_principals(statement[name])
    if statement["Condition"]:
        found["Condition"] = _written_conditions(statement["Condition"])
    return found


def _written_principals(principals: list[tuple[str, Any]]) -> Any:
    if len(principals) == 1 and principals[0] in (("*", ["*"]), ("*", "*")):
        return "*"
    found: dict[str, Any] = {}
    for name, items in principals:
        listed = sorted([items] if isinstance(items, str) else items, reverse=True)
        found.setdefault(name, []).append((items, listed))
    return {name: _joined(found[name]) for name in sorted(found)}


def _joined(blocks: list[tuple[Any, list[str]]]) -> Any:
    joined = [item for _, listed in blocks for item in listed]
    return joined[0] if len(blocks) == 1 and isinstance(blocks[0][0], str) else joined


def _written_conditions(conditions: list[tuple[str, str, Any]]) -> dict[str, Any]:
    found: dict[str, dict[str, list]] = {}
    for test, variable, items in conditions:
        listed = [items] if isinstance(items, str) else items
        found.setdefault(test, {}).setdefault(variable, []).extend(listed)
    return {
        test: {
            variable: items[0] if len(items) == 1 else items
            for variable, items in sorted(found[test].items())
        }
        for test in sorted(found)
    }
