"""Resources and data sources: their instances with all attributes that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.hcl import Block, inner_of
from labhelpers.terraform.language.references import identifier_of
from labhelpers.terraform.language.values import Attributes, Instances, Unknown
from labhelpers.terraform.modules import bodies, calls
from labhelpers.terraform.provider import attributes, data_sources

if TYPE_CHECKING:
    from labhelpers.terraform.language.scope import Scope
    from labhelpers.terraform.modules.module import Module
    from labhelpers.terraform.provider.target import Target


@dataclass(frozen=True, slots=True)
class Resource:
    """One instance of a resource or data source.

    `mode` is "managed" or "data". `values` holds its attributes as `terraform show -json`
    names them, nested blocks as lists; Unknown stands for what only AWS could know. `file` and
    `line` say where it begins; `references` are what its expressions refer to, as they are
    written there: "var.name", "aws_s3_bucket.reports"; `written` are the statement blocks of a
    policy document with their lines.
    """

    address: str
    type: str
    name: str
    values: Attributes
    file: str
    line: int
    mode: str = "managed"
    references: tuple[str, ...] = ()
    written: tuple[Attributes, ...] = ()


def evaluated(module: Module, block: Block) -> Any:
    """Add a block's instances to the module's resources; return what references to it see.

    That is the attributes of the one instance, a list of them with count, a dict with for_each.
    """
    scope = module.scope_of(block)
    target = _target_of(module, block, scope)
    scope.seen |= _depends_on(block)
    shape, rounds = bodies.instances(block, scope)
    if shape is Unknown:
        return Unknown
    found = {}
    for suffix, key, inner in rounds:
        values = written = bodies.values_of(block.body, inner, block.line)
        try:
            if block.type == "data":
                values = data_sources.read(block, values, target, inner)
            else:
                values = attributes.complete(block.labels[0], values, target)
        except Problem as problem:
            scope.report(scope.located(problem))
        address = module.prefix + block.address + suffix
        kind, name = block.labels
        mode = "data" if block.type == "data" else "managed"
        values.update(module.known.get(address, {}))
        statements = written.get("statement")
        module.resources[address] = Resource(
            address,
            kind,
            name,
            values,
            block.file,
            block.line,
            mode,
            tuple(sorted(scope.seen)),
            tuple(statements) if mode == "data" and isinstance(statements, list) else (),
        )
        found[key] = values
    if shape is None:
        return found[None]
    return list(found.values()) if shape is list else Instances(found)


def _depends_on(block: Block) -> set[str]:
    written = block.body.attributes.get("depends_on")
    elements = getattr(inner_of(written.expression), "elements", ()) if written else ()
    found = set()
    for element in elements:
        try:
            found.add(identifier_of(element))
        except Problem:
            continue  # an index, say: what it belongs to is named by other references
    return found


def _target_of(module: Module, block: Block, scope: Scope) -> Target:
    written = block.body.attributes.get("provider")
    if written is None:
        return module.target("aws") or module.base
    return calls.named_target(module, written, scope)
