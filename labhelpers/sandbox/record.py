"""Step 5: what happened, as CloudTrail would log it, with the sandbox's decision beside it."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labhelpers.policy import Decision
from labhelpers.sandbox.authenticate import Caller
from labhelpers.sandbox.errors import Refusal
from labhelpers.sandbox.interpret import Call
from labhelpers.sandbox.wire import HttpRequest

#: Events kept; older ones are dropped so that a lab left running does not grow for ever.
MAX_EVENTS = 20_000


@dataclass(frozen=True, slots=True)
class Record:
    """One request: its CloudTrail event, and what the sandbox knows beyond it."""

    event: dict[str, Any]
    decision: Decision | None
    refusal: Refusal | None


class Recorder:
    """Records by request id, in the order of the requests."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, Record] = OrderedDict()

    def add(self, request_id: str, record: Record) -> None:
        self._records[request_id] = record
        while len(self._records) > MAX_EVENTS:
            self._records.popitem(last=False)

    def get(self, request_id: str) -> Record | None:
        return self._records.get(request_id)

    def events(self) -> list[dict[str, Any]]:
        return [record.event for record in list(self._records.values())]


def event(
    http: HttpRequest,
    request_id: str,
    lab_now: datetime,
    caller: Caller | None,
    call: Call | None,
    refusal: Refusal | None,
) -> dict[str, Any]:
    """The event in CloudTrail's form (STS_FACTS 8), without any secret."""
    entry: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": _user_identity(caller),
        "eventTime": f"{lab_now:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{caller.service if caller else 'unknown'}.amazonaws.com",
        "eventName": call.operation if call else None,
        "awsRegion": caller.region if caller else None,
        "sourceIPAddress": http.remote_addr,
        "userAgent": http.headers.get("user-agent"),
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "eventType": "AwsApiCall",
        "recipientAccountId": caller.principal.account if caller else None,
    }
    if refusal is not None:
        entry |= {"errorCode": refusal.code, "errorMessage": refusal.message}
    return entry


_TYPES = {"user": "IAMUser", "role-session": "AssumedRole", "root": "Root"}
_TYPES |= {"federated-user": "FederatedUser", "anonymous": "AWSAccount"}


def _user_identity(caller: Caller | None) -> dict[str, Any]:
    if caller is None:
        return {"type": "Unknown"}
    identity = {
        "type": _TYPES.get(caller.principal.kind, "Unknown"),
        "principalId": caller.user_id,
        "arn": caller.principal.arn,
        "accountId": caller.principal.account,
        "accessKeyId": caller.access_key_id,
    }
    if caller.session is not None and caller.session.is_role_session:
        role_arn = caller.session.role_arn
        identity["sessionContext"] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": caller.session.role_id,
                "arn": role_arn,
                "accountId": caller.session.account_id,
                "userName": role_arn.rsplit("/", 1)[-1],
            },
            "attributes": {
                "creationDate": f"{caller.session.issued:%Y-%m-%dT%H:%M:%SZ}",
                "mfaAuthenticated": "false",
            },
        }
    else:
        identity["userName"] = caller.user_name
    return identity
