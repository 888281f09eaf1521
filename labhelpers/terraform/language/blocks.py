"""What a file holds, as records: blocks and attributes with the lines that they stand on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Node = Any  # a LarkRule of python-hcl2: lark_name(), children, _meta


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = expression`."""

    name: str
    expression: Node
    line: int


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between the braces of a block, or in a whole file."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def blocks_of(self, kind: str) -> list[Block]:
        """Return the blocks with this name, in their order."""
        return [block for block in self.blocks if block.type == kind]


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" "label" { body }`."""

    type: str
    labels: tuple[str, ...]
    body: Body
    file: str
    line: int

    @property
    def address(self) -> str:
        """What error messages call the block: aws_iam_role.reader, output.role_arn."""
        if self.type == "resource":
            return ".".join(self.labels)
        return ".".join(("var" if self.type == "variable" else self.type, *self.labels))
