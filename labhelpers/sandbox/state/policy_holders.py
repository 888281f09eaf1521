"""Where moto keeps the policies on queues, topics, secrets, functions, repositories, buses and
tables: each holder has its document as text under an attribute.

A service that nobody has used yet is not loaded for it: it holds none.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

#: A holder, and the attribute with its document.
Holder = tuple[Any, str]


#: How moto writes the principal "*" of an event bus.
_EVERY_ACCOUNT = "arn:aws:iam::*:root"


class _Statements:
    """The statements that moto keeps as a list, seen as one document."""

    def __init__(self, statements: list[dict[str, Any]]):
        self._statements = statements

    @property
    def policy(self) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": self._statements})

    @policy.setter
    def policy(self, text: str) -> None:
        self._statements[:] = json.loads(text)["Statement"]


class _Bus:
    """An event bus, whose statements are objects."""

    def __init__(self, bus: Any):
        self._bus = bus

    @property
    def policy(self) -> str | None:
        text: str | None = self._bus.policy
        return text.replace(_EVERY_ACCOUNT, "*") if text else None  # with a condition

    @policy.setter
    def policy(self, text: str) -> None:
        statements = json.loads(text)["Statement"]
        held = self._bus._statements
        for statement in statements:
            held[statement["Sid"]] = type(held[statement["Sid"]]).from_dict(statement)


def holders(service: str, region: str, account: str, name: str) -> list[Holder]:
    """The holders for a resource, by the last part of its ARN; [] where there is no policy."""
    backend = _backend(service, region, account)
    return list(_HOLDERS[service](backend, name)) if backend is not None else []


def every_holder() -> Iterator[Holder]:
    """All holders of every account and Region."""
    for service, find in _HOLDERS.items():
        for account in list(_backends(service).values()):
            for backend in list(account.values()):
                yield from find(backend, "")


def holders_of(service: str, account: str) -> Iterator[Holder]:
    """All holders of an account in a service."""
    for backend in list(_backends(service).get(account, {}).values()):
        yield from _HOLDERS[service](backend, "")


def _backends(service: str) -> Any:
    module = "awslambda" if service == "lambda" else service
    models = sys.modules.get(f"moto.{module}.models")
    name = "lambda" if service == "lambda" else service
    return getattr(models, f"{name}_backends", {}) if models else {}


def _backend(service: str, region: str, account: str) -> Any:
    return _backends(service).get(account, {}).get(region)


# Each takes the last part of the resource's ARN, or "" for all that there are.


def _queues(backend: Any, name: str) -> Iterator[Holder]:
    for queue in list(backend.queues.values()):
        if name in ("", queue.name):
            yield queue, "policy"


def _topics(backend: Any, name: str) -> Iterator[Holder]:
    for topic in list(backend.topics.values()):
        if name.partition(":")[0] in ("", topic.name):  # a subscription is its topic's
            yield topic, "policy"


def _secrets(backend: Any, name: str) -> Iterator[Holder]:
    for secret in list(dict.values(backend.secrets)):
        if name in ("", secret.name) or secret.arn.endswith(f":{name}"):
            yield secret, "policy"


def _repositories(backend: Any, name: str) -> Iterator[Holder]:
    for repository in list(backend.repositories.values()):
        if name in ("", f"repository/{repository.name}"):
            yield repository, "policy"


def _buses(backend: Any, name: str) -> Iterator[Holder]:
    kind, _, rest = name.partition("/")
    bus_name = rest.partition("/")[0] if kind == "event-bus" or "/" in rest else "default"
    for bus in list(backend.event_buses.values()):
        if name == "" or bus.name == bus_name:
            yield _Bus(bus), "policy"


def _tables(backend: Any, name: str) -> Iterator[Holder]:
    table = name.partition("/index/")[0]
    for arn, policy in list(backend.resource_policies.items()):
        place = arn.split(":", 5)[5]
        made = backend.tables.get(place.partition("/")[2])
        # moto leaves the policy of a deleted table to its namesake.
        since = made.created_at.replace(tzinfo=UTC).timestamp() if made else math.inf
        if (name == "" or place == table) and int(policy.revision_id) >= 1000 * since - 1:
            yield policy, "policy_doc"


def _functions(backend: Any, name: str) -> Iterator[Holder]:
    kind, _, rest = name.partition(":")
    for function in list(backend.list_functions()) if kind != "layer" else []:
        if name == "" or function.function_name == rest.partition(":")[0]:
            held = backend._lambdas._functions[function.function_name]
            versions = (v for v in (held["latest"], *held["versions"]) if v is not None)
            lists = {id(v.policy.statements): v.policy.statements for v in versions}
            yield from ((_Statements(listed), "policy") for listed in lists.values() if listed)
    for layer in list(backend._layers.list_layers()) if kind != "function" else []:
        yield from _layer_versions(backend, layer["LayerName"], name)


def _layer_versions(backend: Any, layer: str, name: str) -> Iterator[Holder]:
    for version in backend._layers.get_layer_versions(layer):
        if (name == "" or version.arn.endswith(f":{name}")) and version.policy.statements:
            yield _Statements(version.policy.statements), "policy"


_HOLDERS: dict[str, Callable[[Any, str], Iterator[Holder]]] = {
    "dynamodb": _tables,
    "ecr": _repositories,
    "events": _buses,
    "lambda": _functions,
    "secretsmanager": _secrets,
    "sns": _topics,
    "sqs": _queues,
}
