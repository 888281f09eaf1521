"""Remove what runs of the lab have left in an account, and nothing else.

A thing is the lab's if it lies under the path /sts-lab/ (a bucket: if its name begins so) and
carries the lab's tag. Where a crash came between create and tag, the journal of the run stands in
for the tag. Groups cannot be tagged: path and name have to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labhelpers.account.creates import KEEPS, PROJECT
from labhelpers.account.journal import journals
from labhelpers.account.names import PATH, PREFIX

Clients = Callable[[str], Any]
_GONE = ("NoSuchEntity", "NoSuchBucket", "NotFound", "NoSuchKey", "404")


@dataclass(frozen=True)
class Found:
    """One thing of the lab: what it is, what it is called, and how it is removed."""

    kind: str
    name: str
    remove: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Sweep:
    """`client(service)` asks as the learner; `run` limits it to one run, `older_than` to what is
    at least so old."""

    def __init__(
        self,
        client: Clients,
        account: str,
        *,
        run: str | None = None,
        older_than: timedelta | None = None,
    ) -> None:
        self._client, self._account = client, account
        self._prefix = f"{PREFIX}{run}-" if run else PREFIX
        self._before = datetime.now(UTC) - older_than if older_than else None
        self._journalled = {
            (entry["kind"], entry["name"])
            for journal in journals()
            if not run or journal.path.stem == run
            for entry in journal.entries()
            if entry["account"] == account
        }
        #: Under the path or name of the lab, but without its marks: not touched.
        self.strange: list[str] = []
        #: Where AWS did not let us look, in words.
        self.unseen: list[str] = []

    def found(self) -> list[Found]:
        """Everything that would be removed, in the order in which it can be."""
        self.strange.clear()
        self.unseen.clear()
        steps = (self._instances, self._users, self._profiles, self._roles, self._groups)
        steps += (self._devices, self._policies, self._providers, self._buckets, self._firewalls)
        return [thing for step in steps for thing in self._seen(step)]

    def _seen(self, step: Callable[[], Iterator[Found]]) -> list[Found]:
        """What a step finds; where AWS does not let us look, the other steps still do."""
        from botocore.exceptions import ClientError

        try:
            return list(step())
        except ClientError as error:
            said = error.response["Error"]
            self.unseen.append(f"what {error.operation_name} would show ({said['Code']})")
            return []

    def remove(
        self,
        progress: Callable[[int, int, str], None] | None = None,
        things: list[Found] | None = None,
    ) -> list[str]:
        """Remove `things`, by default what found() finds. Returns what is left, with the
        service's words."""
        from botocore.exceptions import ClientError

        things = self.found() if things is None else things
        left = list(self.unseen)
        for number, thing in enumerate(things):
            if progress:
                progress(number, len(things), str(thing))
            try:
                _patiently(thing.remove)
            except ClientError as error:
                said = error.response["Error"]
                if said["Code"] not in _GONE:
                    left.append(f"{thing} ({said['Code']}: {said.get('Message', '')})")
        if progress and things:
            progress(len(things), len(things), "")
        return left

    # ------------------------------------------------------------------ what is the lab's

    def _is_ours(self, kind: str, name: str, tags: Iterable[Mapping], created: Any) -> bool:
        """By name, tags and age; `kind` is the operation that creates it."""
        if not name.startswith(self._prefix):
            return False
        marked = any(t["Key"] == "project" and t["Value"] == PROJECT for t in tags)
        if not marked and (kind, name) not in self._journalled:
            self.strange.append(name)
            return False
        return self._before is None or created is None or created <= self._before

    def _listed(
        self, operation: str, key: str, name: str, create: str, get: str
    ) -> Iterator[tuple[str, Any]]:
        """(name, creation date) of IAM entities under the path; those of the journal as well,
        for a list may not show yet what has just been made."""
        iam, seen = self._client("iam"), set()
        for page in iam.get_paginator(operation).paginate(PathPrefix=PATH):
            for one in page[key]:
                seen.add(one[name])
                yield one[name], one["CreateDate"]
        for kind, wanted in sorted(self._journalled):
            if kind == create and wanted not in seen:
                answer = _maybe(getattr(iam, get), **{name: wanted})
                if answer is not None:
                    (one,) = (v for k, v in answer.items() if k != "ResponseMetadata")
                    if one["Path"].startswith(PATH):
                        yield wanted, one["CreateDate"]

    # ------------------------------------------------------------------ IAM

    def _users(self) -> Iterator[Found]:
        iam = self._client("iam")
        for name, created in self._listed(
            "list_users", "Users", "UserName", "CreateUser", "get_user"
        ):
            tags = _tags(iam.list_user_tags, UserName=name)
            if self._is_ours("CreateUser", name, tags, created):
                yield Found("user", name, lambda name=name: self._remove_user(name))

    def _remove_user(self, name: str) -> None:
        iam, user = self._client("iam"), {"UserName": name}
        for key in iam.list_access_keys(**user)["AccessKeyMetadata"]:
            iam.delete_access_key(**user, AccessKeyId=key["AccessKeyId"])
        for device in iam.list_mfa_devices(**user)["MFADevices"]:
            iam.deactivate_mfa_device(**user, SerialNumber=device["SerialNumber"])
        for policy in iam.list_user_policies(**user)["PolicyNames"]:
            iam.delete_user_policy(**user, PolicyName=policy)
        for policy in iam.list_attached_user_policies(**user)["AttachedPolicies"]:
            iam.detach_user_policy(**user, PolicyArn=policy["PolicyArn"])
        for group in iam.list_groups_for_user(**user)["Groups"]:
            iam.remove_user_from_group(**user, GroupName=group["GroupName"])
        iam.delete_user(**user)

    def _profiles(self) -> Iterator[Found]:
        iam = self._client("iam")
        for name, created in self._listed(
            "list_instance_profiles",
            "InstanceProfiles",
            "InstanceProfileName",
            "CreateInstanceProfile",
            "get_instance_profile",
        ):
            tags = _tags(iam.list_instance_profile_tags, InstanceProfileName=name)
            if self._is_ours("CreateInstanceProfile", name, tags, created):
                yield Found("instance profile", name, lambda n=name: self._remove_profile(n))

    def _remove_profile(self, name: str) -> None:
        iam, profile = self._client("iam"), {"InstanceProfileName": name}
        for role in iam.get_instance_profile(**profile)["InstanceProfile"]["Roles"]:
            iam.remove_role_from_instance_profile(**profile, RoleName=role["RoleName"])
        iam.delete_instance_profile(**profile)

    def _roles(self) -> Iterator[Found]:
        iam = self._client("iam")
        for name, created in self._listed(
            "list_roles", "Roles", "RoleName", "CreateRole", "get_role"
        ):
            tags = _tags(iam.list_role_tags, RoleName=name)
            if self._is_ours("CreateRole", name, tags, created):
                yield Found("role", name, lambda name=name: self._remove_role(name))

    def _remove_role(self, name: str) -> None:
        iam, role = self._client("iam"), {"RoleName": name}
        for policy in iam.list_role_policies(**role)["PolicyNames"]:
            iam.delete_role_policy(**role, PolicyName=policy)
        for policy in iam.list_attached_role_policies(**role)["AttachedPolicies"]:
            iam.detach_role_policy(**role, PolicyArn=policy["PolicyArn"])
        for profile in iam.list_instance_profiles_for_role(**role)["InstanceProfiles"]:
            where = {"InstanceProfileName": profile["InstanceProfileName"]}
            iam.remove_role_from_instance_profile(**where, **role)
        iam.delete_role(**role)

    def _groups(self) -> Iterator[Found]:
        for name, created in self._listed(
            "list_groups", "Groups", "GroupName", "CreateGroup", "get_group"
        ):
            if self._is_ours("CreateGroup", name, _UNTAGGABLE, created):
                yield Found("group", name, lambda name=name: self._remove_group(name))

    def _remove_group(self, name: str) -> None:
        iam, group = self._client("iam"), {"GroupName": name}
        for user in iam.get_group(**group)["Users"]:
            iam.remove_user_from_group(**group, UserName=user["UserName"])
        for policy in iam.list_group_policies(**group)["PolicyNames"]:
            iam.delete_group_policy(**group, PolicyName=policy)
        for policy in iam.list_attached_group_policies(**group)["AttachedPolicies"]:
            iam.detach_group_policy(**group, PolicyArn=policy["PolicyArn"])
        iam.delete_group(**group)

    def _devices(self) -> Iterator[Found]:
        iam = self._client("iam")
        for page in iam.get_paginator("list_virtual_mfa_devices").paginate():
            for device in page["VirtualMFADevices"]:
                serial = device["SerialNumber"]
                path, _, name = serial.partition(":mfa")[2].rpartition("/")
                if not f"{path}/".startswith(PATH):
                    continue
                tags = _tags(iam.list_mfa_device_tags, SerialNumber=serial)
                created = device.get("EnableDate")
                if self._is_ours("CreateVirtualMFADevice", name, tags, created):
                    yield Found("MFA device", name, lambda s=serial, d=device: self._free(s, d))

    def _free(self, serial: str, device: Mapping[str, Any]) -> None:
        """Delete a device; its user has mostly gone before and has let go of it."""
        iam = self._client("iam")
        try:
            iam.delete_virtual_mfa_device(SerialNumber=serial)
        except iam.exceptions.DeleteConflictException:
            user = device["User"]["UserName"]
            iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)
            iam.delete_virtual_mfa_device(SerialNumber=serial)

    def _policies(self) -> Iterator[Found]:
        iam, seen = self._client("iam"), {}
        where = {"Scope": "Local", "PathPrefix": PATH}
        for page in iam.get_paginator("list_policies").paginate(**where):
            seen |= {p["PolicyName"]: (p["Arn"], p["CreateDate"]) for p in page["Policies"]}
        for kind, name in sorted(self._journalled):
            if kind == "CreatePolicy" and name not in seen:
                arn = f"arn:aws:iam::{self._account}:policy{PATH}{name}"
                answer = _maybe(iam.get_policy, PolicyArn=arn)
                if answer is not None:
                    seen[name] = (arn, answer["Policy"]["CreateDate"])
        for name, (arn, created) in seen.items():
            tags = _tags(iam.list_policy_tags, PolicyArn=arn)
            if self._is_ours("CreatePolicy", name, tags, created):
                yield Found("managed policy", name, lambda arn=arn: self._remove_policy(arn))

    def _remove_policy(self, arn: str) -> None:
        iam, policy = self._client("iam"), {"PolicyArn": arn}
        for version in iam.list_policy_versions(**policy)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(**policy, VersionId=version["VersionId"])
        iam.delete_policy(**policy)

    def _providers(self) -> Iterator[Found]:
        """A provider has no name of its own: its tags say whose it is, and of which run."""
        iam = self._client("iam")
        for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            arn = one["Arn"]
            pages = _tags(iam.list_open_id_connect_provider_tags, OpenIDConnectProviderArn=arn)
            tags = {tag["Key"]: tag["Value"] for tag in pages}
            name = f"{PREFIX}{tags.get('sts-lab:run', '')}-{arn.rpartition('/')[2]}"
            created = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["CreateDate"]
            if "sts-lab:run" in tags and self._is_ours("", name, pages, created):
                remove = iam.delete_open_id_connect_provider
                yield Found(
                    "OIDC provider",
                    arn.partition("oidc-provider/")[2],
                    lambda arn=arn, remove=remove: remove(OpenIDConnectProviderArn=arn),
                )

    # ------------------------------------------------------------------ S3 and EC2

    def _buckets(self) -> Iterator[Found]:
        s3 = self._client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            if not name.startswith(self._prefix):
                continue
            answer = _maybe(s3.get_bucket_tagging, Bucket=name)
            tags = answer["TagSet"] if answer else []
            if self._is_ours("CreateBucket", name, tags, bucket["CreationDate"]):
                yield Found("bucket", name, lambda name=name: self._remove_bucket(name))

    def _remove_bucket(self, name: str) -> None:
        s3 = self._client("s3")
        had_policy = _maybe(s3.get_bucket_policy, Bucket=name) is not None
        _maybe(s3.delete_bucket_policy, Bucket=name)
        # Its denies may count for some seconds more.
        also = ("AccessDenied",) if had_policy else ()
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                what = {"Key": one["Key"], "VersionId": one["VersionId"]}
                _patiently(lambda what=what: s3.delete_object(Bucket=name, **what), also)
        _patiently(lambda: s3.delete_bucket(Bucket=name), also)

    def _instances(self) -> Iterator[Found]:
        ec2 = self._client("ec2")
        states = ["pending", "running", "stopping", "stopped"]
        filters = [*self._tagged(), {"Name": "instance-state-name", "Values": states}]
        for page in ec2.get_paginator("describe_instances").paginate(Filters=filters):
            for one in (
                i for reservation in page["Reservations"] for i in reservation["Instances"]
            ):
                if self._before is None or one["LaunchTime"] <= self._before:
                    id_ = one["InstanceId"]
                    yield Found("instance", id_, lambda id_=id_: self._terminate(id_))

    def _terminate(self, instance_id: str) -> None:
        ec2 = self._client("ec2")
        ec2.terminate_instances(InstanceIds=[instance_id])
        ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance_id])

    def _firewalls(self) -> Iterator[Found]:
        ec2 = self._client("ec2")
        for group in ec2.describe_security_groups(Filters=self._tagged())["SecurityGroups"]:
            id_ = group["GroupId"]
            tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags", ())}
            ends = datetime.fromisoformat(tags.get("sts-lab:expires", "1970-01-01T00:00:00Z"))
            if self._before is None or ends - KEEPS <= self._before:
                yield Found(
                    "security group", id_, lambda id_=id_: ec2.delete_security_group(GroupId=id_)
                )

    def _tagged(self) -> list[dict[str, Any]]:
        found = [{"Name": "tag:project", "Values": [PROJECT]}]
        run = self._prefix.removeprefix(PREFIX).rstrip("-")
        return [*found, {"Name": "tag:sts-lab:run", "Values": [run]}] if run else found


_UNTAGGABLE = ({"Key": "project", "Value": PROJECT},)


def _tags(call: Callable[..., Any], **parameters: Any) -> list[dict[str, str]]:
    """Tags; none where they cannot be read: then the journal has to know the thing."""
    from botocore.exceptions import ClientError

    try:
        return call(**parameters)["Tags"]
    except ClientError:
        return []


def _maybe(call: Callable[..., Any], **parameters: Any) -> Any:
    """The answer, or None where the thing does not exist."""
    from botocore.exceptions import ClientError

    try:
        return call(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] in (*_GONE, "NoSuchTagSet", "NoSuchBucketPolicy"):
            return None
        raise


def _patiently(remove: Callable[[], Any], also: tuple[str, ...] = ()) -> None:
    """Once more, a little later, where AWS still sees what was just taken away."""
    from botocore.exceptions import ClientError

    for pause in (0.5, 1.0, 2.0, 4.0, None):
        try:
            remove()
            break
        except ClientError as error:
            again = ("DeleteConflict", "DependencyViolation", "OperationAborted", "BucketNotEmpty")
            if pause is None or error.response["Error"]["Code"] not in (*again, *also):
                raise
            time.sleep(pause)
