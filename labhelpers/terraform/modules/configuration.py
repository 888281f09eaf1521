"""What load() gives, as records: a Configuration and its Resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labhelpers.terraform.language.errors import Diagnostic
from labhelpers.terraform.language.values import Attributes, Unknown


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


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a directory of .tf files declares, with every value that follows from it.

    `resources` maps full addresses ("aws_iam_role.reader",
    "data.aws_iam_policy_document.x", "aws_iam_user.all[\\"anna\\"]") to Resources;
    `variables`, `locals` and `outputs` map names to values. Unknown stands for what only AWS
    could know and for variables that nobody has set. `diagnostics` tell what could not be
    resolved, where and why; an empty tuple means that nothing was in the way. `region` is
    that of the default provider. `again` resolves
    the same files with attributes that AWS has told by now (address -> name -> value).
    """

    directory: Path
    resources: Mapping[str, Resource]
    variables: Mapping[str, Any]
    locals: Mapping[str, Any]
    outputs: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...] = ()
    region: Any = Unknown
    again: Callable[[Mapping[str, Mapping]], Configuration] | None = field(
        default=None, compare=False
    )

    def __repr__(self) -> str:
        said = [f"{self.directory}: {len(self.resources)} resources and data sources"]
        return "\n".join((*said, *map(str, self.diagnostics)))

    def of_type(self, *types: str) -> list[Resource]:
        """Return the managed resources of these types, in the order of their addresses."""
        found = sorted(self.resources.items())
        return [r for _, r in found if r.type in types and r.mode == "managed"]
