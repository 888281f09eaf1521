"""What the files of one directory declare, by kind and name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from labhelpers.terraform.language.blocks import Attribute, Block, Body
from labhelpers.terraform.language.errors import Report, TerraformError, did_you_mean
from labhelpers.terraform.language.hcl import inner_of, read_file
from labhelpers.terraform.modules.json_files import read_json_file
from labhelpers.terraform.modules.overrides import is_override, overridden

_LABELS = {
    "resource": 2,
    "data": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "locals": 0,
    "terraform": 0,
}
# They change nothing about which resources there are in the end.
_WITHOUT_EFFECT = ("moved", "removed", "import", "check", "ephemeral")


@dataclass
class Declarations:
    """The blocks of a module; resources by address without the module's prefix."""

    report: Report
    variables: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    modules: dict[str, Block] = field(default_factory=dict)
    providers: dict[str, Block] = field(default_factory=dict)
    resources: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, tuple[Attribute, str]] = field(default_factory=dict)

    def add(self, body: Body, file: str, override: bool = False) -> None:
        """Take in the blocks of one file; what cannot stand there is reported."""
        for attribute in body.attributes.values():
            message = f'An argument named "{attribute.name}" is not expected here.'
            hint = "At the top of a file there are only blocks: resource, variable, locals …"
            self.report.add(TerraformError(message, file, attribute.line, hint))
        for block in body.blocks:
            try:
                self._block(block, override)
            except TerraformError as error:
                self.report.add(error)

    def _block(self, block: Block, override: bool) -> None:
        if block.type in _WITHOUT_EFFECT:
            return
        if block.type not in _LABELS:
            hint = did_you_mean(block.type, _LABELS) or f"There are: {', '.join(_LABELS)}."
            message = f'Blocks of type "{block.type}" are not expected here.'
            raise TerraformError(message, block.file, block.line, hint)
        if len(block.labels) != _LABELS[block.type]:
            shown = " ".join([block.type, '"type"', '"name"'][: 1 + _LABELS[block.type]])
            shown = shown.replace("type", "name") if _LABELS[block.type] == 1 else shown
            message = f"A {block.type} block has {_LABELS[block.type]} names, not "
            message += f"{len(block.labels)}."
            raise TerraformError(message, block.file, block.line, f"Write: {shown} {{ … }}")
        if block.type == "locals":
            for name, attribute in block.body.attributes.items():
                if name in self.locals and not override:
                    first, file = self.locals[name]
                    self._twice(f"local.{name}", block.file, attribute.line, file, first.line)
                self.locals[name] = (attribute, block.file)
        elif block.type != "terraform":
            self._keep(block, override)

    def _keep(self, block: Block, override: bool) -> None:
        known = {
            "variable": self.variables,
            "output": self.outputs,
            "module": self.modules,
            "provider": self.providers,
        }.get(block.type, self.resources)
        name = block.address if known is self.resources else block.labels[0]
        if block.type == "provider":
            name = provider_name(block)
        if override and name in known:
            known[name] = overridden(known[name], block)
            return
        if override and block.type != "provider":
            message = f"{block.address} is not declared, so there is nothing to override."
            hint = "Declare it in a file that is no override file."
            raise TerraformError(message, block.file, block.line, hint, block.address)
        if name in known:
            first = known[name]
            self._twice(block.address, block.file, block.line, first.file, first.line)
        known[name] = block

    def _twice(self, what: str, file: str, line: int, first: str, first_line: int) -> None:
        message = (
            f"{what} is declared twice; it was already declared in {first}, line {first_line}."
        )
        raise TerraformError(message, file, line, "Rename or remove one of the two.", what)


def provider_name(block: Block) -> str:
    """Return "aws", or "aws.alias" for a provider block with an alias."""
    alias = block.body.attributes.get("alias")
    if alias is None:
        return block.labels[0]
    node = inner_of(alias.expression)
    if node.lark_name() == "json" and isinstance(node.value, str):
        return f"{block.labels[0]}.{node.value}"
    parts = [part.content for part in node.string_parts] if node.lark_name() == "string" else []
    if len(parts) != 1 or parts[0].lark_name() != "STRING_CHARS":
        message = "The alias of a provider must be a plain text."
        raise TerraformError(message, block.file, alias.line, 'Write: alias = "seoul"')
    return f"{block.labels[0]}.{parts[0].value}"


def read_directory(directory: Path, report: Report, prefix: str = "") -> Declarations:
    """Read every .tf and .tf.json file of a directory; faults in them are reported.

    `prefix` stands before file names in messages. Raises TerraformError where there are no files.
    """
    try:
        names = sorted(path.name for path in directory.iterdir() if not path.name.startswith("."))
    except NotADirectoryError:
        hint = "Name the directory that holds the .tf files."
        raise TerraformError(f"{directory} is no directory.", hint=hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"The directory {directory} cannot be read: {reason}."
        raise TerraformError(message, hint="Check the path.") from None
    wanted = [name for name in names if name.endswith((".tf", ".tf.json"))]
    if not wanted:
        message = f"There are no .tf files in {directory}."
        raise TerraformError(message, hint="Name the directory that holds them.")
    found = Declarations(report)
    for name in sorted(wanted, key=lambda name: (is_override(name), name)):
        read = read_json_file if name.endswith(".json") else read_file
        file = prefix + name
        found.add(read(directory / name, file, report), file, is_override(name))
    return found
