"""What the lab may create on AWS, what it costs, and the marks that each thing carries."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labhelpers.account.names import PATH, PREFIX
from labhelpers.account.state.signature import OWNER, RUN, SIGNATURE, signature

PROJECT = "sts-lab"
EXPIRES = "sts-lab:expires"
#: A sandbox account's budget alarm never hears of any of these.
FREE = "nothing"
FEW_BYTES = "nothing worth naming: a few bytes"
BY_THE_SECOND = "a t3.micro's price by the second"
#: Of RunInstances; two requests with the same one start one instance.
TOKEN = "ClientToken"
KEEPS = timedelta(hours=12)  # after that even a careful sweep may take it away


@dataclass(frozen=True)
class Kind:
    """One kind of thing: `name` is the parameter that names it; what marks AWS lets it carry."""

    word: str
    name: str = ""
    path: bool = False
    tags: bool = False
    bounded: bool = False
    cost: str = FREE


KINDS: dict[tuple[str, str], Kind] = {
    ("iam", "CreateUser"): Kind("IAM user", "UserName", path=True, tags=True, bounded=True),
    ("iam", "CreateRole"): Kind("IAM role", "RoleName", path=True, tags=True, bounded=True),
    ("iam", "CreatePolicy"): Kind("managed policy", "PolicyName", path=True, tags=True),
    ("iam", "CreateGroup"): Kind("IAM group", "GroupName", path=True),
    ("iam", "CreateInstanceProfile"): Kind(
        "instance profile", "InstanceProfileName", path=True, tags=True
    ),
    ("iam", "CreateVirtualMFADevice"): Kind(
        "virtual MFA device", "VirtualMFADeviceName", path=True, tags=True
    ),
    ("iam", "CreateOpenIDConnectProvider"): Kind("OIDC provider", "Url", tags=True),
    ("iam", "CreateAccessKey"): Kind("access key", "UserName"),
    ("s3", "CreateBucket"): Kind("S3 bucket", "Bucket", cost=FEW_BYTES),
    ("ec2", "CreateSecurityGroup"): Kind("security group", "GroupName", tags=True),
    ("ec2", "RunInstances"): Kind("EC2 instance", tags=True, cost=BY_THE_SECOND),
}


@dataclass(frozen=True)
class Marks:
    """The tags of one run. `owner` is the learner's ARN."""

    run: str
    owner: str
    expires: datetime

    @classmethod
    def of(cls, run: str, owner: str) -> Marks:
        return cls(run, owner, datetime.now(UTC) + KEEPS)

    def tags(self) -> dict[str, str]:
        """Five of the fifty that AWS allows. Raises LabError where no key can be made to sign."""
        owner = self.owner[:256]  # AWS's most
        return {
            "project": PROJECT,
            RUN: self.run,
            OWNER: owner,
            EXPIRES: f"{self.expires:%Y-%m-%dT%H:%M:%SZ}",
            SIGNATURE: signature(self.run, owner),
        }

    def listed(self) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self.tags().items()]


def furnish(
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    marks: Marks,
    boundary: str,
    tagging: bool,
) -> dict[str, Any]:
    """The parameters of a create with path, tags and permissions boundary.

    `parameters` are in the account's names already. `tagging` is False where the caller may
    lack the permission to tag: then the lab tags right afterwards.
    """
    kind = KINDS[service, operation]
    found = dict(parameters)
    if kind.path:
        path = found.get("Path", "/")  # one that AWS refuses stays one
        found["Path"] = PATH.rstrip("/") + path if path.startswith("/") else path
    if kind.bounded:
        found.setdefault("PermissionsBoundary", boundary)
    if kind.tags and service == "iam" and tagging:
        found["Tags"] = _with_ours(found.get("Tags", ()), marks)
    if service == "ec2":
        found["TagSpecifications"] = _specifications(operation, found, marks)
    if operation == "RunInstances":
        found[TOKEN] = f"{PREFIX}{marks.run}-{secrets.token_hex(8)}"
    return found


def noted_name(service: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """What the journal calls a thing that is being made: its name, or the token of a create that
    gives none. Unlike its tags nobody copies that; AWS shows it for ever."""
    return str(parameters.get(KINDS[service, operation].name or TOKEN, ""))


def with_marks(parameters: Mapping[str, Any], marks: Marks) -> dict[str, Any]:
    """PutBucketTagging, which puts all tags anew, with the run's among them."""
    tags = parameters.get("Tagging", {}).get("TagSet", ())
    return {**parameters, "Tagging": {"TagSet": _with_ours(tags, marks, str)}}


def _with_ours(
    tags: Iterable[Mapping[str, str]], marks: Marks, same: Callable[[str], str] = str.casefold
) -> list[Mapping[str, str]]:
    """A lesson's tags and the run's, each key once. To IAM keys that differ in their case only
    are the same, to S3 and EC2 they are not."""
    ours = {same(key) for key in marks.tags()}
    return [*(tag for tag in tags if same(tag.get("Key", "")) not in ours), *marks.listed()]


def _specifications(operation: str, parameters: Mapping[str, Any], marks: Marks) -> list:
    """The run's marks on what the call makes; what else a lesson says is AWS's to judge."""
    types = {"RunInstances": ("instance", "volume")}.get(operation, ("security-group",))
    given: dict[str, list] = {kind: [] for kind in types}
    others = []
    for one in parameters.get("TagSpecifications", ()):
        kind = one.get("ResourceType")
        if kind in given:
            given[kind].extend(one.get("Tags", ()))
        else:
            others.append(one)
    ours = [{"ResourceType": t, "Tags": _with_ours(given[t], marks, str)} for t in types]
    return [*ours, *others]
