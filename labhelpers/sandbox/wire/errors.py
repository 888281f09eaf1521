"""Refusals and the shape each AWS service family gives them on the wire (STS_FACTS 2.1, 2.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from labhelpers.policy import EXPLICITLY_DENIED, Decision, PolicyError, Request

#: Which error shape a signing name speaks; whatever is missing here speaks JSON.
QUERY_NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
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


@dataclass(frozen=True, slots=True)
class Family:
    """How one group of services words its errors."""

    name: str
    invalid_key: tuple[int, str, str]
    invalid_token: tuple[int, str, str]
    expired: tuple[int, str, str]
    bad_signature: tuple[int, str, str]
    unsigned: tuple[int, str, str]


_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your {}signing method."
)
_SECRET = "AWS Secret Access Key and "
_MISMATCH_QUERY = _MISMATCH.format(_SECRET) + " Consult the service documentation for details."
_AUTH_FAILURE = (401, "AuthFailure", "AWS was not able to validate the provided access credentials")

QUERY = Family(
    "query",
    invalid_key=(403, "InvalidClientTokenId", _INVALID),
    invalid_token=(403, "InvalidClientTokenId", _INVALID),
    expired=(403, "ExpiredToken", _EXPIRED),
    bad_signature=(403, "SignatureDoesNotMatch", _MISMATCH_QUERY),
    unsigned=(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
)
S3 = Family(
    "s3",
    invalid_key=(
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    invalid_token=(400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    expired=(400, "ExpiredToken", "The provided token has expired."),
    bad_signature=(403, "SignatureDoesNotMatch", _MISMATCH.format("key and ")),
    unsigned=(403, "AccessDenied", "Access Denied"),
)
EC2 = Family(
    "ec2",
    invalid_key=_AUTH_FAILURE,
    invalid_token=_AUTH_FAILURE,
    expired=(400, "RequestExpired", "Request has expired."),
    bad_signature=_AUTH_FAILURE,
    unsigned=_AUTH_FAILURE,
)
JSON = Family(
    "json",
    invalid_key=(400, "UnrecognizedClientException", _INVALID),
    invalid_token=(400, "UnrecognizedClientException", _INVALID),
    expired=(400, "ExpiredTokenException", _EXPIRED),
    bad_signature=(403, "InvalidSignatureException", _MISMATCH_QUERY),
    unsigned=(400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
)


def family_of(service: str, is_query: bool) -> Family:
    """The family of a signing name; `is_query` when the request carries an Action parameter."""
    if service in ("s3", "ec2"):
        return S3 if service == "s3" else EC2
    return QUERY if is_query or service in QUERY_NAMESPACES else JSON


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


def principal_denial(request: Request) -> str:
    """STS says who, what and on what, but never why (STS_FACTS 2.2, 2.5)."""
    if request.principal.kind in ("web-identity", "saml"):
        return f"Not authorized to perform {request.action}"
    who = f"User: {request.principal.arn} is not authorized to perform: {request.action}"
    return f"{who} on resource: {request.resource}"


def denial(
    decision: Decision,
    family: Family,
    service: str,
    caller_account: str,
    encode: Callable[[str], str],
) -> Refusal:
    """The service's refusal of a request that the policies do not allow (STS_FACTS 2.8).

    `encode` turns EC2's authorization message into the text for DecodeAuthorizationMessage.
    """
    if decision.blocked_by == "not modelled":
        return not_modelled(f"the condition key {decision.unmodelled}")
    request, blocked_by = decision.request, decision.blocked_by
    assert blocked_by is not None, "only what is not allowed has a refusal"
    if service == "sts":
        return Refusal("AccessDenied", principal_denial(request), blocked_by=blocked_by)
    who = f"User: {request.principal.arn} is not authorized to perform: {request.action}"
    where = f" on resource: {request.resource}" if request.resource not in (None, "*") else ""
    code, status = "AccessDenied", 403
    if family is S3:
        if request.resource_account != caller_account or not caller_account:
            return Refusal(code, "Access Denied", blocked_by=blocked_by)
        where = f' on resource: "{request.resource}"' if where else ""
    elif family is EC2:
        code = "UnauthorizedOperation"
        who = f"You are not authorized to perform this operation. {who}"
    elif family is JSON:
        code, status = "AccessDeniedException", 400
    message = f"{who}{where} {decision.aws_reason}"
    if family is EC2:
        blob = encode(authorization_message(decision))
        message += f". Encoded authorization failure message: {blob}"
    return Refusal(code, message, status, blocked_by=blocked_by)


def authorization_message(decision: Decision) -> str:
    """What DecodeAuthorizationMessage gives back, as JSON text.

    The contents are documented, the spelling of the keys is not (STS_FACTS 2.8).
    """
    request = decision.request
    principal = request.principal
    matched = [result for result in decision.statements if result.matched]
    keys = {"aws:Resource": request.resource, **request.context}
    listed = {
        k: list(v) if isinstance(v, list | tuple) else [v] for k, v in keys.items() if v is not None
    }
    return json.dumps(
        {
            "allowed": False,
            "explicitDeny": decision.outcome == EXPLICITLY_DENIED,
            "matchedStatements": {
                "items": [
                    {"statementId": r.sid, "effect": r.effect.upper(), "policy": r.policy_name}
                    for r in matched
                ]
            },
            "failures": {"items": []},
            "context": {
                "principal": {
                    "id": request.context.get("aws:userid", principal.unique_id),
                    "name": principal.arn.rsplit("/", 1)[-1],
                    "arn": principal.arn,
                },
                "action": request.action,
                "resource": request.resource,
                "conditions": {
                    "items": [
                        {"key": key, "values": {"items": [{"value": value} for value in values]}}
                        for key, values in listed.items()
                    ]
                },
            },
        }
    )


def render(
    refusal: Refusal, family: Family, service: str, request_id: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    """(status, headers, body) of a refusal in the shape of its family."""
    code, message = escape(refusal.code), escape(refusal.message)
    if family is JSON:
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
        headers = [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("x-amzn-ErrorType", _header_safe(refusal.code)),
            ("x-amzn-RequestId", request_id),
        ]
    elif family is S3:
        more = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in refusal.details.items())
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{code}</Code><Message>{message}</Message>{more}"
            f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
        )
        headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    elif family is EC2:
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
        headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id)]
    else:
        namespace = QUERY_NAMESPACES.get(service, FAULT_NAMESPACE)
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


def _header_safe(text: str) -> str:
    return "".join(c for c in text if c.isalnum() or c in ".-_")


def _xml_safe(text: str) -> str:
    """XML 1.0 has no way to write most control characters; a message may quote them."""
    return "".join(c if c >= " " or c in "\t\n\r" else "?" for c in text)
