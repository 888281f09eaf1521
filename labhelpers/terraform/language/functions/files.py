"""Functions of the Terraform language that read files, and templates. They raise Problem."""

from __future__ import annotations

import base64
import hashlib
import os.path
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labhelpers.files import read_regular
from labhelpers.terraform.language import templates
from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.hcl import read_text
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Set, Unknown, to_text

MAX_STARS = 3  # that stand for whole paths: each one more multiplies the ways to match
MAX_FILES, MAX_LOOKED = 10_000, 100_000


def with_scope(name: str, values: list, scope: Scope) -> Any:
    """Call one of WITH_SCOPE; a path that is Unknown gives Unknown."""
    wanted = 2 if name in ("templatefile", "templatestring", "fileset") else 1
    if len(values) != wanted:
        raise Problem(f"The function {name}() takes {wanted} argument(s), not {len(values)}.")
    if any(value is Unknown for value in values):
        return Unknown
    first = to_text(values[0])
    if name == "pathexpand":
        return os.path.expanduser(first)
    if name == "abspath":
        return os.path.abspath(scope.directory / first)
    if name == "templatestring":
        inner = scope.isolated(_variables(name, values[1]), scope.file)
        return templates.template(first, inner)
    function = WITH_SCOPE[name]
    assert function is not None  # the ones without are above
    return function(scope.directory / first, first, scope, *values[1:])


def _file(path: Path, name: str, scope: Scope) -> str:
    _exists_or_raise(path, name)
    return read_text(path, name)


def _exists(path: Path, name: str, scope: Scope) -> bool:
    try:
        return path.is_file()
    except ValueError:  # a NUL character
        return False


def _templatefile(path: Path, name: str, scope: Scope, values: object) -> Any:
    names = _variables("templatefile", values)
    _exists_or_raise(path, name)
    return templates.template(read_text(path, name), scope.isolated(names, name))


def _variables(function: str, values: object) -> dict:
    if not isinstance(values, dict):
        raise Problem(f"{function}(): the second argument is an object with the variables.")
    return values


def _fileset(path: Path, name: str, scope: Scope, pattern: object) -> Set:
    wanted = _glob(to_text(pattern))
    found: list[str] = []
    looked = 0
    for place, folders, files in os.walk(path):
        folders.sort()
        looked += len(folders) + len(files)
        if looked > MAX_LOOKED:
            hint = "Begin at a folder further down."
            raise Problem(
                f"{name} has more than {MAX_LOOKED} files and folders.", hint, endless=True
            )
        inside = Path(os.path.relpath(place, path))
        found += [f for f in ((inside / file).as_posix() for file in files) if wanted.fullmatch(f)]
        if len(found) > MAX_FILES:
            raise Problem(f"{name} has more than {MAX_FILES} files that match.")
    return Set(found)


def _glob(pattern: str) -> re.Pattern:
    """Return the regular expression for *, **, ?, [a-z] and {a,b} of file names."""
    rules = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
    pattern = re.sub(r"(\*\*/)+", "**/", pattern)  # it says the same
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\{[^}]*\}|\[[^\]]*\])", pattern)
    text = ""
    for piece in pieces:
        if piece.startswith("{"):
            text += f"(?:{'|'.join(re.escape(one) for one in piece[1:-1].split(','))})"
        elif piece.startswith("["):
            text += piece.replace("[!", "[^", 1)
        else:
            text += rules.get(piece) or re.escape(piece)
    try:
        found = re.compile(text)
        if text.count(".*") > MAX_STARS or text.count("*") > 4 * MAX_STARS:
            raise Problem(f"{pattern[:60]} has too many stars for a pattern of file names.")
    except re.error:
        raise Problem(f"{pattern} is no pattern of file names.") from None
    return found


def _hash(algorithm: str, text: bool = True) -> Callable[..., Any]:
    def hashed(path: Path, name: str, scope: Scope) -> str:
        found = hashlib.new(algorithm, _bytes(path, name))
        return found.hexdigest() if text else base64.b64encode(found.digest()).decode()

    return hashed


def _base64(path: Path, name: str, scope: Scope) -> str:
    return base64.b64encode(_bytes(path, name)).decode()


def _bytes(path: Path, name: str) -> bytes:
    _exists_or_raise(path, name)
    try:
        return read_regular(path)
    except OSError as error:
        raise Problem(f"The file {name} cannot be read: {error.strerror}.") from None


def _exists_or_raise(path: Path, name: str) -> None:
    try:
        exists = path.exists()
    except ValueError:
        exists = False
    if not exists:
        hint = 'Relative paths begin where Terraform runs; "${path.module}/x" is beside this file.'
        raise Problem(f'There is no file "{name}".', hint)


# None: with_scope() does it.
WITH_SCOPE: dict[str, Callable[..., Any] | None] = {
    "abspath": None,
    "file": _file,
    "filebase64": _base64,
    "filebase64sha256": _hash("sha256", text=False),
    "filebase64sha512": _hash("sha512", text=False),
    "fileexists": _exists,
    "filemd5": _hash("md5"),
    "fileset": _fileset,
    "filesha1": _hash("sha1"),
    "filesha256": _hash("sha256"),
    "filesha512": _hash("sha512"),
    "pathexpand": None,
    "templatefile": _templatefile,
    "templatestring": None,
}
