"""What a request claims about its signature, in its header or in a presigned link; reading it
believes nothing. S3's words for a link that lacks something: recorded (AWS_RECORDED B4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from labhelpers.sandbox.wire.errors import Refusal, signature_refusal
from labhelpers.sandbox.wire.families import S3, Family
from labhelpers.sandbox.wire.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_PRESIGNED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
)
_BAD_CREDENTIAL = (
    "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
    '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
)
_BAD_DATE = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
_BODY_HASH = "x-amz-content-sha256"
_WEEK = 604800  # seconds
_FIELDS = ("Credential", "SignedHeaders", "Signature")
#: As every SDK writes it: read in one go, in a fifth of the time.
_USUAL = re.compile(
    r"Credential=(?P<Credential>[^,\s]++),\s*+SignedHeaders=(?P<SignedHeaders>[^,\s]++),\s*+"
    r"Signature=(?P<Signature>[0-9a-f]++)"
)


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request claims about its signature; nothing of it is verified yet."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str | None
    expires_in: int | None = None  # seconds; presigned requests only
    version: int = 4

    @property
    def signed_at(self) -> datetime:
        return _moment(self.timestamp)


@lru_cache(maxsize=64)
def _moment(timestamp: str) -> datetime:
    """Clients sign many requests within a second, and strptime takes its time."""
    return datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC)


def is_presigned(http: HttpRequest) -> bool:
    return any(f"{name}=" in http.query_string for name in _PRESIGNED[:3])


def read_signature(http: HttpRequest, family: Family) -> Signed | None:
    """The signature's claims, None for an unsigned request; a broken one is a Refusal."""
    if "authorization" in http.headers:
        return _from_header(http, family)
    return _from_query(http, family) if is_presigned(http) else None


def _from_header(http: HttpRequest, family: Family) -> Signed:
    scheme, _, rest = http.headers["authorization"].strip().partition(" ")
    if scheme != ALGORITHM:
        raise _malformed(family, f"Unsupported authorization type '{scheme[:40]}', use {ALGORITHM}")
    usual = _USUAL.fullmatch(rest)
    found = list(usual.groupdict().items()) if usual else list(_fields(rest))
    fields = dict(found)
    if len(fields) != len(found):
        raise _malformed(family, "Authorization header names a parameter twice.")
    timestamp = http.headers.get("x-amz-date", "")
    gaps = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not fields.get(name)
    ]
    if not timestamp:
        gaps.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if gaps:
        raise _malformed(family, " ".join(gaps))
    token = http.headers.get("x-amz-security-token")
    return _signed(http, family, fields, timestamp, token)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """The parameters of an Authorization header, between commas. Split and not searched for: the
    text is a stranger's, and as long as he likes."""
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if equals and name in _FIELDS and len(value.split()) <= 1:
            yield name, value


def _from_query(http: HttpRequest, family: Family) -> Signed:
    values: dict[str, str] = {}
    for name, value in http.query:
        values.setdefault(name, value)
    missing = [name for name in _PRESIGNED if not values.get(name)]
    if family is not S3:  # others let it out: the signature then holds as long as a header's
        missing = [name for name in missing if name != "X-Amz-Expires"]
    if missing:
        raise _malformed(family, _what_is_missing(family, missing), presigned=True)
    if values["X-Amz-Algorithm"] != ALGORITHM:
        text = f'X-Amz-Algorithm only supports "{ALGORITHM}"'
        raise _malformed(family, text, presigned=True)
    fields = {name: values[f"X-Amz-{name}"] for name in ("Credential", "SignedHeaders")}
    fields["Signature"] = values["X-Amz-Signature"]
    token = values.get("X-Amz-Security-Token")
    expires = _lifetime(values.get("X-Amz-Expires", "900"), family)
    return _signed(http, family, fields, values["X-Amz-Date"], token, expires)


def _what_is_missing(family: Family, missing: list[str]) -> str:
    """S3 lists what every link needs, the others what this one lacks."""
    if family is S3:
        needed = f"{', '.join(_PRESIGNED[:-1])}, and {_PRESIGNED[-1]}"
        return f"Query-string authentication version 4 requires the {needed} parameters."
    told = " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
    return f"{told} Re-examine the query-string parameters."


