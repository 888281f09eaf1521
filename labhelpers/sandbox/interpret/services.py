"""Which operation of which service a signed request asks for.

A signature names a service otherwise than botocore does (`monitoring` is cloudwatch), and one
such name may stand for several: `elasticloadbalancing` for elb and elbv2. A service names its
operations in one way, and a request in no second one: moto might take the other.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from labhelpers.sandbox.interpret.models import query_action, route, service_model
from labhelpers.sandbox.wire.environ import holds_no_form
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest, json_object

_HEAD = 8192  # bytes in which a model's metadata ends; the whole of all models takes seconds
#: Their readers know them by these names.
_OWN_SERVICES = ("ec2", "iam", "s3", "sts")


@dataclass(frozen=True, slots=True)
class Asked:
    """`service` is botocore's name; `params` are the top-level ones, of those that it has."""

    service: str
    operation: str
    params: dict[str, Any]


def services_of(signing_name: str) -> tuple[str, ...]:
    """botocore's names of the services that are signed for by a name, its namesake first."""
    if signing_name in _OWN_SERVICES:
        return (signing_name,)
    return _by_signing_name().get(signing_name, ())


def asked(http: HttpRequest, signing_name: str) -> Asked | None:
    """None where no service of that name has such an operation."""
    if http.headers.get("content-encoding", "identity") != "identity":
        raise not_modelled("compressed requests")  # moto would read what nobody has read here
    refusal: Refusal | None = None
    services = services_of(signing_name)
    for service in services:
        if len(services) > 1 and not _fits_version(http, service):
            continue
        try:
            operation, params = _operation(http, service)
        except Refusal as error:
            refusal = refusal or error
            continue
        if operation:
            return Asked(service, operation, params)
    if refusal is not None:
        raise refusal
    return None


@lru_cache(maxsize=1)
def _by_signing_name() -> Mapping[str, tuple[str, ...]]:
    import botocore

    found: dict[str, list[str]] = defaultdict(list)
    for folder in (Path(botocore.__file__).parent / "data").iterdir():
        models = sorted(folder.glob("*/service-2.json*")) if folder.is_dir() else []
        if models:
            metadata = _metadata(models[-1])
            found[metadata.get("signingName") or metadata["endpointPrefix"]].append(folder.name)
    return {
        name: tuple(dict.fromkeys(([name] if name in services else []) + sorted(services)))
        for name, services in found.items()
    }


def _metadata(path: Path) -> dict[str, Any]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "ignore")
        _, _, rest = head.partition('"metadata":')
        try:
            found: dict[str, Any] = json.JSONDecoder().raw_decode(rest.lstrip())[0]
        except ValueError:  # it stands elsewhere
            file.seek(0)
            found = json.load(file)["metadata"]
    return found


def _fits_version(http: HttpRequest, service: str) -> bool:
    """A form's version is how elb is told from elbv2."""
    version = http.form.get("Version") if "Action" in http.form else None
    return version in (None, service_model(service).metadata["apiVersion"])


def _operation(http: HttpRequest, service: str) -> tuple[str, dict[str, Any]]:
    """("", {}) where the request speaks another protocol than the service."""
    model, target = service_model(service), http.headers.get("x-amz-target")
    metadata = model.metadata
    protocols = metadata.get("protocols") or [metadata["protocol"]]
    if target is None and "Action" in http.form:
        if http.path != "/" or "query" not in protocols:
            return "", {}
        operation, told = query_action(http, service)
        return operation, dict(told)
    if "Action" in http.form:
        return "", {}
    if target is None:
        rest = any(name.startswith("rest-") for name in protocols)
        return _rest(http, model, service) if rest else ("", {})
    prefix, _, operation = target.rpartition(".")
    if http.path != "/" or http.query_string or "json" not in protocols:
        return "", {}
    if prefix != metadata.get("targetPrefix") or operation not in model.operation_names:
        return "", {}
    return operation, _known(model, operation, json_object(http.body))


def _rest(http: HttpRequest, model: Any, service: str) -> tuple[str, dict[str, Any]]:
    """A parameter has one place, and stands in no second one: moto asks the query and the body
    before the path."""
    operation, uri_params = route(http, service)
    shape = model.operation_model(operation).input_shape
    places: dict[str, str] = {}
    for member, inner in shape.members.items() if shape else ():
        where = inner.serialization.get("location", "body")
        places[member] = places[inner.serialization.get("name", member)] = where
    _, _, literal = model.operation_model(operation).http["requestUri"].partition("?")
    fixed = [part.partition("=")[0] for part in literal.split("&")]
    query = {name: value for name, value in http.query if not name.lower().startswith("x-amz-")}
    body = json_object(http.body)
    lost = [name for name in query if places.get(name) != "querystring" and name not in fixed]
    lost += [name for name in body if places.get(name, "body") != "body"]
    if lost or not holds_no_form(http.body):
        what = f"with {lost[0][:40]} in another place" if lost else "with such a body"
        raise not_modelled(f"{service}:{operation} {what}")
    payload = shape.serialization.get("payload") if shape else None
    told = {payload: body} if payload else body
    return operation, _known(model, operation, {**told, **query, **uri_params})


def _known(model: Any, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    shape = model.operation_model(operation).input_shape
    members: Mapping[str, Any] = shape.members if shape else {}
    wire: Iterable[Any] = (inner.serialization.get("name") for inner in members.values())
    names = {*members, *wire}
    return {name: value for name, value in params.items() if name in names}
