"""Reading .tf files: python-hcl2's typed tree, cut into blocks and attributes with positions.

python-hcl2 accepts what Terraform refuses (an attribute set twice, two on one line, a text
across lines); those faults are found here.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from labhelpers.files import read_regular
from labhelpers.terraform.language.blocks import Attribute, Block, Body, Node
from labhelpers.terraform.language.errors import Problem, Report, TerraformError
from labhelpers.terraform.language.syntax import explain_syntax

_WRAP = "value = ("
# In a file with a fault, each block that begins at the left margin is tried on its own.
_TOP = re.compile(
    r"^(?=(?:resource|data|variable|output|locals|module|provider|terraform|moved|import|removed"
    r"|check|ephemeral)\b)",
    re.MULTILINE,
)


def read_text(path: Path, name: str) -> str:
    """Return a file's text as it is; raises TerraformError."""
    try:
        data = read_regular(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TerraformError(f"This file cannot be read: {reason}.", name) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "Save the file as UTF-8."
        raise TerraformError("This is no UTF-8 text.", name, line, hint) from None


def read_file(path: Path, name: str, report: Report) -> Body:
    """Parse one file; a syntax error is reported, and the blocks without one are returned."""
    try:
        text = read_text(path, name).removeprefix("\ufeff")
    except TerraformError as error:
        report.add(error)
        report.broken = True
        return Body()
    try:
        return parse_body(text, name)
    except TerraformError as error:
        report.add(error)
        report.broken = True
        return _what_is_left(text, name)


def _what_is_left(text: str, name: str) -> Body:
    found = Body()
    starts = [match.start() for match in _TOP.finditer(text)]
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=False):
        try:
            part = parse_body("\n" * text.count("\n", 0, begin) + text[begin:end], name)
        except TerraformError:
            continue
        found.blocks.extend(part.blocks)
    return found


@lru_cache(maxsize=1024)
def parse_body(text: str, name: str) -> Body:
    """Parse the text of a file called `name`. Trees are kept, so a second load is quick."""
    return _Reader(text, name).body(_parse(text, name).body)


def parse_expression(text: str, line: int, name: str) -> Node:
    """Parse one expression of a template that stands at `line` of a file.

    The lines of its nodes count from 1 where the expression begins (see Scope.at): equal
    expressions are parsed once.
    """
    try:
        return _expression(text, name)
    except TerraformError as error:
        error.line = min(error.line, 1 + text.count("\n")) + line - 1
        raise


@lru_cache(maxsize=4096)
def _expression(text: str, name: str) -> Node:
    source = f"{_WRAP}{text}\n)"
    body = _Reader(source, name).body(_parse(source, name).body)
    return body.attributes["value"].expression


# python-hcl2 takes `$${a ${b}` for one escaped piece; to Terraform only `$${` is. So that it sees
# plain characters, both escapes become private ones of the same length while it parses.
_HIDDEN = {"$${": "\ue000\ue001\ue002", "%%{": "\ue003\ue004\ue005"}


def hide_escapes(text: str) -> str:
    """Return the text with `$${` and `%%{` as plain characters."""
    for escape, hidden in _HIDDEN.items():
        text = text.replace(escape, hidden)
    return text


def show_escapes(text: str, plain: bool) -> str:
    """Undo hide_escapes: as `$${`, or as the `${` that it stands for (plain)."""
    if "\ue002" in text or "\ue005" in text:
        for escape, hidden in _HIDDEN.items():
            text = text.replace(hidden, escape[1:] if plain else escape)
    return text


def inner_of(node: Node) -> Node:
    """Return an expression without the parentheses and wrappers around it."""
    while node.lark_name() == "expr_term":
        node = node.expression
    return node


class JsonNode:
    """An expression of Terraform's JSON syntax: a JSON value whose texts are templates."""

    __slots__ = ("file", "line", "value")

    def __init__(self, value: Any, line: int, file: str):
        self.value = value
        self.line = line
        self.file = file

    @property
    def _meta(self) -> JsonNode:
        return self

    def lark_name(self) -> str:
        return "json"

    def as_native(self) -> Node:
        """Return the expression that a text holds where no template can stand, e.g. a type."""
        if not isinstance(self.value, str):
            raise Problem("A text with an expression is required here.")
        return parse_expression(self.value, self.line, self.file)


