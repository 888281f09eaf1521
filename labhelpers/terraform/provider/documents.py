"""aws_iam_policy_document: from its blocks to the JSON text that the AWS provider renders.

Measured with provider 5.100: lists of actions, resources and identifiers are sets, printed in
descending order; blocks of principals and conditions are sets too, ordered by a checksum;
source documents come first, statements replace by Sid, override documents last.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.json_text import to_json
from labhelpers.terraform.language.values import Attributes, Unknown, contains_unknown, to_text
from labhelpers.terraform.provider.merging import empty_document, imported, merge, rendered
from labhelpers.terraform.provider.statements import LISTS, complete_statement

_COMPUTED = ("id", "json", "minified_json")
_OPTIONAL = ("override_policy_documents", "policy_id", "source_policy_documents", "statement")
_OLD = "2008-10-17"


def complete_document(values: Attributes) -> dict[str, Any]:
    """Return all attributes of the data source; json is Unknown if anything in it is.

    Raises Problem for what the provider refuses.
    """
    found: dict[str, Any] = {name: values.get(name) for name in _OPTIONAL}
    found |= {"source_json": None, "override_json": None}
    found["version"] = "2012-10-17" if values.get("version") is None else values["version"]
    if found["statement"] is not None and found["statement"] is not Unknown:
        found["statement"] = [complete_statement(statement) for statement in found["statement"]]
    if contains_unknown(found):
        return found | dict.fromkeys(_COMPUTED, Unknown)
    if found["version"] not in ("2012-10-17", _OLD):
        message = f"version must be 2012-10-17 or {_OLD}."
        raise Problem(message, "", values.line_of("version"))
    document = _rendered(found, values)
    text = to_json(document, indent=2, sort=False)
    found["minified_json"] = to_json(document, sort=False)
    return found | {"json": text, "id": _checksum(text)}


def _rendered(found: dict[str, Any], values: Attributes) -> dict[str, Any]:
    document = empty_document()
    seen: set[str] = set()
    for text in _documents(found, "source_policy_documents", values):
        for statement in text["Statement"]:
            if statement["Sid"] and statement["Sid"] in seen:
                message = f"duplicate Sid ({statement['Sid']}) in source_policy_documents."
                hint = "Remove the Sid or make Sids unique."
                raise Problem(message, hint, values.line_of("source_policy_documents"))
            seen.add(statement["Sid"])
        merge(document, text)
    policy_id = found["policy_id"]
    own = {"Version": found["version"], "Id": "" if policy_id is None else to_text(policy_id)}
    own["Statement"] = _own_statements(found, values)
    merge(document, own)
    for text in _documents(found, "override_policy_documents", values):
        merge(document, text)
    return rendered(document)


def _own_statements(found: dict[str, Any], values: Attributes) -> list[dict[str, Any]]:
    statements, seen = [], set()
    for given, written in zip(found["statement"] or (), values.get("statement") or (), strict=True):
        if given["sid"] and given["sid"] in seen:
            message = f"duplicate Sid ({given['sid']})."
            hint = "Remove the Sid or make it unique."
            raise Problem(message, hint, written.line_of("sid"))
        seen.add(given["sid"])
        try:
            statements.append(converted(given, found["version"]))
        except Problem as problem:
            raise Problem(problem.message, problem.hint, written.line) from None
    return statements


def _documents(found: dict[str, Any], name: str, values: Attributes) -> Iterable[dict[str, Any]]:
    texts = found[name] or []
    line = values.line_of(name)
    if not isinstance(texts, list):
        message = f'Inappropriate value for attribute "{name}": list of string required.'
        raise Problem(message, f"Write {name} = [ … ].", line)
    for text in texts:
        if text == "":
            continue  # the provider passes over it
        try:
            yield imported(to_text(text))
        except Problem as problem:
            raise Problem(f"{name}: {problem.message}", problem.hint, line) from None


def converted(given: dict[str, Any], version: str) -> dict[str, Any]:
    """Return a statement in the form of merging.py."""
    found: dict[str, Any] = {"Sid": given["sid"], "Effect": given["effect"]}
    for name, element in LISTS.items():
        items = given[name]
        if "resource" in name:
            items = _with_variables(items, version)
        if items:
            found[element] = _single(sorted(items, reverse=True))
    for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        found[element] = [
            (block["type"], _single(_with_variables(block["identifiers"], version)))
            for block in _in_set_order(given[name], _principals_key)
        ]
    found["Condition"] = [
        (block["test"], block["variable"], _with_variables(block["values"], version))
        for block in _in_set_order(given["condition"], _condition_key)
    ]
    return found


def _with_variables(items: list[str], version: str) -> list[str]:
    if version == _OLD and any("&{" in item for item in items):
        hint = "Leave the version out: 2012-10-17 is the default."
        raise Problem(f"&{{…}} is not supported in version {_OLD}.", hint)
    return [item.replace("&{", "${") for item in items]


def _single(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items


def _in_set_order(blocks: list[dict[str, Any]], key: Any) -> list[dict[str, Any]]:
    """Return blocks of a set in the order that the provider goes through them."""
    unique = {_checksum(key(block)): block for block in blocks}
    return [unique[code] for code in sorted(unique)]


def _principals_key(block: dict[str, Any]) -> str:
    inside = sorted((f"{item};" for item in block["identifiers"]), key=_checksum)
    return f"identifiers:{{{''.join(inside)}}};type:{block['type']};"


def _condition_key(block: dict[str, Any]) -> str:
    inside = "".join(f"{item};" for item in block["values"])
    return f"test:{block['test']};values:({inside});variable:{block['variable']};"


def _checksum(text: str) -> str:
    return str(zlib.crc32(text.encode(errors="replace")))
