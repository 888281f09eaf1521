"""What an instance can read about itself, besides its credentials.

Source: EC2 User Guide, "Instance metadata categories", "Instance identity documents". Signatures
of the identity document are not modelled.
"""

from __future__ import annotations

import json
from typing import Any

from labhelpers.sandbox.state import instances
from labhelpers.sandbox.wire.times import iso

Tree = dict[str, Any]  # names to texts or further trees


def metadata_tree(instance: instances.Instance, tags: dict[str, str] | None) -> Tree:
    """The items under /latest/meta-data/; `tags` None where the instance may not see them."""
    region = instance.ec2_backend.region_name
    tree: Tree = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.ami_launch_index),
        "hostname": instance.private_dns_name,
        "instance-id": instance.id,
        "instance-life-cycle": "spot" if instance.lifecycle == "spot" else "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": instance.private_dns_name,
        "local-ipv4": instance.private_ip,
        "mac": instance.nics[0].mac_address,
        "placement": {"availability-zone": instance.availability_zone, "region": region},
        "security-groups": "\n".join(group.name for group in instance.security_groups),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }
    if instance.public_ip:
        tree["public-hostname"] = instance.public_dns_name
        tree["public-ipv4"] = instance.public_ip
    if tags:
        tree["tags"] = {"instance": tags}
    return {name: value for name, value in tree.items() if value}


def identity_document(instance: instances.Instance) -> str:
    """The instance identity document, JSON as text."""
    return json.dumps(
        {
            "accountId": instance.ec2_backend.account_id,
            "architecture": instance.architecture,
            "availabilityZone": instance.availability_zone,
            "billingProducts": None,
            "devpayProductCodes": None,
            "marketplaceProductCodes": None,
            "imageId": instance.image_id,
            "instanceId": instance.id,
            "instanceType": instance.instance_type,
            "kernelId": None,
            "pendingTime": iso(instance.launch_time),
            "privateIp": instance.private_ip,
            "ramdiskId": None,
            "region": instance.ec2_backend.region_name,
            "version": "2017-09-30",
        },
        indent=2,
    )


def read(tree: Tree, path: str) -> str | None:
    """The text at a path, or the names below it, directories with a slash; None for neither. A
    slash more at the end changes nothing: botocore and old scripts ask for texts so, too."""
    here: Any = tree
    for part in path.strip("/").split("/") if path.strip("/") else ():
        if not isinstance(here, dict) or part not in here:
            return None
        here = here[part]
    if not isinstance(here, dict):
        return str(here)
    return "\n".join(
        name + ("/" if isinstance(value, dict) else "") for name, value in sorted(here.items())
    )