def line_of(node: Node) -> int:
    """Return the line that a node begins on (0 where the parser kept none)."""
    return getattr(node._meta, "line", 0)


@cache
def _parser() -> Callable[[str], Node]:
    """Return python-hcl2's parser, its grammar loaded.

    The grammar becomes some 26,000 objects that stay: the garbage collector, which would look
    through them again and again meanwhile, takes a third of the time, so it waits.
    """
    import hcl2  # spares start-up: plans, states and .tf.json need no parser

    waits = gc.isenabled()
    gc.disable()
    try:
        hcl2.parses("")
    finally:
        if waits:
            gc.enable()
    return hcl2.parses


def _parse(text: str, name: str) -> Node:
    parses = _parser()
    try:
        return parses(hide_escapes(text))
    except RecursionError:
        raise TerraformError("The file is nested too deeply.", name) from None
    except Exception as error:  # whatever the parser throws: the file is to blame
        line = max(getattr(error, "line", 0) or 0, 0)
        line, message, hint = explain_syntax(text, line, error)
        raise TerraformError(message.replace(_WRAP, "", 1), name, line, hint) from None


class _Reader:
    """Turns the nodes of one file into bodies."""

    def __init__(self, text: str, name: str):
        self.text = text
        self.name = name

    def body(self, node: Node) -> Body:
        found = Body()
        before = None
        for item in node.children:
            if item.lark_name() not in ("attribute", "block"):
                continue
            self._on_its_own_line(before, item)
            before = item
            if item.lark_name() == "block":
                found.blocks.append(self._block(item))
            else:
                self._attribute(item, found.attributes)
        return found

    def _attribute(self, item: Node, known: dict[str, Attribute]) -> None:
        name, line = str(item.identifier.token.value), line_of(item)
        if name in known:
            message = f'The argument "{name}" is set twice; it was already set on line '
            hint = "Each argument may be set only once: remove one of the two."
            raise TerraformError(f"{message}{known[name].line}.", self.name, line, hint)
        self._texts_end_on_their_line(item)
        known[name] = Attribute(name, item.expression, line)

    def _block(self, item: Node) -> Block:
        first, *labels = item.labels
        start, line = item._meta.start_pos, line_of(item)
        if "\n" in self.text[start : self.text.find("{", start)]:
            hint = "Put the { at the end of the line that begins the block."
            raise TerraformError("A block's { must stand on its first line.", self.name, line, hint)
        names = tuple(self._label(label, line) for label in labels)
        kind = str(first.token.value)
        try:
            return Block(kind, names, self.body(item.body), self.name, line)
        except RecursionError:
            raise TerraformError("The file is nested too deeply.", self.name, line) from None

    def _label(self, node: Node, line: int) -> str:
        if node.lark_name() == "identifier":
            return str(node.token.value)
        parts = [part.content for part in node.string_parts]
        if any(part.lark_name() != "STRING_CHARS" for part in parts):
            raise TerraformError("A block's label must be a plain text.", self.name, line)
        return show_escapes("".join(str(part.value) for part in parts), plain=False)

    def _on_its_own_line(self, before: Node | None, item: Node) -> None:
        if before is None:
            return
        first, last = before._meta.start_pos, item._meta.start_pos
        gap = self.text[len(self.text[first : before._meta.end_pos].rstrip()) + first : last]
        if "\n" not in gap:
            what = "block" if before.lark_name() == "block" else "argument"
            message = f"A new line is missing after the {what} that ends here."
            hint = "Begin each argument and each block on a line of its own."
            raise TerraformError(message, self.name, line_of(item), hint)

    def _texts_end_on_their_line(self, item: Node) -> None:
        for node in _strings(item):
            for part in node.string_parts:
                if part.content.lark_name() == "STRING_CHARS" and "\n" in part.content.value:
                    message = 'A text in quotes begins here and its closing " is missing.'
                    hint = "Close it on the same line; for several lines use <<-EOT … EOT."
                    raise TerraformError(message, self.name, line_of(node), hint)


def _strings(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if found.lark_name() == "string":
            yield found
        waiting += [child for child in getattr(found, "children", ()) if child is not None]
