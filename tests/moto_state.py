"""All that moto holds of IAM, S3 and EC2, thing by thing: whatever a request has changed.

contents() of served_aws.py shows the kinds that the lessons know; here nothing is chosen but what
mere use changes. For sandboxes of this process only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from moto.core.base_backend import BaseBackend

#: What mere use changes, and what is counted from other things.
_NOT_STATE = frozenset(
    ("last_used", "password_last_used", "attachment_count", "account_summary", "credential_report")
    + ("_pagination_tokens", "aws_managed_policies", "_value_buffer", "lock", "_etag")
)
#: Dictionaries of dictionaries: a VPC's groups, a zone's subnets.
_NESTED = ("groups", "subnets")
_DEEP = 9


class Label(NamedTuple):
    """Where moto keeps a thing: "users" are of IAM's backend, "buckets" of S3's and so on."""

    service: str
    account: str
    region: str
    kind: str
    key: str

    def __str__(self) -> str:
        return " ".join(filter(None, self))


def things() -> dict[Label, Any]:
    """Everything that exists, but for what is AWS's own."""
    found: dict[Label, Any] = {}
    for service, account, region, backend in _backends():
        for kind, held in vars(backend).items():
            if kind in _NOT_STATE:
                continue
            for key, value in _kept(service, kind, held):
                found[Label(service, account, region, kind, key)] = value
    return found


def texts(held: Mapping[Label, Any]) -> dict[Label, str]:
    """Each thing in full, as text; another thing in it is its label only."""
    # Plain values have no identity: equal ones are one object.
    labels = {id(value): str(label) for label, value in held.items() if hasattr(value, "__dict__")}
    return {label: _told(value, labels, 0, ()) for label, value in held.items()}


def _backends() -> Iterator[tuple[str, str, str, Any]]:
    for service in ("iam", "s3", "ec2"):
        module = sys.modules.get(f"moto.{service}.models")
        for account, regions in list(getattr(module, f"{service}_backends", {}).items()):
            for region, backend in list(regions.items()):
                yield service, account, region, backend


def _kept(service: str, kind: str, held: Any) -> Iterator[tuple[str, Any]]:
    if kind == "tagger":
        yield from held.tags.items()
    elif service == "ec2" and kind in _NESTED:
        for inner in held.values():
            yield from ((key, value) for key, value in inner.items())
    elif isinstance(held, Mapping):
        yield from ((str(k), v) for k, v in list(held.items()) if ":iam::aws:" not in str(k))
    elif isinstance(held, (list, set, tuple)):
        for value in held:
            yield str(getattr(value, "id", value)), value
    elif not isinstance(held, BaseBackend):
        yield "", held


def _told(value: Any, labels: Mapping[int, str], depth: int, above: tuple[int, ...]) -> str:
    if value is None or isinstance(value, (str, bytes, int, float, date, Enum)):
        return repr(value)
    if depth and id(value) in labels:
        return f"<{labels[id(value)]}>"
    if depth > _DEEP or id(value) in above or isinstance(value, (BaseBackend, ModuleType)):
        return f"<{type(value).__name__}>"

    def inner(one: Any) -> str:
        return _told(one, labels, depth + 1, (*above, id(value)))

    if isinstance(value, Mapping):
        pairs = sorted((str(key), one) for key, one in value.items()) if value else []
        return "{" + ", ".join(f"{key}: {inner(one)}" for key, one in pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(inner, value)) + "]"
    if isinstance(value, (set, frozenset)):
        return "[" + ", ".join(sorted(map(inner, value))) + "]"
    if isinstance(value, (FunctionType, MethodType, type)) or not hasattr(value, "__dict__"):
        return f"<{type(value).__name__}>"
    fields = {name: one for name, one in vars(value).items() if name not in _NOT_STATE}
    if "_value_buffer" in vars(value):  # an object in a bucket: its bytes are in a file
        fields["value"] = value.value
    return type(value).__name__ + inner(fields)