def _lifetime(text: str, family: Family) -> int:
    """X-Amz-Expires in seconds. Words: S3's, by servers that copy it; not verified on AWS."""
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise _malformed(family, "X-Amz-Expires should be a number", presigned=True)
    if text.startswith("-"):
        raise _malformed(family, "X-Amz-Expires must be non-negative", presigned=True)
    if len(text) > 9 or int(text) > _WEEK:
        text = (
            "X-Amz-Expires must be less than a week (in seconds); that is, the given "
            f"X-Amz-Expires must be less than {_WEEK} seconds"
        )
        raise _malformed(family, text, presigned=True)
    return int(text)


def _signed(
    http: HttpRequest,
    family: Family,
    fields: dict,
    timestamp: str,
    token: str | None,
    expires_in: int | None = None,
) -> Signed:
    parts = fields["Credential"].split("/")
    presigned = expires_in is not None
    if len(parts) != 5 or parts[4] != "aws4_request":
        if presigned and family is S3:
            raise _malformed(family, _BAD_CREDENTIAL, presigned=True)
        raise _malformed(
            family,
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{fields['Credential'][:200]}'",
        )
    try:
        _moment(timestamp)
    except ValueError:
        if presigned and family is S3:
            raise _malformed(family, _BAD_DATE, presigned=True) from None
        raise _malformed(
            family,
            "Date must be in ISO-8601 'basic format'. "
            f"Got '{timestamp[:40]}'. See http://en.wikipedia.org/wiki/ISO_8601",
        ) from None
    headers = tuple(name.lower() for name in fields["SignedHeaders"].split(";"))
    if "host" not in headers:
        raise _malformed(family, "'Host' or ':authority' must be a 'SignedHeader'.")
    key_id, date, region, service = parts[:4]
    _refuse_unsigned_headers(http, headers, family)
    return Signed(
        key_id,
        date,
        region,
        service,
        headers,
        fields["Signature"],
        timestamp,
        token,
        expires_in,
    )


def _refuse_unsigned_headers(http: HttpRequest, signed: tuple[str, ...], family: Family) -> None:
    """What asks something of a service must be signed: a presigned PUT must not turn into a copy.

    Source: IAM User Guide, "Create a signed AWS API request"; S3's words for it. The hash of the
    body needs none: recorded for S3's links (AWS_RECORDED A14), of headers users report it.
    """
    covered = {*signed, _BODY_HASH}
    missed = [name for name in http.headers if name.startswith("x-amz-") and name not in covered]
    if missed and family is S3:
        text = "There were headers present in the request which were not signed"
        told = ", ".join(missed)
        details = {"HeadersNotSigned": told}
        raise Refusal(
            "AccessDenied", text, blocked_by="authentication", reason=told, details=details
        )
    if missed:
        text = f"'{missed[0]}' must be a 'SignedHeader' in the AWS Authorization."
        raise signature_refusal(family, text)


def _malformed(family: Family, message: str, presigned: bool = False) -> Refusal:
    code = family.incomplete
    if family is S3 and presigned:
        code = "AuthorizationQueryParametersError"
    elif family is S3:
        message = f"The authorization header is malformed; {message}"
    return Refusal(code, message, 400, blocked_by="authentication")


def hoisted(http: HttpRequest) -> dict[str, str]:
    """Headers that a link carries in its query, where its signature covers them."""
    own = {name.lower() for name in (*_PRESIGNED, "X-Amz-Security-Token")}
    pairs = ((name.lower(), value) for name, value in http.query)
    return {name: value for name, value in pairs if name.startswith("x-amz-") and name not in own}


def wrong_region(region: str, expected: str, presigned: bool) -> Refusal:
    """S3's refusal of the Region in the Credential, of a link's parameter or of the header."""
    what = f"the region '{region[:40]}' is wrong; expecting '{expected}'"
    if presigned:
        what = f"Error parsing the X-Amz-Credential parameter; {what}"
    refusal = _malformed(S3, what, presigned)
    refusal.details = {"Region": expected}
    return refusal
