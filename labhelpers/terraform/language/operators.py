"""Operators, indexes and attributes of the Terraform language, on plain values."""

from __future__ import annotations

import operator
from decimal import Decimal, localcontext

from labhelpers.terraform.language.errors import Problem, did_you_mean
from labhelpers.terraform.language.values import (
    Attributes,
    Set,
    Unknown,
    Value,
    equal,
    kind,
    number,
    to_bool,
    to_number,
    to_text,
)

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_PAIRS_HINT = "Only lists, sets, maps and objects have elements to go through."


def binary(sign: str, left: Value, right: Value) -> Value:
    """Apply a binary operator; an Unknown operand makes the result Unknown."""
    if sign in ("==", "!="):
        same = equal(left, right)
        return same if same is Unknown or sign == "==" else not same
    if sign in ("&&", "||") and Unknown in (left, right):
        deciding = sign == "||"  # whatever the other one turns out to be
        known = right if left is Unknown else left
        return deciding if known is not Unknown and to_bool(known) is deciding else Unknown
    if left is Unknown or right is Unknown:
        return Unknown
    if left is None or right is None:
        raise Problem(f"The operator {sign} cannot work with null.")
    if sign in ("&&", "||"):
        both = to_bool(left), to_bool(right)
        return all(both) if sign == "&&" else any(both)
    one, other = to_number(left), to_number(right)
    return _COMPARE[sign](one, other) if sign in _COMPARE else _calculate(sign, one, other)


def unary(sign: str, value: Value) -> Value:
    """Apply - or !."""
    if value is Unknown:
        return Unknown
    return not to_bool(value) if sign == "!" else number(-to_number(value))


def index(value: Value, key: Value) -> Value:
    """Return value[key]."""
    if value is Unknown or key is Unknown:
        return Unknown
    if isinstance(value, Attributes) and kind(key) == "number":
        hint = "Without count there is only one: leave the index out."
        raise Problem(f"This is no list, so it has no element {key}.", hint)
    if isinstance(value, dict):
        return attribute(value, to_text(key))
    if isinstance(value, Set):
        hint = "Elements of a set have no order: use tolist(…) first."
        raise Problem("A set has no indexes.", hint)
    if not isinstance(value, list):
        raise Problem(f"A value of type {kind(value)} has no indexes.")
    place = to_number(key)
    if not isinstance(place, int) or not 0 <= place < len(value):
        has = f"it has {len(value)} elements, counted from 0" if value else "it has no elements"
        raise Problem(f"Invalid index: the list has no element {place}.", f"Here {has}.")
    return value[place]


def attribute(value: Value, name: str) -> Value:
    """Return value.name."""
    if value is Unknown:
        return Unknown
    if isinstance(value, dict):
        if name in value:
            return value[name]
        if isinstance(value, Attributes):
            return Unknown
        known = [str(key) for key in value]
        hint = did_you_mean(name, known) or f"It has: {', '.join(sorted(known)) or 'none'}."
        raise Problem(f'Unsupported attribute: this object has no attribute "{name}".', hint)
    hint = ""
    if isinstance(value, list) and value:
        hint = f"It is a {kind(value)} of several: say which, e.g. [0], or write [*].{name}."
    raise Problem(f"Unsupported attribute: {kind(value)} has no attribute {name}.", hint)


def pairs(value: Value) -> Value:
    """Return the (key, value) pairs that `for` goes through, in Terraform's order, or Unknown."""
    if value is Unknown:
        return Unknown
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, Set):
        return [(item, item) for item in value]
    if isinstance(value, list):
        return list(enumerate(value))
    raise Problem(f"A value of type {kind(value)} cannot be gone through.", _PAIRS_HINT)


def splat(value: Value) -> Value:
    """Return the list that [*] stands for, or Unknown."""
    if value is Unknown:
        return Unknown
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _calculate(sign: str, one: int | float, other: int | float) -> int | float:
    if sign in "/%" and other == 0:
        raise Problem("Division by zero.")
    if isinstance(one, int) and isinstance(other, int) and sign in "+-*":
        return number({"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](one, other))
    with localcontext() as context:
        context.prec = 450
        left, right = Decimal(str(one)), Decimal(str(other))
        if sign == "/":
            return number(left / right)
        if sign == "%":
            return number(left % right)
        return number({"+": left + right, "-": left - right, "*": left * right}[sign])
