"""Which EC2 resources stand behind an id, an address or a name that is none of their own.

Everything here reads moto's state. What is not found is left out: nobody knows it then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Found = Iterator[tuple[str, str]]  # (resource type, id)


def _backend(account_id: str, region: str) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[account_id][region]


def behind(account_id: str, region: str, id_: str) -> list[tuple[str, str]]:
    """(resource type, id) of all that an association, an attachment or a peering stands for."""
    look = _LINKS.get(id_.rpartition("-")[0])
    return list(dict.fromkeys(look(_backend(account_id, region), id_))) if look else []


def behind_address(account_id: str, region: str, public_ip: str) -> list[tuple[str, str]]:
    """The Elastic IP of an address, with the interface that has it."""
    addresses = _backend(account_id, region).addresses
    return [pair for a in addresses if a.public_ip == public_ip for pair in _address(a)]


def template_id(account_id: str, region: str, name: str) -> str | None:
    """The id of the launch template of a name."""
    found = _backend(account_id, region).launch_template_name_to_ids.get(name)
    return str(found) if found else None


def template_data(account_id: str, region: str, id_: str, version: str) -> Mapping[str, Any] | None:
    """What a version of a launch template says; "" is the default one. None if there is none."""
    template = _backend(account_id, region).launch_templates.get(id_)
    if template is None:
        return None
    numbers = {"": template.default_version_number, "$Default": template.default_version_number}
    number = numbers.get(version) or (len(template.versions) if version == "$Latest" else version)
    found = next((v for v in template.versions if str(v.number) == str(number)), None)
    return None if found is None else found.data


def default_subnet(account_id: str, region: str, zone: str) -> str | None:
    """The id of the subnet of an instance that names none."""
    subnets = _backend(account_id, region).get_default_subnets()
    found = subnets.get(zone or f"{region}a")
    return found.id if found is not None else None


def default_security_group(account_id: str, region: str, subnet: str) -> str | None:
    """The id of the security group of an instance that names none; `subnet` "" is a default one."""
    backend = _backend(account_id, region)
    for subnets in backend.subnets.values():
        if subnet in subnets:
            return _id(backend.get_default_security_group(subnets[subnet].vpc_id))
    return _id(backend.get_default_security_group()) if not subnet else None


def encrypts_by_default(account_id: str, region: str) -> bool:
    """Whether new volumes are encrypted, whatever a request says."""
    return bool(_backend(account_id, region).ebs_encryption_by_default)


def _id(resource: Any) -> str | None:
    return None if resource is None else str(resource.id)


def _profiles(backend: Any, id_: str) -> Found:
    for instance_id, one in backend.iam_instance_profile_associations.items():
        if one.association_id == id_:
            yield "instance", instance_id


def _addresses(backend: Any, id_: str) -> Found:
    for address in backend.addresses:
        if address.association_id == id_:
            yield from _address(address)


def _address(address: Any) -> Found:
    yield "elastic-ip", address.allocation_id
    if address.eni is not None:
        yield "network-interface", address.eni.id
    if address.instance is not None:
        yield "instance", address.instance.id


def _route_tables(backend: Any, id_: str) -> Found:
    for table in backend.route_tables.values():
        if id_ in table.all_associations_ids:
            yield "route-table", table.id
            target = table._associations.get(id_) or ""
            kind = {"subnet": "subnet", "igw": "internet-gateway", "vgw": "vpn-gateway"}
            if target.partition("-")[0] in kind:
                yield kind[target.partition("-")[0]], target


def _network_acls(backend: Any, id_: str) -> Found:
    for acl in backend.network_acls.values():
        if id_ in acl._associations:
            yield "network-acl", acl.id
            yield "subnet", acl._associations[id_].subnet_id


def _attachments(backend: Any, id_: str) -> Found:
    for interface in backend.enis.values():
        if interface.attachment_id == id_:
            yield "network-interface", interface.id
            if interface.instance is not None:
                yield "instance", interface.instance.id


def _subnet_blocks(backend: Any, id_: str) -> Found:
    for subnets in backend.subnets.values():
        for subnet in subnets.values():
            if id_ in subnet.ipv6_cidr_block_associations:
                yield "subnet", subnet.id


def _vpc_blocks(backend: Any, id_: str) -> Found:
    for vpc in backend.vpcs.values():
        if id_ in vpc._cidr_block_association_set:
            yield "vpc", vpc.id


def _peerings(backend: Any, id_: str) -> Found:
    """Its own side of a peering: the VPC that it was offered to."""
    peering = backend.vpc_pcxs.get(id_)
    if peering is not None:
        yield "vpc", peering.peer_vpc.id


def _key_pairs(backend: Any, id_: str) -> Found:
    """A key pair's ARN holds its name."""
    for name, key in backend.key_pairs.items():
        if key.id == id_:
            yield "key-pair", name


def _volumes(backend: Any, id_: str) -> Found:
    volume = backend.volumes.get(id_)
    if volume is not None and volume.attachment is not None:
        yield "instance", volume.attachment.instance.id


#: Prefix of an id -> who finds what it stands for.
_LINKS: Mapping[str, Callable[[Any, str], Found]] = {
    "aclassoc": _network_acls,
    "eipassoc": _addresses,
    "eni-attach": _attachments,
    "iip-assoc": _profiles,
    "key": _key_pairs,
    "pcx": _peerings,
    "rtbassoc": _route_tables,
    "subnet-cidr-assoc": _subnet_blocks,
    "vol": _volumes,
    "vpc-cidr-assoc": _vpc_blocks,
}
