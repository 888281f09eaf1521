"""What follows from a resource's arguments: its ARN, its id, the provider's defaults.

Only types that matter for IAM and for the examples are listed. For every other type the
arguments are kept as they are, and id and arn are Unknown.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from .errors import Problem
from .policies import normalize_policies
from .provider import Target, tags_all
from .values import Attributes, Unknown, kind, to_number, to_text


@dataclass(frozen=True)
class _Type:
    """How a type's ARN and id are built, the defaults of its arguments and nested blocks."""

    arn: str = ""
    id: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)


_PATH = {"path": "/"}
_ROLE = {"path": "/", "max_session_duration": 3600, "force_detach_policies": False}
_IAM = "arn:{partition}:iam::{account}:"
_IN = "{region}:{account}:"
_DOMAINS = {
    "bucket_domain_name": "{bucket}.s3.{dns_suffix}",
    "bucket_regional_domain_name": "{bucket}.s3.{region}.{dns_suffix}",
    "region": "{region}",
}
_RULE = {"description": "", "self": False} | {
    name: [] for name in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups")
}
_TYPES = {
    "aws_iam_role": _Type(_IAM + "role{path}{name}", "{name}", _ROLE),
    "aws_iam_user": _Type(_IAM + "user{path}{name}", "{name}", _PATH | {"force_destroy": False}),
    "aws_iam_group": _Type(_IAM + "group{path}{name}", "{name}", _PATH),
    "aws_iam_policy": _Type(_IAM + "policy{path}{name}", "{arn}", _PATH),
    "aws_iam_instance_profile": _Type(_IAM + "instance-profile{path}{name}", "{name}", _PATH),
    "aws_iam_saml_provider": _Type(_IAM + "saml-provider/{name}", "{arn}"),
    "aws_iam_openid_connect_provider": _Type(_IAM + "oidc-provider/{host}", "{arn}"),
    "aws_iam_role_policy": _Type(id="{role}:{name}"),
    "aws_iam_user_policy": _Type(id="{user}:{name}"),
    "aws_iam_group_policy": _Type(id="{group}:{name}"),
    "aws_s3_bucket": _Type(
        "arn:{partition}:s3:::{bucket}", "{bucket}", {"force_destroy": False}, _DOMAINS
    ),
    "aws_s3_bucket_policy": _Type(id="{bucket}"),
    "aws_s3_bucket_public_access_block": _Type(id="{bucket}"),
    "aws_security_group": _Type(
        more={"owner_id": "{account}"}, blocks={"ingress": _RULE, "egress": _RULE}
    ),
    "aws_sns_topic": _Type("arn:{partition}:sns:" + _IN + "{name}", "{arn}"),
    "aws_sqs_queue": _Type("arn:{partition}:sqs:" + _IN + "{name}"),
    "aws_dynamodb_table": _Type("arn:{partition}:dynamodb:" + _IN + "table/{name}", "{name}"),
    "aws_lambda_function": _Type(
        "arn:{partition}:lambda:" + _IN + "function:{function_name}", "{function_name}"
    ),
    "aws_cloudwatch_log_group": _Type("arn:{partition}:logs:" + _IN + "log-group:{name}", "{name}"),
    "aws_ecr_repository": _Type("arn:{partition}:ecr:" + _IN + "repository/{name}", "{name}"),
    "aws_sfn_state_machine": _Type(
        "arn:{partition}:states:" + _IN + "stateMachine:{name}", "{arn}"
    ),
    "aws_ssm_parameter": _Type("arn:{partition}:ssm:" + _IN + "parameter{slash_name}", "{name}"),
}


def complete(resource_type: str, values: Attributes, target: Target) -> Attributes:
    """Add to a managed resource's arguments what follows from them; raises Problem."""
    normalize_policies(resource_type, values)
    known = _TYPES.get(resource_type, _Type())
    for name, default in known.defaults.items():
        if values.get(name) is None:
            values[name] = default
        elif kind(default) == "number" and values[name] is not Unknown:
            values[name] = _checked(name, values)
    for name, defaults in known.blocks.items():
        blocks = values.get(name)
        for block in blocks if isinstance(blocks, list) else ():
            if isinstance(block, Attributes):
                block.update({k: deepcopy(v) for k, v in defaults.items() if k not in block})
    if known.arn:
        values["arn"] = _filled(known.arn, values, target)
    for name, pattern in known.more.items():
        values.setdefault(name, _filled(pattern, values, target))
    values["id"] = _filled(known.id, values, target) if known.id else Unknown
    if "tags" in values or (known.arn and resource_type != "aws_iam_group"):
        values["tags_all"] = tags_all(values.get("tags"), target)
    return values


def _checked(name: str, values: Attributes) -> Any:
    try:
        return to_number(values[name])
    except Problem as problem:
        message = f'Inappropriate value for attribute "{name}": {problem.message}'
        raise Problem(message, "", values.line_of(name)) from None


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
        case "region":
            return target.region
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
    value = values.get(name)
    if value is None or value is Unknown:
        return Unknown
    try:
        return to_text(value)
    except Problem as problem:
        message = f'Inappropriate value for attribute "{name}": {problem.message}'
        raise Problem(message, "", values.line_of(name)) from None
