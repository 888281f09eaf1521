"""Cutting texts with ${…} and %{…} into parts: from python-hcl2's nodes, or from plain text.

A heredoc is one opaque token for python-hcl2, so its expressions are cut out and parsed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.errors import Problem, TerraformError
from labhelpers.terraform.language.hcl import parse_expression, show_escapes
from labhelpers.terraform.language.syntax import end_of_expression

_MARK = re.compile(r"(?P<escaped>\$\$\{|%%\{)|(?P<open>\$\{|%\{)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_FOR = re.compile(r"for\s+([\w-]+)\s*(?:,\s*([\w-]+)\s*)?\bin\b(.*)", re.DOTALL)
_DIRECTIVES = ("if", "else", "endif", "for", "endfor")


@dataclass(slots=True)
class Part:
    """One piece: `kind` is text, value, or a directive; `left`/`right` are ~ strip markers.

    `line` is where the expression stands if it was parsed by itself, 0 if with the whole file.
    """

    kind: str
    text: str = ""
    node: Node = None
    names: tuple[str, ...] = ()
    left: bool = False
    right: bool = False
    line: int = 0


def parts_of_text(text: str, line: int, name: str) -> list[Part]:
    """Cut a template that begins at `line` of a file into parts; texts end at line ends."""
    parts: list[Part] = []
    at = 0
    while mark := _MARK.search(text, at):
        before = text[at : mark.start()]
        if mark["escaped"]:
            parts += _lines(before + mark["escaped"][1:])
            at = mark.end()
            continue
        parts += _lines(before)
        end = end_of_expression(text, mark.end())
        here = line + text.count("\n", 0, mark.start())
        if end < 0:
            message = f"The {mark['open']} here is never closed."
            raise TerraformError(message, name, here, "Add the }, or write $${ for a plain ${.")
        parts.append(_expression(mark["open"], text[mark.end() : end], here, name))
        at = end + 1
    return _stripped(parts + _lines(text[at:]))


def parts_of_quoted(node: Node) -> list[Part]:
    """Return the parts of a text in quotes."""
    return _stripped([part for child in node.string_parts for part in _part_of(child.content)])


def dedent(parts: list[Part]) -> None:
    """Remove the spaces that all lines begin with; empty lines do not count."""
    starts, fresh = [], True
    for part in parts:
        if fresh and not (part.kind == "text" and not part.text.strip() and part.text[-1:] == "\n"):
            starts.append(part)
        fresh = part.kind == "text" and part.text.endswith("\n")
    widths = [len(part.text) - len(part.text.lstrip()) for part in starts]
    for part in starts:
        part.text = part.text[min(widths) :]


def unescape(text: str) -> str:
    r"""Resolve \n, \t, \", \\ and \uNNNN of a text in quotes."""

    def one(found: re.Match) -> str:
        sign = found[1]
        if sign[0] in "uU" and len(sign) > 1:
            code = int(sign[1:], 16)
            return "\ufffd" if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)
        if sign not in _ESCAPES:
            hint = r"Known are \n, \r, \t, \", \\ and \uNNNN; a plain backslash is written \\."
            raise Problem(f"There is no escape sequence \\{sign}.", hint)
        return _ESCAPES[sign]

    return _ESCAPE.sub(one, text) if "\\" in text else text


def _stripped(parts: list[Part]) -> list[Part]:
    """Apply the ~ markers: they take the spaces of the text beside them, up to its line's end."""
    for index, part in enumerate(parts):
        if part.left and index and parts[index - 1].kind == "text":
            parts[index - 1].text = parts[index - 1].text.rstrip()
        if part.right and index + 1 < len(parts) and parts[index + 1].kind == "text":
            parts[index + 1].text = parts[index + 1].text.lstrip()
    return parts


def _lines(text: str) -> list[Part]:
    return [Part("text", line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)]


def _expression(opened: str, inside: str, line: int, name: str) -> Part:
    left, right = inside.startswith("~"), inside.endswith("~") and len(inside) > 1
    code = inside[left : len(inside) - right]
    if opened == "${":
        return Part("value", "", parse_expression(code, line, name), (), left, right, line)
    words = code.split(None, 1)
    word = words[0] if words else ""
    if word not in _DIRECTIVES:
        hint = f"Known are {', '.join(_DIRECTIVES)}; a plain %{{ is written %%{{."
        raise TerraformError(f"There is no template directive {word!r}.", name, line, hint)
    part = Part(word, left=left, right=right, line=line)
    if word == "for":
        found = _FOR.fullmatch(code.strip())
        if not found:
            raise TerraformError("Write: %{ for NAME in LIST }.", name, line)
        part.names = tuple(filter(None, found.groups()[:2]))
        part.node = parse_expression(found[3], line, name)
    elif word == "if":
        part.node = parse_expression(words[1] if len(words) > 1 else "", line, name)
    return part


def _part_of(content: Node) -> list[Part]:
    """Return the parts of one piece of a text in quotes, as python-hcl2 has parsed it."""
    name = content.lark_name()
    if name in ("template_if", "template_for"):
        return [p for c in content.children for p in _part_of(getattr(c, "content", c))]
    if name == "STRING_CHARS":
        return [Part("text", show_escapes(unescape(str(content.value)), plain=True))]
    if name in ("ESCAPED_INTERPOLATION", "ESCAPED_DIRECTIVE"):
        return [Part("text", unescape(str(content.value)[1:]))]
    if name == "interpolation":
        return [Part("value", node=content.expression)]
    word = name.removeprefix("template_").removesuffix("_start")
    if word not in _DIRECTIVES:
        raise Problem(f"{name} is not supported in a text.")
    part = Part(word, left=content.strip_open, right=content.strip_close)
    if word == "if":
        part.node = content.condition
    elif word == "for":
        names = (content.iterator, content.key_iterator)
        part.names = tuple(str(node.token.value) for node in names if node)
        part.node = content.collection
    return [part]
