"""One argument as the type that the provider's schema gives it."""

from __future__ import annotations

from collections.abc import Callable

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.values import Attributes, Unknown, Value


def argument(
    given: Attributes, name: str, convert: Callable[[Value], Value], default: Value = None
) -> Value:
    """Return an argument converted, Unknown as it is; raises Problem, which names it."""
    value = given.get(name)
    value = default if value is None else value
    if value is Unknown:
        return Unknown
    try:
        return convert(value)
    except Problem as problem:
        message = f'Inappropriate value for attribute "{name}": {problem.message}'
        raise Problem(message, "", given.line_of(name)) from None
