"""What an account holds that is called or tagged like the lab's, whoever made it.

Nothing is judged here and nothing removed: sweep.py does that. Where AWS does not let us look at
one thing, the others are still seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from labhelpers.account.answers import NoAnswer, told
from labhelpers.account.cleanup.found import Found, run_in, runs_in
from labhelpers.account.cleanup.kinds import KINDS, Kind
from labhelpers.account.cleanup.known import Known
from labhelpers.account.cleanup.removal import (
    is_gone,
    maybe,
    remove_bucket,
    remove_device,
    remove_policy,
    terminate,
)
from labhelpers.account.creates import PROJECT, TOKEN
from labhelpers.account.names import PATH, PREFIX
from labhelpers.account.state.signature import RUN
from labhelpers.errors import LabError

#: client(service), or client(service, region_name=…), as boto3's sessions have it.
Clients = Callable[..., Any]
#: AWS has refused to make a thing of such a name.
_NO_NAME = ("ValidationError", "InvalidInput", "InvalidBucketName")
NOBODYS: frozenset[str] = frozenset()
_THERE = ("pending", "running", "stopping", "stopped")


class Survey:
    """`client(service)` asks as the learner; `run` limits it to what bears a run's name or tag.

    What is `known` from journals is asked for by name, too, and recognized by its id: a list may
    not show yet what has just been made, nor under the lab's path what was moved or renamed.
    """

    def __init__(self, client: Clients, account: str, run: str, known: Known) -> None:
        self._client, self._account, self._run, self._known = client, account, run, known
        self._prefix = f"{PREFIX}{run}-" if run else PREFIX
        #: Where AWS did not let us look, in words.
        self.unseen: list[str] = []

    def things(self) -> list[Found]:
        """All of them, in the order in which they can be removed."""
        regions = self._regions()
        steps: list[Callable[[], Iterator[Found]]] = []
        steps += [partial(self._instances, region) for region in regions]
        steps += [partial(self._volumes, region) for region in regions]
        steps += [partial(self._entities, kind) for kind in KINDS]
        steps += [self._devices, self._policies, self._providers, self._buckets]
        steps += [partial(self._firewalls, region) for region in regions]
        found: list[Found] = []
        for step in steps:
            try:
                for thing in step():
                    found.append(thing)  # one by one: what came before an error stays
            except (ClientError, BotoCoreError, LabError) as error:
                self.unseen.append(_would_show(error))
        return found

    def _regions(self) -> list[str]:
        """The configured Region as "", and all others in which the journals name something."""
        here = self._client("ec2").meta.region_name
        return ["", *sorted(self._known.regions - {here})]

    def _ec2(self, region: str) -> Any:
        return self._client("ec2", region_name=region) if region else self._client("ec2")

    def _is_candidate(self, kind: str, name: str, path: str, id_: str) -> bool:
        """Whether something of IAM's is called like the lab's, or known whatever it is called."""
        if id_ in self._known.ids(kind) or name in self._known.names(kind):
            return True
        runs = _claims(path, name) | {run_in(name)}
        if self._run:
            return self._run in runs
        return path.startswith(PATH) or bool(run_in(name))

    def _tags(
        self, name: str, call: Callable[..., Any], claims: frozenset[str] = NOBODYS, **which: str
    ) -> dict[str, Any]:
        """A thing's `tags`, and why they are not known. What bears no run's name is not asked."""
        if not run_in(name) and not claims:
            return {}
        try:
            answer = call(**which)
        except (NoAnswer, ResponseParserError):  # an emulator may answer with no XML at all
            return {}
        except BotoCoreError as error:
            return {"unread": f"the tags of {name} ({told(error)})"}
        except ClientError as error:
            code = error.response["Error"]["Code"]
            gone = is_gone(code) or code == "NoSuchTagSet"
            return {} if gone else {"unread": f"{_would_show(error)} of {name}"}
        inner = answer.get("InstanceProfile", answer)
        return {"tags": _as_dict(inner.get("Tags") or inner.get("TagSet") or ())}

    def _asked(self, call: Callable[..., Any], **which: str) -> Any:
        """What AWS says of a thing by name; None where it is not there or may not be seen."""
        try:
            return maybe(call, **which)
        except ClientError as error:
            if error.response["Error"]["Code"] in _NO_NAME:
                return None
            self.unseen.append(f"{_would_show(error)} of {', '.join(which.values())}")
            return None

    # ------------------------------------------------------------------ IAM

    def _entities(self, kind: Kind) -> Iterator[Found]:
        iam, id_ = self._client("iam"), kind.name.removesuffix("Name") + "Id"
        seen: dict[str, Mapping[str, Any]] = {}
        for page in iam.get_paginator(kind.list).paginate():
            seen |= {one[kind.name]: one for one in page[kind.key]}
        for name in self._known.names(kind.create):
            if name not in seen:
                answer = self._asked(getattr(iam, kind.get), **{kind.name: name}) or {}
                seen |= {v[kind.name]: v for v in answer.values() if id_ in v}
        for name, one in seen.items():
            if not self._is_candidate(kind.create, name, one["Path"], one[id_]):
                continue
            more: dict[str, Any] = {"made": one["CreateDate"], "id": one[id_]}
            more["claims"] = _claims(one["Path"], name)
            if kind.tags:
                which = {kind.name: name}
                more |= self._tags(name, getattr(iam, kind.tags), more["claims"], **which)
            if kind.disarm:
                more["disarm"] = partial(kind.disarm, iam, name)
            remove = partial(kind.remove, iam, name)
            yield Found(kind.word, name, remove, kind.create, name, **more)

    def _devices(self) -> Iterator[Found]:
        iam, create = self._client("iam"), "CreateVirtualMFADevice"
        for page in iam.get_paginator("list_virtual_mfa_devices").paginate():
            for device in page["VirtualMFADevices"]:
                serial = device["SerialNumber"]
                path, _, name = serial.partition(":mfa")[2].rpartition("/")
                if not self._is_candidate(create, name, f"{path}/", serial):
                    continue
                more: dict[str, Any] = {"made": device.get("EnableDate"), "id": serial}
                more["claims"] = _claims(f"{path}/", name)
                more |= self._tags(
                    name, iam.list_mfa_device_tags, more["claims"], SerialNumber=serial
                )
                remove = partial(remove_device, iam, device)
                yield Found("MFA device", name, remove, create, name, **more)

    def _policies(self) -> Iterator[Found]:
        iam, create = self._client("iam"), "CreatePolicy"
        seen: dict[str, Mapping[str, Any]] = {}
        for page in iam.get_paginator("list_policies").paginate(Scope="Local"):
            seen |= {one["PolicyName"]: one for one in page["Policies"]}
        for name in self._known.names(create):
            if name not in seen:
                arn = f"arn:aws:iam::{self._account}:policy{PATH}{name}"
                answer = self._asked(iam.get_policy, PolicyArn=arn) or {}
                seen |= {name: answer["Policy"]} if answer else {}
        for name, one in seen.items():
            if self._is_candidate(create, name, one["Path"], one["PolicyId"]):
                more = {"made": one["CreateDate"], "id": one["PolicyId"]}
                more["claims"] = _claims(one["Path"], name)
                more |= self._tags(name, iam.list_policy_tags, more["claims"], PolicyArn=one["Arn"])
                remove = partial(remove_policy, iam, one["Arn"])
                yield Found("managed policy", name, remove, create, name, **more)

    def _providers(self) -> Iterator[Found]:
        """A provider has no name of ours, and the journal may name one that was there before:
        its tags say whose it is, or the journal that it was made."""
        iam, create = self._client("iam"), "CreateOpenIDConnectProvider"
        for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            arn, which = one["Arn"], {"OpenIDConnectProviderArn": one["Arn"]}
            try:
                tags = _as_dict(iam.list_open_id_connect_provider_tags(**which)["Tags"])
            except (ClientError, BotoCoreError):  # mostly another's, and not to be seen
                tags = {}
            if self._tagged_so(tags) or arn in self._known.ids(create):
                answer = self._asked(iam.get_open_id_connect_provider, **which) or {}
                name, made = arn.partition("oidc-provider/")[2], answer.get("CreateDate")
                remove = partial(iam.delete_open_id_connect_provider, **which)
                yield Found("OIDC provider", name, remove, create, None, tags, made, id=arn)

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
                tags["claims"] = frozenset((run_in(name),)) - {""}
                yield Found("bucket", name, remove, "CreateBucket", name, made=made, **tags)

    def _instances(self, region: str) -> Iterator[Found]:
        """The token of the request for it is an instance's name: no copy of its tags has that."""
        ec2, create = self._ec2(region), "RunInstances"
        states = {"Name": "instance-state-name", "Values": list(_THERE)}
        wanted = [{"Name": "tag:project", "Values": [PROJECT]}]
        ids = self._known.ids(create)
        wanted += [{"Name": "instance-id", "Values": ids}] if ids else []
        seen: dict[str, Mapping[str, Any]] = {}
        for one in wanted:
            for page in ec2.get_paginator("describe_instances").paginate(Filters=[one, states]):
                held = (i for reservation in page["Reservations"] for i in reservation["Instances"])
                seen |= {instance["InstanceId"]: instance for instance in held}
        for id_, instance in seen.items():
            tags = _as_dict(instance.get("Tags", ()))
            if self._tagged_so(tags) or id_ in ids:
                name, remove = _called(id_, tags.get("Name")), partial(terminate, ec2, instance)
                made = instance["LaunchTime"]
                token = instance.get(TOKEN, "")
                yield Found("instance", name, remove, create, token, tags, made, id=id_)

    def _volumes(self, region: str) -> Iterator[Found]:
        """Volumes that outlived their instances; they bear an instance's tags."""
        if self._run and self._known.runs and not self._known.names("RunInstances"):
            return
        ec2 = self._ec2(region)
        filters = [
            {"Name": "tag:project", "Values": [PROJECT]},
            {"Name": "status", "Values": ["available"]},
        ]
        volumes = ec2.describe_volumes(Filters=filters)["Volumes"]
        for one in volumes:
            id_, tags = one["VolumeId"], _as_dict(one.get("Tags", ()))
            if self._tagged_so(tags):
                remove = partial(ec2.delete_volume, VolumeId=id_)
                made = one["CreateTime"]
                yield Found("volume", id_, remove, "RunInstances", None, tags, made, id=id_)

    def _firewalls(self, region: str) -> Iterator[Found]:
        ec2, create = self._ec2(region), "CreateSecurityGroup"
        for page in ec2.get_paginator("describe_security_groups").paginate():
            for group in page["SecurityGroups"]:
                id_, named = group["GroupId"], group["GroupName"]
                tags = _as_dict(group.get("Tags", ()))
                if (
                    named.startswith(self._prefix)
                    or self._tagged_so(tags)
                    or id_ in self._known.ids(create)
                ):
                    remove = partial(ec2.delete_security_group, GroupId=id_)
                    name = _called(id_, named)
                    yield Found("security group", name, remove, create, named, tags, id=id_)


def _claims(path: str, name: str) -> frozenset[str]:
    return runs_in(f"{path}{name}") if path.startswith(PATH) else NOBODYS


def _as_dict(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def _called(id_: str, name: str | None) -> str:
    return f"{id_} ({name})" if name else id_


def _would_show(error: ClientError | BotoCoreError | LabError) -> str:
    if isinstance(error, ClientError):
        return f"what {error.operation_name} would show ({error.response['Error']['Code']})"
    return f"what could not be asked for ({told(error)})"
