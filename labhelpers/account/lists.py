"""Lists of what an account has: of those that a run makes, a lesson sees the run's own only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Operation -> where its answer has the list, and what names one thing in it.
_LISTS = {
    "ListUsers": ("Users", "UserName"),
    "ListRoles": ("Roles", "RoleName"),
    "ListGroups": ("Groups", "GroupName"),
    "ListInstanceProfiles": ("InstanceProfiles", "InstanceProfileName"),
    "ListVirtualMFADevices": ("VirtualMFADevices", "SerialNumber"),
    "ListBuckets": ("Buckets", "Name"),
}


def of_the_run(operation: str, parsed: Any, prefix: str) -> Any:
    """An answer without what is not called by the run's prefix, if it is a list."""
    if not isinstance(parsed, Mapping) or operation not in _LISTS:
        return parsed
    where, name = _LISTS[operation]
    mine = [one for one in parsed.get(where, ()) if prefix in str(one.get(name))]
    return {**parsed, where: mine}


def has_path(operation: str, parameters: Mapping[str, Any]) -> bool:
    """Whether a list of IAM's is asked for under a path."""
    if operation == "ListPolicies":
        return parameters.get("Scope") == "Local"
    return operation in ("ListUsers", "ListRoles", "ListGroups", "ListInstanceProfiles")
