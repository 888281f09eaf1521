"""What follows from a resource's arguments: its ARN, its id, the provider's defaults.

For a type that arns.py does not list the arguments are kept as they are; id and arn are Unknown.
"""

from __future__ import annotations

from copy import deepcopy
from string import Formatter
from typing import Any

from labhelpers.terraform.language.values import Attributes, Unknown, kind, to_number, to_text
from labhelpers.terraform.provider.arguments import argument
from labhelpers.terraform.provider.arns import MORE, PATTERNS
from labhelpers.terraform.provider.policies import normalize_policies
from labhelpers.terraform.provider.target import Target, tags_all

_PATH = {"path": "/"}
_ROLE = {"path": "/", "max_session_duration": 3600, "force_detach_policies": False}
_DEFAULTS: dict[str, dict[str, Any]] = {
    "aws_iam_role": _ROLE,
    "aws_iam_user": _PATH | {"force_destroy": False},
    "aws_iam_group": _PATH,
    "aws_iam_policy": _PATH,
    "aws_iam_instance_profile": _PATH,
    "aws_iam_server_certificate": _PATH,
    "aws_iam_virtual_mfa_device": _PATH,
    "aws_s3_bucket": {"force_destroy": False},
}
_RULE = {"description": "", "self": False} | {
    name: [] for name in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups")
}
_BLOCKS = {"aws_security_group": {"ingress": _RULE, "egress": _RULE}}
_UNTAGGED = ("aws_iam_group",)


def complete(resource_type: str, values: Attributes, target: Target) -> Attributes:
    """Add to a managed resource's arguments what follows from them; raises Problem."""
    arn, id_ = PATTERNS.get(resource_type, ("", ""))
    for name, default in _DEFAULTS.get(resource_type, {}).items():
        if values.get(name) is None:
            values[name] = default
        elif kind(default) == "number" and values[name] is not Unknown:
            values[name] = argument(values, name, to_number)
    for name, defaults in _BLOCKS.get(resource_type, {}).items():
        blocks = values.get(name)
        for block in blocks if isinstance(blocks, list) else ():
            if isinstance(block, Attributes):
                block.update({k: deepcopy(v) for k, v in defaults.items() if k not in block})
    if arn:
        values["arn"] = _filled(arn, values, target)
    for name, pattern in MORE.get(resource_type, {}).items():
        values.setdefault(name, _filled(pattern, values, target))
    if id_ or "id" not in values:
        values["id"] = _filled(id_, values, target) if id_ else Unknown
    if "tags" in values or (arn and resource_type not in _UNTAGGED):
        values["tags_all"] = tags_all(values.get("tags"), target)
    if resource_type in ("terraform_data", "null_data_source"):
        values["output"] = values.get("input")
    normalize_policies(resource_type, values)
    return values


def from_arguments(type_: str, values: Attributes, target: Target) -> Attributes:
    """Return the ARN and the id of what a data source looks up, where its arguments tell them."""
    arn, id_ = PATTERNS.get(type_, ("", ""))
    found = Attributes(line=values.line)
    if arn and "{path}" not in arn:
        found["arn"] = _filled(arn, values, target)
    for name, pattern in MORE.get(type_, {}).items():
        found[name] = _filled(pattern, Attributes(values | found), target)
    if id_ and "id" not in found:
        found["id"] = _filled(id_, Attributes(values | found), target)
    return found


def _filled(pattern: str, values: Attributes, target: Target) -> Any:
    """Return the pattern with its fields filled, Unknown if one of them is not known."""
    fields = {name for _, name, _, _ in Formatter().parse(pattern) if name}
    found = {name: _field(name, values, target) for name in fields}
    if any(value is Unknown or value is None for value in found.values()):
        return Unknown
    return pattern.format(**found)


def _field(name: str, values: Attributes, target: Target) -> Any:
    match name:
        case "account":
            return target.account_id
        case "region":  # provider 6 has it as an argument
            return target.region if values.get("region") is None else values["region"]
        case "partition":
            return target.partition
        case "dns_suffix":
            return target.dns_suffix
        case "host":
            url = _field("url", values, target)
            return url if url is Unknown else url.removeprefix("https://").rstrip("/")
        case "slash_name":
            given = _field("name", values, target)
            return given if given is Unknown or given.startswith("/") else f"/{given}"
        case "bus":
            given = values.get("event_bus_name")
            bus = "default" if given is None else _field("event_bus_name", values, target)
            return bus if bus is Unknown else "" if bus == "default" else f"{_last(bus)}/"
        case "cluster_name" if "cluster" in values:
            return _last(_field("cluster", values, target))
        case "function_arn":
            given = _field("function_name", values, target)
            if given is Unknown or given.startswith("arn:"):
                return given
            return _filled(PATTERNS["aws_lambda_function"][0], values, target)
    return argument(values, name, to_text, default=Unknown)


def _last(name: Any) -> Any:
    """Return the name in an ARN that ends with one."""
    return name if name is Unknown else name.rpartition("/")[2]
