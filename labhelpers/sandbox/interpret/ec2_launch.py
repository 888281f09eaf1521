"""RunInstances: what a launch template adds, what stands in where nothing is named, and the
condition keys of what is made.

Source: EC2 User Guide, "Example policies to control access to the Amazon EC2 API" and "Launch
templates"; Service Authorization Reference, "Condition keys for Amazon EC2".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.sandbox.state import ec2_links
from labhelpers.sandbox.wire.errors import Refusal, not_modelled

_DEFAULT_TYPE = "m1.small"
#: Device names of the volume that holds the system: an image brings it where no mapping does.
_ROOT_DEVICES = ("/dev/sda1", "/dev/xvda")
#: Key of a volume -> the parameter that gives it.
_VOLUME_KEYS = {
    "ec2:Encrypted": "Encrypted",
    "ec2:VolumeIops": "Iops",
    "ec2:VolumeSize": "VolumeSize",
    "ec2:VolumeThroughput": "Throughput",
    "ec2:VolumeType": "VolumeType",
}
_METADATA_KEYS = {
    "ec2:MetadataHttpEndpoint": "MetadataOptions.HttpEndpoint",
    "ec2:MetadataHttpPutResponseHopLimit": "MetadataOptions.HttpPutResponseHopLimit",
    "ec2:MetadataHttpTokens": "MetadataOptions.HttpTokens",
}


def completed(params: Mapping[str, str], region: str, account: str) -> dict[str, str]:
    """The parameters with those of the launch template, and with the default subnet and group."""
    asked = {**_from_template(params, region, account), **params}
    subnet = _first(asked, "SubnetId")
    if not subnet and not _first(asked, "NetworkInterfaceId"):
        zone = asked.get("Placement.AvailabilityZone", "")
        found = ec2_links.default_subnet(account, region, zone)
        asked |= {"SubnetId": found} if found else {}
    if not any("SecurityGroup" in name for name in asked):
        group = ec2_links.default_security_group(account, region, subnet)
        asked |= {"SecurityGroupId.1": group} if group else {}
    return asked


def instance_keys(params: Mapping[str, str]) -> dict[str, str]:
    """The condition keys of an instance that is about to be made."""
    keys = {
        "ec2:EbsOptimized": params.get("EbsOptimized", "false").lower(),
        "ec2:InstanceType": params.get("InstanceType", _DEFAULT_TYPE),
        "ec2:Tenancy": params.get("Placement.Tenancy", "default"),
    }
    return keys | {key: params[name] for key, name in _METADATA_KEYS.items() if name in params}


def volumes(params: Mapping[str, str], region: str, account: str) -> Iterator[dict[str, str]]:
    """The condition keys of each volume that a launch makes."""
    root = False
    for number in _numbers(params, "BlockDeviceMapping"):
        start = f"BlockDeviceMapping.{number}."
        device = params.get(f"{start}DeviceName", "")
        root = root or device in _ROOT_DEVICES
        if any(name.startswith(f"{start}Ebs.") for name in params):
            yield volume_keys(params, f"{start}Ebs.", region, account)
    if not root:
        yield volume_keys({}, "", region, account)


def volume_keys(params: Mapping[str, str], start: str, region: str, account: str) -> dict[str, str]:
    """The condition keys of one volume, whose parameters begin with `start`."""
    keys = {
        key: params[f"{start}{name}"]
        for key, name in _VOLUME_KEYS.items()
        if f"{start}{name}" in params
    }
    encrypted = keys.get("ec2:Encrypted", "false").lower() == "true"
    encrypted = encrypted or ec2_links.encrypts_by_default(account, region)
    return keys | {"ec2:Encrypted": "true" if encrypted else "false"}


def _from_template(params: Mapping[str, str], region: str, account: str) -> dict[str, str]:
    start = "LaunchTemplate."
    id_, name = params.get(f"{start}LaunchTemplateId"), params.get(f"{start}LaunchTemplateName")
    if id_ is None and name is None:
        return {}
    if id_ is not None and name is not None:
        text = "Specify either a launch template ID or a launch template name, not both."
        raise Refusal("InvalidParameterCombination", text, 400)
    id_ = id_ or ec2_links.template_id(account, region, name or "")
    version = params.get(f"{start}Version", "")
    data = ec2_links.template_data(account, region, id_ or "", version)
    if data is None:
        raise not_modelled("a launch template that is not there")
    own = {name.partition(".")[0] for name in params}
    return {
        name: value
        for name, value in _flat("", data)
        if name.partition(".")[0] not in own - {"TagSpecification"}
    }


def _flat(start: str, value: Any) -> Iterator[tuple[str, str]]:
    """A template's data under the names of RunInstances: `SecurityGroupIds` is SecurityGroupId.N,
    and an interface's `Groups` are its SecurityGroupId.N."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, list):
                name = "SecurityGroupId" if name == "Groups" else name.removesuffix("s")
            yield from _flat(f"{start}.{name}" if start else name, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 101):  # none of the request's own numbers
            yield from _flat(f"{start}.{number}", inner)
    elif isinstance(value, bool):
        yield start, str(value).lower()
    elif value is not None:
        yield start, str(value)


def _first(params: Mapping[str, str], last: str) -> str:
    """The first value of a parameter, on its own or within an interface."""
    names = (n for n in params if n == last or n.endswith(f".{last}"))
    return next((params[name] for name in names), "")


def _numbers(params: Mapping[str, str], name: str) -> list[str]:
    parts = (key.split(".") for key in params if key.startswith(f"{name}."))
    return list(dict.fromkeys(part[1] for part in parts))
