"""Values of variables: type constraint, default, validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labhelpers.terraform.language.errors import Problem, TerraformError
from labhelpers.terraform.language.hcl import Block
from labhelpers.terraform.language.types import convert
from labhelpers.terraform.language.values import Attributes, Unknown, to_bool

if TYPE_CHECKING:
    from labhelpers.terraform.language.scope import Scope
    from labhelpers.terraform.modules.module import Module


def value_of(module: Module, name: str, block: Block) -> Any:
    """Return the value given to a variable, else its default, else (root module) Unknown."""
    found = block.body.attributes
    scope = module.scope_of(block)
    value: Any = Unknown
    given = name in module.given
    if given:
        value = module.given[name]()
    nullable = "nullable" not in found or scope.evaluate(found["nullable"].expression) is not False
    if "default" in found and (not given or (value is None and not nullable)):
        value = scope.evaluate(found["default"].expression)
    elif not given and module.parent:
        message = f'The module needs a value for the variable "{name}".'
        error = scope.error(None, message, f"Add to the module block: {name} = …")
        error.undeclared = True
        scope.report(error)
    elif value is None and not nullable:
        raise scope.error(None, "The value of this variable cannot be null.")
    if "type" in found:
        try:
            value = convert(value, found["type"].expression, scope)
        except Problem as problem:
            raise scope.located(problem, found["type"].expression) from None
    _validate(block, scope.child({"var": _Others(module, name, value)}))
    return value


class _Others(Attributes):
    """`var` in a validation: the variable itself, and the others when they are asked for."""

    def __init__(self, module: Module, name: str, value: Any):
        super().__init__({name: value})
        self.module = module

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.module.declared.variables

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name) if name in self.keys() else self.module.variable(name)


def _validate(block: Block, scope: Scope) -> None:
    for rule in block.body.blocks_of("validation"):
        found = rule.body.attributes
        if "condition" not in found:
            continue
        node = found["condition"].expression
        try:
            met = scope.evaluate(node)
            refused = met is not Unknown and not to_bool(met)
        except TerraformError as error:
            scope.report(error)
            continue
        except Problem as problem:
            scope.report(scope.located(problem, node))
            continue
        if refused:
            told: Any = Unknown
            if "error_message" in found:
                told = scope.attempt(found["error_message"].expression)
            hint = told if isinstance(told, str) else "See the condition."
            scope.report(scope.error(node, "Invalid value for variable.", hint))
