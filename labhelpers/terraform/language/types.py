"""Type constraints of variables: string, list(string), object({ name = optional(string) }) …"""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.functions.collections import one_type
from labhelpers.terraform.language.hcl import inner_of
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import (
    Set,
    Unknown,
    kind,
    shown,
    to_bool,
    to_number,
    to_text,
    typed_list,
    typed_map,
)

_SIMPLE = {"string": to_text, "number": to_number, "bool": to_bool, "any": lambda value: value}
_LISTS = {"list": typed_list, "set": Set}


def convert(value: object, node: Node, scope: Scope) -> Any:
    """Return the value as the type that `node` writes; raises Problem if it cannot become one."""
    if value is None or value is Unknown:
        return value
    node = inner_of(node)
    if node.lark_name() == "json":
        node = inner_of(node.as_native())
    if node.lark_name() == "identifier":
        return _named(value, str(node.token.value), None, scope)
    if node.lark_name() == "function_call" and node.arguments:
        name = str(node.identifiers[0].token.value)
        return _named(value, name, node.arguments.arguments[0], scope)
    raise Problem("This is no type.", "Types are string, number, bool, list(…), map(…), object(…).")


def _named(value: Any, name: str, inner: Node | None, scope: Scope) -> Any:
    if name in _SIMPLE and inner is None:
        return _SIMPLE[name](value)
    if name in _LISTS:
        if not isinstance(value, list):
            raise Problem(f"A {name} is required, not {shown(value)}.")
        if inner is None or _is_any(inner):
            return _LISTS[name](_alike(value))
        return _LISTS[name](convert(item, inner, scope) for item in value)
    if name in ("map", "object") and not isinstance(value, dict):
        raise Problem(f"A value of type {name} is required, not {shown(value)}.")
    if name == "map" and (inner is None or _is_any(inner)):
        return typed_map(zip(value, _alike(value.values()), strict=True))
    if name == "map":
        return typed_map((key, convert(item, inner, scope)) for key, item in value.items())
    inner = inner if inner is None else inner_of(inner)
    if name == "object" and inner is not None and inner.lark_name() == "object":
        return dict(_members(value, inner, scope))
    if name == "tuple" and inner is not None and inner.lark_name() == "tuple":
        if not isinstance(value, list) or len(value) != len(inner.elements):
            raise Problem(f"A tuple of {len(inner.elements)} elements is required.")
        return [convert(v, node, scope) for v, node in zip(value, inner.elements, strict=True)]
    raise Problem(f"There is no type {name}.", "Types are string, number, bool, list(…), map(…).")


def _members(value: dict, node: Node, scope: Scope) -> Any:
    for element in node.elements:
        name = str(element.key.value.token.value) if _is_name(element.key) else ""
        wanted, default, optional = inner_of(element.expression), None, False
        if wanted.lark_name() == "function_call" and wanted.arguments:
            optional = str(wanted.identifiers[0].token.value) == "optional"
        if optional:
            wanted, *rest = wanted.arguments.arguments
            default = scope.evaluate(rest[0]) if rest else None
        if name not in value and not optional:
            raise Problem(f'The attribute "{name}" is required; the value is {kind(value)}.')
        given = value.get(name)
        yield name, convert(default if given is None else given, wanted, scope)


def _is_name(key: Node) -> bool:
    return key.lark_name() == "object_elem_key" and key.value.lark_name() == "identifier"


def _is_any(node: Node) -> bool:
    node = inner_of(node)
    return node.lark_name() == "identifier" and str(node.token.value) == "any"


def _alike(items: Any) -> list:
    """Return the elements of list(any), set(any) or map(any): one type, whichever it is."""
    items = list(items)
    try:
        return one_type(items)
    except Problem:
        return items
