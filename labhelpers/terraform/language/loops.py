"""for expressions: lists and objects out of lists, sets, maps and objects."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language import operators
from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.budget import budget
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.registry import evaluates
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Unknown, to_bool, to_text


def as_key(value: object) -> Any:
    """Return the text that a value is as the key of an object; Unknown stays."""
    if value is None:
        raise Problem("The key of an object element cannot be null.")
    return Unknown if value is Unknown else to_text(value)


def _rounds(node: Node, scope: Scope) -> Any:
    """Yield the scope of each round of a `for` whose condition is met; Unknown if it is."""
    intro = node.for_intro
    names = [str(i.token.value) for i in (intro.first_iterator, intro.second_iterator) if i]
    pairs = operators.pairs(scope.evaluate(intro.iterable))
    if pairs is Unknown:
        return Unknown
    rounds = []
    spent = budget()
    for pair in pairs:
        spent.step()
        inner = scope.child(dict(zip(names, pair[-len(names) :], strict=True)))
        if node.condition is not None:
            met = inner.evaluate(node.condition.condition_expr)
            if met is Unknown:
                return Unknown
            if not to_bool(met):
                continue
        rounds.append(inner)
    return rounds


@evaluates("for_tuple_expr")
def for_tuple(node: Node, scope: Scope) -> Any:
    rounds = _rounds(node, scope)
    if rounds is Unknown:
        return Unknown
    return [inner.evaluate(node.value_expr) for inner in rounds]


@evaluates("for_object_expr")
def for_object(node: Node, scope: Scope) -> Any:
    rounds = _rounds(node, scope)
    found: dict = {}
    if rounds is Unknown:
        return Unknown
    for inner in rounds:
        key = as_key(inner.evaluate(node.key_expr))
        if key is Unknown:
            return Unknown
        value = inner.evaluate(node.value_expr)
        if node.ellipsis is not None:
            found.setdefault(key, []).append(value)
        elif key in found:
            hint = "Write … behind the value to collect the values of equal keys in lists."
            raise Problem(f'Two elements have the key "{key}".', hint.replace("…", "...", 1))
        else:
            found[key] = value
    return found
