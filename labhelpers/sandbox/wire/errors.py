"""Refusals and the shape each AWS service family gives them on the wire (STS_FACTS 2.1, 2.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape

from labhelpers.policy import PolicyError
from labhelpers.sandbox.wire.families import QUERY_NAMESPACES, Family

_NAMESPACES = QUERY_NAMESPACES | {
    "cloudfront": "http://cloudfront.amazonaws.com/doc/2020-05-31/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
}
_DISPATCH_CODES = ("InvalidAction",)
FAULT_NAMESPACE = "http://webservices.amazon.com/AWSFault/2005-15-09"


class Refusal(Exception):
    """A request leaves the gateway here: code, message and HTTP status of the service's own error.

    `blocked_by` says which step refused: "authentication", "request" (the request is malformed
    or breaks a limit that no policy knows), "not modelled" (the sandbox does not know enough to
    decide), "service" (allowed, and at fault for another reason), or what the decision was
    blocked by. `reason` is for the learner and never sent.
    `location` goes with a redirection, `details` are further elements of an S3 error.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int = 403,
        *,
        blocked_by: str = "request",
        reason: str = "",
        location: str = "",
        details: Mapping[str, str] | None = None,
    ):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status
        self.blocked_by, self.reason, self.location = blocked_by, reason, location
        self.details = details or {}


def not_modelled(what: str, hint: str = "") -> Refusal:
    """The sandbox's own refusal: no AWS service says this, so that nobody takes it for AWS."""
    text = f"The sandbox does not model {what} yet, so it refuses rather than guess. {hint}"
    return Refusal("SandboxNotModelled", text.strip(), 400, blocked_by="not modelled")


def credential_refusal(
    family: Family, kind: str, reason: str = "", details: Mapping[str, str] | None = None
) -> Refusal:
    """`kind` is a field of Family: invalid_key, invalid_token, expired, bad_signature, unsigned."""
    status, code, message = getattr(family, kind)
    return Refusal(
        code, message, status, blocked_by="authentication", reason=reason, details=details
    )


def signature_refusal(family: Family, message: str) -> Refusal:
    """A signature whose scope, date or signed headers do not fit (all but S3's)."""
    status, code, _ = family.bad_signature
    return Refusal(code, message, status, blocked_by="authentication")


def malformed_policy(error: PolicyError, code: str = "MalformedPolicyDocument") -> Refusal:
    """A policy document that cannot be stored; the learner is also told where and what to do."""
    where = f"At {error.path}: " if error.path else ""
    return Refusal(code, str(error), 400, reason=f"{where}{error.hint}")


def render(
    refusal: Refusal, family: Family, service: str, request_id: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """(status, headers, body) of a refusal in the shape of its family."""
    code, message = escape(refusal.code), escape(refusal.message)
    if family.form in ("json", "cbor"):
        return _structured(refusal, family, request_id)
    if family.form == "s3":
        more = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in refusal.details.items())
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{message}</Message>{more}"
            f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
        )
        headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
        headers.append(("x-amz-id-2", request_id))
        if "Region" in refusal.details:  # an answer to HEAD has no body
            headers.append(("x-amz-bucket-region", refusal.details["Region"]))
    elif family.form == "ec2":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
        headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id)]
    else:
        namespace = _NAMESPACES.get(service, FAULT_NAMESPACE)
        if refusal.code in _DISPATCH_CODES:
            namespace = FAULT_NAMESPACE
        told = f"    <Message>{message}</Message>\n" if message else ""
        body = (
            f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n    <Type>Sender</Type>\n'
            f"    <Code>{code}</Code>\n{told}  </Error>\n"
            f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
        )
        headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
    if refusal.location:
        headers.append(("Location", refusal.location))
    return refusal.status, headers, _xml_safe(body).encode("utf-8", "replace")


def _structured(
    refusal: Refusal, family: Family, request_id: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """A refusal for clients that speak JSON or CBOR."""
    told = {"__type": refusal.code, "message": refusal.message}
    headers = [
        ("Content-Type", family.content_type),
        ("x-amzn-ErrorType", _header_safe(refusal.code)),
        ("x-amzn-RequestId", request_id),
    ]
    if family.compatible:
        headers.append(("x-amzn-query-error", f"{_header_safe(refusal.code)};Sender"))
    if family.form == "json":
        return refusal.status, headers, json.dumps(told).encode()
    headers.append(("smithy-protocol", "rpc-v2-cbor"))
    texts = b"".join(_cbor_text(text) for item in told.items() for text in item)
    return refusal.status, headers, bytes((0xA0 + len(told),)) + texts


def _cbor_text(text: str) -> bytes:
    """A text string in CBOR (RFC 8949, major type 3), its length in four bytes."""
    encoded = text.encode("utf-8", "replace")
    return b"\x7a" + len(encoded).to_bytes(4, "big") + encoded


def _header_safe(text: str) -> str:
    return "".join(c for c in text if c.isalnum() or c in ".-_")


def _xml_safe(text: str) -> str:
    """XML 1.0 has no way to write most control characters; a message may quote them."""
    return "".join(c if c >= " " or c in "\t\n\r" else "?" for c in text)
