"""Digests that a request to S3 states of its body: Content-MD5 and the checksum headers.

Not compared: CRC32C and CRC64NVME, for which Python has nothing. Words: S3's, from reports.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable

from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest


def _crc32(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _with(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data, usedforsecurity=False).digest()


_CHECKSUMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": _crc32,
    "sha1": _with("sha1"),
    "sha256": _with("sha256"),
}


def refuse_other_body(http: HttpRequest) -> None:
    """Raises Refusal for a body that is not the stated one."""
    stated = http.headers.get("content-md5")
    if stated is not None:
        digest = _decoded(stated, 16)
        if digest is None:
            text = "The Content-MD5 you specified was invalid."
            raise _refusal("InvalidDigest", text, {"Content-MD5": stated[:100]})
        calculated = _with("md5")(http.body)
        if digest != calculated:
            text = "The Content-MD5 you specified did not match what we received."
            shown = {"ExpectedDigest": stated, "CalculatedDigest": b64encode(calculated).decode()}
            raise _refusal("BadDigest", text, shown)
    if http.query_value("uploadId") is not None and http.method == "POST":
        return  # the checksum of an object that comes of many bodies
    for name, calculate in _CHECKSUMS.items():
        header = f"x-amz-checksum-{name}"
        stated = http.headers.get(header)
        if stated is None:
            continue
        calculated = calculate(http.body)
        digest = _decoded(stated, len(calculated))
        if digest is None:
            raise _refusal("InvalidRequest", f"Value for {header} header is invalid.")
        if digest != calculated:
            text = f"The {name.upper()} you specified did not match the calculated checksum."
            raise _refusal("BadDigest", text)


def _decoded(text: str, length: int) -> bytes | None:
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return None
    return found if len(found) == length else None


def _refusal(code: str, text: str, details: dict[str, str] | None = None) -> Refusal:
    return Refusal(code, text, 400, details=details)
