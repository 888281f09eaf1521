"""requestParameters and responseElements of an event.

Sources: IAM User Guide, "Logging IAM and AWS STS API calls" (STS, IAM); CloudTrail User Guide,
log file examples (S3, EC2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.record import ec2_forms
from labhelpers.sandbox.record.observe import Observation
from labhelpers.sandbox.record.shapes import tidy, unflatten
from labhelpers.sandbox.wire.http import json_object
from labhelpers.sandbox.wire.query_json import result_of

_SIGNATURE = re.compile(r"X-Amz-|AWSAccessKeyId\Z|Signature\Z|Expires\Z")


def request_parameters(seen: Observation) -> dict[str, Any] | None:
    """None (null in the event) where the request had none."""
    if seen.service == "s3":
        return s3_parameters(seen)
    shape = _model(seen).input_shape
    if shape is None:
        return None
    values: Mapping[str, Any] = seen.params
    if seen.body:
        values = json_object(seen.body)
    elif any("." in name or name == "Action" for name in seen.params):
        values = unflatten(shape, seen.params, ec2=seen.service == "ec2") or {}
    if seen.service == "ec2":
        return ec2_forms.request(seen.operation, shape, values) or None
    found = tidy(shape, values) if isinstance(values, dict) else {}
    if seen.service == "sts":
        found |= _sts_extras(seen)
    return found or None


def _sts_extras(seen: Observation) -> dict[str, Any]:
    """What STS adds: the tags that came along a chain, and what a token or assertion brought."""
    found: dict[str, Any] = {}
    session = seen.caller.session if seen.caller is not None else None
    if seen.operation == "AssumeRole" and session is not None and session.inherited_tags:
        found["incomingTransitiveTags"] = dict(session.inherited_tags)
    if seen.federated is not None:
        found |= seen.federated["requestParameters"]
    return found


def s3_parameters(seen: Observation) -> dict[str, Any]:
    """Bucket, key and the query as the client wrote them, without the signature."""
    path, query = seen.uri
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    found: dict[str, Any] = {"bucketName": bucket} if bucket else {}
    found["Host"] = seen.host
    if key:
        found["key"] = key
    for name, value in parse_qsl(query, keep_blank_values=True):
        if not _SIGNATURE.match(name) and name != "x-id":
            found[name] = value
    if seen.copy_source:
        found["x-amz-copy-source"] = seen.copy_source
    if seen.body:
        found["bucketPolicy"] = json_object(seen.body)
    return found


def response_elements(seen: Observation) -> dict[str, Any] | None:
    """None for reads and for refused requests, as in CloudTrail; STS's credentials are shown
    without the secret access key."""
    if seen.failed or not (seen.reply or seen.result):
        return None
    shape = _model(seen).output_shape
    if shape is None:
        return None
    values = seen.result if seen.result is not None else _parsed(seen, shape)
    if seen.service == "ec2":
        return ec2_forms.response(shape, values) or None
    return tidy(shape, values) or None


def error_of(seen: Observation) -> dict[str, str]:
    """errorCode and errorMessage, {} for a request that succeeded."""
    if not seen.failed:
        return {}
    if seen.refusal is not None:
        code, message = seen.refusal.code, seen.refusal.message
    else:
        code, message = _error_in(seen.reply)
    if seen.service in ("iam", "sts"):
        shapes = service_model(seen.service).error_shapes
        code = next((shape.name for shape in shapes if shape.error_code == code), code)
        if seen.federated is not None and code == "AccessDenied":
            message = "An unknown error occurred"  # seen in a real log: STS hides the reason
    elif seen.service == "ec2":
        code = f"Client.{code}"
    return {"errorCode": code or "UnknownError", "errorMessage": message}


def _error_in(reply: bytes) -> tuple[str, str]:
    text = reply.decode("utf-8", "replace")
    code, message = (
        re.search(rf"<{tag}>([^<]*)</{tag}>", text, re.IGNORECASE) for tag in ("Code", "Message")
    )
    if code is not None:
        return code[1], message[1] if message else ""
    said = json_object(reply)
    name = str(said.get("__type", "")).rsplit("#", 1)[-1]
    return name, str(said.get("message") or said.get("Message") or "")


def _parsed(seen: Observation, shape: Any) -> dict[str, Any]:
    from botocore.parsers import ResponseParserError, create_parser

    metadata = service_model(seen.model).metadata
    protocols = metadata.get("protocols") or [metadata["protocol"]]
    is_json = seen.reply.lstrip().startswith(b"{")
    fitting = [name for name in protocols if ("json" in name) == is_json]
    if is_json and not fitting:
        return result_of(_model(seen), json_object(seen.reply))
    protocol = fitting[-1] if fitting else metadata["protocol"]
    answer = {"status_code": seen.status, "headers": {}, "body": seen.reply}
    try:
        parsed = create_parser(protocol).parse(answer, shape)
    except (ResponseParserError, ValueError, KeyError):
        return {}
    return {name: value for name, value in parsed.items() if name != "ResponseMetadata"}


def _model(seen: Observation) -> Any:
    return service_model(seen.model).operation_model(seen.operation)
