"""Parameter constraints of a Query operation, read from botocore's model, in AWS's words.

botocore itself checks only minima before sending, so maxima and patterns reach the server
(STS_FACTS 1.1, 2.2). Scalars only: structures and lists are passed on as "given".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from labhelpers.sandbox.errors import Refusal


def check_parameters(operation, params: dict[str, str]) -> dict[str, Any]:
    """Values of the operation's top-level members; integers converted, the rest as text.

    Raises Refusal ValidationError with every violation, MalformedInput for what is no integer.
    """
    shape = operation.input_shape
    violations, values = [], {}
    for name, member in shape.members.items():
        field = name[0].lower() + name[1:]
        if member.type_name in ("structure", "list"):
            if any(key.startswith(name + ".") for key in params):
                values[name] = None
            continue
        text = params.get(name)
        if text is None:
            if name in shape.required_members:
                violations.append(_violation(None, field, "Member must not be null"))
            continue
        values[name] = _integer(text) if member.type_name in ("integer", "long") else text
        violations += [
            _violation(text, field, f"Member must {rule}") for rule in _broken(values[name], member)
        ]
    if violations:
        plural = "s" if len(violations) > 1 else ""
        head = f"{len(violations)} validation error{plural} detected: "
        raise Refusal("ValidationError", head + "; ".join(violations), 400)
    return values


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII) or not -(2**31) <= int(text) < 2**31:
        raise Refusal("MalformedInput", "" if text else "missing value for decimal type", 400)
    return int(text)


def _broken(value: int | str, member) -> list[str]:
    limits, broken = member.metadata, []
    noun = "value" if isinstance(value, int) else "length"
    size = value if isinstance(value, int) else len(value)
    if "min" in limits and size < limits["min"]:
        broken.append(f"have {noun} greater than or equal to {limits['min']}")
    if "max" in limits and size > limits["max"]:
        broken.append(f"have {noun} less than or equal to {limits['max']}")
    pattern = limits.get("pattern")
    if pattern and isinstance(value, str) and not _compiled(pattern).fullmatch(value):
        broken.append(f"satisfy regular expression pattern: {pattern}")
    return broken


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The models' patterns are Java's: \\w means ASCII there, \\u escapes work in both."""
    return re.compile(pattern, re.ASCII)


def _violation(value: str | None, field: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{field}' failed to satisfy constraint: {rule}"
