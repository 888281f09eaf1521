"""Local modules: what a module block hands on to the directory that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Problem, TerraformError, did_you_mean
from .hcl import Attribute, Block, Node
from .provider import Target
from .references import identifier_of

if TYPE_CHECKING:
    from .module import Module
    from .scope import Scope

_OWN_ARGUMENTS = ("source", "version", "providers", "depends_on", "count", "for_each")


def called(module: Module, name: str, block: Block) -> Module:
    """Return the module that a module block calls; only ./ and ../ sources are supported."""
    scope = module.scope_of(block)
    found = block.body.attributes
    for argument in ("count", "for_each"):
        if argument in found:
            message = f"{argument} of a module is not supported here."
            raise scope.error(found[argument].expression, message, "Write one block for each.")
    source = scope.evaluate(found["source"].expression) if "source" in found else None
    if not isinstance(source, str) or not source.startswith(("./", "../")):
        message = 'Only local modules are supported here: source = "./…" or "../…".'
        raise scope.error(None, message, "Copy the module into a folder of the configuration.")
    directory = module.directory / source
    if any(_same(one.directory, directory) for one in module.chain()):
        raise scope.error(None, "This module calls itself.")
    given = {
        key: scope.evaluate(attribute.expression)
        for key, attribute in found.items()
        if key not in _OWN_ARGUMENTS
    }
    try:
        child = module.child(directory, given, _passed(module, block, scope), name)
    except TerraformError as error:
        if error.file:
            raise
        raise scope.error(None, error.message, error.hint) from None
    for key in given:
        if key not in child.declared.variables:
            message = f'The module has no variable "{key}".'
            hint = did_you_mean(key, child.declared.variables)
            raise scope.error(found[key].expression, message, hint)
    return child


def named_target(module: Module, written: Attribute, scope: Scope) -> Target:
    """Return what the provider configuration works in that an argument names."""
    try:
        name = identifier_of(written.expression)
    except Problem as problem:
        raise scope.located(problem, written.expression) from None
    found = module.target(name)
    if found is None and "." in name:
        message = f'There is no provider configuration "{name}".'
        hint = did_you_mean(name, module.declared.providers)
        hint = hint or "Add a provider block with this alias."
        raise scope.error(written.expression, message, hint)
    return found or module.base


def _passed(module: Module, block: Block, scope: Scope) -> dict[str, Target]:
    """Return the provider configurations that a module block hands on."""
    passed = {"aws": module.target("aws") or module.base}
    written = block.body.attributes.get("providers")
    node: Node = written.expression if written else None
    while node is not None and node.lark_name() == "expr_term":
        node = node.expression
    for element in getattr(node, "elements", ()):
        if element.lark_name() != "object_elem":
            continue
        key: Any = element.key
        inner = key.value if key.lark_name() == "object_elem_key" else key.expression
        target = named_target(module, Attribute("", element.expression, written.line), scope)
        try:
            passed[identifier_of(inner)] = target
        except Problem as problem:
            raise scope.located(problem, written.expression) from None
    return passed


def _same(one: Any, other: Any) -> bool:
    try:
        return one.resolve() == other.resolve()
    except (OSError, ValueError, RuntimeError):  # a NUL character, a circle of links
        return False
