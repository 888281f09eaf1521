"""What belongs to AWS in everybody's account: its managed policies, its roles, their paths.

Source: reports with request ids (UnmodifiableEntity since 2017; the path of service-linked roles
2019; PolicyNotAttachable); botocore's model says which operations know UnmodifiableEntity. The
words about /aws-reserved/ paths are by analogy.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from labhelpers.sandbox.answer.iam.faults import fault
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.state import iam

_SERVICE_LINKED = "/aws-service-role/"
_RESERVED = "/aws-reserved/"
_OF_AWS = "arn:aws:iam::aws:"
_CHANGE_POLICY = (
    "CreatePolicyVersion",
    "DeletePolicy",
    "DeletePolicyVersion",
    "SetDefaultPolicyVersion",
    "TagPolicy",
    "UntagPolicy",
)
_TAG = ("TagRole", "UntagRole")
_DESCRIBE = ("UpdateRole", "UpdateRoleDescription")
_PATHS = {_SERVICE_LINKED: "AWS Service linked Roles", _RESERVED: "AWS reserved Roles"}


def refuse_what_is_awss(call: Call) -> None:
    """Refuse to change what only AWS changes, and to make what only AWS makes."""
    path = call.params.get("Path" if call.operation.startswith("Create") else "NewPath", "")
    for prefix, whose in _PATHS.items():
        if path.startswith(prefix):
            raise fault("InvalidInput", f"Path prefix '{prefix}' can only be used for {whose}", 400)
    arn = call.params.get("PolicyArn", "")
    if arn.startswith(_OF_AWS) and call.operation in _CHANGE_POLICY:
        raise fault("AccessDenied", "Policy is outside your own account.", 403)
    if call.operation.startswith("Attach") and arn.startswith(f"{_OF_AWS}policy{_SERVICE_LINKED}"):
        text = "Cannot attach a Service Role Policy to a Customer Role."
        raise fault("PolicyNotAttachable", text, 400)
    if call.operation not in (*_unmodifiable(), *_TAG) or "RoleName" not in call.params:
        return
    role = iam.find_entity(call.account_id, "role", call.params["RoleName"])
    if role is not None and not _may_change(role, call):
        text = (
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only "
            "modifiable by AWS"
        )
        raise fault("UnmodifiableEntity", text, 400)


def _may_change(role: Any, call: Call) -> bool:
    """A service-linked role has a description and tags of the account's own, nothing more."""
    if role.path.startswith(_RESERVED):
        return False
    if not role.path.startswith(_SERVICE_LINKED):
        return True
    described = call.operation in _DESCRIBE and "MaxSessionDuration" not in call.params
    return described or call.operation in _TAG


@lru_cache(maxsize=1)
def _unmodifiable() -> frozenset[str]:
    """The operations that can answer UnmodifiableEntity."""
    model = service_model("iam")
    return frozenset(
        name
        for name in model.operation_names
        for shape in model.operation_model(name).error_shapes
        if shape.name == "UnmodifiableEntityException"
    )
