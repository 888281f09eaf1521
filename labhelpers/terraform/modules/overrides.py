"""Override files: what override.tf and *_override.tf change in blocks written elsewhere."""

from __future__ import annotations

from dataclasses import replace

from labhelpers.terraform.language.blocks import Block, Body


def is_override(name: str) -> bool:
    """Say whether a file of this name holds overrides."""
    stem = name.removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def overridden(block: Block, change: Block) -> Block:
    """Return the block with the arguments of `change`; nested blocks replace those of their type.

    Source: Terraform language, "Override Files".
    """
    attributes = {**block.body.attributes, **change.body.attributes}
    if {"count", "for_each"} & change.body.attributes.keys():
        for name in {"count", "for_each"} - change.body.attributes.keys():
            attributes.pop(name, None)
    replaced = {_name(inner) for inner in change.body.blocks if _name(inner) != "lifecycle"}
    kept = [inner for inner in block.body.blocks if _name(inner) not in replaced]
    return replace(block, body=Body(attributes, kept + change.body.blocks))


def _name(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type
