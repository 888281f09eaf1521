"""The values of texts: in quotes, heredocs, and files for templatefile."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language import operators
from labhelpers.terraform.language.blocks import Node
from labhelpers.terraform.language.budget import budget
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.hcl import line_of, show_escapes
from labhelpers.terraform.language.registry import evaluates
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.template_parts import (
    Part,
    dedent,
    parts_of_quoted,
    parts_of_text,
    unescape,
)
from labhelpers.terraform.language.values import Unknown, joined, kind, to_bool, to_text


@evaluates("string")
def quoted(node: Node, scope: Scope) -> object:
    """Return the value of a text in quotes; one that is a lone ${x} keeps the type of x."""
    parts = parts_of_quoted(node)
    if len(parts) == 1 and parts[0].kind == "value":
        return scope.evaluate(parts[0].node)
    return render(parts, scope)


@evaluates("template_string")
def escaped(node: Node, scope: Scope) -> str:
    r"""Return the value of a text in \"escaped quotes\", which stands in a directive."""
    return show_escapes(unescape(node.inner_value), plain=True)


@evaluates("heredoc_template", "heredoc_template_trim")
def heredoc(node: Node, scope: Scope) -> object:
    """Return the value of <<MARK or <<-MARK (indentation common to all lines removed)."""
    first, *lines = show_escapes(str(node.heredoc.value), plain=False).rstrip().split("\n")
    body = "".join(f"{line}\n" for line in lines[:-1])
    parts = parts_of_text(body, line_of(node) + 1 + scope.shift, scope.file)
    if first.startswith("<<-"):
        dedent(parts)
    return render(parts, scope)


@evaluates("json")
def json_value(node: Node, scope: Scope) -> Any:
    """Return the value of an expression in JSON syntax, whose texts are templates."""
    return _from_json(node.value, node, scope)


def _from_json(value: Any, node: Node, scope: Scope) -> Any:
    if isinstance(value, str):
        parts = parts_of_text(value, node.line, scope.file)
        if len(parts) == 1 and parts[0].kind == "value":
            return scope.at(parts[0].line).evaluate(parts[0].node)
        return render(parts, scope)
    if isinstance(value, dict):
        keys = {name: _from_json(name, node, scope) for name in value}
        if any(key is Unknown for key in keys.values()):
            return Unknown
        return {str(keys[name]): _from_json(item, node, scope) for name, item in value.items()}
    if isinstance(value, list):
        return [_from_json(item, node, scope) for item in value]
    return value


def template(text: str, scope: Scope) -> object:
    """Return the value of a template file's text."""
    return render(parts_of_text(text, 1, scope.file), scope)


def render(parts: list[Part], scope: Scope) -> object:
    """Return the text of a template, Unknown if one of its values is."""
    pieces: list[Any] = []
    if _run(parts, 0, (), scope, pieces) < len(parts):
        raise Problem("A template directive here ends something that never began.")
    if any(piece is Unknown for piece in pieces):
        return Unknown
    return joined("", pieces)


def _run(parts: list[Part], at: int, ends: tuple, scope: Scope, out: list | None) -> int:
    """Append the text of parts[at:] to `out` (None: skip) up to a directive in `ends`."""
    while at < len(parts) and parts[at].kind not in ends:
        part = parts[at]
        if part.kind == "text":
            at += 1
            if out is not None:
                out.append(part.text)
        elif part.kind == "value":
            at += 1
            if out is not None:
                out.append(_as_text(scope.at(part.line).evaluate(part.node)))
        elif part.kind == "if":
            at = _if(parts, at, scope, out)
        elif part.kind == "for":
            at = _for(parts, at, scope, out)
        else:
            return at
    if ends and at == len(parts):
        raise Problem(f"A template directive is never closed: %{{ {ends[-1]} }} is missing.")
    return at


def _if(parts: list[Part], at: int, scope: Scope, out: list | None) -> int:
    met = None
    if out is not None:
        value = scope.at(parts[at].line).evaluate(parts[at].node)
        met = Unknown if value is Unknown else to_bool(value)
        if met is Unknown:
            out.append(Unknown)
    at = _run(parts, at + 1, ("else", "endif"), scope, out if met is True else None)
    if at < len(parts) and parts[at].kind == "else":
        at = _run(parts, at + 1, ("endif",), scope, out if met is False else None)
    if at == len(parts) or parts[at].kind != "endif":
        raise Problem("A template directive is never closed: %{ endif } is missing.")
    return at + 1


def _for(parts: list[Part], at: int, scope: Scope, out: list | None) -> int:
    start, names = at, parts[at].names
    here = scope.at(parts[at].line)
    pairs = [] if out is None else operators.pairs(here.evaluate(parts[at].node))
    at = _run(parts, start + 1, ("endfor",), scope, None)
    if parts[at].kind != "endfor":
        raise Problem("A template directive is never closed: %{ endfor } is missing.")
    if out is None:
        return at + 1
    if pairs is Unknown:
        out.append(Unknown)
        return at + 1
    spent = budget()
    for key, value in pairs:
        spent.step()
        inner = scope.child(dict(zip(names, (key, value)[-len(names) :], strict=True)))
        _run(parts, start + 1, ("endfor",), inner, out)
    return at + 1


def _as_text(value: object) -> object:
    if value is Unknown:
        return Unknown
    if value is None:
        raise Problem("A null value cannot be part of a text.", "Use coalesce(…, default).")
    if kind(value) in ("list", "set", "object"):
        hint = 'Make one text of it first, e.g. with join(", ", …) or jsonencode(…).'
        raise Problem(f"A value of type {kind(value)} cannot be part of a text.", hint)
    return to_text(value)
