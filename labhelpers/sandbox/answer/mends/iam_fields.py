"""What moto's IAM answers otherwise than AWS: fields missing, superfluous, or decoded twice.

Source: AWS_RECORDED D and E; IAM API Reference, what the List operations do not return.
"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.state import iam


def answer_fields_as_iam_does() -> None:
    """Mend moto's classes. Safe to call again."""
    from moto.core.serialize import never_return, url_encode
    from moto.iam.models import ManagedPolicy, Role
    from moto.iam.responses import IamResponse

    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER |= {
        "CreateRoleResponse.Role.MaxSessionDuration": never_return,
        "CreateRoleResponse.Role.RoleLastUsed": never_return,
        "ListRolesResponse.Roles.Role.AssumeRolePolicyDocument": url_encode,
        "ListUsersResponse.Users.User.PermissionsBoundary": never_return,
    }
    for owner, name, read in (
        (ManagedPolicy, "permissions_boundary_usage_count", _boundary_uses),
        (Role, "permissions_boundary", _boundary),
    ):
        setattr(owner, name, property(read))


def _boundary(role: Any) -> dict[str, str] | None:
    """IAM API Reference, AttachedPermissionsBoundary: the type is always Policy."""
    arn = role.permissions_boundary_arn
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None


def _boundary_uses(policy: Any) -> int:
    return len(iam.bounded_by(policy.arn, policy.account_id))
