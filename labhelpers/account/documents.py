"""Parts of policies and of what S3 is asked: what conditions compare, and keys of objects.

The key of an object is the lesson's own, whatever stands in it, wherever it is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

#: Partition and Region of an ARN in a policy may be patterns.
ANY = r"[\w*?-]*"
#: The key in an object's ARN: up to the end of a text in JSON, and in a sentence up to a space.
_KEY = rf"arn:{ANY}:s3:{ANY}:[\d*?]*:[^\s\"',\\/]+"
_KEY_IN_JSON = re.compile(rf"{_KEY}(/(?:[^\"\\]|\\.)*)")
_KEY_IN_WORDS = re.compile(rf"{_KEY}(/[^\s\"\\]*)")
#: Parameters and elements of answers that hold keys of objects or parts of them, and conditions.
_KEYS = frozenset(
    ("Key", "Prefix", "Delimiter", "Delete", "StartAfter", "Marker", "NextMarker")
    + ("KeyMarker", "NextKeyMarker")
)
_ON_OBJECTS = frozenset(
    ("CopyObject", "DeleteObject", "DeleteObjects", "GetObject", "HeadObject", "PutObject")
    + ("ListObjects", "ListObjectsV2", "ListObjectVersions")
)
KEY_KEYS = ("s3:prefix", "s3:delimiter")


def in_conditions(document: Any, change: Callable[[str, Any], Any]) -> Any:
    """A policy whose conditions compare `change(key, value)`, the key in lower case."""
    if not isinstance(document, dict):
        return document
    statements = document.get("Statement")
    if isinstance(statements, list):
        return {**document, "Statement": [_statement(one, change) for one in statements]}
    return {**document, "Statement": _statement(statements, change)}


def _statement(statement: Any, change: Callable[[str, Any], Any]) -> Any:
    blocks = statement.get("Condition") if isinstance(statement, dict) else None
    if not isinstance(blocks, dict):
        return statement
    found = dict(blocks)
    for operator, block in blocks.items():
        if isinstance(block, dict) and operator.lower() not in ("null", "bool"):
            found[operator] = {k: _each(k.lower(), values, change) for k, values in block.items()}
    return {**statement, "Condition": found}


def _each(key: str, values: Any, change: Callable[[str, Any], Any]) -> Any:
    if isinstance(values, list):
        return [change(key, value) for value in values]
    return change(key, values)


def keys_of(operation: str) -> frozenset[str]:
    """The parameters and elements of an answer that hold keys of objects, or parts of them."""
    return _KEYS if operation in _ON_OBJECTS else frozenset()


def outside_keys(text: str, change: Callable[[str], str], *, in_words: bool = False) -> str:
    """The text changed, but for the keys in ARNs of objects."""
    parts, at = [], 0
    for found in (_KEY_IN_WORDS if in_words else _KEY_IN_JSON).finditer(text):
        parts += [change(text[at : found.start(1)]), found[1]]
        at = found.end(1)
    return "".join((*parts, change(text[at:])))


def aside(kept: list[str], value: str) -> str:
    """Keep a value of a condition; what stands in its place until put_back()."""
    kept.append(value)
    return _mark(len(kept) - 1)


def put_back(text: str, kept: list[str]) -> str:
    for number, value in enumerate(kept):
        text = text.replace(json.dumps(_mark(number)), json.dumps(value))
    return text


def _mark(number: int) -> str:
    """What no policy holds."""
    return f"\ue000{number}\ue000"
