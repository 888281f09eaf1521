"""Signature Version 4, the verifying side: header and presigned requests.

botocore signs; nothing in Python's ecosystem verifies, so this is the one piece of the protocol
written here. Its oracle in the tests is every real client (boto3, AWS CLI, Terraform).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, unquote

from botocore.utils import normalize_url_path

from labhelpers.sandbox.wire.errors import Refusal, signature_refusal
from labhelpers.sandbox.wire.families import S3, Family
from labhelpers.sandbox.wire.http import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_EMPTY = hashlib.sha256(b"").hexdigest()
_VERSION_2 = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)
_FIELD = re.compile(r"\s*(Credential|SignedHeaders|Signature)\s*=\s*([^,\s]*)\s*(?:,|$)")


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

    @property
    def signed_at(self) -> datetime:
        return datetime.strptime(self.timestamp, _TIMESTAMP).replace(tzinfo=UTC)


def is_presigned(http: HttpRequest) -> bool:
    return "X-Amz-Signature=" in http.query_string or "X-Amz-Credential=" in http.query_string


def read_signature(http: HttpRequest, family: Family) -> Signed | None:
    """The signature's claims, None for an unsigned request; a broken one is a Refusal."""
    if "authorization" in http.headers:
        return _from_header(http, family)
    return _from_query(http, family) if is_presigned(http) else None


def _from_header(http: HttpRequest, family: Family) -> Signed:
    scheme, _, rest = http.headers["authorization"].strip().partition(" ")
    if scheme != ALGORITHM:
        if family is S3:
            # S3's answer in the Regions that know no Signature Version 2: all since 2014.
            raise Refusal("InvalidRequest", _VERSION_2, 400, blocked_by="authentication")
        raise _malformed(family, f"Unsupported authorization type '{scheme[:40]}', use {ALGORITHM}")
    found = _FIELD.findall(rest)
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


def _from_query(http: HttpRequest, family: Family) -> Signed:
    values: dict[str, str] = {}
    for name, value in http.query:
        values.setdefault(name, value)
    if values.get("X-Amz-Algorithm") != ALGORITHM:
        raise _malformed(family, f"X-Amz-Algorithm only supports {ALGORITHM}")
    fields = {name: values.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders")}
    fields["Signature"] = values.get("X-Amz-Signature", "")
    missing = [f"X-Amz-{name}" for name, value in fields.items() if not value]
    expires = values.get("X-Amz-Expires", "")
    if missing or not values.get("X-Amz-Date"):
        raise _malformed(family, "Query-string authentication requires " + ", ".join(missing))
    if not (expires.isascii() and expires.isdigit() and 1 <= int(expires[:9]) <= 604800):
        raise _malformed(family, "X-Amz-Expires must be between 1 and 604800 seconds")
    token = values.get("X-Amz-Security-Token")
    return _signed(http, family, fields, values["X-Amz-Date"], token, int(expires))


def _signed(
    http: HttpRequest,
    family: Family,
    fields: dict,
    timestamp: str,
    token: str | None,
    expires_in: int | None = None,
) -> Signed:
    parts = fields["Credential"].split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise _malformed(
            family,
            "Credential must have exactly 5 slash-delimited elements, "
            f"e.g. keyid/date/region/service/term, got '{fields['Credential'][:200]}'",
        )
    try:
        datetime.strptime(timestamp, _TIMESTAMP)
    except ValueError:
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

    Source: IAM User Guide, "Create a signed AWS API request"; S3's words for it.
    """
    for name in http.headers:
        if not name.startswith("x-amz-") or name in signed:
            continue
        if family is S3:
            text = "There were headers present in the request which were not signed"
            raise Refusal("AccessDenied", text, blocked_by="authentication", reason=name)
        text = f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
        raise signature_refusal(family, text)


def signature_matches(http: HttpRequest, signed: Signed, secret: str) -> bool:
    """Whether the request was signed with this secret. The body is checked by body_matches."""
    to_sign = _string_to_sign(_canonical_request(http, signed), signed)
    key = _signing_key(secret, signed.date, signed.region, signed.service)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signed.signature.encode("utf-8", "replace"))


def what_was_signed(http: HttpRequest, signed: Signed) -> dict[str, str]:
    """The elements by which S3 helps to find the fault in a signature."""
    canonical = _canonical_request(http, signed)
    return {
        "AWSAccessKeyId": signed.access_key_id,
        "StringToSign": _string_to_sign(canonical, signed),
        "SignatureProvided": signed.signature,
        "CanonicalRequest": canonical,
    }


def _canonical_request(http: HttpRequest, signed: Signed) -> str:
    return "\n".join(
        (
            http.method,
            _canonical_path(http.raw_path, signed.service),
            _canonical_query(http.query_string),
            *(f"{name}:{_header(http, name)}" for name in signed.signed_headers),
            "",
            ";".join(signed.signed_headers),
            _payload_hash(http, signed),
        )
    )


def _string_to_sign(canonical: str, signed: Signed) -> str:
    scope = f"{signed.date}/{signed.region}/{signed.service}/aws4_request"
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{signed.timestamp}\n{scope}\n{digest}"


def body_matches(http: HttpRequest, signed: Signed) -> bool:
    """Whether the body is the one whose hash was signed (S3 lets a client leave it unsigned)."""
    stated = http.headers.get("x-amz-content-sha256")
    if signed.service != "s3" or stated is None or stated in UNSIGNED_PAYLOADS:
        return True  # for every other service the signature covers the body itself
    return hmac.compare_digest(
        stated.encode("utf-8", "replace"), hashlib.sha256(http.body).hexdigest().encode()
    )


UNSIGNED_PAYLOADS = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
    return key


def _canonical_path(raw_path: str, service: str) -> str:
    if service == "s3":  # S3 signs the path once encoded and never normalized
        return quote(unquote(raw_path, "latin-1"), safe="/-_.~", encoding="latin-1")
    return quote(normalize_url_path(raw_path), safe="/-_.~")


def _canonical_query(query: str) -> str:
    pairs = []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_reencode(name), _reencode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _reencode(text: str) -> str:
    return quote(unquote(text, "latin-1"), safe="-_.~", encoding="latin-1")


def _header(http: HttpRequest, name: str) -> str:
    return " ".join(http.headers.get(name, "").split())


def _payload_hash(http: HttpRequest, signed: Signed) -> str:
    if signed.service == "s3":
        stated = http.headers.get("x-amz-content-sha256")
        if stated is not None or signed.expires_in is not None:
            return stated or "UNSIGNED-PAYLOAD"
    return hashlib.sha256(http.body).hexdigest() if http.body else _EMPTY


def _malformed(family: Family, message: str) -> Refusal:
    if family is S3:
        message = f"The authorization header is malformed; {message}"
    return Refusal(family.incomplete, message, 400, blocked_by="authentication")
