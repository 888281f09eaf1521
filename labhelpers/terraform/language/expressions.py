"""Plain expressions: literals, lists, objects, conditionals and operators."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language import operators
from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.errors import TerraformError
from labhelpers.terraform.language.loops import as_key
from labhelpers.terraform.language.registry import evaluates
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import (
    Attributes,
    Unknown,
    kind,
    to_bool,
    to_number,
    to_text,
)

_LITERALS = {"true": True, "false": False, "null": None}


@evaluates("expr_term")
def _term(node: Node, scope: Scope) -> Any:
    return scope.evaluate(node.expression)


@evaluates("literal_value")
def _literal(node: Node, scope: Scope) -> Any:
    return _LITERALS[str(node.token.value)]


@evaluates("int_lit", "float_lit")
def _number(node: Node, scope: Scope) -> Any:
    return to_number(str(node.token.value))


@evaluates("tuple")
def _tuple(node: Node, scope: Scope) -> list:
    return [scope.evaluate(element) for element in node.elements]


@evaluates("object")
def _object(node: Node, scope: Scope) -> Any:
    found = {}
    for element in node.elements:
        key = _key(element.key, scope)
        if key is Unknown:
            return Unknown
        found[key] = scope.evaluate(element.expression)
    return found


def _key(node: Node, scope: Scope) -> Any:
    if node.lark_name() == "object_elem_key":
        if node.value.lark_name() == "identifier":
            return str(node.value.token.value)
        value = scope.evaluate(node.value)
    else:
        value = scope.evaluate(node.expression)
    return as_key(value)


@evaluates("conditional")
def _conditional(node: Node, scope: Scope) -> Any:
    met = scope.evaluate(node.condition)
    if met is Unknown:
        return Unknown
    chosen, other = node.if_true, node.if_false
    if not to_bool(met):
        chosen, other = other, chosen
    value = scope.evaluate(chosen)
    if not _holds_plain(value):
        return value
    try:
        return _of_one_type(value, scope.evaluate(other))
    except TerraformError:
        return value


def _holds_plain(value: Any) -> bool:
    """Whether there is a number or bool in it, which the other result may turn into a text."""
    if isinstance(value, dict | list) and not isinstance(value, Attributes):
        return any(map(_holds_plain, value.values() if isinstance(value, dict) else value))
    return kind(value) in ("number", "bool")


def _of_one_type(value: Any, other: Any) -> Any:
    """Both results of a conditional get one type: beside a text, numbers and bools become one."""
    if isinstance(value, dict) and isinstance(other, dict):
        if isinstance(value, Attributes):
            return value
        return {key: _of_one_type(item, other.get(key)) for key, item in value.items()}
    if isinstance(other, str) and kind(value) in ("number", "bool"):
        return to_text(value)
    return value


@evaluates("binary_op")
def _binary(node: Node, scope: Scope) -> Any:
    term = node.binary_term
    sign = str(term.binary_operator.token.value).strip()
    return operators.binary(sign, scope.evaluate(node.expr_term), scope.evaluate(term.expr_term))


@evaluates("unary_op")
def _unary(node: Node, scope: Scope) -> Any:
    return operators.unary(node.operator.strip(), scope.evaluate(node.expr_term))
