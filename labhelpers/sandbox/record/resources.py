"""The Resources of LookupEvents: what CloudTrail finds in an event to look it up by.

Source: listings of real event histories (AssumeRole); for IAM, S3 and EC2 the resource types of
CloudFormation, by the parameters that name a resource.
"""

from __future__ import annotations

from typing import Any

_NAMED_BY = {
    "accessKeyId": "AWS::IAM::AccessKey",
    "bucketName": "AWS::S3::Bucket",
    "groupName": "AWS::IAM::Group",
    "instanceId": "AWS::EC2::Instance",
    "instanceProfileName": "AWS::IAM::InstanceProfile",
    "policyArn": "AWS::IAM::Policy",
    "policyName": "AWS::IAM::Policy",
    "roleName": "AWS::IAM::Role",
    "userName": "AWS::IAM::User",
}


def resources_of(event: dict[str, Any]) -> list[dict[str, str]]:
    """ResourceType and ResourceName pairs, each once."""
    asked, said = event["requestParameters"] or {}, event["responseElements"] or {}
    found: list[tuple[str, str]] = []
    if event["eventSource"] == "sts.amazonaws.com":
        found += _issued(said)
    else:
        found += _named(asked)
        key = said.get("accessKey")
        if isinstance(key, dict) and "accessKeyId" in key:
            found.append(("AWS::IAM::AccessKey", key["accessKeyId"]))
    for value in (asked.get("instancesSet"), said.get("instancesSet")):
        items = value.get("items", ()) if isinstance(value, dict) else ()
        found += [pair for item in items for pair in _named({"instanceId": item.get("instanceId")})]
    if event["eventSource"] != "s3.amazonaws.com":
        found += [(item["type"], item["ARN"]) for item in event.get("resources", ())]
    return [{"ResourceType": kind, "ResourceName": name} for kind, name in dict.fromkeys(found)]


def _named(asked: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (_NAMED_BY[name], value)
        for name, value in asked.items()
        if name in _NAMED_BY and isinstance(value, str)
    ]


def _issued(said: dict[str, Any]) -> list[tuple[str, str]]:
    """A session can be found by its key, its id, its name and its ARN."""
    found = []
    if "credentials" in said:
        found.append(("AWS::IAM::AccessKey", said["credentials"]["accessKeyId"]))
    for member, kind, id_name in (
        ("assumedRoleUser", "AWS::STS::AssumedRole", "assumedRoleId"),
        ("federatedUser", "AWS::STS::FederatedUser", "federatedUserId"),
    ):
        if member in said:
            arn = said[member]["arn"]
            found += [(kind, said[member][id_name]), (kind, arn.rsplit("/", 1)[-1]), (kind, arn)]
    return found
