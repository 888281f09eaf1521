"""What an account holds that is called or tagged like the lab's, whoever made it.

Nothing is judged here and nothing removed: sweep.py does that. Where AWS does not let us look at
one thing, the others are still seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from labhelpers.account.cleanup.found import Found, run_in
from labhelpers.account.cleanup.removal import (
    GONE,
    maybe,
    remove_bucket,
    remove_device,
    remove_group,
    remove_keys,
    remove_policy,
    remove_profile,
    remove_role,
    remove_user,
    terminate,
)
from labhelpers.account.creates import PROJECT
from labhelpers.account.names import PATH, PREFIX
from labhelpers.account.signature import RUN

Clients = Callable[[str], Any]


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
    disarm: Callable[[Any, str], None] | None = None


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
        remove_keys,
    ),
    _Kind(
        "instance profile",
        "CreateInstanceProfile",
        "list_instance_profiles",
        "InstanceProfiles",
        "InstanceProfileName",
        "get_instance_profile",
        "get_instance_profile",  # as all can who may remove it
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


class Survey:
    """`client(service)` asks as the learner; `run` limits it to what bears a run's name or tag.

    `journalled` are (operation, name) of what is asked for by name, too: a list may not show yet
    what has just been made, nor under the lab's path what was moved.
    """

    def __init__(
        self, client: Clients, account: str, run: str, journalled: Iterable[tuple[str, str]]
    ) -> None:
        self._client, self._account, self._run = client, account, run
        self._prefix = f"{PREFIX}{run}-" if run else PREFIX
        self._journalled = sorted(journalled)
        #: Where AWS did not let us look, in words.
        self.unseen: list[str] = []

    def things(self) -> list[Found]:
        """All of them, in the order in which they can be removed."""
        steps: list[Callable[[], Iterator[Found]]] = [self._instances]
        steps += [partial(self._entities, kind) for kind in _KINDS]
        steps += [self._devices, self._policies, self._providers, self._buckets, self._firewalls]
        found: list[Found] = []
        for step in steps:
            try:
                for thing in step():
                    found.append(thing)  # one by one: what came before an error stays
            except ClientError as error:
                self.unseen.append(_would_show(error))
        return found

    def _wanted(self, name: str) -> bool:
        return not self._run or name.startswith(self._prefix)

    def _tags(self, name: str, call: Callable[..., Any], **which: str) -> dict[str, Any]:
        """A thing's `tags`, and why they are not known. What bears no run's name is not asked."""
        if not run_in(name):
            return {}
        try:
            answer = call(**which)
        except BotoCoreError:  # an emulator may answer with no XML at all
            return {}
        except ClientError as error:
            gone = error.response["Error"]["Code"] in (*GONE, "NoSuchTagSet")
            return {} if gone else {"unread": f"{_would_show(error)} of {name}"}
        inner = answer.get("InstanceProfile", answer)
        return {"tags": _as_dict(inner.get("Tags") or inner.get("TagSet") or ())}

    def _by_name(self, create: str, known: Iterable[str]) -> Iterator[str]:
        """Names of this kind in the journal that a list has not shown."""
        return (name for kind, name in self._journalled if kind == create and name not in known)

    def _asked(self, call: Callable[..., Any], **which: str) -> Any:
        """What AWS says of a thing by name; None where it is not there or may not be seen."""
        try:
            return maybe(call, **which)
        except ClientError as error:
            self.unseen.append(f"{_would_show(error)} of {', '.join(which.values())}")
            return None

    # ------------------------------------------------------------------ IAM

    def _entities(self, kind: _Kind) -> Iterator[Found]:
        iam = self._client("iam")
        seen: dict[str, datetime] = {}
        for page in iam.get_paginator(kind.list).paginate(PathPrefix=PATH):
            seen |= {one[kind.name]: one["CreateDate"] for one in page[kind.key]}
        for name in self._by_name(kind.create, dict(seen)):
            answer = self._asked(getattr(iam, kind.get), **{kind.name: name}) or {}
            one = next((v for k, v in answer.items() if k != "ResponseMetadata"), None)
            if one is not None:
                seen[name] = one["CreateDate"]
        for name, made in seen.items():
            if not self._wanted(name):
                continue
            tags = {}
            if kind.tags:
                tags = self._tags(name, getattr(iam, kind.tags), **{kind.name: name})
            disarm = partial(kind.disarm, iam, name) if kind.disarm else None
            remove = partial(kind.remove, iam, name)
            yield Found(
                kind.word, name, remove, kind.create, name, made=made, disarm=disarm, **tags
            )

    def _devices(self) -> Iterator[Found]:
        iam = self._client("iam")
        for page in iam.get_paginator("list_virtual_mfa_devices").paginate():
            for device in page["VirtualMFADevices"]:
                serial = device["SerialNumber"]
                path, _, name = serial.partition(":mfa")[2].rpartition("/")
                if not f"{path}/".startswith(PATH) or not self._wanted(name):
                    continue
                tags = self._tags(name, iam.list_mfa_device_tags, SerialNumber=serial)
                made, remove = device.get("EnableDate"), partial(remove_device, iam, device)
                create = "CreateVirtualMFADevice"
                yield Found("MFA device", name, remove, create, name, made=made, **tags)

    def _policies(self) -> Iterator[Found]:
        iam = self._client("iam")
        seen: dict[str, tuple[str, datetime]] = {}
        where = {"Scope": "Local", "PathPrefix": PATH}
        for page in iam.get_paginator("list_policies").paginate(**where):
            seen |= {p["PolicyName"]: (p["Arn"], p["CreateDate"]) for p in page["Policies"]}
        for name in self._by_name("CreatePolicy", dict(seen)):
            arn = f"arn:aws:iam::{self._account}:policy{PATH}{name}"
            answer = self._asked(iam.get_policy, PolicyArn=arn)
            if answer is not None:
                seen[name] = (arn, answer["Policy"]["CreateDate"])
        for name, (arn, made) in seen.items():
            if self._wanted(name):
                tags = self._tags(name, iam.list_policy_tags, PolicyArn=arn)
                remove = partial(remove_policy, iam, arn)
                yield Found("managed policy", name, remove, "CreatePolicy", name, made=made, **tags)

    def _providers(self) -> Iterator[Found]:
        """A provider has no name of ours, and the journal may name one that was there before:
        only its tags say whose it is."""
        iam = self._client("iam")
        for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            which = {"OpenIDConnectProviderArn": one["Arn"]}
            try:
                tags = _as_dict(iam.list_open_id_connect_provider_tags(**which)["Tags"])
            except (ClientError, BotoCoreError):  # mostly another's, and not to be seen
                continue
            if self._tagged_so(tags):
                answer = self._asked(iam.get_open_id_connect_provider, **which) or {}
                name, made = one["Arn"].partition("oidc-provider/")[2], answer.get("CreateDate")
                remove = partial(iam.delete_open_id_connect_provider, **which)
                create = "CreateOpenIDConnectProvider"
                yield Found("OIDC provider", name, remove, create, None, tags, made)

    def _tagged_so(self, tags: Mapping[str, str]) -> bool:
        return tags.get("project") == PROJECT and self._run in ("", tags.get(RUN, ""))

    # ------------------------------------------------------------------ S3 and EC2

    def _buckets(self) -> Iterator[Found]:
        s3 = self._client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            name, made = bucket["Name"], bucket["CreationDate"]
            if name.startswith(self._prefix):
                tags = self._tags(name, s3.get_bucket_tagging, Bucket=name)
                remove = partial(remove_bucket, s3, name)
                yield Found("bucket", name, remove, "CreateBucket", name, made=made, **tags)

    def _instances(self) -> Iterator[Found]:
        """An instance has no name of ours: only its tags say whose it is."""
        ec2 = self._client("ec2")
        states = ["pending", "running", "stopping", "stopped"]
        filters = [
            {"Name": "tag:project", "Values": [PROJECT]},
            {"Name": "instance-state-name", "Values": states},
        ]
        for page in ec2.get_paginator("describe_instances").paginate(Filters=filters):
            for one in (
                i for reservation in page["Reservations"] for i in reservation["Instances"]
            ):
                id_, tags = one["InstanceId"], _as_dict(one.get("Tags", ()))
                if self._tagged_so(tags):
                    name, remove = _called(id_, tags.get("Name")), partial(terminate, ec2, id_)
                    made = one["LaunchTime"]
                    yield Found("instance", name, remove, "RunInstances", None, tags, made)

    def _firewalls(self) -> Iterator[Found]:
        ec2 = self._client("ec2")
        for page in ec2.get_paginator("describe_security_groups").paginate():
            for group in page["SecurityGroups"]:
                id_, named = group["GroupId"], group["GroupName"]
                tags = _as_dict(group.get("Tags", ()))
                if named.startswith(self._prefix) or self._tagged_so(tags):
                    remove = partial(ec2.delete_security_group, GroupId=id_)
                    name, create = _called(id_, named), "CreateSecurityGroup"
                    yield Found("security group", name, remove, create, named, tags)


def _as_dict(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _called(id_: str, name: str | None) -> str:
    return f"{id_} ({name})" if name else id_


def _would_show(error: ClientError) -> str:
    return f"what {error.operation_name} would show ({error.response['Error']['Code']})"
