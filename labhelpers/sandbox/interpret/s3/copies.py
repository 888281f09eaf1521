"""The source of a copy: which object of which bucket, perhaps of another account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: What other readers of a copy source take for the end of its key or for an authority.
_TRICKS = re.compile(r"[;#]|\A//|\A[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Source:
    bucket: str
    key: str
    version: str | None


def copy_source(http: HttpRequest) -> Source | None:
    header = http.headers.get("x-amz-copy-source")
    if header is None:
        return None
    path, _, query = header.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    if bucket.startswith("arn:") or not key:
        raise not_modelled(f"the copy source {header[:80]}")
    version = dict(parse_qsl(query, keep_blank_values=True)).get("versionId")
    if _TRICKS.search(path) or query not in ("", f"versionId={version}"):
        text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise Refusal("InvalidArgument", text, 400)
    return Source(bucket, key, version)
