"""deploy() and destroy(): a configuration made real with boto3, in the order of its references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from labhelpers.errors import RUN_ALL_ABOVE
from labhelpers.terraform.deployment.lookups import look_up
from labhelpers.terraform.deployment.makers import MAKERS
from labhelpers.terraform.language.errors import TerraformError
from labhelpers.terraform.language.values import Unknown, contains_unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource

SessionOf = Callable[[], boto3.Session]
Resolve = Callable[[Mapping[str, Mapping[str, Any]]], Configuration]
# What nobody has to know before the resource exists.
_COMPUTED = frozenset(("arn", "id", "tags_all", "owner_id", "unique_id"))

_THERE_ALREADY = (
    "If an earlier deployment has made it, call that one's destroy() first. Or, in a notebook, "
    + RUN_ALL_ABOVE
)


@dataclass
class Deployment:
    """What deploy() has created: `created` maps addresses to the ids that AWS gave them.

    `configuration` is the configuration again, with everything that is known by now.
    """

    configuration: Configuration
    session_of: SessionOf
    created: dict[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> dict[str, Any]:
        return dict(self.configuration.outputs)

    def __repr__(self) -> str:
        lines = [f"  {address}: {id_}" for address, id_ in self.created.items()]
        return "\n".join((f"{len(self.created)} resources created", *lines))

    def destroy(self) -> None:
        """Remove what was created, the last first."""
        destroy(self)


def deploy(
    configuration: Configuration,
    session_of: SessionOf,
    progress: Callable[[int, int, str], None] | None = None,
) -> Deployment:
    """Create everything that a configuration declares, in dependency order.

    `session_of()` gives the boto3 session of who creates it; `progress(done, all, address)` is
    called before each step. What was created is removed again if a step fails. Raises
    TerraformError: before anything is created for a type that is not supported or a fault in the
    files, afterwards with AWS's own words for a call that is refused.
    """
    resolve = _checked(configuration)
    clients = _clients(session_of, configuration.region)
    deployment = Deployment(configuration, session_of)
    told: dict[str, dict[str, Any]] = {}
    order = list(in_order(configuration))
    for number, address in enumerate(order):
        if progress:
            progress(number, len(order), address)
        resource = deployment.configuration.resources[address]
        try:
            learned = _made(clients, resource)
        except (ClientError, BotoCoreError, TerraformError, KeyError) as error:
            destroy(deployment)
            raise _refused(resource, error) from None
        except BaseException:  # interrupted, or something that only the sandbox does
            destroy(deployment)
            raise
        if learned is None:
            continue
        told[address] = {name: value for name, value in learned.items() if value is not None}
        if resource.mode == "managed":
            deployment.created[address] = str(learned.get("id") or _id(resource))
        deployment.configuration = resolve(told)
    if progress:
        progress(len(order), len(order), "")
    return deployment


def destroy(deployment: Deployment) -> None:
    """Remove what deploy() has created, the last first; what is gone already is no fault."""
    clients = _clients(deployment.session_of, deployment.configuration.region)
    for address in reversed(list(deployment.created)):
        resource = deployment.configuration.resources[address]
        try:
            MAKERS[resource.type].remove(clients, resource.values)
        except ClientError as error:
            if not re.search("NoSuch|NotFound", error.response["Error"]["Code"]):
                hint = "Put that right and call destroy() again: it goes on from here."
                raise _refused(resource, error, hint) from None
        del deployment.created[address]


def in_order(configuration: Configuration) -> Iterator[str]:
    """Yield addresses so that each stands behind those that it refers to."""
    by_base: dict[str, list[str]] = {}
    for address in configuration.resources:
        by_base.setdefault(re.sub(r"\[[^\]]*\]$", "", address), []).append(address)
    done: set[str] = set()

    def visit(address: str) -> Iterator[str]:
        if address in done:
            return
        done.add(address)
        resource = configuration.resources[address]
        kind = "data." if resource.mode == "data" else ""
        prefix = address[: address.rfind(f"{kind}{resource.type}.")]
        for reference in resource.references:
            inside = prefix + reference
            if reference.startswith("module."):
                found = [a for a in configuration.resources if a.startswith(inside)]
            elif reference.startswith("var.") and prefix:
                found = [a for a in configuration.resources if not a.startswith(prefix)]
            else:
                found = by_base.get(inside, [])
            for other in found:
                yield from visit(other)
        yield address

    for address in configuration.resources:
        yield from visit(address)


def _checked(configuration: Configuration) -> Resolve:
    """Return what resolves the files again; raises TerraformError for what cannot be deployed."""
    for fault in configuration.diagnostics:
        if fault.severity == "error":
            raise TerraformError(fault.message, fault.file, fault.line, fault.hint, fault.address)
    if configuration.again is None:
        raise TerraformError("A plan or a state is no configuration that could be deployed.")
    for resource in configuration.resources.values():
        if resource.mode == "managed" and resource.type not in MAKERS:
            message = f"{resource.address}: deploy() cannot create {resource.type}."
            hint = "Real Terraform can: lab.terraform_environ() says how it reaches the sandbox."
            raise TerraformError(message, resource.file, resource.line, hint, resource.address)
    return configuration.again


def _made(clients: Any, resource: Resource) -> dict[str, Any] | None:
    if resource.mode == "data":
        return look_up(clients, resource)
    for name, value in resource.values.items():
        if name not in _COMPUTED and contains_unknown(value):
            message = f'{resource.address}: nobody knows its "{name}".'
            hint = "If it is a variable, give it: load(directory, variables={…})."
            line = resource.values.line_of(name)
            raise TerraformError(message, resource.file, line, hint, resource.address)
    return MAKERS[resource.type].create(clients, resource.values)


def _id(resource: Resource) -> str:
    for name in ("id", "name", "bucket"):
        value = resource.values.get(name, Unknown)
        if isinstance(value, str):
            return value
    return resource.address


def _clients(session_of: SessionOf, region: Any) -> Callable[[str], Any]:
    session, known = session_of(), {}
    where = {"region_name": region} if isinstance(region, str) else {}

    def client(service: str) -> Any:
        if service not in known:
            known[service] = session.client(service, **where)
        return known[service]

    return client


def _refused(
    resource: Resource,
    error: Exception,
    hint: str = "What had been created before was removed again.",
) -> TerraformError:
    if isinstance(error, TerraformError):
        return error
    if isinstance(error, ClientError) and "Already" in error.response["Error"]["Code"]:
        hint = f"{hint} {_THERE_ALREADY}"
    words = f"no {error} is set" if isinstance(error, KeyError) else str(error)
    message = f"{resource.address}: {words}"
    return TerraformError(message, resource.file, resource.line, hint, resource.address)
