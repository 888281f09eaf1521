"""Functions of the Terraform language on texts and numbers. They raise Problem."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os.path
import re
import urllib.parse
from collections.abc import Callable

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.functions.format import format_, formatlist
from labhelpers.terraform.language.functions.regular import compiled
from labhelpers.terraform.language.json_text import from_json, to_json
from labhelpers.terraform.language.values import (
    MAX_TEXT,
    Value,
    joined,
    limited,
    to_number,
    to_text,
)


def replace(text: Value, old: Value, new: Value) -> str:
    """Replace a text, or what a /regular expression/ matches ($1 is its first group)."""
    text, old, new = to_text(text), to_text(old), to_text(new)
    if len(old) < 2 or old[0] != "/" or old[-1] != "/":
        if (1 + len(text)) * len(new) > 4_000_000:
            raise Problem("The result would be too long.")
        return limited(text.replace(old, new))
    groups, made = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))"), 0

    def filled(found: re.Match) -> str:
        def group(mark: re.Match) -> str:
            name = mark[1] or mark[2]
            if name is None:
                return "$"
            try:
                return found[int(name) if name.isdecimal() else name] or ""
            except IndexError:
                return ""

        nonlocal made
        made += len(new)
        if made > MAX_TEXT:
            raise Problem("The result would be too long.", endless=True)
        return groups.sub(group, new)

    return limited(compiled(old[1:-1], text).sub(filled, text))


def _captured(found: re.Match) -> object:
    if found.re.groupindex:
        return found.groupdict()
    return list(found.groups()) if found.re.groups else found[0]


def regex(pattern: Value, text: Value) -> Value:
    """Return the match, the list of its groups or the object of its named groups."""
    text = to_text(text)
    found = compiled(to_text(pattern), text).search(text)
    if not found:
        raise Problem("The regular expression does not match the text.")
    return _captured(found)


def regexall(pattern: Value, text: Value) -> list:
    """Return all matches, each as regex() does."""
    text = to_text(text)
    return [_captured(found) for found in compiled(to_text(pattern), text).finditer(text)]


def join(separator: Value, *lists: Value) -> str:
    """Join the elements of one or more lists."""
    if not lists or not all(isinstance(items, list) for items in lists):
        raise Problem("join() takes a separator and a list.")
    return joined(to_text(separator), [to_text(item) for items in lists for item in items])


def split(separator: Value, text: Value) -> list[str]:
    """Split at a separator; an empty one splits into characters."""
    separator, text = to_text(separator), to_text(text)
    return text.split(separator) if separator else list(text)


def substr(text: Value, offset: Value, length: Value) -> str:
    """Return `length` characters from `offset` (negative: from the end; -1: all)."""
    text, offset, length = to_text(text), to_number(offset), to_number(length)
    if not isinstance(offset, int) or not isinstance(length, int) or length < -1:
        raise Problem("The offset and the length are whole numbers.")
    begin = max(len(text) + offset, 0) if offset < 0 else offset
    return text[begin:] if length == -1 else text[begin : begin + length]


def _upper(sign: str) -> str:
    return sign.upper() if len(sign.upper()) == 1 else sign  # ß has no capital in Go


def _title(text: Value) -> str:
    return re.sub(r"(?<!\w)\w", lambda found: found[0].upper(), to_text(text))


def _base64decode(text: Value) -> str:
    try:
        return base64.b64decode(to_text(text), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Problem("This is no base64 of a UTF-8 text.") from None


def _bytes(text: Value) -> bytes:
    return to_text(text).encode(errors="replace")


def _indent(spaces: Value, text: Value) -> str:
    width = to_number(spaces)
    if not isinstance(width, int) or not 0 <= width <= 1000:
        raise Problem("The number of spaces is a whole number from 0 to 1000.")
    return limited(to_text(text).replace("\n", "\n" + " " * width))


def _dirname(path: Value) -> str:
    return os.path.dirname(to_text(path)) or "."


def _strcontains(text: Value, part: Value) -> bool:
    return to_text(part) in to_text(text)


def _base64hash(name: str, text: Value) -> str:
    return base64.b64encode(hashlib.new(name, _bytes(text)).digest()).decode()


def _hash(name: str) -> Callable[[Value], str]:
    return lambda text: hashlib.new(name, _bytes(text)).hexdigest()


TEXTS: dict[str, Callable[..., Value]] = {
    "base64decode": _base64decode,
    "base64sha256": lambda text: _base64hash("sha256", text),
    "base64sha512": lambda text: _base64hash("sha512", text),
    "base64encode": lambda text: base64.b64encode(_bytes(text)).decode(),
    "basename": lambda path: os.path.basename(to_text(path).rstrip("/")),
    "chomp": lambda text: to_text(text).rstrip("\r\n"),
    "dirname": _dirname,
    "endswith": lambda text, end: to_text(text).endswith(to_text(end)),
    "format": format_,
    "formatlist": formatlist,
    "indent": _indent,
    "join": join,
    "jsondecode": lambda text: from_json(to_text(text)),
    "jsonencode": lambda value: to_json(value),
    "lower": lambda text: to_text(text).lower(),
    "md5": _hash("md5"),
    "regex": regex,
    "regexall": regexall,
    "replace": replace,
    "sha1": _hash("sha1"),
    "sha256": _hash("sha256"),
    "sha512": _hash("sha512"),
    "split": split,
    "startswith": lambda text, start: to_text(text).startswith(to_text(start)),
    "strcontains": _strcontains,
    "strrev": lambda text: to_text(text)[::-1],
    "substr": substr,
    "title": _title,
    "trim": lambda text, signs: to_text(text).strip(to_text(signs)),
    "trimprefix": lambda text, start: to_text(text).removeprefix(to_text(start)),
    "trimspace": lambda text: to_text(text).strip(),
    "trimsuffix": lambda text, end: to_text(text).removesuffix(to_text(end)),
    "upper": lambda text: "".join(map(_upper, to_text(text))),
    "urlencode": lambda text: urllib.parse.quote_plus(_bytes(text)),
}
