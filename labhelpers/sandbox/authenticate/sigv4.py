"""Signature Version 4, the verifying side: header and presigned requests.

botocore signs; nothing in Python's ecosystem verifies, so this is the one piece of the protocol
written here. Its oracle in the tests is every real client (boto3, AWS CLI, Terraform).
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from urllib.parse import quote, unquote

from botocore.utils import normalize_url_path

from labhelpers.sandbox.authenticate.claims import ALGORITHM, Signed
from labhelpers.sandbox.wire.http import HttpRequest

_EMPTY = hashlib.sha256(b"").hexdigest()


def signature_matches(http: HttpRequest, signed: Signed, secret: str) -> bool:
    """Whether the request was signed with this secret. The body is checked by body_matches."""
    to_sign = _string_to_sign(_canonical_request(http, signed), signed)
    key = signing_key(secret, signed.date, signed.region, signed.service)
    expected = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signed.signature.encode("utf-8", "replace"))


def what_was_signed(http: HttpRequest, signed: Signed) -> dict[str, str]:
    """The elements by which S3 helps to find the fault in a signature."""
    canonical = _canonical_request(http, signed)
    text = _string_to_sign(canonical, signed)
    return {
        "AWSAccessKeyId": signed.access_key_id,
        "StringToSign": text,
        "SignatureProvided": signed.signature,
        "StringToSignBytes": _bytes(text),
        "CanonicalRequest": canonical,
        "CanonicalRequestBytes": _bytes(canonical),
    }


def _bytes(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").hex(" ")


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
    """Whether the body is the one whose hash was signed. S3 lets a client leave it unsigned; of
    a body in chunks, chunks.py sees to it."""
    stated = http.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
    if signed.service != "s3" or stated == UNSIGNED_PAYLOAD or stated.startswith("STREAMING-"):
        return True  # for every other service the signature covers the body itself
    return hmac.compare_digest(
        stated.encode("utf-8", "replace"), hashlib.sha256(http.body).hexdigest().encode()
    )


UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


@lru_cache(maxsize=256)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode("utf-8", "surrogateescape"), hashlib.sha256).digest()
    return key


def _canonical_path(raw_path: str, service: str) -> str:
    if raw_path == "/":
        return raw_path
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
        if signed.expires_in is not None and "x-amz-content-sha256" not in signed.signed_headers:
            return UNSIGNED_PAYLOAD  # whatever somebody has added to the link
        if stated is not None:
            return stated
    return hashlib.sha256(http.body).hexdigest() if http.body else _EMPTY
