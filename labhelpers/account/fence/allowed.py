"""The operations and parameters that the lessons use: whatever is not among them is not asked for.

allowed.json is made by a run of the series (tests/account/used.py) and reviewed as a diff. For
each operation it holds the parameters that may be given, and what each of them names: owned.py
knows these kinds, "" names nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from labhelpers.errors import SandboxOnly

FILE = Path(__file__).with_name("allowed.json")
#: How much of an answer, and from where on: these name nothing in any operation.
_HARMLESS = frozenset(
    ("ChecksumAlgorithm", "ChecksumMode", "ContinuationToken", "Delimiter", "EncodingType")
    + ("Marker", "MaxItems", "MaxKeys", "MaxResults", "NextToken", "Prefix", "Range")
)
#: Operations that boto3's own helpers ask for, whatever a lesson has typed.
_UNTYPED = {
    "s3:CreateMultipartUpload": (
        "upload_file() sends a file this large in parts, and no lesson needs more than 8 MB"
    ),
}
_INSTEAD = "without LAB_BACKEND=aws the sandbox takes it"


@lru_cache(maxsize=1)
def allowed() -> dict[str, dict[str, str]]:
    """{"iam:CreateUser": {"UserName": "name", "Tags[].Key": "", …}, …}."""
    return json.loads(FILE.read_text())


def check_listed(operation: str, given: Mapping[str, Any]) -> None:
    """Raises SandboxOnly for an operation ("iam:CreateUser") or a parameter of no lesson."""
    known = allowed().get(operation)
    if known is None:
        what = _UNTYPED.get(operation, f"No lesson needs {operation}")
        raise SandboxOnly(f"{what} on a real account; {_INSTEAD}.")
    for path, _ in leaves(given):
        if path not in known and path not in _HARMLESS:
            raise SandboxOnly(
                f"No lesson gives {operation} a {path} on a real account; {_INSTEAD}."
            )


def takes(operation: str, parameter: str) -> bool:
    """Whether a parameter is one of an operation's."""
    return parameter in allowed()[operation]


def kinds(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(path, kind, value) of whatever names something in a request."""
    known = allowed()[operation]
    for path, value in leaves(parameters):
        if known.get(path):
            yield path, known[path], value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each innermost value with where it stands: ("Tags[].Key", "team"). The keys of an object's
    Metadata are the lesson's own."""
    if isinstance(value, Mapping) and path != "Metadata":
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value
