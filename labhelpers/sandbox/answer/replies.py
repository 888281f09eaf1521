"""Step 4: hand an authorized request to whoever answers it: our STS, or moto for the rest."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from typing import Any

from labhelpers.sandbox.answer import (
    ec2_limits,
    iam_extras,
    identity_providers,
    kms_extras,
    organizations,
)
from labhelpers.sandbox.answer.iam.troubleshooter import answer_details
from labhelpers.sandbox.answer.key_states import refuse_unusable_keys
from labhelpers.sandbox.answer.moto import answer_moto
from labhelpers.sandbox.answer.policy_documents import refuse_malformed_policies
from labhelpers.sandbox.answer.s3 import answers as s3
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts import operations as sts
from labhelpers.sandbox.wire.http import Answer, HttpRequest, json_object
from labhelpers.sandbox.wire.query_json import result_json, wants_json
from labhelpers.sandbox.wire.query_xml import result_xml


def answer(
    http: HttpRequest,
    call: Call,
    caller: Caller,
    registry: Registry,
    lab_now: datetime,
    request_id: str,
) -> Answer:
    """STS is our own; moto answers the rest, IAM with what moto lacks (iam_extras.py)."""
    if call.service == "sts":
        accept = http.headers.get("accept", "")
        found = sts.answer(call, caller, registry, lab_now)
        return _query_answer(call, found, request_id, wants_json(accept))
    http = call.sent or http
    refuse_unusable_keys(http, call, caller)
    refuse_malformed_policies(http, call, caller)
    if call.service == "s3":
        return s3.answer(http, call, caller, registry, lab_now, request_id)
    if call.service == "kms":
        kms_extras.before(http, call, caller, lab_now)
    if call.service == "organizations":
        organizations.refuse(call, caller, json_object(http.body))
    if call.service == "ec2":
        ec2_limits.refuse_too_many(call, caller)
    if call.service != "iam":
        reply = answer_moto(http, call, caller, request_id)
        if call.service == "kms" and reply[0] < 300:
            kms_extras.after(http, call, caller)
        return reply
    if call.model:
        return answer_details(call, registry, request_id)
    iam_extras.before(call, registry, lab_now)
    result = identity_providers.answer(call, registry)
    if result is None:
        result = iam_extras.own_answer(call, registry, lab_now)
    if result is not None:
        return _query_answer(call, result, request_id)
    deleted = iam_extras.remembered(call)
    reply = answer_moto(http, call, caller, request_id)
    if reply[0] < 300:
        iam_extras.after(call, deleted)
    return reply


def _query_answer(
    call: Call, result: dict[str, Any], request_id: str, as_json: bool = False
) -> Answer:
    operation = service_model(call.service).operation_model(call.operation)
    body = (result_json if as_json else result_xml)(operation, result, request_id)
    kind = "application/json" if as_json else "text/xml"
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request_id)]
    if call.service == "sts":
        headers.append(("x-amz-sts-extended-request-id", b64encode(request_id.encode()).decode()))
    return 200, headers, body
