"""A request as it came over the wire, before anybody believed anything in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

#: Status, headers and body of what goes back over the wire.
Answer = tuple[int, list[tuple[str, str]], bytes]

#: Of the form that a Query call is. EC2, SQS and IAM take the longest ones, of up to 1 MiB before
#: they are encoded; AWS says nowhere where it stops.
MAX_FORM = 4 * 1024 * 1024  # bytes
MAX_FIELDS = 50_000
#: Where the server leaves the names of S3 metadata headers that hold underscores (server.py).
RAW_HEADER_NAMES = "labhelpers.raw_header_names"


@dataclass(slots=True)
class HttpRequest:
    """Method, percent-encoded path, query, lower-case header names and the whole body."""

    method: str
    raw_path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    remote_addr: str
    _query: list[tuple[str, str]] | None = field(default=None, repr=False)
    _form: dict[str, str] | None = field(default=None, repr=False)

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded query parameters in wire order, duplicates kept."""
        if self._query is None:
            text = self.query_string
            self._query = parse_qsl(text, keep_blank_values=True) if text else []
        return self._query

    def query_value(self, name: str) -> str | None:
        return next((value for key, value in self.query if key == name), None)

    @property
    def has_form(self) -> bool:
        kind = self.headers.get("content-type", "").lower()
        return self.method == "POST" and kind.startswith("application/x-www-form-urlencoded")

    @property
    def is_form_too_long(self) -> bool:
        """Whether its form is left unread: anybody can send one, before anything is signed."""
        body = self.body
        return self.has_form and (len(body) > MAX_FORM or body.count(b"&") >= MAX_FIELDS)

    @property
    def form(self) -> dict[str, str]:
        """Parameters of a Query-protocol call; of duplicates the first on the wire wins.

        AWS reads them from the body of a POST and from the URL; the URL comes first.
        """
        if self._form is None:
            pairs = list(self.query)
            if self.has_form and not self.is_form_too_long:
                text = self.body.decode("utf-8", "replace")
                pairs += parse_qsl(text, keep_blank_values=True)
            self._form = {}
            for key, value in pairs:
                self._form.setdefault(key, value)
        return self._form

    @property
    def path(self) -> str:
        return unquote(self.raw_path)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a body is, {} for what is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def from_environ(environ: dict) -> HttpRequest:
    """Build the request from a WSGI environ."""
    names = environ.get(RAW_HEADER_NAMES, {})
    headers = {
        names.get(key, key[5:].replace("_", "-").lower()): value
        for key, value in environ.items()
        if key[:5] == "HTTP_"
    }
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            headers[name] = environ[key]
    raw_path, _, query = path_of(environ["REQUEST_URI"]).partition("?")
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        raw_path=raw_path,
        query_string=query,
        headers=headers,
        body=environ["wsgi.input"].read(),
        remote_addr=environ.get("REMOTE_ADDR", "127.0.0.1"),
    )


def path_of(target: str) -> str:
    """The path and query of a request's target, which may name a scheme and an authority before
    them, as proxies are asked."""
    path, mark, query = target.partition("?")
    if path.split("/", 1)[0].endswith(":"):
        path = "/" + path.partition("//")[2].partition("/")[2]
    return (path or "/") + mark + query
