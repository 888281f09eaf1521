"""Step 4 for S3: moto's answer, as AWS words it, and what moto has no answer for.

Sources: S3 API Reference; recordings of AWS of 2026-02-21 (AWS_RECORDED D and E).
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote_plus

from labhelpers.sandbox.answer.moto import answer_moto
from labhelpers.sandbox.answer.s3.deletions import delete_objects
from labhelpers.sandbox.answer.s3.refusals import refuse
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.s3 import bodies
from labhelpers.sandbox.interpret.s3.public_access import is_public
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import Answer, HttpRequest

_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
)
#: What every bucket here has: an owner who pays, and no configuration of these kinds.
_FIXED = {
    "GetBucketRequestPayment": ("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"),
    "ListBucketAnalyticsConfigurations": ("ListBucketAnalyticsConfigurationsResult", ""),
    "ListBucketIntelligentTieringConfigurations": (
        "ListBucketIntelligentTieringConfigurationsOutput",
        "",
    ),
    "ListBucketMetricsConfigurations": ("ListMetricsConfigurationsResult", ""),
}
_NONE_OF = (
    "GetBucketAnalyticsConfiguration",
    "GetBucketIntelligentTieringConfiguration",
    "GetBucketMetricsConfiguration",
)
#: Parameters of a signed link: the gateway has read them, and moto would read them otherwise.
_SIGNATURE = re.compile(
    r"X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)"
    r"|AWSAccessKeyId|Signature|Expires",
    re.IGNORECASE,
)
_OF_CHUNKS = ("x-amz-decoded-content-length", "x-amz-trailer")
_NO_CONTENT = ("PutBucketPolicy",)


def answer(
    http: HttpRequest,
    call: Call,
    caller: Caller,
    registry: Registry,
    lab_now: datetime,
    request_id: str,
) -> Answer:
    refuse(http, call, caller)
    own = _own_answer(http, call)
    if own is not None:
        reply: Answer = 200, [("Content-Type", "application/xml")], own
    elif call.operation == "DeleteObjects":
        reply = delete_objects(_for_moto(http, call), call, caller, registry, lab_now, request_id)
    else:
        reply = answer_moto(_for_moto(http, call), call, caller, request_id)
    return _worded(reply, http, call, request_id)


def _own_answer(http: HttpRequest, call: Call) -> bytes | None:
    inventory = call.operation == "GetBucketInventoryConfiguration" and not buckets.has_inventory(
        call.params["Bucket"], http.query_value("id") or ""
    )
    if call.operation in _NONE_OF or inventory:
        text = "The specified configuration does not exist."
        raise Refusal("NoSuchConfiguration", text, 404, blocked_by="service")
    if call.operation == "GetObjectRetention":
        return _retention(http, call)
    if call.operation in _FIXED:
        return _document(*_FIXED[call.operation])
    if call.operation == "GetBucketPolicyStatus":
        policy = buckets.bucket_policy(call.params["Bucket"])
        if policy is not None:
            public = str(is_public(policy)).lower()
            return _document("PolicyStatus", f"<IsPublic>{public}</IsPublic>")
    return None


def _retention(http: HttpRequest, call: Call) -> bytes:
    version = http.query_value("versionId")
    mode, until = buckets.object_lock(call.params["Bucket"], call.params["Key"], version)
    if not mode:
        text = "The specified object does not have a ObjectLock configuration"
        raise Refusal("NoSuchObjectLockConfiguration", text, 404, blocked_by="service")
    return _document("Retention", f"<Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate>")


def _document(root: str, inner: str) -> bytes:
    more = "" if inner else "<IsTruncated>false</IsTruncated>"
    return f"{_XML.format(root)}{inner}{more}</{root}>".encode()


def _for_moto(http: HttpRequest, call: Call) -> HttpRequest:
    """Without the signature of a link, which moto would judge, without what says that the body
    came in chunks, and without the version "null" where moto has none."""
    chunked = http.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
    if not (chunked or http.query_string):
        return http
    dropped = set()
    version = http.query_value("versionId")
    if call.operation == "HeadObject" and version == "null":
        dropped.add("versionId")
    kept = [
        pair
        for pair in http.query_string.split("&")
        if not _SIGNATURE.fullmatch(name := unquote_plus(pair.partition("=")[0]))
        and name not in dropped
    ]
    headers = {name: value for name, value in http.headers.items() if name not in _OF_CHUNKS}
    if chunked:
        del headers["x-amz-content-sha256"]
    codings = [name.strip() for name in headers.get("content-encoding", "").split(",")]
    if "aws-chunked" in codings:
        headers["content-encoding"] = ",".join(name for name in codings if name != "aws-chunked")
    query = "&".join(kept)
    return replace(http, query_string=query, headers=headers, _query=None, _form=None)


def _worded(reply: Answer, http: HttpRequest, call: Call, request_id: str) -> Answer:
    status, headers, body = reply
    if status < 300 and call.operation in _NO_CONTENT:
        status, body = 204, b""
    if status < 300 and call.operation == "DeleteObjects":
        body = _without_deleted(http, body)
    unwanted = _unwanted(http.method, status, call)
    headers = [item for item in headers if item[0].lower() not in unwanted]
    headers += [("x-amz-request-id", request_id), ("x-amz-id-2", _second_id(request_id))]
    return status, headers, body


def _unwanted(method: str, status: int, call: Call) -> set[str]:
    names = {"x-amzn-requestid", "x-amz-request-id", "x-amz-id-2"}
    if method != "HEAD":
        names.add("content-length")  # the gateway says how long the body is now
    if status == 204:
        names.add("content-type")
    if not buckets.is_versioned(call.params.get("Bucket", "")):
        names.add("x-amz-version-id")  # moto says "null"
    return names


def _without_deleted(http: HttpRequest, body: bytes) -> bytes:
    """Quiet: only what failed is told."""
    asked = next(iter(bodies.elements(http, "Delete")), None)
    if asked is None or bodies.text(asked, "Quiet") != "true":
        return body
    return re.sub(rb"<Deleted>.*?</Deleted>|<Deleted\s*/>", b"", body, flags=re.DOTALL)


def _second_id(request_id: str) -> str:
    return b64encode(request_id.encode()).decode()
