"""What moto knows of EC2: instances, their profiles and tags. Everything here reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labhelpers.sandbox.state.iam import find_entity
from labhelpers.sandbox.state.service_locks import touch

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance
    from moto.iam.models import InstanceProfile


def role_of_instance_profile(account_id: str, name: str | None, arn: str | None) -> str | None:
    """ARN of the role in an instance profile that is named by name or ARN."""
    profile = find_entity(account_id, "instance-profile", name or (arn or "").rsplit("/", 1)[-1])
    return profile.roles[0].arn if profile is not None and profile.roles else None


def ec2_tags(account_id: str, region: str, resource_id: str) -> dict[str, str]:
    """The tags of an EC2 resource that exists, none of one that is about to."""
    if resource_id == "*":
        return {}
    from moto.ec2.models import ec2_backends

    return dict(ec2_backends[account_id][region].tags.get(resource_id, {}))


def security_group_ids(account_id: str, region: str, name: str) -> list[str]:
    """The id of the security group that a request names, as moto finds it; none without one."""
    from moto.ec2.models import ec2_backends

    group = ec2_backends[account_id][region].get_security_group_by_name_or_id(name)
    return [group.id] if group is not None else []


def addresses(
    account_id: str, region: str, interface: str | None, subnet: str | None
) -> tuple[int, int] | None:
    """(Private IPv4 addresses of a network interface, those free in its subnet); for one that is
    about to be made, its own and those free beside it. None where moto will not find them."""
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[account_id][region]
    if interface:
        found = backend.enis.get(interface)
        taken, place = (len(found.private_ip_addresses), found.subnet) if found else (0, None)
    else:
        by_zone = backend.subnets.values()
        place = next((zone[subnet] for zone in by_zone if subnet in zone), None)
        taken = 1
    if place is None:
        return None
    return taken, place.available_ip_address_count - (not interface)


def find_instance(instance_id: str) -> Instance | None:
    """The moto Instance with this id, in whatever account and Region, or None."""
    from moto.ec2.models import ec2_backends

    touch("ec2")
    for regions in list(ec2_backends.values()):
        for backend in list(regions.values()):
            instance = backend.get_instance_by_id(instance_id)
            if instance is not None:
                return instance
    return None


def instance_profile_of(instance: Instance) -> tuple[str, InstanceProfile] | None:
    """(association id, the profile as it was associated), None without a profile."""
    found = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    if found is None or found.iam_instance_profile is None:
        return None
    return found.association_id, found.iam_instance_profile


def is_current_profile(profile: InstanceProfile) -> bool:
    """Whether an instance profile is still there: itself, not a namesake."""
    now = find_entity(profile.account_id, "instance-profile", profile.name)
    return now is not None and now.id == profile.id


def visible_instance_tags(instance: Instance) -> dict[str, str] | None:
    """An instance's tags, None unless its metadata options show them to it."""
    if instance.metadata_options.instance_metadata_tags != "enabled":
        return None
    backend = instance.ec2_backend
    return ec2_tags(backend.account_id, backend.region_name, instance.id)
