"""Resources and data sources: their instances with all attributes that are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labhelpers.terraform.language.blocks import Block
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.hcl import inner_of
from labhelpers.terraform.language.references import identifier_of
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Instances, Unknown
from labhelpers.terraform.modules import bodies
from labhelpers.terraform.modules.configuration import Resource
from labhelpers.terraform.provider import attributes, data_sources
from labhelpers.terraform.provider.target import Target


def evaluated(
    block: Block,
    scope: Scope,
    target: Target,
    told: Mapping[str, Mapping[str, Any]],
    resources: dict[str, Resource],
) -> Any:
    """Add a block's instances to `resources`; return what references to the block see.

    That is the attributes of the one instance, a list of them with count, a dict with for_each.
    `told` are attributes that AWS has told by now: address -> name -> value.
    """
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
        address = scope.where + suffix
        kind, name = block.labels
        mode = "data" if block.type == "data" else "managed"
        values.update(told.get(address, {}))
        statements = written.get("statement")
        resources[address] = Resource(
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
