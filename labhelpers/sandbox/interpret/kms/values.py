"""Secrets, parameters, messages and records under KMS keys: which key a request needs.

Source: Secrets Manager User Guide, "Secret encryption and decryption"; Systems Manager User Guide,
"AWS KMS encryption for Parameter Store SecureString parameters"; SQS Developer Guide, "Key
management"; SNS Developer Guide, "Managing encryption keys and costs". The same guides name the
encryption contexts. Inferred: that a change of a secret's key asks what a new value asks. An alias
that a secret or a parameter was stored with is looked up anew when it is read. Not modelled: data
of other services under a customer's key, and replicas of secrets under one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.kms.keys import via_service
from labhelpers.sandbox.interpret.kms.objects import read_for
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.interpret.services import asked
from labhelpers.sandbox.state import encrypted
from labhelpers.sandbox.wire.errors import not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: A key by its id, ARN or alias, but for the aliases of AWS managed keys.
_KEY = re.compile(
    r"(arn:aws:kms:[^:]*:\d*:)?(key/|(?=mrk-)|(?=[0-9a-f]{8}-)|alias/(?!aws/))\S+", re.ASCII
)
Questions = Iterator[Check]
Params = Mapping[str, Any]
_SECRET = "/aws/reference/secretsmanager/"  # Parameter Store reads it there for the caller
_VALUES = ("SecretBinary", "SecretString")


def with_keys(call: Call, http: HttpRequest, caller: Caller) -> Call:
    """The call with what it asks of KMS keys behind everything else."""
    found = asked(http, caller.service)
    assert found is not None, "a request that was read"
    params, reader = found.params, _READERS.get(call.service)
    if reader is None:
        refuse_customer_keys(found.service, call.operation, params)
        read = tuple(read_for(call.checks, caller))
        return replace(call, checks=(*call.checks, *read)) if read else call
    checks = tuple(reader(call, params, caller))
    sent = _default_key(call, params, http) if call.service == "ssm" else None
    return replace(call, checks=(*call.checks, *checks), sent=sent)


def refuse_customer_keys(service: str, operation: str, params: Params) -> None:
    """Services whose data under a customer's key nobody here would ask the key for."""
    if params.get("Action") == operation:
        named = any(_is_name(k.rpartition(".")[2]) and _is_key(v) for k, v in params.items())
    else:
        named = _names_key(service_model(service).operation_model(operation).input_shape, params)
    if named:
        raise not_modelled(
            f"{service}:{operation} with a KMS key of your own",
            "Leave the key out, or use the service's own (alias/aws/…).",
        )


def _names_key(shape: Any, value: Any) -> bool:
    """Whether a parameter names a customer's key. Names in maps are whatever people chose."""
    if shape is None:
        return False
    if shape.type_name == "list" and isinstance(value, list):
        return any(_names_key(shape.member, item) for item in value)
    if shape.type_name != "structure" or not isinstance(value, dict):
        return False
    wire = {inner.serialization.get("name", name): inner for name, inner in shape.members.items()}
    return any(
        (_is_name(name) and _is_key(held)) or _names_key(wire.get(name), held)
        for name, held in value.items()
    )


def _is_name(parameter: str) -> bool:
    return "kms" in parameter.lower() or parameter in ("KeyId", "KeyIdentifier")


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _secret(call: Call, params: Params, caller: Caller) -> Questions:
    account, region = caller.principal.account, caller.region
    writes = call.operation in ("CreateSecret", "PutSecretValue", "UpdateSecret")
    if "AddReplicaRegions" in params and "KmsKeyId" in json.dumps(params["AddReplicaRegions"]):
        raise not_modelled("replicas of secrets under a customer's key")
    if call.operation == "CreateSecret":
        if any(name in params for name in _VALUES):
            key = params.get("KmsKeyId") or "alias/aws/secretsmanager"
            pairs = _version({}, params)
            yield from _both(
                "secretsmanager", str(key), account, (region, account), pairs, "SecretARN"
            )
        return
    names = [params.get("SecretId")]
    if call.operation == "BatchGetSecretValue":
        names = params.get("SecretIdList") or []
    elif not writes and call.operation != "GetSecretValue":
        return
    for name in names:
        secret = encrypted.secret(str(name), region, call.account_id)
        if secret is None:
            continue
        key = getattr(secret, "kms_key_id", None) or "alias/aws/secretsmanager"
        place, pairs = (region, call.account_id), {"SecretARN": secret.arn}
        if not writes:
            yield _opened(secret, params, account, place)
        elif "KmsKeyId" in params or any(name in params for name in _VALUES):
            key = str(params.get("KmsKeyId") or key)
            yield from _both("secretsmanager", key, account, place, _version(pairs, params))


