"""Functions of the Terraform language that encode: YAML, CSV, gzip, character sets, UUIDs."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from labhelpers.terraform.language.budget import budget
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.json_text import to_json
from labhelpers.terraform.language.values import Value, kind, number, to_text

_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}


@lru_cache(maxsize=1)
def _loader() -> type:
    """Return a YAML loader with the words, numbers and times that Terraform's has."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    tags = ("null", "merge")
    Loader.yaml_implicit_resolvers = {
        sign: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] in tags]
        for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for name, pattern, signs in _SCALARS:
        tag = f"tag:yaml.org,2002:{name}"
        Loader.add_implicit_resolver(tag, re.compile(pattern), list(signs))
    Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: _whole(node.value))
    Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: number(Decimal(node.value)))
    Loader.add_constructor(
        "tag:yaml.org,2002:bool",
        lambda _, node: node.value[0] in "yYtT" or node.value.lower() == "on",
    )
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: _timestamp(node.value))
    return Loader


_SCALARS = (
    (
        "bool",
        r"^(?:y|Y|n|N|[yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF)$",
        "yYnNtTfFoO",
    ),
    ("int", r"^[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|\d+)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$", "-+.0123456789"),
    (
        "timestamp",
        r"^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?$",
        "0123456789",
    ),
)


def _whole(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text.lstrip("+-")[:2], 10))


def _timestamp(text: str) -> str:
    return f"{text}T00:00:00Z" if len(text) == 10 else text


def yamldecode(text: Value) -> Value:
    """Read YAML as Terraform does: yes, on and y are truths, dates become times."""
    import yaml

    try:
        found = yaml.load(to_text(text), _loader())  # noqa: S506 (a SafeLoader)
        if isinstance(found, list | dict):
            budget().weigh(found)  # an alias stands for all that it names
        return _plain(found)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1} of the text" if mark else "somewhere"
        raise Problem("This is no valid YAML.", f"See {where}.") from None
    except RecursionError:
        raise Problem("This YAML is nested too deeply.") from None


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return {to_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if kind(value) in ("string", "number", "bool", "null"):
        return value
    raise Problem(f"YAML values of type {type(value).__name__} are not supported.")


def yamlencode(value: Value) -> str:
    """Write YAML in Terraform's style: block form, texts and keys in double quotes."""
    return "".join(f"{line}\n" for line in _yaml(value))


def _yaml(value: Value) -> list[str]:
    if isinstance(value, dict) and value:
        found = []
        for key, item in sorted(value.items()):
            lines, nested = _yaml(item), isinstance(item, dict) and item
            name = to_json(key)
            if nested:
                found += [f"{name}:", *(f"  {line}" for line in lines)]
            elif isinstance(item, list) and item:
                found += [f"{name}:", *lines]
            else:
                found += [f"{name}: {lines[0]}", *(f"  {line}" for line in lines[1:])]
        return found
    if isinstance(value, list) and value:
        found = []
        for item in value:
            first, *rest = _yaml(item)
            found += [f"- {first}", *(f"  {line}" for line in rest)]
        return found
    if isinstance(value, str) and "\n" in value:
        body = value.split("\n")
        mark = "|" if value.endswith("\n") else "|-"
        return [mark, *(body[:-1] if value.endswith("\n") else body)]
    return [to_json(value)]


def csvdecode(text: Value) -> list[dict[str, str]]:
    """Return a list with one object for each line, keyed by the first line."""
    rows = list(csv.reader(io.StringIO(to_text(text))))
    rows = [row for row in rows if row]
    if not rows:
        raise Problem("A line with the names of the columns is missing.")
    header, *rest = rows
    if len(set(header)) < len(header):
        raise Problem("Two columns have the same name.")
    if any(len(row) != len(header) for row in rest):
        raise Problem("A line has another number of fields than the first one.")
    return [dict(zip(header, row, strict=True)) for row in rest]


def _textencode(text: Value, encoding: Value) -> str:
    try:
        return base64.b64encode(to_text(text).encode(to_text(encoding))).decode()
    except (LookupError, UnicodeError):
        raise Problem(f"The text cannot be written in {encoding}.") from None


def _textdecode(text: Value, encoding: Value) -> str:
    try:
        return base64.b64decode(to_text(text), validate=True).decode(to_text(encoding))
    except (LookupError, UnicodeError, binascii.Error):
        raise Problem(f"This is no base64 of a text in {encoding}.") from None


def _uuidv5(namespace: Value, name: Value) -> str:
    space = _NAMESPACES.get(to_text(namespace))
    try:
        return str(uuid.uuid5(space or uuid.UUID(to_text(namespace)), to_text(name)))
    except ValueError:
        raise Problem(f"{namespace} is no namespace: dns, url, oid, x500 or a UUID.") from None


ENCODINGS: dict[str, Callable[..., Value]] = {
    "csvdecode": csvdecode,
    "textdecodebase64": _textdecode,
    "textencodebase64": _textencode,
    "uuidv5": _uuidv5,
    "yamldecode": yamldecode,
    "yamlencode": yamlencode,
}
