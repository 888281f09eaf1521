"""The families of AWS services: the form of their errors, and their codes for bad credentials.

Source: STS_FACTS 2.6; AWS_RECORDED B1 to B3 (logs and recordings of 2025 and 2026). REST-JSON's
codes for a wrong key and a wrong signature, and everything that the services with an older
Query protocol say beyond SQS's denial, wrong key and expired token, are by analogy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Signing names of the services that this sandbox knows best: all their requests are Query's.
QUERY_NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
#: JSON services whose older protocol is Query: they keep its codes (awsQueryCompatible in
#: botocore's models), which every client reads from a header.
QUERY_COMPATIBLE = ("monitoring", "sqs")

Answer = tuple[int, str, str]  # HTTP status, code, message


@dataclass(frozen=True, slots=True)
class Family:
    """How one group of services words its errors. `form` is how they are written (render):
    "query" (XML, also REST-XML's), "s3", "ec2", "json" or "cbor".
    """

    form: str
    denied: tuple[int, str]
    invalid_key: Answer
    invalid_token: Answer
    expired: Answer
    bad_signature: Answer
    unsigned: Answer
    incomplete: str  # the code of a signature of which something is missing, always 400
    compatible: bool = False  # the codes are those of an older Query protocol
    content_type: str = ""


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
    denied=(403, "AccessDenied"),
    invalid_key=(403, "InvalidClientTokenId", _INVALID),
    invalid_token=(403, "InvalidClientTokenId", _INVALID),
    expired=(403, "ExpiredToken", _EXPIRED),
    bad_signature=(403, "SignatureDoesNotMatch", _MISMATCH_QUERY),
    unsigned=(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    incomplete="IncompleteSignature",
)
S3 = Family(
    "s3",
    denied=(403, "AccessDenied"),
    invalid_key=(
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    invalid_token=(400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    expired=(400, "ExpiredToken", "The provided token has expired."),
    bad_signature=(403, "SignatureDoesNotMatch", _MISMATCH.format("key and ")),
    unsigned=(403, "AccessDenied", "Access Denied"),
    incomplete="AuthorizationHeaderMalformed",
)
EC2 = Family(
    "ec2",
    denied=(403, "UnauthorizedOperation"),
    invalid_key=_AUTH_FAILURE,
    invalid_token=_AUTH_FAILURE,
    expired=(400, "RequestExpired", "Request has expired."),
    bad_signature=_AUTH_FAILURE,
    unsigned=_AUTH_FAILURE,
    incomplete="AuthFailure",
)
JSON = Family(
    "json",
    denied=(400, "AccessDeniedException"),
    invalid_key=(400, "UnrecognizedClientException", _INVALID),
    invalid_token=(400, "UnrecognizedClientException", _INVALID),
    expired=(400, "ExpiredTokenException", _EXPIRED),
    bad_signature=(400, "InvalidSignatureException", _MISMATCH_QUERY),
    unsigned=(400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    incomplete="IncompleteSignatureException",
    content_type="application/x-amz-json-1.1",
)
REST_JSON = replace(
    JSON,
    denied=(403, "AccessDeniedException"),
    invalid_key=(403, "UnrecognizedClientException", _INVALID),
    invalid_token=(403, "UnrecognizedClientException", _INVALID),
    expired=(403, "ExpiredTokenException", _EXPIRED),
    bad_signature=(403, "InvalidSignatureException", _MISMATCH_QUERY),
    unsigned=(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    content_type="application/json",
)
#: SQS and CloudWatch, which speak JSON now and keep the codes and statuses of Query.
COMPATIBLE = replace(QUERY, form="json", compatible=True, content_type="application/x-amz-json-1.0")


def in_cbor(family: Family) -> Family:
    """The same codes for a client that speaks Smithy's RPC v2 in CBOR."""
    return replace(family, form="cbor", content_type="application/cbor")
