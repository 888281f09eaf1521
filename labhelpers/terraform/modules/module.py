"""One directory of .tf files, evaluated on demand: each name once, whatever the order."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labhelpers.terraform.language.blocks import Block
from labhelpers.terraform.language.errors import Problem, Report, TerraformError, did_you_mean
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Unknown
from labhelpers.terraform.modules import calls, inputs, resources
from labhelpers.terraform.modules.configuration import Resource
from labhelpers.terraform.modules.declarations import read_directory
from labhelpers.terraform.provider.target import Target, configured


class Module:
    """The root module, or one instance of a local module that it calls.

    `given` computes the values of variables, `targets` are the provider configurations by
    name ("aws"), `step` is how the parent calls it: `module.x`, `module.x["k"]`.
    """

    def __init__(
        self,
        directory: Path,
        given: calls.Inputs,
        targets: Mapping[str, Target],
        base: Target,
        parent: Module | None = None,
        step: str = "",
    ):
        self.directory = directory
        self.parent = parent
        self.root: Path = parent.root if parent else directory
        self.report: Report = parent.report if parent else Report()
        # What AWS has told of resources that exist by now: address -> attributes.
        self.known: Mapping[str, Mapping] = parent.known if parent else {}
        self.seen: dict[str, set[str]] = {}  # local value -> what its expression refers to
        self.prefix: str = f"{parent.prefix}{step}." if parent else ""
        inside = os.path.relpath(directory, self.root)
        self.path = Path(inside).as_posix()
        prefix = "" if inside == "." else f"{self.path}/"
        self.declared = read_directory(directory, self.report, prefix)
        self.given = given
        self.base = base
        self.targets = dict(targets)
        self.resources: dict[str, Resource] = {}
        self._known: dict[str, Any] = {}
        self._open: list[str] = []

    def evaluate(self) -> None:
        """Evaluate everything that is declared, so that every fault is found."""
        for name in self.declared.variables:
            self.variable(name)
        for name in self.declared.providers:
            self.target(name)
        for name in self.declared.locals:
            self.local(name)
        for name in self.declared.resources:
            self.resource(name)
        for name in self.declared.modules:
            for child in self.call(name).modules():
                child.evaluate()
        for name in self.declared.outputs:
            self.output(name)

    def lookup(self, name: str, rest: list[str]) -> tuple[Any, int]:
        """Return (value, used) for a reference; see Scope.lookup."""
        if name in ("path", "terraform"):
            return self._surroundings(name), 0
        kinds = {"var": self.variable, "local": self.local, "module": self._outputs}
        if name in kinds:
            if not rest:
                raise Problem(f'A reference to "{name}" needs a name: {name}.NAME.')
            return kinds[name](rest[0]), 1
        if name == "ephemeral" and len(rest) > 1:
            return Unknown, 2
        labels = [name, *rest]
        used = 3 if name in ("data", "resource") else 2
        if len(labels) < used:
            hint = f'Write "{".".join(labels)}" in quotes if it is a text.'
            message = (
                f'Invalid reference "{".".join(labels)}": a resource is named by type and name.'
            )
            raise Problem(message, hint)
        first = 1 if name == "resource" else 0  # resource.aws_x.y is another way to write aws_x.y
        return self.resource(".".join(labels[first:used])), used - 1

    def variable(self, name: str) -> Any:
        """Return a variable's value: the one given, else its default, else Unknown."""
        block = self.declared.variables.get(name)
        if block is None:
            hint = f'This variable can be declared with: variable "{name}" {{}}'
            alike = did_you_mean(name, self.declared.variables)
            message = f'An input variable with the name "{name}" has not been declared.'
            raise Problem(message, f"{alike} {hint}".strip(), undeclared=True)

        def evaluated() -> Any:
            others = inputs.Others(self.declared.variables, self.variable)
            given, needed = self.given.get(name), self.parent is not None
            return inputs.value_of(block, self.scope_of(block), given, needed, others)

        return self._once(f"var.{name}", evaluated)

    def local(self, name: str) -> Any:
        """Return a local value."""
        if name not in self.declared.locals:
            message = f'A local value with the name "{name}" has not been declared.'
            hint = f"Add it to a locals block: locals {{ {name} = … }}"
            hint = did_you_mean(name, self.declared.locals) or hint
            raise Problem(message, hint, undeclared=True)
        attribute, file = self.declared.locals[name]
        scope = Scope(self, file, f"{self.prefix}local.{name}", line=attribute.line)
        self.seen.setdefault(name, scope.seen)
        return self._once(f"local.{name}", lambda: scope.evaluate(attribute.expression))

    def output(self, name: str) -> Any:
        """Return an output value."""
        block = self.declared.outputs.get(name)
        if block is None:
            hint = did_you_mean(name, self.declared.outputs) or "Declare it in the module."
            message = f'The module {self.prefix[:-1]} has no output "{name}".'
            raise Problem(message, hint, undeclared=True)
        value = block.body.attributes.get("value")
        scope = self.scope_of(block)

        def evaluated() -> Any:
            if value is None:
                raise scope.error(None, 'The argument "value" is required.', "Add: value = …")
            return scope.evaluate(value.expression)

        return self._once(f"output.{name}", evaluated)

    def resource(self, address: str) -> Any:
        """Return the attributes of a resource; those of all instances with count or for_each."""
        block = self.declared.resources.get(address)
        if block is None:
            kind = "data resource" if address.startswith("data.") else "managed resource"
            message = f"The {kind} {address} has not been declared."
            hint = did_you_mean(address, self.declared.resources) or "Declare it, or correct it."
            raise Problem(message, hint, undeclared=True)

        def evaluated() -> Any:
            scope = self.scope_of(block)
            target = self._target_of(block, scope)
            return resources.evaluated(block, scope, target, self.known, self.resources)

        return self._once(address, evaluated)

    def call(self, name: str) -> calls.Call[Module]:
        """Return what a module block calls."""
        block = self.declared.modules.get(name)
        if block is None:
            hint = did_you_mean(name, self.declared.modules) or "Declare it, or correct the name."
            message = f'No module call named "{name}" is declared.'
            raise Problem(message, hint, undeclared=True)

        def evaluated() -> calls.Call[Module]:
            return calls.called(self, block, self.scope_of(block), self._instance)

        found = self._once(f"module.{name}", evaluated)
        return calls.Call() if found is Unknown else found

    def _instance(
        self, directory: Path, given: calls.Inputs, targets: Mapping[str, Target], step: str
    ) -> Module:
        return Module(directory, given, targets, self.base, self, step)

    def target(self, name: str) -> Target | None:
        """Return what a provider configuration works in; None if there is no such."""
        block = self.declared.providers.get(name)
        if block is not None:
            scope = self.scope_of(block)
            found = self._once(f"provider.{name}", lambda: configured(block, self.base, scope))
            return self.base if found is Unknown else found
        return self.targets.get(name)

    def all_resources(self) -> dict[str, Resource]:
        """Return the resources of this module and of those it calls, by full address."""
        found = dict(self.resources)
        for name in self.declared.modules:
            for child in self.call(name).modules():
                found |= child.all_resources()
        return found

    def scope_of(self, block: Block) -> Scope:
        """Return the scope of a block's expressions."""
        return Scope(self, block.file, self.prefix + block.address, line=block.line)

    def _once(self, name: str, compute: Callable[[], Any]) -> Any:
        """Compute a value at its first use; one with a fault is reported, and Unknown."""
        if name in self._known:
            return self._known[name]
        if name in self._open:
            circle = [*self._open[self._open.index(name) :], name]
            raise Problem(
                f"Cycle: {' -> '.join(circle)}.", "Each of them needs the next one first."
            )
        self._open.append(name)
        try:
            self._known[name] = compute()
        except TerraformError as error:
            self.report.add(error)
            self._known[name] = Unknown
        finally:
            self._open.pop()
        return self._known[name]

    def directories(self) -> list[Path]:
        """Return the directories of this module and of those that led to it."""
        return [self.directory, *(self.parent.directories() if self.parent else [])]

    def _target_of(self, block: Block, scope: Scope) -> Target:
        written = block.body.attributes.get("provider")
        if written is None:
            return self.target("aws") or self.base
        return calls.named_target(self, written, scope)

    def _outputs(self, name: str) -> Any:
        return self.call(name).value()

    def _surroundings(self, name: str) -> dict[str, Any]:
        if name == "terraform":
            return {"workspace": "default", "applying": Unknown}
        return {"module": self.path, "root": ".", "cwd": str(self.root.resolve())}