def _opened(secret: Any, params: Params, account: str, place: tuple[str, str]) -> Check:
    key = getattr(secret, "kms_key_id", None) or "alias/aws/secretsmanager"
    pairs = {"SecretARN": secret.arn, "SecretVersionId": _read_version(secret, params)}
    return via_service("secretsmanager", "Decrypt", key, account, place, pairs)


def _version(pairs: dict[str, str], params: Params) -> dict[str, str]:
    token = params.get("ClientRequestToken")
    return pairs | ({"SecretVersionId": str(token)} if token else {})


def _read_version(secret: Any, params: Params) -> str:
    stage = params.get("VersionStage") or "AWSCURRENT"
    if params.get("VersionId"):
        return str(params["VersionId"])
    versions = secret.versions.items()
    return next((name for name, held in versions if stage in held["version_stages"]), "")


def _parameter(call: Call, params: Params, caller: Caller) -> Questions:
    account, region = caller.principal.account, caller.region
    place = (region, account)
    if call.operation == "PutParameter":
        name = str(params.get("Name"))
        held = encrypted.parameter_versions(name, region, account)
        kind = params.get("Type") or (held[-1].parameter_type if held else "")
        if kind == "SecureString":
            key = str(params.get("KeyId") or "alias/aws/ssm")
            advanced = params.get("Tier") == "Advanced" or (held and held[-1].tier == "Advanced")
            action = "GenerateDataKey" if advanced else "Encrypt"
            yield via_service("ssm", action, key, account, place, _named(name, place))
        return
    if not params.get("WithDecryption"):
        return
    if call.operation == "GetParametersByPath":
        found = encrypted.parameters_under(params, region, account)
    elif call.operation == "GetParameterHistory":
        found = encrypted.parameter_versions(str(params.get("Name")), region, account)
    else:
        names = list(map(str, params.get("Names") or [params.get("Name")]))
        for name in (name for name in names if _SECRET in name):
            wanted = name.partition(_SECRET)[2].partition(":")[0]
            secret = encrypted.secret(wanted, region, account)
            if secret is not None:
                yield _opened(secret, {}, account, place)
        found = encrypted.parameters_named([n for n in names if _SECRET not in n], region, account)
    for held in found:
        if held.parameter_type == "SecureString":
            pairs = _named(held.name, place)
            yield via_service("ssm", "Decrypt", held.keyid, account, place, pairs)


def _named(name: str, place: tuple[str, str]) -> dict[str, str]:
    arn = f"arn:aws:ssm:{place[0]}:{place[1]}:parameter/{name.lstrip('/')}"
    return {"PARAMETER_ARN": arn}


def _default_key(call: Call, params: Params, http: HttpRequest) -> HttpRequest | None:
    """A new version without a key has the account's own; moto keeps that of the old version."""
    if call.operation != "PutParameter" or params.get("KeyId"):
        return None
    if params.get("Type") != "SecureString":
        return None
    return replace(http, body=json.dumps({**params, "KeyId": "alias/aws/ssm"}).encode())


def _message(call: Call, params: Params, caller: Caller) -> Questions:
    """A queue: whoever sends makes a data key and checks it, whoever receives opens it."""
    if call.operation not in ("ReceiveMessage", "SendMessage", "SendMessageBatch"):
        return
    region, owner = caller.region, call.account_id
    queue = encrypted.queue(str(params.get("QueueUrl")).rpartition("/")[2], region, owner)
    if queue is not None and queue.kms_master_key_id:
        asked = (queue.kms_master_key_id, caller.principal.account, (region, owner))
        pairs = {"aws:sqs:arn": queue.queue_arn}
        if call.operation == "ReceiveMessage":
            yield via_service("sqs", "Decrypt", *asked, pairs)
        else:
            yield from _both("sqs", *asked, pairs)


def _publication(call: Call, params: Params, caller: Caller) -> Questions:
    arn = str(params.get("TopicArn") or params.get("TargetArn"))
    if call.operation not in ("Publish", "PublishBatch"):
        return
    topic = encrypted.topic(arn, caller.region, call.account_id)
    if topic is not None and topic.kms_master_key_id:
        place = (caller.region, call.account_id)
        pairs = {"aws:sns:topicArn": arn}
        yield from _both("sns", topic.kms_master_key_id, caller.principal.account, place, pairs)


def _both(
    service: str,
    key: str,
    account: str,
    place: tuple[str, str],
    pairs: dict[str, str],
    *unknown: str,
) -> Questions:
    for action in ("GenerateDataKey", "Decrypt"):
        yield via_service(service, action, key, account, place, pairs, unknown)


_READERS: dict[str, Callable[[Call, Params, Caller], Questions]] = {
    "secretsmanager": _secret,
    "sns": _publication,
    "sqs": _message,
    "ssm": _parameter,
}
