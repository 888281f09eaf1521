"""What the names in an expression stand for, and where the expression stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.budget import budget
from labhelpers.terraform.language.errors import (
    Problem,
    Report,
    TerraformError,
    did_you_mean,
)
from labhelpers.terraform.language.hcl import line_of
from labhelpers.terraform.language.registry import HANDLERS
from labhelpers.terraform.language.values import Unknown

_ONLY_WITH = {
    "each": "Only blocks with for_each have each.key and each.value.",
    "count": "Only blocks with count have count.index.",
    "self": "Only provisioners and conditions of a block know self.",
}
#: Expressions whose value is a new one, and not one that is kept already.
_MAKERS = frozenset(
    [
        "tuple",
        "object",
        "for_tuple_expr",
        "for_object_expr",
        "function_call",
        "json",
        "full_splat_expr_term",
        "attr_splat_expr_term",
    ]
)


class Lookup(Protocol):
    """What a scope asks of the module around it."""

    root: Path  # where Terraform runs: relative paths begin there
    prefix: str  # what stands before addresses in this module
    report: Report
    seen: dict[str, set[str]]  # local value -> what its expression refers to

    def lookup(self, name: str, rest: list[str]) -> tuple[Any, int]:
        """Return (value, used) for name.rest[0].rest[1]…; see Scope.lookup."""


class Scope:
    """The names around an expression.

    `where` is the address of the block (for messages), `names` what `for`, count, for_each
    and iterators add. Without a module (templatefile) there are only those.
    """

    __slots__ = ("directory", "file", "line", "module", "names", "seen", "shift", "where")

    def __init__(
        self,
        module: Lookup | None,
        file: str,
        where: str,
        names: Mapping[str, Any] | None = None,
        directory: Path | None = None,
        line: int = 0,
    ):
        self.module = module
        self.file = file
        self.where = where
        self.names = names or {}
        self.directory = directory or (module.root if module else Path())
        self.line = line
        self.shift = 0  # what the lines of nodes lack that were parsed by themselves
        self.seen: set[str] = set()  # the addresses that expressions here refer to

    def child(self, names: Mapping[str, Any]) -> Scope:
        """Return this scope with more names."""
        names = {**self.names, **names}
        found = Scope(self.module, self.file, self.where, names, self.directory, self.line)
        found.seen, found.shift = self.seen, self.shift
        return found

    def at(self, line: int) -> Scope:
        """Return this scope for an expression that was parsed by itself and begins at `line`."""
        if not line or line - 1 == self.shift:
            return self
        found = self.child({})
        found.shift = line - 1
        return found

    def isolated(self, names: Mapping[str, Any], file: str) -> Scope:
        """Return a scope for a template file, which sees nothing but `names`."""
        return Scope(None, file, f"template {file}", names, self.directory)

    def evaluate(self, node: Node) -> Any:
        """Return the value of an expression; raises TerraformError at the innermost fault."""
        kind = node.lark_name()
        handler = HANDLERS.get(kind)
        if handler is None:
            what = kind.replace("_", " ")
            raise self.error(node, f"This kind of expression is not supported here: {what}.")
        spent = budget()
        spent.enter()
        try:
            spent.step()
            value = handler(node, self)
            if kind in _MAKERS and isinstance(value, list | dict):
                spent.weigh(value)
            return value
        except Problem as problem:
            raise self.located(problem, node) from None
        finally:
            spent.depth -= 1

    def attempt(self, node: Node) -> Any:
        """Return the value of an expression; Unknown, with a diagnostic, if it has a fault."""
        try:
            return self.evaluate(node)
        except TerraformError as error:
            self.report(error)
            return Unknown

    def report(self, error: TerraformError, severity: str = "error") -> None:
        """Add a diagnostic; without a module (a file of variables) the fault is raised."""
        if self.module is None:
            raise error
        self.module.report.add(error, severity)

    def error(self, node: Node | None, message: str, hint: str = "") -> TerraformError:
        """Return the error for a fault at a node (None: the block itself)."""
        line = line_of(node) if node is not None else 0
        line = line + self.shift if line else self.line
        return TerraformError(f"{self.where}: {message}", self.file, line, hint, self.where)

    def located(self, problem: Problem, node: Node | None = None) -> TerraformError:
        """Return the error for a problem that has no place yet."""
        error = self.error(node, problem.message, problem.hint)
        error.line = problem.line or error.line
        error.undeclared, error.endless = problem.undeclared, problem.endless
        return error

    def lookup(self, name: str, rest: list[str]) -> tuple[Any, int]:
        """Return (value, used) for name.rest[0].rest[1]…; `used` of the rest are consumed."""
        if name in self.names:
            return self.names[name], 0
        if name in _ONLY_WITH:
            raise Problem(f'"{name}" is not known here.', _ONLY_WITH[name])
        if self.module is None:
            hint = did_you_mean(name, self.names) or "Add it to the object given to templatefile()."
            raise Problem(f'The template uses a variable "{name}" that it is not given.', hint)
        value, used = self.module.lookup(name, rest)
        self.seen.add(".".join((name, *rest[:used])))
        if name == "local":
            self.seen |= self.module.seen.get(rest[0], set())
        return value, used
