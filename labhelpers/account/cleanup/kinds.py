"""The kinds of IAM entities that a run makes: how they are listed, read and removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labhelpers.account.cleanup.removal import (
    remove_group,
    remove_keys,
    remove_profile,
    remove_role,
    remove_user,
)


@dataclass(frozen=True)
class Kind:
    """IAM entities with a name and a path: the calls about them, and the names in answers."""

    word: str
    create: str
    list: str
    key: str
    name: str
    get: str
    tags: str  # "" where AWS keeps none
    remove: Callable[[Any, str], None]
    disarm: Callable[[Any, str], None] | None = None


#: In the order in which they can go.
KINDS = (
    Kind(
        "user",
        "CreateUser",
        "list_users",
        "Users",
        "UserName",
        "get_user",
        "list_user_tags",
        remove_user,
        remove_keys,
    ),
    Kind(
        "instance profile",
        "CreateInstanceProfile",
        "list_instance_profiles",
        "InstanceProfiles",
        "InstanceProfileName",
        "get_instance_profile",
        "get_instance_profile",  # as all can who may remove it
        remove_profile,
    ),
    Kind(
        "role",
        "CreateRole",
        "list_roles",
        "Roles",
        "RoleName",
        "get_role",
        "list_role_tags",
        remove_role,
    ),
    Kind(
        "group",
        "CreateGroup",
        "list_groups",
        "Groups",
        "GroupName",
        "get_group",
        "",
        remove_group,
    ),
)
