"""The lab's own tags, by which sweep knows things: no call of a lesson sets others in their place.

IAM takes keys that differ in their case only for the same, S3 and EC2 do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.account.creates import PROJECT
from labhelpers.errors import SandboxOnly

_OURS = "sts-lab:"
_MARKS = "The tags project and sts-lab:… are the marks by which the lab finds its own things again."


def check_tags(service: str, creates: bool, parameters: Mapping[str, Any]) -> None:
    """Raises SandboxOnly for a tag that would take the place of one of the lab's.

    What a create says of the project is replaced by the lab's own tag if it says the same.
    """
    if service == "sts":  # the tags of a session are nobody's mark
        return
    for key, value in _tags(parameters):
        if not isinstance(key, str) or key.casefold().startswith(_OURS):
            raise SandboxOnly(_MARKS)
        same = key.casefold() if service == "iam" else key
        says_so = value == PROJECT and (creates or key == "project")
        if same == "project" and not says_so:
            raise SandboxOnly(_MARKS)


def _tags(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        if "Key" in value and "Value" in value:
            yield value["Key"], value["Value"]
        for inner in value.values():
            yield from _tags(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _tags(inner)
