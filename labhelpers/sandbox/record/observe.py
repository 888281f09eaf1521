"""What an event needs of a request, taken while the request is there.

This is all that the recorder costs each request, so nothing is formatted here: events.py does
that when an event is read. Bodies are let go unless an event quotes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, ServiceUse
from labhelpers.sandbox.interpret.models import route, service_model
from labhelpers.sandbox.interpret.services import services_of
from labhelpers.sandbox.record.federated import FEDERATED, TOKENS, federated_identity
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest
from labhelpers.sandbox.wire.ids import new_id

#: Bytes of a request or an answer that an event may quote; CloudTrail cuts at 100 KB.
MAX_QUOTED = 24 * 1024
MAX_USER_AGENT = 1024  # characters, as in CloudTrail
MAX_HOST = 255  # characters of a name
MAX_TOKEN = 128 * 1024  # characters; an assertion may have 100,000
MAX_VALUE, MAX_VALUES = 2048, 200  # characters of one of them, and how many
_READS = ("Get", "List", "Describe", "Head", "Lookup", "Simulate")
#: STS operations whose answer an event quotes; all others only tell, and tell no log.
ISSUING = frozenset(
    (
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "GetFederationToken",
        "GetScopedCredentials",
        "GetSessionToken",
    )
)
#: STS operations that CloudTrail does not count as reads, as it does AssumeRole (AWS_RECORDED G).
#: GetScopedCredentials by analogy with GetSessionToken.
_STS_WRITES = frozenset(
    ("AssumeRoot", "GetFederationToken", "GetScopedCredentials", "GetSessionToken")
)


@dataclass(slots=True)
class Observation:
    """One request that CloudTrail logs. `owner` is the account whose resource is concerned.

    `invoked_by` is the service that called on its own behalf; `caller` is None then.
    """

    event_id: str
    request_id: str
    time: datetime  # on the lab clock
    caller: Caller | None
    service: str
    operation: str
    region: str
    source_ip: str
    user_agent: str | None
    owner: str
    params: Mapping[str, Any] = field(default_factory=dict)
    federated: Mapping[str, Any] | None = None
    host: str = ""
    uri: tuple[str, str] = ("", "")  # path and query of an S3 request
    presigned: bool = False
    copy_source: str = ""
    body: bytes = b""
    status: int = 200
    reply: bytes = b""
    refusal: Refusal | None = None
    invoked_by: str = ""
    result: Mapping[str, Any] | None = None  # what STS answered a service
    model: str = "sts"  # botocore's name of the service

    @property
    def failed(self) -> bool:
        return self.refusal is not None or self.status >= 400

    @property
    def read_only(self) -> bool:
        if self.service == "sts":
            return self.operation not in _STS_WRITES
        return self.operation.startswith(_READS)


def observe(
    http: HttpRequest,
    request_id: str,
    lab_now: datetime,
    caller: Caller | None,
    call: Call | None,
    refusal: Refusal | None,
    reply: tuple[int, list, bytes],
) -> Observation | None:
    """None for what no account's trail shows: a request that failed to authenticate, or one for
    an operation that does not exist. Source: S3 User Guide, "Amazon S3 CloudTrail events"."""
    if caller is None:
        return None
    if call is not None:
        model, operation = call.model, call.operation
    else:
        model, operation = _operation(http, caller.service)
    if not operation:
        return None
    headers = http.headers
    seen = Observation(
        event_id=new_id(),
        request_id=request_id,
        time=lab_now,
        caller=caller,
        service=caller.service,
        operation=operation,
        region=caller.region,
        source_ip=caller.source_ip or http.remote_addr,
        user_agent=headers.get("user-agent", "")[:MAX_USER_AGENT] or None,
        owner=call.account_id if call is not None else "",
        host=headers.get("host", "")[:MAX_HOST],
        status=reply[0],
        refusal=refusal,
        model=model or caller.service,
    )
    _quote(seen, http, call, reply[2])
    return seen


def size_of(http: HttpRequest, seen: Observation | None, refusal: Refusal | None) -> int:
    """About how many bytes of a request and of its answer a record keeps."""
    size = 0
    if seen is not None:
        size += len(seen.reply) + len(seen.body) + sum(map(len, seen.uri)) + len(seen.copy_source)
        size += min(len(http.body) + len(http.query_string), MAX_QUOTED) if seen.params else 0
    if refusal is not None:  # whose decision may quote any header
        size += len(refusal.message) + sum(map(len, http.headers.values()))
    return size


def observe_service(
    use: ServiceUse, role_arn: str, lab_now: datetime, result: Mapping[str, Any]
) -> Observation:
    """AssumeRole by a service, e.g. by EC2 for an instance; `result` as STS answers it."""
    return Observation(
        event_id=new_id(),
        request_id=new_id(),
        time=lab_now,
        caller=None,
        service="sts",
        operation="AssumeRole",
        region=use.region,
        source_ip=use.service,
        user_agent=use.service,
        owner=role_arn.split(":")[4],
        params={"RoleArn": role_arn, "RoleSessionName": use.session_name},
        invoked_by=use.service,
        result=result,
    )


def _quote(seen: Observation, http: HttpRequest, call: Call | None, reply: bytes) -> None:
    """Keep what the event quotes of the request and of its answer."""
    service, operation = seen.service, seen.operation
    if service == "s3":
        seen.uri = (http.raw_path[:2048], http.query_string[:4096])
        seen.presigned = "X-Amz-Signature" in http.query_string
        seen.copy_source = http.headers.get("x-amz-copy-source", "")[:2048]
        if operation == "PutBucketPolicy" and len(http.body) <= MAX_QUOTED:
            seen.body = http.body
    elif operation in FEDERATED and service == "sts":
        params = call.params if call is not None else _short(http.form)
        proof = call.subject[0] if call is not None else None
        seen.federated = federated_identity(operation, params, proof)
        seen.params = {name: value for name, value in params.items() if name not in TOKENS}
    elif len(http.body) <= MAX_QUOTED and len(http.query_string) <= MAX_QUOTED:
        if call is not None and call.params:
            seen.params = call.params
        elif "Action" in http.form:
            seen.params = http.form
        else:
            seen.body = http.body
    wanted = operation in ISSUING if service == "sts" else not seen.read_only
    if (wanted or seen.status >= 400) and len(reply) <= MAX_QUOTED:
        seen.reply = reply


def _short(form: Mapping[str, str]) -> dict[str, str]:
    """What is looked at of a form that nobody signed, and that was refused before it was read. Of
    its tokens nothing is kept."""
    most = dict.fromkeys(TOKENS, MAX_TOKEN)
    few = ((k, v) for k, v in form.items() if len(k) + len(v) <= most.get(k, MAX_VALUE))
    return dict(islice(few, MAX_VALUES))


def _operation(http: HttpRequest, service: str) -> tuple[str, str]:
    """(botocore's name of the service, operation) of a request that was refused while it was
    read; two empty texts if there is none."""
    target, form = http.headers.get("x-amz-target"), http.form
    for model in services_of(service):
        if service != "s3" and target:
            name = target.rsplit(".", 1)[-1]
        elif service != "s3" and "Action" in form:
            name = form["Action"]
        else:
            try:
                return model, route(http, model)[0]
            except Refusal:
                continue
        if name in service_model(model).operation_names:
            return model, name
    return "", ""
