"""Whether a request would store a resource-based policy, and whose resource a request is for.

The sandbox decides by those that moto keeps (state/resource_policies.py) and takes no others. A
text that merely speaks of policies, or a read of one, is no such request: what counts is where a
parameter stands in the operation's model, and that it names principals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.state.resource_policies import SERVICES

#: Operations that do nothing else: AddPermission of Lambda, SNS … adds a statement unseen.
_GRANTS = re.compile(
    r"PutResourcePolicy|(Add|BatchGrant|Create|Grant|Modify|Put|Update)\w*Permissions?(Version)?"
)
#: Operations whose policy is asked from then on, with the parameter or setting that holds it; ""
#: for those that add one statement.
KEPT = {
    ("dynamodb", "PutResourcePolicy"): "Policy",
    ("ecr", "SetRepositoryPolicy"): "policyText",
    ("events", "PutPermission"): "Policy",
    ("lambda", "AddLayerVersionPermission"): "",
    ("lambda", "AddPermission"): "",
    ("secretsmanager", "PutResourcePolicy"): "ResourcePolicy",
    ("sns", "AddPermission"): "",
    ("sns", "CreateTopic"): "Policy",
    ("sns", "SetTopicAttributes"): "Policy",
    ("sqs", "AddPermission"): "",
    ("sqs", "CreateQueue"): "Policy",
    ("sqs", "SetQueueAttributes"): "Policy",
}
#: Parameters of AddPermission that moto loses, with the condition that they stand for.
_LOST = ("EventSourceToken", "OrganizationId")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
#: Maps whose keys are names of settings and not the learner's, in SQS and SNS.
_SETTINGS = "Attributes"
#: How the Query protocol spells such a map, and one setting alone: the name, then its value.
_PAIRS = {"key": "value", "Name": "Value", "AttributeName": "AttributeValue"}


def stores_policy(service: str, operation: str, params: Mapping[str, Any]) -> bool:
    """Whether it is one that nobody would ask. `service` is botocore's name; `params` are an
    operation's own, flat if they are a form's."""
    if (service, operation) in KEPT:
        return service == "lambda" and any(params.get(name) for name in _LOST)
    if _GRANTS.fullmatch(operation):
        return True
    settings = _all_settings(service, operation, params)
    return any("polic" in name.lower() and _names_principals(value) for name, value in settings)


def stored_document(service: str, operation: str, params: Mapping[str, Any]) -> str | None:
    """The policy that a request stores and that is asked from then on, "" to have none."""
    name = KEPT.get((service, operation))
    if not name:
        return None
    settings = _all_settings(service, operation, params)
    found = next((value for setting, value in settings if setting == name), None)
    return None if found is None else str(found)


def owner_of(service: str, params: Mapping[str, Any], account: str) -> str:
    """The account in which a request names its resource, where it names one beside the name."""
    if service == "sqs" and isinstance(params.get("QueueUrl"), str):
        told = params["QueueUrl"].rstrip("/").split("/")[-2:-1]
    else:
        name = {"ecr": "registryId", "sqs": "QueueOwnerAWSAccountId"}.get(service, "")
        told = [str(params.get(name) or "")]
    if service in SERVICES:
        arns = [v.split(":", 5) for v in params.values() if isinstance(v, str)]
        told += [arn[4] for arn in arns if arn[:3] == ["arn", "aws", service] and len(arn) == 6]
    return next((word for word in told if _ACCOUNT.fullmatch(word)), account)


def _all_settings(
    service: str, operation: str, params: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    if params.get("Action") == operation:
        return _form_settings(params)
    shape = service_model(service).operation_model(operation).input_shape
    return _settings(shape.members if shape else {}, params)


def _settings(members: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    shapes = {inner.serialization.get("name", name): inner for name, inner in members.items()}
    for name, value in params.items():
        yield name, value
        shape = shapes.get(name) or members.get(name)
        nested = shape is not None and shape.type_name == "structure"
        if isinstance(value, dict) and (nested or name == _SETTINGS):
            yield from value.items()


def _form_settings(params: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        yield name, value
        path, dot, last = name.rpartition(".")
        if last in _PAIRS:
            yield value, params.get(path + dot + _PAIRS[last], "")


def _names_principals(value: Any) -> bool:
    """True as well for what begins like a document and is none: nobody can tell what it allows."""
    if isinstance(value, str):
        if not value.lstrip().startswith(("{", "[")):
            return False
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return True
    if isinstance(value, dict):
        lowered = {str(name).lower(): inner for name, inner in value.items()}
        value = lowered.get("statement")
    statements = value if isinstance(value, list) else [value]
    return any(
        str(name).lower() in ("principal", "notprincipal")
        for statement in statements
        if isinstance(statement, dict)
        for name in statement
    )
