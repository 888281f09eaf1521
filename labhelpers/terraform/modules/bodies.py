"""The body of a resource: its attributes, nested blocks, dynamic blocks and instances."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labhelpers.terraform.language import operators
from labhelpers.terraform.language.blocks import Block, Body
from labhelpers.terraform.language.errors import Problem, TerraformError
from labhelpers.terraform.language.references import identifier_of
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import (
    Attributes,
    Set,
    Unknown,
    contains_unknown,
    kind,
    to_number,
)

_META_ARGUMENTS = frozenset(("count", "for_each", "provider", "depends_on"))
_META_BLOCKS = frozenset(("lifecycle", "provisioner", "connection"))
MAX_INSTANCES = 10_000


def values_of(body: Body, scope: Scope, line: int, top: bool = True) -> Attributes:
    """Return attributes and nested blocks (each kind a list of Attributes), as state has them."""
    found = Attributes(line=line)
    for name, attribute in body.attributes.items():
        found.lines[name] = attribute.line
        if not (top and name in _META_ARGUMENTS):
            found[name] = scope.attempt(attribute.expression)
            if found[name] is Unknown:
                found.references[name] = _reference(attribute.expression, scope)
    for block in body.blocks:
        name = block.labels[0] if block.type == "dynamic" and block.labels else block.type
        if top and block.type in _META_BLOCKS:
            continue
        if name in body.attributes:
            error = scope.error(None, f'"{name}" is set as an argument and written as a block.')
            error.line, error.hint = block.line, "Keep one of the two."
            scope.report(error)
        elif block.type == "dynamic":
            try:
                _dynamic(name, block, scope, found)
            except TerraformError as error:
                scope.report(error)
                found[name] = Unknown
        elif found.setdefault(name, []) is not Unknown:
            found[name].append(values_of(block.body, scope, block.line, top=False))
    return found


def _reference(node: Any, scope: Scope) -> str:
    """Return the address of the resource that an expression plainly refers to, or ""."""
    try:
        names = identifier_of(node).split(".")
    except Problem:
        return ""
    used = names[: 3 if names[0] == "data" else 2]
    return scope.module.prefix + ".".join(used) if scope.module else ""


def _dynamic(name: str, block: Block, scope: Scope, found: Attributes) -> None:
    """Write out `dynamic "name" { for_each = …, content { … } }`."""
    attributes = block.body.attributes
    contents = block.body.blocks_of("content")
    if len(block.labels) != 1 or "for_each" not in attributes or len(contents) != 1:
        error = scope.error(None, "A dynamic block has a name, for_each and one content block.")
        error.line = block.line
        raise error
    iterator = name
    try:
        if "iterator" in attributes:
            iterator = identifier_of(attributes["iterator"].expression)
        pairs = operators.pairs(scope.evaluate(attributes["for_each"].expression))
    except Problem as problem:
        raise scope.located(problem, attributes["for_each"].expression) from None
    if pairs is Unknown:
        found[name] = Unknown
    elif found.setdefault(name, []) is not Unknown:
        for key, value in pairs:
            inner = scope.child({iterator: {"key": key, "value": value}})
            found[name].append(values_of(contents[0].body, inner, block.line, top=False))


def instances(block: Block, scope: Scope) -> tuple[Any, list[tuple[str, Any, Scope]]]:
    """Return (shape, [(suffix of the address, key, scope)]); shape is None, list or dict.

    How many there are may be open: then the shape is Unknown, the list empty, and it is reported.
    """
    attributes = block.body.attributes
    if "count" in attributes and "for_each" in attributes:
        message = "count and for_each exclude each other."
        raise scope.error(attributes["for_each"].expression, message, "Keep one of the two.")
    if "count" in attributes:
        node = attributes["count"].expression
        times = scope.evaluate(node)
        whole = _number_or_none(times)
        if times is Unknown:
            return _not_known("count", node, scope)
        if not isinstance(whole, int) or not 0 <= whole <= MAX_INSTANCES:
            message = f"count must be a whole number from 0 to {MAX_INSTANCES}, not {times!r:.40}."
            raise scope.error(node, message)
        rounds = range(whole)
        return list, [(f"[{i}]", i, scope.child({"count": {"index": i}})) for i in rounds]
    if "for_each" in attributes:
        node = attributes["for_each"].expression
        items = scope.evaluate(node)
        if items is Unknown or (isinstance(items, Set) and contains_unknown(items)):
            return _not_known("for_each", node, scope)
        return dict, list(_for_each(items, node, scope))
    return None, [("", None, scope)]


def _for_each(items: Any, node: Any, scope: Scope) -> Iterator[tuple[str, str, Scope]]:
    if not isinstance(items, dict | Set):
        message = f"for_each needs a map or a set of strings, not {kind(items)}."
        raise scope.error(node, message, "Write for_each = toset([…]) for a list of strings.")
    for key, value in operators.pairs(items):
        if not isinstance(key, str):
            message = f"for_each needs strings in its set, not {kind(key)}."
            raise scope.error(node, message)
        suffix = f"[{json.dumps(key, ensure_ascii=False)}]"
        yield suffix, key, scope.child({"each": {"key": key, "value": value}})


def _number_or_none(value: object) -> Any:
    """Return the number that a value is or becomes, None if it is none."""
    try:
        return to_number(value)
    except Problem:
        return None


def _not_known(name: str, node: Any, scope: Scope) -> tuple[Any, list]:
    message = f"{name} depends on a value that is not known before apply."
    hint = "If it is a variable, give it: load(directory, variables={…})."
    scope.report(scope.error(node, message, hint), "warning")
    return Unknown, []
