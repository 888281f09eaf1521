"""Terraform's JSON syntax (.tf.json): the same blocks and arguments, with their lines."""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from pathlib import Path
from typing import Any

from labhelpers.terraform.language.blocks import Attribute, Block, Body
from labhelpers.terraform.language.errors import Report, TerraformError
from labhelpers.terraform.language.hcl import JsonNode, read_text

# How many labels stand between a block's type and its body.
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "locals": 0, "terraform": 0}
_TOP = ("variable", "output", "module", "provider", "check")
_TOP_PLAIN = ("moved", "import", "removed")
# In JSON only the schema says what is a block; these matter to IAM, or to every resource.
_BLOCKS = {
    "data": ("statement", "principals", "not_principals", "condition", "filter"),
    "resource": ("inline_policy", "ingress", "egress", "lifecycle", "provisioner", "connection"),
    "provider": ("assume_role", "default_tags", "endpoints"),
    "variable": ("validation",),
}
_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_WORDS = {"true": True, "false": False, "null": None}


class _Line(dict):
    """A JSON object that knows on which line each of its keys stands."""

    lines: dict[str, int]
    line: int


def read_json_file(path: Path, name: str, report: Report) -> Body:
    """Parse one .tf.json file; a syntax error is reported."""
    try:
        text = read_text(path, name).removeprefix("\ufeff")
        found = _Reader(text, name).whole()
        return _top(found, name)
    except TerraformError as error:
        report.add(error)
        report.broken = True
        return Body()
    except RecursionError:
        report.add(TerraformError("The file is nested too deeply.", name))
        return Body()


def _top(found: Any, file: str) -> Body:
    if not isinstance(found, _Line):
        raise TerraformError("A .tf.json file holds a JSON object.", file, 1)
    body = Body()
    for kind, value in found.items():
        if kind != "//":
            depth = _LABELS.get(kind, 0 if kind in _TOP_PLAIN else 1)
            body.blocks.extend(_blocks(kind, (), value, found.lines[kind], depth, file))
    return body


def _blocks(kind: str, labels: tuple, value: Any, line: int, depth: int, file: str) -> list[Block]:
    if isinstance(value, list):
        return [b for item in value for b in _blocks(kind, labels, item, line, depth, file)]
    if not isinstance(value, _Line):
        message = f"The body of a {kind} block is a JSON object."
        raise TerraformError(message, file, line)
    if not depth:
        return [Block(kind, labels, _body(value, kind, file), file, value.line if labels else line)]
    return [
        block
        for label, inner in value.items()
        if label != "//"
        for block in _blocks(kind, (*labels, label), inner, value.lines[label], depth - 1, file)
    ]


def _body(value: _Line, kind: str, file: str) -> Body:
    body = Body()
    for name, item in value.items():
        if name == "//":
            continue
        line = value.lines[name]
        if name == "dynamic" and kind in _BLOCKS:
            for block in _blocks("dynamic", (), item, line, 1, file):
                body.blocks.append(_dynamic(block, item, kind, file))
        elif name in _BLOCKS.get(kind, ()) and isinstance(item, list | _Line):
            for inner in item if isinstance(item, list) else [item]:
                if isinstance(inner, _Line):
                    body.blocks.append(Block(name, (), _body(inner, kind, file), file, inner.line))
        else:
            body.attributes[name] = Attribute(name, JsonNode(item, line, file), line)
    return body


def _dynamic(block: Block, item: Any, kind: str, file: str) -> Block:
    """Turn the attribute `content` of a dynamic block into the block that it is."""
    content = block.body.attributes.pop("content", None)
    if content is not None and isinstance(content.expression.value, _Line):
        inner = _body(content.expression.value, kind, file)
        block.body.blocks.append(Block("content", (), inner, file, content.line))
    return block


class _Reader:
    """Reads JSON and keeps the line of every key."""

    def __init__(self, text: str, name: str):
        self.text = text
        self.name = name

    def whole(self) -> Any:
        value, at = self.value(self.skip(0))
        if self.skip(at) < len(self.text):
            raise self.error(at, "Something stands behind the JSON value.")
        return value

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def error(self, at: int, message: str) -> TerraformError:
        hint = "JSON has double quotes, a comma between elements and none after the last."
        return TerraformError(message, self.name, self.line(min(at, len(self.text))), hint)

    def value(self, at: int) -> tuple[Any, int]:
        sign = self.text[at : at + 1]
        if sign == '"':
            return self.string(at)
        if sign == "{":
            return self.object(at)
        if sign == "[":
            return self.array(at)
        if found := _SCALAR.match(self.text, at):
            word = found[0]
            if word in _WORDS:
                return _WORDS[word], found.end()
            return (float(word) if set(word) & set(".eE") else int(word)), found.end()
        raise self.error(at, "A JSON value is missing here.")

    def string(self, at: int) -> tuple[str, int]:
        if self.text[at : at + 1] != '"':
            raise self.error(at, "A name in double quotes is missing here.")
        try:
            return scanstring(self.text, at + 1, True)
        except JSONDecodeError as error:
            raise self.error(at, f"This text is no JSON: {error.msg}.") from None

    def array(self, at: int) -> tuple[list, int]:
        found: list = []
        start, at = at, self.skip(at + 1)
        while self.text[at : at + 1] != "]":
            if found:
                at = self.comma(at, start, "]")
            value, at = self.value(at)
            found.append(value)
            at = self.skip(at)
        return found, at + 1

    def object(self, at: int) -> tuple[_Line, int]:
        found, start = _Line(), at
        found.lines, found.line = {}, self.line(at)
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "}":
            if found:
                at = self.comma(at, start, "}")
            line = self.line(at)
            name, at = self.string(at)
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                raise self.error(at, f'A colon is missing behind "{name}".')
            found.lines[name] = line
            found[name], at = self.value(self.skip(at + 1))
            at = self.skip(at)
        return found, at + 1

    def comma(self, at: int, start: int, closer: str) -> int:
        if at >= len(self.text):
            raise self.error(start, f"The {closer} for this {self.text[start]} is missing.")
        if self.text[at] != ",":
            raise self.error(at, f"A comma or {closer} is missing before this.")
        return self.skip(at + 1)
