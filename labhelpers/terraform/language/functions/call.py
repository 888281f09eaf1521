"""Calling functions; try and can, which look at faults, are here themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from inspect import Signature, signature
from typing import Any

from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.errors import Problem, TerraformError, did_you_mean
from labhelpers.terraform.language.functions.collections import COLLECTIONS, SHALLOW
from labhelpers.terraform.language.functions.encoding import ENCODINGS
from labhelpers.terraform.language.functions.files import WITH_SCOPE, with_scope
from labhelpers.terraform.language.functions.numbers import NUMBERS
from labhelpers.terraform.language.functions.text import TEXTS
from labhelpers.terraform.language.functions.times import TIMES
from labhelpers.terraform.language.registry import evaluates
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Unknown, contains_unknown, kind

# Their results differ from run to run, or follow from the machine or from keys.
_ONLY_AT_APPLY = ("bcrypt", "plantimestamp", "rsadecrypt", "timestamp", "uuid")
_FUNCTIONS: dict[str, Callable[..., Any]] = COLLECTIONS | ENCODINGS | NUMBERS | TEXTS | TIMES


# Told only of what is called: to ask all functions takes longer than to resolve a small directory.
_signature: Callable[[Callable[..., Any]], Signature] = cache(signature)


def register(functions: Mapping[str, Callable[..., Any]]) -> None:
    """Add functions of values by their names, such as a provider's "provider::aws::arn_parse"."""
    _FUNCTIONS.update(functions)


@evaluates("function_call")
def call(node: Node, scope: Scope) -> Any:
    """Evaluate a function call; raises Problem for a function that is not supported."""
    name = "::".join(str(identifier.token.value) for identifier in node.identifiers)
    name = name.removeprefix("core::")
    arguments = node.arguments.arguments if node.arguments else []
    if name in ("try", "can"):
        return _attempt(name, arguments, scope)
    values = [scope.evaluate(argument) for argument in arguments]
    if node.arguments and node.arguments.has_ellipsis:
        if values[-1] is Unknown:
            return Unknown
        if not isinstance(values[-1], list):
            raise Problem(f"Only a list or a set can stand before ..., not {kind(values[-1])}.")
        values[-1:] = values[-1]
    if name in _ONLY_AT_APPLY:
        return Unknown
    if name in WITH_SCOPE:
        return with_scope(name, values, scope)
    if name not in _FUNCTIONS:
        known = [*_FUNCTIONS, *WITH_SCOPE, "try", "can"]
        hint = did_you_mean(name, known) or "Write its result in its place, e.g. as a local value."
        raise Problem(f"The function {name}() is not supported here.", hint)
    if any(value is Unknown for value in values) and name != "coalesce":
        return Unknown
    if name not in SHALLOW and contains_unknown(values):
        return Unknown
    return _checked(name, values)


def _checked(name: str, values: list) -> Any:
    """Call a function of values; faults are told as the function's."""
    function = _FUNCTIONS[name]
    try:
        _signature(function).bind(*values)
    except TypeError as error:
        raise Problem(f"The function {name}() is called wrongly: {error}.") from None
    try:
        return function(*values)
    except Problem as problem:
        found = Problem(f"{name}(): {problem.message}", problem.hint, endless=problem.endless)
        raise found from None


def _attempt(name: str, arguments: list[Node], scope: Scope) -> Any:
    """try(): the first argument without a fault; can(): whether there is none."""
    if not arguments or (name == "can" and len(arguments) > 1):
        raise Problem(f"The function {name}() is called with {len(arguments)} arguments.")
    fault = ""
    for argument in arguments:
        try:
            value = scope.evaluate(argument)
        except TerraformError as error:
            if error.undeclared or error.endless:  # Terraform finds the former before all else
                raise
            fault = error.message
        else:
            return value if name == "try" else (Unknown if value is Unknown else True)
    if name == "can":
        return False
    raise Problem("try(): none of its arguments can be evaluated.", fault)
