"""Parameters of a Query operation, read and checked by botocore's model, in AWS's words.

botocore itself checks only minima before sending, so maxima and patterns reach the server
(STS_FACTS 1.1, 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from labhelpers.sandbox.wire.errors import Refusal

MAX_SHOWN = 2048  # characters of a value in a message


def check_parameters(operation: Any, params: Mapping[str, str]) -> dict[str, Any]:
    """Values of the operation's members: integers converted, lists and structures nested.

    Raises Refusal ValidationError with every violation, MalformedInput for what is no integer.
    Unknown parameters are ignored, as AWS does.
    """
    if operation.input_shape is None:  # e.g. iam:GetAccountSummary takes nothing
        return {}
    violations: list[str] = []
    values = _structure(operation.input_shape, params, "", "", violations)
    if violations:
        plural = "s" if len(violations) > 1 else ""
        head = f"{len(violations)} validation error{plural} detected: "
        raise Refusal("ValidationError", head + "; ".join(violations), 400)
    return values


def _structure(
    shape: Any, params: Mapping[str, str], prefix: str, path: str, violations: list[str]
) -> dict[str, Any]:
    values = {}
    # Of an operation's many members most are not given. Within a list, looking through all
    # parameters for each item would take a list squared.
    given = shape.members if prefix else {key.partition(".")[0] for key in params}
    for name, member in shape.members.items():
        place = path + name[0].lower() + name[1:]
        value = None
        if name in given:
            value = _value(member, params, prefix + name, place, violations)
        if value is not None:
            values[name] = value
        elif name in shape.required_members:
            violations.append(_violation(None, place, "Member must not be null"))
    return values


def _value(
    shape: Any, params: Mapping[str, str], name: str, path: str, violations: list[str]
) -> Any:
    """The value of one parameter, None where it is absent."""
    if shape.type_name == "structure":
        if not any(key.startswith(name + ".") for key in params):
            return None
        return _structure(shape, params, name + ".", path + ".", violations)
    if shape.type_name == "list":
        # An item is there because its number is: looking for it again would take a list squared.
        read = _structure_item if shape.member.type_name == "structure" else _value
        value: Any = [
            read(shape.member, params, f"{name}.member.{n}", f"{path}.{n}.member", violations)
            for n in item_numbers(params, f"{name}.member.")
        ] or None
    else:
        value = params.get(name)
        if value is not None and shape.type_name in ("integer", "long"):
            value = _integer(value)
    if value is not None:
        shown = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
        # A token must not come back in a message, nor get into the records.
        secret = bool(shape.metadata.get("sensitive"))
        violations += [
            _violation(shown, path, f"Member must {rule}", secret) for rule in _broken(value, shape)
        ]
    return value


def _structure_item(
    shape: Any, params: Mapping[str, str], name: str, path: str, violations: list[str]
) -> dict[str, Any]:
    return _structure(shape, params, f"{name}.", f"{path}.", violations)


def item_numbers(params: Mapping[str, str], start: str) -> list[int]:
    """The numbers N of the parameters STARTN and STARTN.…, in order."""
    found = re.compile(re.escape(start) + r"([1-9][0-9]{0,3})(?:\.|\Z)")
    return sorted({int(match[1]) for key in params if (match := found.match(key))})


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII) or not -(2**31) <= int(text) < 2**31:
        raise Refusal("MalformedInput", "" if text else "missing value for decimal type", 400)
    return int(text)


def _broken(value: Any, shape: Any) -> Iterator[str]:
    limits = shape.metadata
    noun = "value" if isinstance(value, int) else "length"
    size = value if isinstance(value, int) else len(value)
    if "min" in limits and size < limits["min"]:
        yield f"have {noun} greater than or equal to {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"have {noun} less than or equal to {limits['max']}"
    pattern = limits.get("pattern")
    if pattern and isinstance(value, str) and not _compiled(pattern).fullmatch(value):
        yield f"satisfy regular expression pattern: {pattern}"


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The models' patterns are Java's: \\w means ASCII there, \\u escapes work in both.

    The one Unicode class that STS and IAM use (letters, separators, digits, underscore in tags)
    is Python's \\w and \\s together.
    """
    if r"\p{L}\p{Z}\p{N}" in pattern:
        return re.compile(pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s"))
    return re.compile(pattern, re.ASCII)


def _cut(value: str) -> str:
    """AWS repeats a value whole; the records, which keep what was said, must not hold whatever a
    stranger sends."""
    return value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"


def _violation(value: str | None, field: str, rule: str, secret: bool = False) -> str:
    shown = " null" if value is None else "" if secret else f" '{_cut(value)}'"
    return f"Value{shown} at '{field}' failed to satisfy constraint: {rule}"
