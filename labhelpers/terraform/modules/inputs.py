"""Values of variables: type constraint, default, validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labhelpers.terraform.language.blocks import Block
from labhelpers.terraform.language.errors import Problem, TerraformError
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.types import convert
from labhelpers.terraform.language.values import Attributes, Unknown, to_bool


def value_of(
    block: Block, scope: Scope, given: Callable[[], Any] | None, needed: bool, others: Others
) -> Any:
    """Return the value given to a variable, else its default, else Unknown.

    `given` computes it; where it is `needed` (in a module that is called) and there is neither,
    that is reported. `others` is what `var` stands for in the variable's validation.
    """
    found = block.body.attributes
    value: Any = given() if given else Unknown
    nullable = "nullable" not in found or scope.evaluate(found["nullable"].expression) is not False
    if "default" in found and (not given or (value is None and not nullable)):
        value = scope.evaluate(found["default"].expression)
    elif not given and needed:
        name = block.labels[0]
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
    others[block.labels[0]] = value
    _validate(block, scope.child({"var": others}))
    return value


class Others(Attributes):
    """`var` in a validation: the variable itself, and the others when they are asked for."""

    def __init__(self, declared: Mapping[str, Block], variable: Callable[[str], Any]):
        super().__init__()
        self.declared = declared
        self.variable = variable

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self.declared

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name) if name in self.keys() else self.variable(name)


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
