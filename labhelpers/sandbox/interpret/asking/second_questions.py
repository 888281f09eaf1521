"""What a request asks beside its own action: rights on what moto reads or writes for it elsewhere.

side_effects.json refuses most of such operations; these are common enough to ask as AWS does.
Source: each service's guide on the permissions that its operations need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labhelpers.sandbox.interpret.asking.own_arns import arns_of
from labhelpers.sandbox.interpret.asking.passed_roles import passed
from labhelpers.sandbox.interpret.call import Check
from labhelpers.sandbox.interpret.resource_arns import told
from labhelpers.sandbox.state import buckets, named
from labhelpers.sandbox.wire.errors import not_modelled

#: Operations that IAM knows by another action. An item of a transaction has its own.
OTHER_ACTIONS = {
    "sns:PublishBatch": "Publish",
    "sqs:ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "DeleteMessage",
    "sqs:SendMessageBatch": "SendMessage",
}
_ITEMS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_SECRETS = "/aws/reference/secretsmanager/"


def transacted(
    operation: str, params: Mapping[str, Any], region: str, account: str
) -> Iterator[Check]:
    """The checks of DynamoDB's transactions: each item is asked for by itself."""
    for item in params.get("TransactItems") or ():
        for kind, inner in item.items() if isinstance(item, Mapping) else ():
            if kind not in _ITEMS or not isinstance(inner, Mapping):
                raise not_modelled(f"dynamodb:{operation} of {kind!s:.40}")
            for arn in arns_of("dynamodb", _ITEMS[kind], inner, region, account):
                yield Check(f"dynamodb:{_ITEMS[kind]}", arn, account)


def second_checks(
    service: str, operation: str, params: Mapping[str, Any], region: str, account: str
) -> tuple[Check, ...]:
    """`service` is botocore's name, `params` are the operation's own."""
    reader = _READERS.get(service)
    return tuple(reader(operation, params, region, account)) if reader else ()


def _ecs(operation: str, params: Mapping[str, Any], region: str, account: str) -> Iterator[Check]:
    """Whoever runs a task hands over the roles of its definition, but for those put in their place.
    Source: ECS Developer Guide, "Amazon ECS EventBridge IAM role"."""
    if operation not in ("RunTask", "StartTask"):
        return
    (arn,) = arns_of("ecs", operation, params, region, account)
    roles = named.roles_of_task(account, region, (arn or "").rpartition("/")[2])
    instead = params.get("overrides")
    roles = {**roles, **(instead if isinstance(instead, Mapping) else {})}
    yield from passed("ecs", operation, {"overrides": roles}, account)


def _lambda(
    operation: str, params: Mapping[str, Any], region: str, account: str
) -> Iterator[Check]:
    """Code from a bucket is read by the caller, and so are the layers."""
    inner = params.get("Code") or params.get("Content")
    code = inner if isinstance(inner, Mapping) else params
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if operation in ("CreateFunction", "PublishLayerVersion", "UpdateFunctionCode") and bucket:
        version = bool(code.get("S3ObjectVersion"))
        owner = buckets.bucket_owner(str(bucket)) or account
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        yield Check(action, f"arn:aws:s3:::{bucket}/{key}", owner)
    for layer in told(params).get("Layers", ()):
        if layer.split(":")[3:5] != [region, account]:
            raise not_modelled(f"a layer of another account or Region, {layer[:120]}")
        yield Check("lambda:GetLayerVersion", layer, account)


def _secretsmanager(
    operation: str, params: Mapping[str, Any], region: str, account: str
) -> Iterator[Check]:
    if operation != "BatchGetSecretValue":
        return
    secrets = told(params).get("SecretIdList", [])
    if params.get("Filters") or not secrets:
        raise not_modelled("secretsmanager:BatchGetSecretValue by filters")
    for secret in secrets:
        yield _secret(secret, region, account)


def _secret(secret: str, region: str, account: str) -> Check:
    (arn,) = arns_of("secretsmanager", "GetSecretValue", {"SecretId": secret}, region, account)
    return Check("secretsmanager:GetSecretValue", arn, account)


def _sns(operation: str, params: Mapping[str, Any], region: str, account: str) -> Iterator[Check]:
    """What a topic sends on needs the right of its receiver, whom nobody asks."""
    if operation in ("Publish", "PublishBatch"):
        texts = told(params)
        for arn in (*texts.get("TopicArn", ()), *texts.get("TargetArn", ())):
            if named.sends_on(arn):
                hint = "On AWS it sends to queues, functions or addresses of the network."
                raise not_modelled(f"sns:{operation} to a topic with such subscriptions", hint)
    yield from ()


def _ssm(operation: str, params: Mapping[str, Any], region: str, account: str) -> Iterator[Check]:
    """A parameter may stand for a secret."""
    texts = told(params)
    for name in (*texts.get("Name", ()), *texts.get("Names", ())):
        if name.startswith("arn:"):
            name = name.partition(":parameter")[2]
        if name.startswith(_SECRETS) and "Parameter" in operation:
            secret = name.removeprefix(_SECRETS).partition(":")[0]
            yield _secret(secret, region, account)


_READERS: Mapping[str, Callable[[str, Mapping[str, Any], str, str], Iterator[Check]]] = {
    "ecs": _ecs,
    "lambda": _lambda,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "ssm": _ssm,
}
