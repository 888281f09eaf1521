"""What arguments of resources say, whichever way they are written."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language.values import Unknown
from labhelpers.terraform.modules.configuration import Resource

NOT_KNOWN = "not known before apply"


def name_of(resource: Resource) -> str:
    """Return the name of a resource, its address as long as there is none."""
    name = resource.values.get("name")
    return name if isinstance(name, str) else resource.address


def policy_text(value: Any) -> Any:
    """Return the text of a policy, Unknown without one."""
    return value if isinstance(value, str) and value else Unknown


def items_of(value: Any) -> list[Any]:
    """Return the items of an argument that is a list, one item, or null."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
