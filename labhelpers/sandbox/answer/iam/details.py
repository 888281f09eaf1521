"""GetAccountAuthorizationDetails: the whole of an account's IAM, as auditors download it.

Source: IAM API Reference; CLIENTS 3.1. The account's own policies come before AWS's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from labhelpers.sandbox.answer.iam.pages import page
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam

_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}


def authorization_details(call: Call) -> dict[str, Any]:
    """One page of the users, groups, roles and managed policies that the filter wants."""
    wanted = call.subject.get("Filter") or list(_LISTS)
    entities = [found for found in _entities(call.account_id) if found[0] in wanted]
    listed, rest = page(entities, call)
    result: dict[str, Any] = {name: [] for name in dict.fromkeys(_LISTS.values())}
    for kind, entity in listed:
        result[_LISTS[kind]].append(_DETAILS[kind](entity, call.account_id))
    return {**result, **rest}


def _entities(account_id: str) -> Iterator[tuple[str, Any]]:
    backend = iam.iam_backend(account_id)
    for user in backend.users.values():
        yield "User", user
    for group in backend.groups.values():
        yield "Group", group
    for role in backend.roles.values():
        yield "Role", role
    of_aws = [p for p in backend.managed_policies.values() if p.arn.startswith("arn:aws:iam::aws:")]
    known = set(map(id, of_aws))
    for policy in backend.managed_policies.values():
        if id(policy) not in known:
            yield "LocalManagedPolicy", policy
    for policy in of_aws:
        yield "AWSManagedPolicy", policy


def _common(entity: Any, kind: str) -> dict[str, Any]:
    return {
        "Path": entity.path,
        f"{kind}Name": entity.name,
        f"{kind}Id": entity.id,
        "Arn": entity.arn,
        "CreateDate": entity.create_date,
        f"{kind}PolicyList": [
            {"PolicyName": name, "PolicyDocument": quote(document)}
            for name, document in entity.policies.items()
        ],
        "AttachedManagedPolicies": [
            {"PolicyName": policy.name, "PolicyArn": arn}
            for arn, policy in entity.managed_policies.items()
        ],
    }


def _user(user: Any, account_id: str) -> dict[str, Any]:
    groups = iam.iam_backend(account_id).groups.values()
    names = [group.name for group in groups if user in group.users]
    boundary = iam.user_boundary_arn(user)
    return {**_common(user, "User"), "GroupList": names, **_tags_and_boundary(user, boundary)}


def _group(group: Any, account_id: str) -> dict[str, Any]:
    return _common(group, "Group")


def _role(role: Any, account_id: str) -> dict[str, Any]:
    profiles = iam.iam_backend(account_id).instance_profiles.values()
    return {
        **_common(role, "Role"),
        "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
        "InstanceProfileList": [_profile(p) for p in profiles if role in p.roles],
        "RoleLastUsed": {},
        **_tags_and_boundary(role, role.permissions_boundary_arn),
    }


def _profile(profile: Any) -> dict[str, Any]:
    roles = [
        {
            "Path": role.path,
            "RoleName": role.name,
            "RoleId": role.id,
            "Arn": role.arn,
            "CreateDate": role.create_date,
            "AssumeRolePolicyDocument": quote(role.assume_role_policy_document),
        }
        for role in profile.roles
    ]
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.create_date,
        "Roles": roles,
    }


def _tags_and_boundary(entity: Any, boundary: str | None) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in iam.tags_of(entity).items()]
    found: dict[str, Any] = {"Tags": tags}
    if boundary:
        found["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": boundary,
        }
    return found


def _policy(policy: Any, account_id: str) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": len(iam.bounded_by(policy.arn, account_id)),
        "IsAttachable": True,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": [
            {
                "Document": quote(version.document),
                "VersionId": version.version_id,
                "IsDefaultVersion": version.version_id == policy.default_version_id,
                "CreateDate": version.create_date,
            }
            for version in policy.versions
        ],
    }


_DETAILS = {
    "User": _user,
    "Group": _group,
    "Role": _role,
    "LocalManagedPolicy": _policy,
    "AWSManagedPolicy": _policy,
}
