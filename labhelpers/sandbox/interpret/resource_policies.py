"""Whether a request would store a resource-based policy.

The sandbox does not decide by those of services other than S3, so it does not take them. A text
that merely speaks of policies, or a read of one, is no such request: what counts is where a
parameter stands in the operation's model, and that it names principals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.sandbox.interpret.models import service_model

#: Operations that do nothing else: AddPermission of Lambda, SNS … adds a statement unseen.
_GRANTS = re.compile(
    r"PutResourcePolicy|(Add|BatchGrant|Create|Grant|Modify|Put|Update)\w*Permissions?(Version)?"
)
#: Maps whose keys are names of settings and not the learner's, in SQS and SNS.
_SETTINGS = "Attributes"
#: How the Query protocol spells such a map, and one setting alone: the name, then its value.
_PAIRS = {"key": "value", "Name": "Value", "AttributeName": "AttributeValue"}


def stores_policy(service: str, operation: str, params: Mapping[str, Any]) -> bool:
    """`service` is botocore's name; `params` are an operation's own, flat if they are a form's."""
    if _GRANTS.fullmatch(operation):
        return True
    if "Action" in params:
        settings = _form_settings(params)
    else:
        shape = service_model(service).operation_model(operation).input_shape
        settings = _settings(shape.members if shape else {}, params)
    return any("polic" in name.lower() and _names_principals(value) for name, value in settings)


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
