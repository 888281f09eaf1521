"""Uploads to S3 in chunks (aws-chunked): the chain of their signatures, and their trailer.

Each chunk's signature covers the one before it, the first the request's own. Source: S3 API
Reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks" and "Including trailing headers". After this step the body is what the client meant.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from labhelpers.sandbox.authenticate import sigv4
from labhelpers.sandbox.authenticate.claims import Signed
from labhelpers.sandbox.wire.errors import Refusal, credential_refusal, not_modelled
from labhelpers.sandbox.wire.families import S3
from labhelpers.sandbox.wire.http import HttpRequest

_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_KINDS = (_SIGNED, f"{_SIGNED}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
_EMPTY = hashlib.sha256(b"").hexdigest()
_HEAD = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?\r\n")
_CUT = "You did not provide the number of bytes specified by the Content-Length HTTP header"


def unchunk(http: HttpRequest, signed: Signed | None, secret: str) -> None:
    """Replace the body of a chunked upload by its contents, and add its trailer to the headers.

    Raises Refusal for a chunk that was not signed by this secret, or is cut.
    """
    kind = http.headers.get("x-amz-content-sha256", "")
    if not kind.startswith("STREAMING-"):
        return
    if kind not in _KINDS:
        raise not_modelled(f"uploads of the kind {kind[:60]}")
    chain = _Chain(signed, secret) if kind.startswith(_SIGNED) else None
    parts, rest = _chunks(http.body, chain)
    body = b"".join(parts)
    if str(len(body)) != http.headers.get("x-amz-decoded-content-length", str(len(body))):
        raise _incomplete()
    if kind.endswith("-TRAILER"):
        http.headers |= _trailer(rest, http.headers.get("x-amz-trailer", ""), chain)
    http.body = body


def _chunks(body: bytes, chain: _Chain | None) -> tuple[list[bytes], bytes]:
    """The chunks, and what comes after the empty one that ends them."""
    parts: list[bytes] = []
    place = 0
    while True:
        head = _HEAD.match(body, place)
        if head is None or (chain is not None and head[2] is None):
            raise _incomplete()
        start, end = head.end(), head.end() + int(head[1], 16)
        if chain is not None:
            chain.check(body[start:end], head[2])
        if start == end:
            return parts, body[end:]
        if body[end : end + 2] != b"\r\n":
            raise _incomplete()
        parts.append(body[start:end])
        place = end + 2


def _trailer(rest: bytes, announced: str, chain: _Chain | None) -> dict[str, str]:
    """Checksums and nothing else: a trailer must not ask for what no header has asked for."""
    lines = [line for line in re.split(rb"\r?\n", rest) if line]
    found = {}
    for line in lines:
        name, _, value = line.decode("latin-1").partition(":")
        found[name.strip().lower()] = value.strip()
    signature = found.pop("x-amz-trailer-signature", "")
    if chain is not None:
        text = "".join(f"{name}:{value}\n" for name, value in found.items())
        chain.check_trailer(text.encode("latin-1"), signature.encode())
    expected = {name.strip().lower() for name in announced.split(",") if name.strip()}
    if set(found) != expected or not all(name.startswith("x-amz-checksum-") for name in found):
        text = "The request contained trailing data that was not well-formed or did not conform to "
        raise Refusal("MalformedTrailerError", f"{text}our published schema.", 400)
    return found


class _Chain:
    """The last signature of a request, from which the next one comes."""

    def __init__(self, signed: Signed | None, secret: str) -> None:
        if signed is None or signed.version != 4 or signed.expires_in is not None:
            raise not_modelled("chunk-signed uploads without a signed header")
        self._key = sigv4.signing_key(secret, signed.date, signed.region, signed.service)
        self._scope = f"{signed.date}/{signed.region}/{signed.service}/aws4_request"
        self._timestamp, self._last = signed.timestamp, signed.signature

    def check(self, data: bytes, signature: bytes) -> None:
        self._next("AWS4-HMAC-SHA256-PAYLOAD", f"{_EMPTY}\n{_digest(data)}", signature)

    def check_trailer(self, data: bytes, signature: bytes) -> None:
        self._next("AWS4-HMAC-SHA256-TRAILER", _digest(data), signature)

    def _next(self, kind: str, digests: str, signature: bytes) -> None:
        text = "\n".join((kind, self._timestamp, self._scope, self._last, digests))
        expected = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature):
            raise credential_refusal(S3, "bad_signature", "A chunk is not the one that was signed.")
        self._last = expected


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _incomplete() -> Refusal:
    return Refusal("IncompleteBody", _CUT, 400, blocked_by="authentication")
