"""What may be asked of a real account at all: services, Region, operations, and only own things."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.account.creates import KINDS
from labhelpers.account.fence.boundary import is_public
from labhelpers.errors import LabError, SandboxOnly

SERVICES = ("iam", "sts", "s3", "ec2")
_WHY_NOT = {
    "organizations": "An organization is nothing to try things out with on a real account.",
    "cloudtrail": "CloudTrail's events arrive minutes later, and only a trail has data events.",
}
_READS = re.compile(r"(Get|List|Describe|Head|Simulate|Assume|Decode)")
_WORLD = ("0.0.0.0/0", "::/0")
_OPENS = ("PutPublicAccessBlock", "PutBucketAcl", "PutObjectAcl")
_ADDS = ("CreatePolicyVersion", "CreateTags")  # to something that is there already
#: Ids and ARNs that hold no name of ours, so that only made() knows whose they are.
_EC2_ID = re.compile(r"[a-z]{1,12}-[0-9a-f]{8,17}")
_PROVIDER = re.compile(r"arn:aws:iam::\d{12}:oidc-provider/.*")
_SIZES = ("t2.micro", "t3.micro", "t3.nano", "t4g.micro", "t4g.nano")
_NO_ACCOUNT_WIDE = "This call concerns the whole account, not only what the lab has made in it."


class Guard:
    """`prefix` begins every name of this run, `ami` is what an instance may be started from."""

    def __init__(self, prefix: str, region: str, ami: str = "") -> None:
        self._prefix, self._region, self._ami = prefix, region, ami
        self._ids: set[str] = set()  # ids and ARNs that carry no name of ours

    def check(self, service: str, operation: str, given: Mapping[str, Any], region: str) -> None:
        """Raises SandboxOnly for what the lab does not do on a real account, LabError for
        another Region."""
        if service not in SERVICES:
            raise SandboxOnly(_WHY_NOT.get(service, f"The lab uses no {service} on AWS."))
        if region not in (self._region, "aws-global"):
            raise LabError(
                f"This lab works in {self._region} and nowhere else; this client is for {region}."
            )
        creates = operation.startswith("Create") and operation not in _ADDS
        if creates and (service, operation) not in KINDS:
            raise SandboxOnly(f"The lab makes no {service}:{operation} on a real account.")
        if operation == "PutBucketPolicy" and is_public(given.get("Policy", "")):
            raise SandboxOnly("AWS blocks public buckets, and the lab leaves it at that.")
        if operation in _OPENS and not _blocks_all(given):
            raise SandboxOnly("The lab opens no bucket to the public on a real account.")
        if operation == "AuthorizeSecurityGroupIngress" and any(w in str(given) for w in _WORLD):
            raise SandboxOnly("The lab opens no port to the world on a real account.")
        if operation == "RunInstances" and not self._ami:
            raise SandboxOnly(
                "An EC2 instance costs money: set LAB_AWS_AMI to the id of an AMI of "
                f"{self._region} if the lab may start one."
            )

    def check_own(
        self, service: str, operation: str, parameters: Mapping[str, Any], administrator: bool
    ) -> None:
        """Whatever changes something has to name a thing of this run.

        Identities of the lab are held back by their boundary; the learner's own is not.
        """
        if not administrator or service == "sts" or _READS.match(operation):
            return
        if (service, operation) in KINDS:
            return
        texts = list(_texts(parameters))
        nameless = _EC2_ID if service == "ec2" else _PROVIDER
        ids = {text for text in texts if nameless.fullmatch(text)}
        if ids - self._ids or not (ids or any(self._prefix in text for text in texts)):
            raise SandboxOnly(_NO_ACCOUNT_WIDE)

    def made(self, parsed: Mapping[str, Any]) -> None:
        """Note the id of what was created: an answer names others' things, too."""
        found = [parsed.get("OpenIDConnectProviderArn"), parsed.get("GroupId")]
        found += [instance.get("InstanceId") for instance in parsed.get("Instances", ())]
        self._ids.update(filter(None, found))

    def instance(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """RunInstances as the lab may make it: one, small, from the learner's AMI."""
        if operation != "RunInstances":
            return dict(parameters)
        size = parameters.get("InstanceType", _SIZES[1])
        if size not in _SIZES:
            raise SandboxOnly(f"An instance of {size} is dearer than any lesson is worth.")
        return {
            **parameters,
            "ImageId": self._ami,
            "InstanceType": size,
            "MinCount": 1,
            "MaxCount": 1,
        }


def _blocks_all(given: Mapping[str, Any]) -> bool:
    wanted = given.get("PublicAccessBlockConfiguration")
    return isinstance(wanted, Mapping) and len(wanted) == 4 and all(wanted.values())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
