"""Remove what runs of the lab have left in an account, and nothing else.

A thing is the lab's if it lies under the path /sts-lab/ (a bucket: if its name begins so) and
carries the lab's tag. Where a crash came between create and tag, the journal of the run stands in
for the tag. Groups cannot be tagged: path and name have to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from labhelpers.account.creates import KEEPS, PROJECT
from labhelpers.account.journal import journals
from labhelpers.account.names import PATH, PREFIX
from labhelpers.account.removal import (
    GONE,
    maybe,
    patiently,
    remove_bucket,
    remove_device,
    remove_group,
    remove_policy,
    remove_profile,
    remove_role,
    remove_user,
    tags_of,
    terminate,
)

Clients = Callable[[str], Any]


@dataclass(frozen=True)
class Found:
    """One thing of the lab: what it is, what it is called, and how it is removed."""

    kind: str
    name: str
    remove: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class _Kind:
    """IAM entities that are listed by path: the calls about them, and the names in answers."""

    word: str
    create: str
    list: str
    key: str
    name: str
    get: str
    tags: str  # "" where AWS keeps none
    remove: Callable[[Any, str], None]


#: In the order in which they can go.
_KINDS = (
    _Kind(
        "user",
        "CreateUser",
        "list_users",
        "Users",
        "UserName",
        "get_user",
        "list_user_tags",
        remove_user,
    ),
    _Kind(
        "instance profile",
        "CreateInstanceProfile",
        "list_instance_profiles",
        "InstanceProfiles",
        "InstanceProfileName",
        "get_instance_profile",
        "list_instance_profile_tags",
        remove_profile,
    ),
    _Kind(
        "role",
        "CreateRole",
        "list_roles",
        "Roles",
        "RoleName",
        "get_role",
        "list_role_tags",
        remove_role,
    ),
    _Kind(
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
_UNTAGGABLE = [{"Key": "project", "Value": PROJECT}]


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
        steps: list[Callable[[], Iterator[Found]]] = [self._instances]
        steps += [partial(self._entities, kind) for kind in _KINDS]
        steps += [self._devices, self._policies, self._providers, self._buckets, self._firewalls]
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
                patiently(thing.remove)
            except ClientError as error:
                said = error.response["Error"]
                if said["Code"] not in GONE:
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

    def _entities(self, kind: _Kind) -> Iterator[Found]:
        """IAM entities under the path; those of the journal as well, for a list may not show yet
        what has just been made."""
        iam = self._client("iam")
        seen: dict[str, datetime] = {}
        for page in iam.get_paginator(kind.list).paginate(PathPrefix=PATH):
            seen |= {one[kind.name]: one["CreateDate"] for one in page[kind.key]}
        for create, name in sorted(self._journalled):
            if create == kind.create and name not in seen:
                answer = maybe(getattr(iam, kind.get), **{kind.name: name}) or {}
                one = next((v for k, v in answer.items() if k != "ResponseMetadata"), None)
                if one is not None and one["Path"].startswith(PATH):
                    seen[name] = one["CreateDate"]
        for name, created in seen.items():
            tags = _UNTAGGABLE
            if kind.tags:
                tags = tags_of(getattr(iam, kind.tags), **{kind.name: name})
            if self._is_ours(kind.create, name, tags, created):
                yield Found(kind.word, name, partial(kind.remove, iam, name))

    def _devices(self) -> Iterator[Found]:
        iam = self._client("iam")
        for page in iam.get_paginator("list_virtual_mfa_devices").paginate():
            for device in page["VirtualMFADevices"]:
                serial = device["SerialNumber"]
                path, _, name = serial.partition(":mfa")[2].rpartition("/")
                if not f"{path}/".startswith(PATH):
                    continue
                tags = tags_of(iam.list_mfa_device_tags, SerialNumber=serial)
                created = device.get("EnableDate")
                if self._is_ours("CreateVirtualMFADevice", name, tags, created):
                    yield Found("MFA device", name, partial(remove_device, iam, device))

    def _policies(self) -> Iterator[Found]:
        iam = self._client("iam")
        seen: dict[str, tuple[str, datetime]] = {}
        where = {"Scope": "Local", "PathPrefix": PATH}
        for page in iam.get_paginator("list_policies").paginate(**where):
            seen |= {p["PolicyName"]: (p["Arn"], p["CreateDate"]) for p in page["Policies"]}
        for kind, name in sorted(self._journalled):
            if kind == "CreatePolicy" and name not in seen:
                arn = f"arn:aws:iam::{self._account}:policy{PATH}{name}"
                answer = maybe(iam.get_policy, PolicyArn=arn)
                if answer is not None:
                    seen[name] = (arn, answer["Policy"]["CreateDate"])
        for name, (arn, created) in seen.items():
            tags = tags_of(iam.list_policy_tags, PolicyArn=arn)
            if self._is_ours("CreatePolicy", name, tags, created):
                yield Found("managed policy", name, partial(remove_policy, iam, arn))

    def _providers(self) -> Iterator[Found]:
        """A provider has no name of its own: its tags say whose it is, and of which run."""
        iam = self._client("iam")
        for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            arn = one["Arn"]
            pages = tags_of(iam.list_open_id_connect_provider_tags, OpenIDConnectProviderArn=arn)
            tags = {tag["Key"]: tag["Value"] for tag in pages}
            name = f"{PREFIX}{tags.get('sts-lab:run', '')}-{arn.rpartition('/')[2]}"
            created = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["CreateDate"]
            if "sts-lab:run" in tags and self._is_ours("", name, pages, created):
                remove = partial(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn)
                yield Found("OIDC provider", arn.partition("oidc-provider/")[2], remove)

    # ------------------------------------------------------------------ S3 and EC2

    def _buckets(self) -> Iterator[Found]:
        s3 = self._client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            if not name.startswith(self._prefix):
                continue
            answer = maybe(s3.get_bucket_tagging, Bucket=name)
            tags = answer["TagSet"] if answer else []
            if self._is_ours("CreateBucket", name, tags, bucket["CreationDate"]):
                yield Found("bucket", name, partial(remove_bucket, s3, name))

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
                    yield Found("instance", id_, partial(terminate, ec2, id_))

    def _firewalls(self) -> Iterator[Found]:
        ec2 = self._client("ec2")
        for group in ec2.describe_security_groups(Filters=self._tagged())["SecurityGroups"]:
            id_ = group["GroupId"]
            tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags", ())}
            ends = datetime.fromisoformat(tags.get("sts-lab:expires", "1970-01-01T00:00:00Z"))
            if self._before is None or ends - KEEPS <= self._before:
                remove = partial(ec2.delete_security_group, GroupId=id_)
                yield Found("security group", id_, remove)

    def _tagged(self) -> list[dict[str, Any]]:
        found = [{"Name": "tag:project", "Values": [PROJECT]}]
        run = self._prefix.removeprefix(PREFIX).rstrip("-")
        return [*found, {"Name": "tag:sts-lab:run", "Values": [run]}] if run else found
