"""Local modules: what a module block hands on to the directory that it names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from labhelpers.files import read_regular
from labhelpers.terraform.language.blocks import Attribute, Block
from labhelpers.terraform.language.budget import budget
from labhelpers.terraform.language.errors import Problem, TerraformError, did_you_mean
from labhelpers.terraform.language.hcl import inner_of
from labhelpers.terraform.language.references import identifier_of
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Unknown
from labhelpers.terraform.modules import bodies
from labhelpers.terraform.modules.declarations import Declarations
from labhelpers.terraform.provider.target import Target

_OWN_ARGUMENTS = ("source", "version", "providers", "depends_on", "count", "for_each")

Inputs = Mapping[str, Callable[[], Any]]  # what computes the values of a module's variables


class Called(Protocol):
    """One instance of a module that is called."""

    declared: Declarations
    given: Inputs

    def output(self, name: str) -> Any:
        """Return an output value."""


class Caller(Protocol):
    """The module instance that a module block stands in."""

    directory: Path
    root: Path
    prefix: str
    base: Target
    declared: Declarations

    def target(self, name: str) -> Target | None:
        """Return what a provider configuration works in; None if there is no such."""

    def directories(self) -> list[Path]:
        """Return the directories of the module and of those that led to it."""


Instance = TypeVar("Instance", bound=Called)
# Makes an instance of: the directory, the inputs, the provider configurations, module.x["k"].
Make = Callable[[Path, Inputs, Mapping[str, Target], str], Instance]


class Outputs(dict[str, Any]):
    """The outputs of a module instance, each computed when it is asked for."""

    def __init__(self, module: Called):
        super().__init__(dict.fromkeys(module.declared.outputs, Unknown))
        self.module = module

    def __getitem__(self, name: str) -> Any:
        return self.module.output(name)

    def __iter__(self) -> Iterator[str]:  # so that {**outputs} asks for each
        return iter(self.module.declared.outputs)

    def get(self, name: str, default: Any = None) -> Any:
        return self.module.output(name) if name in self else default

    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]  # computed, no view
        return [(name, self[name]) for name in self]

    def values(self) -> list[Any]:  # type: ignore[override]  # likewise
        return [self[name] for name in self]


@dataclass
class Call(Generic[Instance]):
    """What a module block calls: instances by key; `shape` is None, list or dict.

    Without a shape it is a module that is not there: its outputs are Unknown.
    """

    shape: Any = Unknown
    instances: dict[Any, Instance] = field(default_factory=dict)

    def modules(self) -> list[Instance]:
        return list(self.instances.values())

    def value(self) -> Any:
        """Return what a reference to the module sees."""
        if self.shape is Unknown:
            return Unknown
        found = {key: Outputs(module) for key, module in self.instances.items()}
        if self.shape is None:
            return found[None]
        return list(found.values()) if self.shape is list else found


def called(module: Caller, block: Block, scope: Scope, make: Make[Instance]) -> Call[Instance]:
    """Return the instances of a module that a block in `module` calls; `make` makes each.

    Sources are ./ and ../ and what `terraform init` has brought to .terraform/modules; other
    ones are skipped, with a warning.
    """
    name = block.labels[0]
    directory = _directory(module, name, block, scope)
    if directory is None:
        return Call()
    if any(_same(one, directory) for one in module.directories()):
        raise scope.error(None, "This module calls itself.")
    targets = _passed(module, block, scope)
    shape, rounds = bodies.instances(block, scope)
    call: Call[Instance] = Call(shape)
    for suffix, key, inner in rounds:
        try:
            budget().module()
        except Problem as problem:
            raise scope.located(problem) from None
        given = {
            argument: partial(inner.attempt, attribute.expression)
            for argument, attribute in block.body.attributes.items()
            if argument not in _OWN_ARGUMENTS
        }
        try:
            child = make(directory, given, targets, f"module.{name}{suffix}")
        except TerraformError as error:
            if error.file:
                raise
            raise scope.error(None, error.message, error.hint) from None
        call.instances[key] = child
    for child in call.modules()[:1]:
        for argument in child.given.keys() - child.declared.variables.keys():
            _not_declared(child, block, argument, scope)
    return call


def _not_declared(child: Called, block: Block, argument: str, scope: Scope) -> None:
    message = f'The module has no variable "{argument}".'
    hint = did_you_mean(argument, child.declared.variables)
    error = scope.error(None, message, hint or f'Declare it there: variable "{argument}" {{}}')
    error.line, error.undeclared = block.body.attributes[argument].line, True
    scope.report(error)


def _directory(module: Caller, name: str, block: Block, scope: Scope) -> Path | None:
    """Return the directory of a module, None (reported) for one that is not on this machine."""
    if "source" not in block.body.attributes:
        raise scope.error(None, 'The argument "source" is required.', 'Add: source = "./…"')
    source = scope.evaluate(block.body.attributes["source"].expression)
    if not isinstance(source, str):
        raise scope.error(None, "The source of a module must be a plain text.")
    if source.startswith(("./", "../")) or source in (".", ".."):
        return module.directory / source
    keys = [step.partition("[")[0] for step in f"{module.prefix}module.{name}".split("module.")]
    fetched = _fetched(module.root).get(".".join(step.strip(".") for step in keys if step))
    if fetched:
        return module.root / fetched
    message = f"The module {source} is not on this machine and is skipped; its outputs are Unknown."
    hint = "`terraform init` fetches it; a copy in a folder of the configuration works as well."
    scope.report(scope.error(None, message, hint), "warning")
    return None


def _fetched(root: Path) -> dict[str, str]:
    """Return key -> directory of the modules that `terraform init` has fetched."""
    try:
        text = read_regular(root / ".terraform/modules/modules.json").decode()
        return {m["Key"]: m["Dir"] for m in json.loads(text)["Modules"] if m.get("Key")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def named_target(module: Caller, written: Attribute, scope: Scope) -> Target:
    """Return what the provider configuration works in that an argument names."""
    try:
        name = identifier_of(written.expression)
    except Problem as problem:
        raise scope.located(problem, written.expression) from None
    found = module.target(name)
    if found is None and "." in name and name.startswith("aws."):
        message = f'There is no provider configuration "{name}".'
        hint = did_you_mean(name, module.declared.providers)
        hint = hint or "Add a provider block with this alias."
        raise scope.error(written.expression, message, hint)
    return found or module.base


def _passed(module: Caller, block: Block, scope: Scope) -> dict[str, Target]:
    """Return the provider configurations that a module block hands on."""
    passed = {"aws": module.target("aws") or module.base}
    written = block.body.attributes.get("providers")
    if written is None:
        return passed
    for element in getattr(inner_of(written.expression), "elements", ()):
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
