"""ContextEntries of a simulation, and the condition keys that policies ask for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labhelpers.policy import Policy
from labhelpers.policy.language.operators import address, moment, network, number
from labhelpers.sandbox.answer.iam.faults import fault

_VARIABLE = re.compile(r"\$\{\s*([^}*?$,\s]+)\s*(?:,[^}]*)?\}")
#: Type of a key -> whether a text is a value of it.
_FITS = {
    "string": lambda text: True,
    "numeric": lambda text: number(text) is not None,
    "boolean": lambda text: text.lower() in ("true", "false"),
    "ip": lambda text: address(text) is not None or network(text) is not None,
    "binary": lambda text: _octets(text) is not None,
    "date": lambda text: moment(text) is not None,
}


def context_of(entries: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The condition keys of a simulated request."""
    found: dict[str, Any] = {}
    for entry in entries:
        name, kind = entry.get("ContextKeyName", ""), entry.get("ContextKeyType", "string")
        values = entry.get("ContextKeyValues", [])
        base = kind.removesuffix("List")
        if ":" not in name or base not in _FITS:
            text = f"Invalid Context Key: {name} of type {kind}."
            why = 'Give each key with its prefix, "aws:SourceIp", and one of the types of the API.'
            raise fault("InvalidInput", text, 400, why)
        for value in values:
            if not _FITS[base](value):
                text = f"Invalid value {value} for context key {name} of type {kind}."
                raise fault("InvalidInput", text, 400)
        if base == "binary":
            values = [_octets(value) for value in values]
        found[name] = values if kind.endswith("List") or len(values) != 1 else values[0]
    return found


def _octets(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def keys_of(policies: Iterable[Policy]) -> list[str]:
    """The condition keys and variables of policies, each once, as first written."""
    found: dict[str, str] = {}
    for policy in policies:
        for statement in statements_of(policy):
            for key in keys_in(statement):
                found.setdefault(key.lower(), key)
    return list(found.values())


def statements_of(policy: Policy) -> list[Mapping[str, Any]]:
    """The statements as they were written."""
    listed = policy.document["Statement"]
    return [listed] if isinstance(listed, Mapping) else list(listed)


def keys_in(statement: Mapping[str, Any]) -> Iterator[str]:
    """The condition keys and variables of one statement."""
    for block in statement.get("Condition", {}).values():
        for key, values in block.items():
            yield key
            yield from _variables(values)
    yield from variables_in(statement)


def variables_in(statement: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the variables in a statement's resources."""
    for name in ("Resource", "NotResource"):
        yield from _variables(statement.get(name, ()))


def _variables(values: Any) -> Iterator[str]:
    for value in values if isinstance(values, list) else [values]:
        yield from _VARIABLE.findall(value) if isinstance(value, str) else ()
