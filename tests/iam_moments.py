"""What GetAccountAuthorizationDetails would have answered after each change of IAM.

In the process of the served AWS, from moto's memory: asked over HTTP, AWS's own thousand managed
policies would make each answer take a second.
"""

from __future__ import annotations

import json
from typing import Any

from labhelpers.sandbox.state import iam as state


class Moments:
    """Each distinct answer once, whichever account it is of."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def note(self) -> None:
        from moto.iam.models import iam_backends

        for partitions in list(iam_backends.values()):
            self._seen[json.dumps(details(partitions["aws"]), sort_keys=True)] = None

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self._seen]


def details(backend) -> dict[str, Any]:
    users, roles = list(backend.users.values()), list(backend.roles.values())
    groups = list(backend.groups.values())
    used = {arn for one in (*users, *roles, *groups) for arn in one.managed_policies}
    limits = {state.user_boundary_arn(user) for user in users}
    used |= limits | {role.permissions_boundary_arn for role in roles}
    return {
        "UserDetailList": [
            {
                "Arn": user.arn,
                "UserId": user.id,
                "GroupList": [group.name for group in groups if user in group.users],
                "UserPolicyList": _inline(user),
                **_common(user, state.user_boundary_arn(user)),
                "Tags": _tags(user.arn),
            }
            for user in users
        ],
        "RoleDetailList": [
            {
                "Arn": role.arn,
                "RoleId": role.id,
                "AssumeRolePolicyDocument": role.assume_role_policy_document,
                "RolePolicyList": _inline(role),
                **_common(role, role.permissions_boundary_arn),
                "Tags": _tags(role.arn),
            }
            for role in roles
        ],
        "GroupDetailList": [
            {
                "Arn": group.arn,
                "GroupName": group.name,
                "GroupPolicyList": _inline(group),
                **_common(group),
            }
            for group in groups
        ],
        "Policies": [
            _managed(policy)
            for policy in list(backend.managed_policies.values())
            if policy.arn in used or ":iam::aws:" not in policy.arn
        ],
    }


def _inline(entity) -> list[dict[str, str]]:
    named = sorted(entity.policies.items())
    return [{"PolicyName": name, "PolicyDocument": document} for name, document in named]


def _common(entity, limit: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AttachedManagedPolicies": [{"PolicyArn": arn} for arn in sorted(entity.managed_policies)]
    }
    return found | ({"PermissionsBoundary": {"PermissionsBoundaryArn": limit}} if limit else {})


def _tags(arn: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in state.entity_tags(arn).items()]


def _managed(policy) -> dict[str, Any]:
    versions = [
        {
            "VersionId": one.version_id,
            "IsDefaultVersion": one.version_id == policy.default_version_id,
            "Document": one.document,
        }
        for one in policy.versions
    ]
    return {"Arn": policy.arn, "PolicyVersionList": versions}
