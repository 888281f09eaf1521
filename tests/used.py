"""What is asked of AWS, by whom, and the list of what may be asked that comes of it.

used.json holds for each lesson, and for what else asks AWS, the operations with their parameters.
allowed.json in the package is made of it and of the table of kinds below, and is what is reviewed:
a test that finds something else used says so, and with LAB_UPDATE=1 writes both anew. What the
guard refused in that run it lets through in the next: run it until nothing changes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from labhelpers.account.fence.allowed import FILE, leaves
from labhelpers.account.fence.guard import SERVICES

USED = Path(__file__).with_name("used.json")
#: What lessons ask of AWS to see it refused, or what only the sandbox takes.
NEVER = {"iam:CreateSAMLProvider", "iam:DeleteSAMLProvider", "s3:DeletePublicAccessBlock"}
NEVER |= {"sts:AssumeRoleWithSAML", "sts:GetScopedCredentials"}
#: What a parameter names, by its end, or for one operation alone; see owned.py for the kinds.
KINDS = {
    "iam:CreatePolicy PolicyName": "name",
    "iam:AttachGroupPolicy PolicyArn": "policy",
    "iam:AttachRolePolicy PolicyArn": "policy",
    "iam:AttachUserPolicy PolicyArn": "policy",
    "iam:DetachGroupPolicy PolicyArn": "policy",
    "iam:DetachRolePolicy PolicyArn": "policy",
    "iam:DetachUserPolicy PolicyArn": "policy",
    "sts:GetAccessKeyInfo AccessKeyId": "",
    "AccessKeyId": "id",
    "ACL": "ACL",
    "Bucket": "name",
    "CopySource": "copy source",
    "CopySource.Bucket": "name",
    "CopySource.Key": "object key",
    "CreateBucketConfiguration.LocationConstraint": "Region",
    "Delete.Objects[].Key": "object key",
    "GroupId": "id",
    "GroupIds[]": "id",
    "GroupName": "name",
    "IamInstanceProfile.Name": "name",
    "IpPermissions[].UserIdGroupPairs[].GroupId": "id",
    "InstanceIds[]": "id",
    "InstanceProfileName": "name",
    "Key": "object key",
    "OpenIDConnectProviderArn": "id",
    "PermissionsBoundary": "limit",
    "PolicyArn": "own policy",
    "PolicyArns[].arn": "policy",
    "PublicAccessBlockConfiguration.BlockPublicAcls": "on",
    "PublicAccessBlockConfiguration.BlockPublicPolicy": "on",
    "PublicAccessBlockConfiguration.IgnorePublicAcls": "on",
    "PublicAccessBlockConfiguration.RestrictPublicBuckets": "on",
    "Resources[]": "id",
    "RoleArn": "role",
    "RoleName": "name",
    "SecurityGroupIds[]": "id",
    "SerialNumber": "MFA device",
    "SubnetId": "network",
    "UserName": "name",
    "VirtualMFADeviceName": "name",
    "VpcId": "network",
}
#: Spelled otherwise, or said beside: whoever may give the one may give the others.
ALSO = {
    "Body": ("ContentType", "Metadata"),
    "CopySource": ("CopySource.Bucket", "CopySource.Key"),
}

Used = dict[str, set[str]]


def note(used: Used, service: str, operation: str, given: Mapping[str, Any]) -> None:
    name = f"{service}:{operation}"
    if service in SERVICES and name not in NEVER:
        used.setdefault(name, set()).update(path for path, _ in leaves(given))


def of_accounts() -> Used:
    """In a process under test: what its labs on AWS are asked for, from now on."""
    from labhelpers.account.calls import Calls

    used: Used = {}
    make = Calls.make

    def noted(self: Any, client: Any, caller: Any, operation: str, given: Mapping, send: Any):
        note(used, client.meta.service_model.service_name, operation, given)
        return make(self, client, caller, operation, given, send)

    Calls.make = noted
    return used


@contextmanager
def of_clients() -> Iterator[Used]:
    """What every boto3 client of this process asks for, meanwhile."""
    used: Used = {}
    send: Callable[..., Any] = BaseClient._make_api_call

    def noted(self: Any, operation: str, given: Mapping) -> Any:
        note(used, self.meta.service_model.service_name, operation, given)
        return send(self, operation, given)

    with patch.object(BaseClient, "_make_api_call", noted):
        yield used


def is_noted(source: str, used: Mapping[str, Any]) -> None:
    """used.json says the same of this lesson; with LAB_UPDATE=1 it will."""
    record = {name: sorted(used[name]) for name in sorted(used)}
    known = json.loads(USED.read_text()) if USED.exists() else {}
    if os.environ.get("LAB_UPDATE"):
        known |= {source: record}
        USED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        FILE.write_text(allowed_text(known))
    assert known[source] == record, "LAB_UPDATE=1, and once more"


def allowed_text(known: Mapping[str, Mapping[str, list[str]]]) -> str:
    """What allowed.json has to say, from what used.json says."""
    found: dict[str, dict[str, str]] = {}
    for record in known.values():
        for name, paths in record.items():
            kinds = found.setdefault(name, {})
            also = [other for path in paths for other in ALSO.get(path, ())]
            kinds |= {path: _kind(name, path) for path in (*paths, *also)}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def _kind(name: str, path: str) -> str:
    return KINDS.get(f"{name} {path}", KINDS.get(path, ""))
