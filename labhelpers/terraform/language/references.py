"""References: a.b[0].c, splats, and plain names."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language import operators
from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.registry import evaluates
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Instances, Unknown, to_number

# Names whose values may be all instances of a resource, with their keys for attributes.
_PASSING_ON = ("each", "local", "module", "self", "var")


@evaluates("identifier", "get_attr_expr_term", "index_expr_term")
def traversal(node: Node, scope: Scope) -> Any:
    """Return the value of a.b[0].c: the name that it begins with, then step by step."""
    steps: list[Node] = []
    while True:
        match node.lark_name():
            case "expr_term" if not node.parentheses:
                node = node.expression
            case "get_attr_expr_term" | "index_expr_term":
                steps.append(node.children[1])
                node = node.children[0]
            case _:
                break
    steps.reverse()
    if node.lark_name() != "identifier":
        return _follow(scope.evaluate(node), steps, scope)
    names = []
    for step in steps:
        if step.lark_name() != "get_attr":
            break
        names.append(_name(step))
    first = str(node.token.value)
    value, used = scope.lookup(first, names)
    if isinstance(value, Instances) and len(names) > used and first not in _PASSING_ON:
        raise _without_key(".".join((first, *names[:used])), names[used], value)
    return _follow(value, steps[used:], scope)


def _without_key(address: str, attribute: str, instances: Instances) -> Problem:
    key = next(iter(instances), "key")
    message = f'{address} has for_each, so its "{attribute}" is that of one of several instances.'
    hint = f'Say of which one, e.g. {address}["{key}"].{attribute}.'
    return Problem(message, hint, undeclared=True)  # a fault to Terraform before all evaluation


def _follow(value: object, steps: list[Node], scope: Scope) -> Any:
    for step in steps:
        match step.lark_name():
            case "get_attr":
                value = operators.attribute(value, _name(step))
            case "short_index":
                value = operators.index(value, to_number(str(step.index.value)))
            case _:
                value = operators.index(value, scope.evaluate(step.index_expression))
    return value


def _name(step: Node) -> str:
    return str(step.identifier.token.value)


@evaluates("full_splat_expr_term")
def full_splat(node: Node, scope: Scope) -> Any:
    """a[*].b[*].c goes into each b: what follows a splat happens within its elements."""
    inner, steps = node.expr_term, node.children[1].get_attrs
    while inner.lark_name() == "expr_term" and not inner.parentheses:
        inner = inner.expression
    value = scope.evaluate(inner)
    if inner.lark_name() == "full_splat_expr_term" and value is not Unknown:
        return [_splatted(item, steps, scope) for item in value]
    return _splatted(value, steps, scope)


def _splatted(value: object, steps: list[Node], scope: Scope) -> Any:
    items = operators.splat(value)
    return Unknown if items is Unknown else [_follow(item, steps, scope) for item in items]


@evaluates("attr_splat_expr_term")
def attr_splat(node: Node, scope: Scope) -> Any:
    """a.*.b[0] is the older form: [0] picks from the list of all b."""
    items = operators.splat(scope.evaluate(node.expr_term))
    if items is Unknown:
        return Unknown
    steps = node.children[1].get_attrs
    names = [step.lark_name() == "get_attr" for step in steps]
    first = names.index(False) if False in names else len(steps)
    found = [_follow(item, steps[:first], scope) for item in items]
    return _follow(found, steps[first:], scope)


def identifier_of(node: Node) -> str:
    """Return the dotted name that an expression consists of, e.g. aws.seoul."""
    match node.lark_name():
        case "expr_term":
            return identifier_of(node.expression)
        case "json":
            return identifier_of(node.as_native())
        case "identifier":
            return str(node.token.value)
        case "get_attr_expr_term":
            attribute = str(node.get_attr.identifier.token.value)
            return f"{identifier_of(node.expr_term)}.{attribute}"
    raise Problem("A plain name such as aws.seoul is required here.")
