"""JSON as Terraform, which is written in Go, writes and reads it."""

from __future__ import annotations

import json
from typing import NoReturn

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.values import Value, limited, to_number


def to_json(value: object, indent: int | None = None, sort: bool = True) -> str:
    """Write JSON as Go does: <, > and & escaped, other characters kept, keys in order."""
    separators = (",", ": ") if indent else (",", ":")
    try:
        text = json.dumps(
            value, ensure_ascii=False, indent=indent, separators=separators, sort_keys=sort
        )
    except (TypeError, ValueError) as error:
        raise Problem(f"This cannot become JSON: {error}.") from None
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return limited(text)


def from_json(text: str) -> Value:
    """Read JSON strictly; raises Problem with the position."""
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_float)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno} of the text"
        raise Problem("This is no valid JSON.", f"{error.msg}: {where}.") from None
    except (ValueError, RecursionError) as error:
        raise Problem("This is no valid JSON.", f"{error}.") from None


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON value")


def _float(text: str) -> int | float:
    return to_number(text)
