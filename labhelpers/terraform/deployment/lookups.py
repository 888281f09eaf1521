"""Data sources that AWS answers: what deploy() asks before it creates anything."""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.deployment.makers import Clients, Values
from labhelpers.terraform.language.errors import TerraformError
from labhelpers.terraform.language.values import Attributes
from labhelpers.terraform.modules.configuration import Resource


def look_up(clients: Clients, resource: Resource) -> dict[str, Any] | None:
    """Return the attributes of a data source, None for a type that is not known here.

    Raises TerraformError if AWS has none or several of what is asked for.
    """
    asked = _LOOKUPS.get(resource.type)
    return None if asked is None else asked(clients, resource)


def _vpc(clients: Clients, resource: Resource) -> dict[str, Any]:
    filters = _filters(resource.values)
    if resource.values.get("default") is True:
        filters.append({"Name": "is-default", "Values": ["true"]})
    found = _one(clients("ec2").describe_vpcs(Filters=filters)["Vpcs"], resource)
    return {"id": found["VpcId"], "cidr_block": found["CidrBlock"]}


def _subnets(clients: Clients, resource: Resource) -> dict[str, Any]:
    found = clients("ec2").describe_subnets(Filters=_filters(resource.values))["Subnets"]
    return {"ids": [subnet["SubnetId"] for subnet in found]}


def _subnet(clients: Clients, resource: Resource) -> dict[str, Any]:
    filters = _filters(resource.values)
    if isinstance(resource.values.get("id"), str):
        filters.append({"Name": "subnet-id", "Values": [resource.values["id"]]})
    found = _one(clients("ec2").describe_subnets(Filters=filters)["Subnets"], resource)
    return {"id": found["SubnetId"], "vpc_id": found["VpcId"], "cidr_block": found["CidrBlock"]}


def _role(clients: Clients, resource: Resource) -> dict[str, Any]:
    found = clients("iam").get_role(RoleName=resource.values["name"])["Role"]
    return {"arn": found["Arn"], "path": found["Path"], "id": found["RoleName"]}


def _filters(values: Values) -> list[dict[str, Any]]:
    blocks = values.get("filter")
    return [
        {"Name": block["name"], "Values": list(block["values"])}
        for block in (blocks if isinstance(blocks, list) else ())
        if isinstance(block, Attributes)
    ]


def _one(found: list, resource: Resource) -> dict[str, Any]:
    if len(found) != 1:
        message = f"{resource.address}: AWS has {len(found)} of these, not one."
        raise TerraformError(message, resource.file, resource.line, "Narrow the filters.")
    return found[0]


_LOOKUPS = {
    "aws_vpc": _vpc,
    "aws_subnets": _subnets,
    "aws_subnet": _subnet,
    "aws_iam_role": _role,
}
