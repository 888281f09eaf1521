"""Calling functions, and those that need more than values: try, can, file, templatefile."""

from __future__ import annotations

import inspect
import os.path
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import templates
from .errors import Problem, TerraformError, did_you_mean
from .functions_collections import COLLECTIONS, SHALLOW
from .functions_numbers import NUMBERS
from .functions_text import TEXTS
from .hcl import Node, read_text
from .values import Unknown, contains_unknown, kind, to_text

if TYPE_CHECKING:
    from .scope import Scope

# Their results differ from run to run, or follow from the machine or from keys.
_ONLY_AT_APPLY = ("bcrypt", "plantimestamp", "rsadecrypt", "timestamp", "uuid", "uuidv5")
_FUNCTIONS = COLLECTIONS | NUMBERS | TEXTS
_PARAMETERS = {name: inspect.signature(function) for name, function in _FUNCTIONS.items()}


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
    if name in _WITH_SCOPE:
        return _with_scope(name, values, scope)
    if name not in _FUNCTIONS:
        known = [*_FUNCTIONS, *_WITH_SCOPE, "try", "can"]
        hint = did_you_mean(name, known) or "Write its result in its place, e.g. as a local value."
        raise Problem(f"The function {name}() is not supported here.", hint)
    if any(value is Unknown for value in values) and name != "coalesce":
        return Unknown
    if name not in SHALLOW and contains_unknown(values):
        return Unknown
    return _checked(name, values)


def _checked(name: str, values: list) -> Any:
    """Call a function of values; faults are told as the function's."""
    try:
        _PARAMETERS[name].bind(*values)
    except TypeError as error:
        raise Problem(f"The function {name}() is called wrongly: {error}.") from None
    try:
        return _FUNCTIONS[name](*values)
    except Problem as problem:
        raise Problem(f"{name}(): {problem.message}", problem.hint) from None


def _attempt(name: str, arguments: list[Node], scope: Scope) -> Any:
    """try(): the first argument without a fault; can(): whether there is none."""
    if not arguments or (name == "can" and len(arguments) > 1):
        raise Problem(f"The function {name}() is called with {len(arguments)} arguments.")
    fault = None
    for argument in arguments:
        try:
            value = scope.evaluate(argument)
        except TerraformError as error:
            if error.undeclared:  # Terraform finds those before it evaluates anything
                raise
            fault = error
        else:
            return value if name == "try" else (Unknown if value is Unknown else True)
    if name == "can":
        return False
    raise Problem("try(): none of its arguments can be evaluated.", fault.message)


def _with_scope(name: str, values: list, scope: Scope) -> Any:
    wanted = 2 if name == "templatefile" else 1
    if len(values) != wanted:
        raise Problem(f"The function {name}() takes {wanted} argument(s), not {len(values)}.")
    if values[0] is Unknown:
        return Unknown
    path = to_text(values[0])
    if name == "pathexpand":
        return os.path.expanduser(path)
    if name == "abspath":
        return os.path.abspath(scope.directory / path)
    return _WITH_SCOPE[name](scope.directory / path, path, scope, *values[1:])


def _file(path: Path, name: str, scope: Scope) -> str:
    return _text_of(path, name)


def _exists(path: Path, name: str, scope: Scope) -> bool:
    try:
        return path.is_file()
    except ValueError:  # a NUL character
        return False


def _templatefile(path: Path, name: str, scope: Scope, values: object) -> Any:
    if values is Unknown:
        return Unknown
    if not isinstance(values, dict):
        raise Problem("templatefile(): the second argument is an object with the variables.")
    return templates.template(_text_of(path, name), scope.isolated(values, name))


def _text_of(path: Path, name: str) -> str:
    try:
        exists = path.exists()
    except ValueError:
        exists = False
    if not exists:
        hint = 'Relative paths begin where Terraform runs; "${path.module}/x" is beside this file.'
        raise Problem(f'There is no file "{name}".', hint)
    return read_text(path, name)


_WITH_SCOPE = {
    "file": _file,
    "fileexists": _exists,
    "templatefile": _templatefile,
    "pathexpand": None,
    "abspath": None,
}
