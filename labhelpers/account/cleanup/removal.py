"""How each kind of thing is taken away, with what hangs on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from labhelpers.account.state.signature import RUN

_GONE = ("NoSuchEntity", "NoSuchBucket", "NotFound", "NoSuchKey", "404")
_NOTHING = ("NoSuchTagSet", "NoSuchBucketPolicy")
#: AWS may still see what was taken away a moment ago.
_AGAIN = ("DeleteConflict", "DependencyViolation", "OperationAborted", "BucketNotEmpty")


def is_gone(code: str) -> bool:
    """Whether an error's code says that the thing is not there; EC2 has one for each kind."""
    return code in _GONE or code.endswith(".NotFound")


def remove_keys(iam: Any, name: str) -> None:
    """Every access key of a user; two at most, so one page shows them."""
    user = {"UserName": name}
    for key in iam.list_access_keys(**user)["AccessKeyMetadata"]:
        maybe(iam.delete_access_key, **user, AccessKeyId=key["AccessKeyId"])


def remove_user(iam: Any, name: str) -> None:
    """With its keys, MFA devices, policies and groups."""
    user = {"UserName": name}
    remove_keys(iam, name)
    for device in iam.list_mfa_devices(**user)["MFADevices"]:
        maybe(iam.deactivate_mfa_device, **user, SerialNumber=device["SerialNumber"])
    for policy in iam.list_user_policies(**user)["PolicyNames"]:
        maybe(iam.delete_user_policy, **user, PolicyName=policy)
    for policy in iam.list_attached_user_policies(**user)["AttachedPolicies"]:
        maybe(iam.detach_user_policy, **user, PolicyArn=policy["PolicyArn"])
    for group in iam.list_groups_for_user(**user)["Groups"]:
        maybe(iam.remove_user_from_group, **user, GroupName=group["GroupName"])
    iam.delete_user(**user)


def remove_profile(iam: Any, name: str) -> None:
    """An instance profile, without the role in it."""
    profile = {"InstanceProfileName": name}
    for role in iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"]:
        maybe(iam.remove_role_from_instance_profile, **profile, RoleName=role["RoleName"])
    iam.delete_instance_profile(**profile)


def remove_role(iam: Any, name: str) -> None:
    """With its policies, out of every instance profile."""
    role = {"RoleName": name}
    for policy in iam.list_role_policies(**role)["PolicyNames"]:
        maybe(iam.delete_role_policy, **role, PolicyName=policy)
    for policy in iam.list_attached_role_policies(**role)["AttachedPolicies"]:
        maybe(iam.detach_role_policy, **role, PolicyArn=policy["PolicyArn"])
    for profile in iam.list_instance_profiles_for_role(**role)["InstanceProfiles"]:
        where = {"InstanceProfileName": profile["InstanceProfileName"]}
        maybe(iam.remove_role_from_instance_profile, **where, **role)
    iam.delete_role(**role)


def remove_group(iam: Any, name: str) -> None:
    """With its policies; its users leave it."""
    group = {"GroupName": name}
    for user in iam.get_group(**group)["Users"]:
        maybe(iam.remove_user_from_group, **group, UserName=user["UserName"])
    for policy in iam.list_group_policies(**group)["PolicyNames"]:
        maybe(iam.delete_group_policy, **group, PolicyName=policy)
    for policy in iam.list_attached_group_policies(**group)["AttachedPolicies"]:
        maybe(iam.detach_group_policy, **group, PolicyArn=policy["PolicyArn"])
    iam.delete_group(**group)


def remove_policy(iam: Any, arn: str) -> None:
    """A managed policy with all its versions."""
    policy = {"PolicyArn": arn}
    for version in iam.list_policy_versions(**policy)["Versions"]:
        if not version["IsDefaultVersion"]:
            maybe(iam.delete_policy_version, **policy, VersionId=version["VersionId"])
    iam.delete_policy(**policy)


def remove_device(iam: Any, device: Mapping[str, Any]) -> None:
    """A virtual MFA device; its user has mostly gone before and has let go of it."""
    serial = {"SerialNumber": device["SerialNumber"]}
    try:
        iam.delete_virtual_mfa_device(**serial)
    except iam.exceptions.DeleteConflictException:
        maybe(iam.deactivate_mfa_device, UserName=device["User"]["UserName"], **serial)
        iam.delete_virtual_mfa_device(**serial)


def remove_bucket(s3: Any, name: str) -> None:
    """With every version of every object. Denies of its policy may count for some seconds more."""
    also = ("AccessDenied",) if _without_policy(s3, name) else ()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            key, version = one["Key"], one["VersionId"]
            patiently(partial(s3.delete_object, Bucket=name, Key=key, VersionId=version), also)
    patiently(partial(s3.delete_bucket, Bucket=name), also)


def _without_policy(s3: Any, name: str) -> bool:
    """Take a bucket's policy away; whether there was one, and it could be taken."""
    for call in (s3.get_bucket_policy, s3.delete_bucket_policy):
        try:
            if maybe(call, Bucket=name) is None:
                return False
        except ClientError as error:
            # It may deny to be looked at, and nothing that is needed.
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            if call == s3.delete_bucket_policy:
                return False
    return True


def terminate(ec2: Any, instance: Mapping[str, Any]) -> None:
    """End an instance, as it was described, and wait for it: its security group can go only then.

    The volumes that were made with it go, too, where they would stay: its root, and what bears
    its run's tag, as all do that the lab's launch has made. What somebody has attached stays.
    """
    which = {"InstanceIds": [instance["InstanceId"]]}
    staying = {
        device["Ebs"]["VolumeId"]: device.get("DeviceName")
        for device in instance.get("BlockDeviceMappings", ())
        if not device.get("Ebs", {}).get("DeleteOnTermination", True)
    }
    root, run = instance.get("RootDeviceName"), _run_tag(instance)
    answer = maybe(ec2.describe_volumes, VolumeIds=[*staying]) if staying else None
    its_own = [
        volume["VolumeId"]
        for volume in (answer or {}).get("Volumes", ())
        if (root and staying[volume["VolumeId"]] == root) or (run and _run_tag(volume) == run)
    ]
    ec2.terminate_instances(**which)
    ec2.get_waiter("instance_terminated").wait(**which)
    for volume in its_own:
        patiently(partial(maybe, ec2.delete_volume, VolumeId=volume), ("VolumeInUse",))


def _run_tag(thing: Mapping[str, Any]) -> str:
    return next((tag["Value"] for tag in thing.get("Tags", ()) if tag["Key"] == RUN), "")


def maybe(call: Callable[..., Any], **parameters: Any) -> Any:
    """The answer, or None where the thing does not exist: another sweep may be at work as well."""
    try:
        return call(**parameters)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOTHING or is_gone(code):
            return None
        raise


def patiently(remove: Callable[[], Any], also: tuple[str, ...] = ()) -> None:
    """Once more, a little later, where AWS still sees what was just taken away."""
    for pause in (0.5, 1.0, 2.0, 4.0, None):
        try:
            remove()
            break
        except ClientError as error:
            if pause is None or error.response["Error"]["Code"] not in (*_AGAIN, *also):
                raise
            time.sleep(pause)
