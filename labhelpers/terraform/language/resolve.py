"""Expressions: from python-hcl2's nodes to values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labhelpers.terraform.language import loops, operators, references, templates
from labhelpers.terraform.language.errors import Problem, TerraformError
from labhelpers.terraform.language.functions.call import call
from labhelpers.terraform.language.hcl import Node
from labhelpers.terraform.language.loops import as_key
from labhelpers.terraform.language.values import (
    Attributes,
    Unknown,
    kind,
    to_bool,
    to_number,
    to_text,
)

if TYPE_CHECKING:
    from labhelpers.terraform.language.scope import Scope

_LITERALS = {"true": True, "false": False, "null": None}


def evaluate(node: Node, scope: Scope) -> Any:
    """Return the value of an expression; raises TerraformError at the innermost fault."""
    handler = _HANDLERS.get(node.lark_name())
    if handler is None:
        what = node.lark_name().replace("_", " ")
        raise scope.error(node, f"This kind of expression is not supported here: {what}.")
    try:
        return handler(node, scope)
    except Problem as problem:
        raise scope.located(problem, node) from None


def _term(node: Node, scope: Scope) -> Any:
    return evaluate(node.expression, scope)


def _literal(node: Node, scope: Scope) -> Any:
    return _LITERALS[str(node.token.value)]


def _number(node: Node, scope: Scope) -> Any:
    return to_number(str(node.token.value))


def _tuple(node: Node, scope: Scope) -> list:
    return [evaluate(element, scope) for element in node.elements]


def _object(node: Node, scope: Scope) -> Any:
    found = {}
    for element in node.elements:
        key = _key(element.key, scope)
        if key is Unknown:
            return Unknown
        found[key] = evaluate(element.expression, scope)
    return found


def _key(node: Node, scope: Scope) -> Any:
    if node.lark_name() == "object_elem_key":
        if node.value.lark_name() == "identifier":
            return str(node.value.token.value)
        value = evaluate(node.value, scope)
    else:
        value = evaluate(node.expression, scope)
    return as_key(value)


def _conditional(node: Node, scope: Scope) -> Any:
    met = evaluate(node.condition, scope)
    if met is Unknown:
        return Unknown
    chosen, other = node.if_true, node.if_false
    if not to_bool(met):
        chosen, other = other, chosen
    value = evaluate(chosen, scope)
    if not _holds_plain(value):
        return value
    try:
        return _of_one_type(value, evaluate(other, scope))
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


def _binary(node: Node, scope: Scope) -> Any:
    term = node.binary_term
    sign = str(term.binary_operator.token.value).strip()
    return operators.binary(sign, evaluate(node.expr_term, scope), evaluate(term.expr_term, scope))


def _unary(node: Node, scope: Scope) -> Any:
    return operators.unary(node.operator.strip(), evaluate(node.expr_term, scope))


_HANDLERS: dict[str, Callable[[Node, Any], Any]] = {
    "expr_term": _term,
    "literal_value": _literal,
    "int_lit": _number,
    "float_lit": _number,
    "string": templates.quoted,
    "heredoc_template": templates.heredoc,
    "heredoc_template_trim": templates.heredoc,
    "template_string": templates.escaped,
    "tuple": _tuple,
    "object": _object,
    "identifier": references.traversal,
    "get_attr_expr_term": references.traversal,
    "index_expr_term": references.traversal,
    "full_splat_expr_term": references.full_splat,
    "attr_splat_expr_term": references.attr_splat,
    "for_tuple_expr": loops.for_tuple,
    "for_object_expr": loops.for_object,
    "conditional": _conditional,
    "binary_op": _binary,
    "unary_op": _unary,
    "function_call": call,
    "json": templates.json_value,
}
