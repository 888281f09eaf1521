"""Service-specific credentials: user names, passwords and API keys for single services.

They are kept and listed; no service of the sandbox takes them. Source: IAM API Reference; IAM User
Guide, "IAM and AWS STS quotas"; the words of the refusals are not verified.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from labhelpers.sandbox.answer.iam.faults import fault, missing
from labhelpers.sandbox.answer.iam.pages import page
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam

#: Services that have such credentials, and whether they are API keys (a secret without a name).
SERVICES = {
    "bedrock.amazonaws.com": True,
    "cassandra.amazonaws.com": False,
    "codecommit.amazonaws.com": False,
}
_KEPT_AS = "lab_service_credentials"
QUOTA = 2  # for each user and service
_SECRET = ("ServicePassword", "ServiceCredentialSecret")
_LETTERS = string.ascii_uppercase + string.digits


def held_by(user: Any) -> list[dict[str, Any]]:
    """The credentials of a moto User; they go with it. Who looks leaves nothing behind."""
    return getattr(user, _KEPT_AS, [])


def _create(call: Call, lab_now: datetime) -> dict[str, Any]:
    service, name = call.params["ServiceName"], call.params["UserName"]
    if service not in SERVICES:
        raise fault("NotSupportedService", f"The service {service} is not supported.", 404)
    held = _user(call).__dict__.setdefault(_KEPT_AS, [])
    if sum(one["ServiceName"] == service for one in held) >= QUOTA:
        text = f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {QUOTA}"
        raise fault("LimitExceeded", text, 409)
    made = {
        "CreateDate": lab_now,
        "ServiceName": service,
        "ServiceSpecificCredentialId": "ACCA"
        + "".join(secrets.choice(_LETTERS) for _ in range(17)),
        "UserName": name,
        "Status": "Active",
    }
    number = sum(one["ServiceName"] == service for one in held)
    alias = (
        f"{name}-at-{call.account_id}" if not number else f"{name}+{number}-at-{call.account_id}"
    )
    made["ServiceCredentialAlias" if SERVICES[service] else "ServiceUserName"] = alias
    days = call.subject.get("CredentialAgeDays")
    if days:
        made["ExpirationDate"] = lab_now + timedelta(days=days)
    return {"ServiceSpecificCredential": _renewed(made, held)}


def _new_id() -> str:
    return "ACCA" + "".join(secrets.choice(_LETTERS) for _ in range(17))


def _renewed(credential: dict[str, Any], held: list[dict[str, Any]]) -> dict[str, Any]:
    """The credential with a new secret, which nobody sees again, in its place among the others."""
    named = {key: value for key, value in credential.items() if key not in _SECRET}
    key = _SECRET[SERVICES[credential["ServiceName"]]]
    if credential not in held:
        held.append(named)
    return {**named, key: secrets.token_urlsafe(33)}


def _reset(call: Call, lab_now: datetime) -> dict[str, Any]:
    return {"ServiceSpecificCredential": _renewed(_found(call), held_by(_user(call)))}


def _update(call: Call, lab_now: datetime) -> dict[str, Any]:
    status = call.params["Status"]
    if status not in ("Active", "Inactive"):
        raise fault("ValidationError", "A credential is made Active or Inactive.", 400)
    _found(call)["Status"] = status
    return {}


def _delete(call: Call, lab_now: datetime) -> dict[str, Any]:
    held_by(_user(call)).remove(_found(call))
    return {}


def _list(call: Call, lab_now: datetime) -> dict[str, Any]:
    service = call.params.get("ServiceName")
    if service and service not in SERVICES:
        raise fault("NotSupportedService", f"The service {service} is not supported.", 404)
    every = call.params.get("AllUsers") == "true"
    users = iam.iam_backend(call.account_id).users.values() if every else [_user(call)]
    found = [
        one for user in users for one in held_by(user) if service in (None, one["ServiceName"])
    ]
    listed, rest = page(found, call)
    return {"ServiceSpecificCredentials": listed, **rest}


def _user(call: Call) -> Any:
    name = call.params["UserName"]
    user = iam.find_user(call.account_id, name)
    if user is None:
        raise missing("user", name)
    return user


def _found(call: Call) -> dict[str, Any]:
    number = call.params["ServiceSpecificCredentialId"]
    for one in held_by(_user(call)):
        if one["ServiceSpecificCredentialId"] == number:
            return one
    text = f"The Service Specific Credential with id {number} cannot be found."
    raise fault("NoSuchEntity", text, 404)


#: Operation -> its answer.
HANDLERS: dict[str, Callable[[Call, datetime], dict[str, Any]]] = {
    "CreateServiceSpecificCredential": _create,
    "DeleteServiceSpecificCredential": _delete,
    "ListServiceSpecificCredentials": _list,
    "ResetServiceSpecificCredential": _reset,
    "UpdateServiceSpecificCredential": _update,
}
