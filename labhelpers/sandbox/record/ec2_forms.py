"""EC2's own spelling in events: lists as {"items": […]}, ids and filters as sets.

Source: CloudTrail User Guide, EC2 log examples. Covered are the forms of the operations that the
lab teaches; others keep their parameter names, in camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from labhelpers.sandbox.record.shapes import camel, is_secret, tidy

_LAUNCHED = ("ImageId", "MinCount", "MaxCount", "KeyName")


def request(operation: str, shape: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    rest, found = dict(values), {}
    if operation == "RunInstances":
        launched = {camel(name): rest.pop(name) for name in _LAUNCHED if name in rest}
        found["instancesSet"] = {"items": [launched]}
        found |= _attached(shape, rest)
    for name, one in (("InstanceIds", "instanceId"), ("ImageIds", "imageId")):
        if name in rest:
            key = camel(name.removesuffix("Ids")) + "sSet"
            found[key] = {"items": [{one: value} for value in rest.pop(name)]}
    if operation in ("CreateTags", "DeleteTags"):
        if "Resources" in rest:
            ids = rest.pop("Resources")
            found["resourcesSet"] = {"items": [{"resourceId": value} for value in ids]}
        if "Tags" in rest:
            found["tagSet"] = {"items": tidy(shape.members["Tags"], rest.pop("Tags"))}
    if "TagSpecifications" in rest:
        # Only the outer list is one of items: so in six public readers of such events.
        told = tidy(shape.members["TagSpecifications"], rest.pop("TagSpecifications"))
        found["tagSpecificationSet"] = {"items": told}
    if "Filters" in rest:
        found["filterSet"] = {"items": [_filter(item) for item in rest.pop("Filters")]}
    return found | _in_sets(tidy(shape, rest))


def _attached(shape: Any, rest: dict[str, Any]) -> dict[str, Any]:
    """Groups, network interfaces and disks of a launch, as an event of 2024 has them."""
    found: dict[str, Any] = {}
    groups = [{"groupId": value} for value in rest.pop("SecurityGroupIds", ())]
    groups += [{"groupName": value} for value in rest.pop("SecurityGroups", ())]
    if groups:
        found["groupSet"] = {"items": groups}
    if "NetworkInterfaces" in rest:
        told = tidy(shape.members["NetworkInterfaces"], rest.pop("NetworkInterfaces"))
        for one in told:
            if "groups" in one:
                one["groupSet"] = [{"groupId": value} for value in one.pop("groups")]
        found["networkInterfaceSet"] = _in_sets(told)
    if "BlockDeviceMappings" in rest:
        told = tidy(shape.members["BlockDeviceMappings"], rest.pop("BlockDeviceMappings"))
        found["blockDeviceMapping"] = _in_sets(told)
    return found


def _filter(item: Mapping[str, Any]) -> dict[str, Any]:
    values = [{"value": value} for value in item.get("Values", ())]
    return {"name": item.get("Name", ""), "valueSet": {"items": values}}


def _in_sets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_sets(member) for name, member in value.items()}
    if isinstance(value, list):
        return {"items": [_in_sets(member) for member in value]}
    return value


def response(shape: Any, value: Any) -> Any:
    """EC2's answers already have CloudTrail's names on the wire."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return {
            shape.members[name].serialization.get("name", camel(name)): response(
                shape.members[name], member
            )
            for name, member in value.items()
            if name in shape.members and not is_secret(name, shape.members[name])
        }
    if shape.type_name == "list" and isinstance(value, list):
        return {"items": [response(shape.member, member) for member in value]}
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return value
