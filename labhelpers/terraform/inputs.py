"""Values of variables: type constraint, default, validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Problem
from .hcl import Block
from .types import convert
from .values import Attributes, Unknown, to_bool

if TYPE_CHECKING:
    from .module import Module
    from .scope import Scope


def value_of(module: Module, name: str, block: Block) -> Any:
    """Return the value given to a variable, else its default, else (root module) Unknown."""
    found = block.body.attributes
    scope = module.scope_of(block)
    value: Any = Unknown
    if name in module.given:
        value = module.given[name]
    elif "default" in found:
        value = scope.evaluate(found["default"].expression)
    elif module.parent:
        raise scope.error(None, "This variable of the module has no value.", "Give it one.")
    if "type" in found:
        try:
            value = convert(value, found["type"].expression, scope)
        except Problem as problem:
            raise scope.located(problem, found["type"].expression) from None
    # A condition that asks for other variables stays open: they may not be known yet.
    _validate(block, scope.child({"var": Attributes({name: value})}))
    return value


def _validate(block: Block, scope: Scope) -> None:
    for rule in block.body.blocks_of("validation"):
        found = rule.body.attributes
        if "condition" not in found:
            continue
        node = found["condition"].expression
        met = scope.evaluate(node)
        try:
            refused = met is not Unknown and not to_bool(met)
        except Problem as problem:
            raise scope.located(problem, node) from None
        if refused:
            told: Any = Unknown
            if "error_message" in found:
                told = scope.evaluate(found["error_message"].expression)
            hint = told if isinstance(told, str) else "See the condition."
            raise scope.error(node, "Invalid value for variable.", hint)
