"""What IAM does and moto does not: boundaries of users, MFA codes, quotas, what is left over.

`before` may refuse an authorized call, `after` finishes one that moto answered, `own_answer`
answers what moto does not know at all. Source: STS_FACTS 2.3, 2.7, 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pyotp

from labhelpers.sandbox.answer.iam import access_reports, service_credentials
from labhelpers.sandbox.answer.iam.details import authorization_details
from labhelpers.sandbox.answer.iam.documents import MANAGED, check_documents
from labhelpers.sandbox.answer.iam.faults import fault, missing
from labhelpers.sandbox.answer.iam.policies import check_policies
from labhelpers.sandbox.answer.iam.preferences import ORGANIZATION, root_sessions, token_preferences
from labhelpers.sandbox.answer.iam.reserved import refuse_what_is_awss
from labhelpers.sandbox.answer.iam.root_user import root_user
from labhelpers.sandbox.answer.iam.service_linked import (
    create_service_linked_role,
    delete_service_linked_role,
    deletion_status,
)
from labhelpers.sandbox.answer.iam.simulate import answers as simulator
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.stored_principals import replace_deleted

#: Characters, white space apart. IAM User Guide, "IAM and AWS STS quotas".
TRUST_QUOTA = 2048
INLINE_QUOTAS = {"PutUserPolicy": 2048, "PutGroupPolicy": 5120, "PutRolePolicy": 10_240}
MANAGED_QUOTA = 6144
#: Operation -> what it is about, of the kinds whose tags moto does not keep.
_TAGS = {
    f"{verb}{kind}{'Tags' if verb == 'List' else ''}": kind
    for kind in ("MFADevice", "InstanceProfile", "SAMLProvider")
    for verb in ("List", "Tag", "Untag")
}
#: What is answered without moto.
OWN: dict[str, Callable[[Call], dict]] = {
    "CreateServiceLinkedRole": create_service_linked_role,
    "DeleteServiceLinkedRole": delete_service_linked_role,
    "GetAccountAuthorizationDetails": authorization_details,
    "GetContextKeysForCustomPolicy": simulator.context_keys_for_custom_policy,
    "GetContextKeysForPrincipalPolicy": simulator.context_keys_for_principal_policy,
    "GetServiceLinkedRoleDeletionStatus": deletion_status,
    "SimulateCustomPolicy": simulator.simulate_custom_policy,
    "SimulatePrincipalPolicy": simulator.simulate_principal_policy,
    "SetSecurityTokenServicePreferences": token_preferences,
}
_DATED = service_credentials.HANDLERS | access_reports.HANDLERS
_USER_BOUNDARY = ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary")


def before(call: Call, registry: Registry, lab_now: datetime) -> None:
    """Refuse what moto would wave through, or refuse in other words."""
    refuse_what_is_awss(call)
    check_documents(call)
    _names(call)
    _leftovers(call)
    _quotas(call)
    boundary = call.params.get("PermissionsBoundary")
    if boundary and iam.managed_policy(boundary, call.account_id) is None:
        raise fault("NoSuchEntity", f"Policy {boundary} does not exist.", 404)
    if call.operation == "EnableMFADevice":
        _codes(call, registry, lab_now)


def remembered(call: Call) -> tuple[str, str] | None:
    """(ARN, unique id) of a user or role that this call is about to delete or rename."""
    kinds = {"DeleteUser": "user", "UpdateUser": "user", "DeleteRole": "role"}
    kind = kinds.get(call.operation)
    if kind is None:
        return None
    found = iam.find_entity(call.account_id, kind, call.params.get(f"{kind.title()}Name", ""))
    return None if found is None else (found.arn, found.id)


def after(call: Call, deleted: tuple[str, str] | None) -> None:
    """Finish what moto answered with success."""
    if call.operation == "UpdateUser" and deleted is not None:
        _follow_rename(call, deleted[0])
    elif deleted is not None:
        replace_deleted(*deleted)
    given = {tag["Key"]: tag["Value"] for tag in call.subject.get("Tags", ())}
    if call.operation == "CreateVirtualMFADevice":
        path, name = call.params.get("Path", "/"), call.params["VirtualMFADeviceName"]
        serial = f"arn:aws:iam::{call.account_id}:mfa{path}{name}"
        _tags_of(iam.virtual_device(call.account_id, serial)).update(given)
    if call.operation == "CreateInstanceProfile":
        name = call.params["InstanceProfileName"]
        _tags_of(iam.instance_profile(call.account_id, name)).update(given)
    if call.operation == "CreateSAMLProvider":
        arn = f"arn:aws:iam::{call.account_id}:saml-provider/{call.params['Name']}"
        _tags_of(iam.saml_provider(arn)).update(given)
    boundary = call.params.get("PermissionsBoundary")
    if call.operation == "CreateUser" and boundary:
        _set_boundary(iam.find_user(call.account_id, call.params["UserName"]), boundary)


def _follow_rename(call: Call, old_arn: str) -> None:
    """Keys and policies stay with the user whose name or path changed."""
    name = call.params.get("NewUserName") or call.params["UserName"]
    user = iam.find_user(call.account_id, name)
    assert user is not None  # moto has just renamed it
    for key in user.access_keys:
        key.user_name = name
    replace_deleted(old_arn, user.arn)


def own_answer(call: Call, registry: Registry, lab_now: datetime) -> dict | None:
    """The result of an operation that moto lacks, None where moto answers."""
    unchanged = check_policies(call)
    if unchanged is not None:
        return unchanged
    if call.operation in _DATED:
        return _DATED[call.operation](call, lab_now)
    if call.operation in OWN:
        return OWN[call.operation](call)
    if call.operation == "GetUser" and not call.params.get("UserName"):
        return root_user(call)
    if call.operation in ORGANIZATION:
        return root_sessions(call, registry)
    if call.operation in _TAGS:
        return _own_tags(call, _TAGS[call.operation])
    if call.operation not in _USER_BOUNDARY:
        return None
    name = call.params["UserName"]
    user = iam.find_user(call.account_id, name)
    if user is None:
        raise missing("user", name)
    _set_boundary(user, call.params.get("PermissionsBoundary"))
    return {}


def _own_tags(call: Call, kind: str) -> dict:
    """Tags of virtual MFA devices and instance profiles, which moto does not keep."""
    if kind == "MFADevice":
        name = call.params["SerialNumber"]
        entity: Any = iam.virtual_device(call.account_id, name)
    elif kind == "InstanceProfile":
        name = call.params["InstanceProfileName"]
        entity = iam.instance_profile(call.account_id, name)
    else:
        name = call.params["SAMLProviderArn"]
        entity = iam.saml_provider(name)
    if entity is None:
        raise fault("NoSuchEntity", f"{kind} {name} cannot be found.", 404)
    if not call.operation.startswith("List"):
        tags = _tags_of(entity)
        tags.update({tag["Key"]: tag["Value"] for tag in call.subject.get("Tags", ())})
        for key in call.subject.get("TagKeys", ()):
            tags.pop(key, None)
        return {}
    tags = getattr(entity, "lab_tags", {})
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"Tags": listed, "IsTruncated": False}


def _tags_of(entity: Any) -> dict[str, str]:
    return entity.__dict__.setdefault("lab_tags", {})


def _set_boundary(user: Any, arn: str | None) -> None:
    """In the form in which GetUser shows it; moto's serializer reads attributes."""
    user.permissions_boundary = (
        {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else {}
    )


def _names(call: Call) -> None:
    """Names are unique whatever their case; who is named must exist."""
    for kind in ("role", "user", "group"):
        name = call.params.get(f"{kind.title()}Name")
        if not name:
            continue
        if call.operation == f"Create{kind.title()}":
            if iam.has_namesake(call.account_id, kind, name):
                text = f"{kind.title()} with name {name} already exists."
                raise fault("EntityAlreadyExists", text, 409)
        elif iam.find_entity(call.account_id, kind, name) is None:
            raise missing(kind, name)
        new = call.params.get(f"New{kind.title()}Name", name)
        if new.lower() != name.lower() and iam.has_namesake(call.account_id, kind, new):
            raise fault(
                "EntityAlreadyExists", f"{kind.title()} with name {new} already exists.", 409
            )


def _leftovers(call: Call) -> None:
    """A user and a group go last (IAM API Reference, DeleteUser and DeleteGroup). The words about
    MFA devices, service credentials, certificates and SSH keys are not verified."""
    if call.operation == "DeleteUser":
        user = iam.find_user(call.account_id, call.params["UserName"])
        assert user is not None  # _names has looked
        found = {
            "delete access keys": user.access_keys,
            "delete MFA devices": user.mfa_devices,
            "delete login profile": user.password,
            "delete signing certificates": user.signing_certificates,
            "delete SSH public keys": user.ssh_public_keys,
            "delete service specific credentials": service_credentials.held_by(user),
            "remove users from group": iam.groups_of(call.account_id, user),
        }
    elif call.operation == "DeleteGroup":
        group = iam.find_entity(call.account_id, "group", call.params["GroupName"])
        assert group is not None
        found = {
            "remove users from group": group.users,
            "detach all policies": group.managed_policies,
            "delete policies": group.policies,
        }
    else:
        return
    for what, held in found.items():
        if held:
            raise fault("DeleteConflict", f"Cannot delete entity, must {what} first.", 409)


def _quotas(call: Call) -> None:
    trust = call.params.get("AssumeRolePolicyDocument")
    if call.operation == "UpdateAssumeRolePolicy":
        trust = call.params["PolicyDocument"]
    if trust and _size(trust) > TRUST_QUOTA:
        _over_quota(f"ACLSizePerRole: {TRUST_QUOTA}")
    document = call.params.get("PolicyDocument", "")
    if call.operation in MANAGED and _size(document) > MANAGED_QUOTA:
        _over_quota(f"PolicySize: {MANAGED_QUOTA}")
    quota = INLINE_QUOTAS.get(call.operation)
    if quota:
        kind = call.operation[3:-6]  # User, Group or Role
        name = call.params[f"{kind}Name"]
        holder = iam.find_entity(call.account_id, kind.lower(), name)
        others = {} if holder is None else holder.policies
        size = sum(_size(t) for n, t in others.items() if n != call.params["PolicyName"])
        if size + _size(document) > quota:
            text = f"Maximum policy size of {quota} bytes exceeded for {kind.lower()} {name}"
            raise fault("LimitExceeded", text, 409)


def _size(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def _over_quota(what: str) -> None:
    raise fault("LimitExceeded", f"Cannot exceed quota for {what}", 409)


def _codes(call: Call, registry: Registry, lab_now: datetime) -> None:
    """Two consecutive codes of the device prove that it is set up right."""
    serial = call.params["SerialNumber"]
    seed = iam.virtual_device_seed(call.account_id, serial)
    if seed is None:
        text = f"VirtualMFADevice with serial number {serial} does not exist."
        raise fault("NoSuchEntity", text, 404)
    totp = pyotp.TOTP(seed)
    codes = [totp.at(lab_now + timedelta(seconds=30 * step)) for step in range(-3, 4)]
    pair = (call.params["AuthenticationCode1"], call.params["AuthenticationCode2"])
    if pair not in zip(codes, codes[1:], strict=False):
        why = "Give two consecutive codes of this device: pyotp.TOTP(seed).at(…), 30 s apart."
        text = "Authentication code for device is not valid."
        raise fault("InvalidAuthenticationCode", text, 403, reason=why)
    registry.used_codes |= {(serial, code) for code in pair}
