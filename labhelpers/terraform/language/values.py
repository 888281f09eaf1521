"""The values of the Terraform language as plain Python values.

string str, number int or float, bool, null None, list and tuple list, set Set, map and object
dict, and Unknown for what nobody knows before AWS has answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from labhelpers.terraform.language.budget import budget
from labhelpers.terraform.language.errors import Problem

Value = Any  # one of them
MAX_TEXT = 2_000_000  # characters; a configuration that builds more is a mistake
MAX_DIGITS = 300


class _Unknown:
    """Only AWS could know this value, or nobody has set the variable. Compare with `is`."""

    _only: _Unknown | None = None

    def __new__(cls) -> _Unknown:
        cls._only = cls._only or super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "Unknown"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "Unknown"  # copies and pickles stay the one object


Unknown = _Unknown()


class Set(list[Any]):
    """A set: without duplicates, in ascending order, without indexes."""

    def __init__(self, items: Iterable[Value] = ()):
        super().__init__(sorted(unique(items), key=_set_order))


class Attributes(dict[str, Any]):
    """The attributes of a resource or of a block in it; a reference to a missing one is Unknown.

    `line` is where the block begins, `lines` where each argument stands, `references` which
    resource an argument refers to whose value is Unknown.
    """

    def __init__(self, values: Mapping[str, Value] | None = None, line: int = 0):
        super().__init__(values or {})
        self.line = line
        self.lines: dict[str, int] = {}
        self.references: dict[str, str] = {}

    def line_of(self, name: str) -> int:
        """Return the line of an argument, that of the block if it is not set."""
        return self.lines.get(name, self.line)


class EmptyList(list[Any]):
    """list(…) without elements, as a variable or tolist([]) has it; [] alone is a tuple."""


class EmptyMap(dict[Any, Any]):
    """map(…) without elements; {} alone is an object."""


def typed_list(items: Iterable[Value]) -> list[Any]:
    """Return a list(…) of these items."""
    return list(items) or EmptyList()


def typed_map(items: Mapping[str, Value] | Iterable[tuple[str, Value]]) -> dict[str, Any]:
    """Return a map(…) of these items."""
    return dict(items) or EmptyMap()


class Instances(dict[str, Any]):
    """The instances of a block with for_each by their keys: what a reference to it sees."""


def native(value: object) -> Value:
    """Return a value that Python code gave as Terraform's own: tuples and sets become lists."""
    if isinstance(value, Mapping) and not isinstance(value, Attributes):
        return {str(key): native(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return Set(native(item) for item in value)
    if isinstance(value, list | tuple) and not isinstance(value, Set):
        return [native(item) for item in value]
    if value is None or value is Unknown or isinstance(value, str | int | float | Set | dict):
        return value
    raise Problem(f"A Python value of type {type(value).__name__} is no Terraform value.")


def _set_order(value: Value) -> tuple:
    """Return what Terraform sorts the elements of a set by: numbers by size, texts by letters."""
    if isinstance(value, bool | int | float):
        return (0, value, "")
    return (1, 0, value if isinstance(value, str) else _hash_text(value))


def _hash_text(value: Value) -> str:
    if isinstance(value, dict):
        return "{" + "".join(f"{k}:{_hash_text(value[k])};" for k in sorted(value))
    if isinstance(value, list):
        return "[" + "".join(f"{_hash_text(item)};" for item in value)
    if value is None or value is Unknown:
        return "~" if value is None else "?"
    return f'"{value}"' if isinstance(value, str) else to_text(value)


def kind(value: object) -> str:
    """Return Terraform's word for the type of a value."""
    if value is None:
        return "null"
    if value is Unknown:
        return "unknown"
    for types, word in (
        (bool, "bool"),
        (str, "string"),
        ((int, float), "number"),
        (Set, "set"),
        (list, "list"),
        (dict, "object"),
    ):
        if isinstance(value, types):
            return word
    return type(value).__name__


def contains_unknown(value: object) -> bool:
    """Say whether the value is Unknown or holds Unknown somewhere inside."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is Unknown


def unique(items: Iterable[Value]) -> list[Any]:
    """Return the items without those that are equal to an earlier one."""
    found: list = []
    for item in items:
        if not any(equal(item, seen) is True for seen in found):
            found.append(item)
    return found


def equal(left: Value, right: Value) -> Value:
    """Compare like ==: types count, "1" is not 1. Return True, False or Unknown."""
    if left is Unknown or right is Unknown:
        return Unknown
    if kind(left) != kind(right) or _typed(left) != _typed(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and _all_equal(zip(left, right, strict=True))
    if isinstance(left, dict):
        if left.keys() != right.keys():
            return False
        return _all_equal((item, right[key]) for key, item in left.items())
    return left == right


def _all_equal(pairs: Iterable[tuple[Value, Value]]) -> Value:
    found: Value = True
    for left, right in pairs:
        same = equal(left, right)
        if same is False:
            return False
        found = found if same is True else Unknown
    return found


def _typed(value: object) -> bool:
    """Whether it is an empty list or map with a type: to Terraform those are no [] and no {}."""
    return isinstance(value, EmptyList | EmptyMap)


def number(value: Decimal | int | float) -> int | float:
    """Return a number as Terraform counts: whole where it is whole."""
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise Problem("This number is too large.")
        return value
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if not exact.is_finite() or (exact and abs(exact.adjusted()) > 300):
        raise Problem("This number is too large or too small.")
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def to_number(value: Value) -> int | float:
    """Convert a number or a text that is one."""
    if kind(value) == "number":
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d{1,3})?", value):
        try:
            return number(Decimal(value))
        except InvalidOperation:
            raise Problem("This number is too large.") from None
    raise Problem(f"A number is required, not {shown(value)}.")


def to_bool(value: object) -> bool:
    """Convert a bool or one of the texts "true" and "false" ("1" and "0" too)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false", "1", "0"):
        return value in ("true", "1")
    raise Problem(f"A bool (true or false) is required, not {shown(value)}.")


def to_text(value: object) -> str:
    """Convert a string, a number or a bool."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    raise Problem(f"A string is required, not {shown(value)}.")


def shown(value: object) -> str:
    """Return how an error message names a value."""
    return f'"{value[:60]}"' if isinstance(value, str) else f"a value of type {kind(value)}"


def limited(text: str) -> str:
    """Return the text, unless it has grown beyond reason."""
    return joined("", (text,))


def joined(separator: str, texts: Sequence[str]) -> str:
    """Return the texts as one, unless it would be too long; nothing is put together before."""
    letters = sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1)
    if letters > MAX_TEXT:
        raise Problem(f"This text has more than {MAX_TEXT} characters.")
    budget().spell(letters)
    return separator.join(texts)
