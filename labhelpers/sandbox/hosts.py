"""Only what is meant for this machine's own endpoint is answered.

A page of any site may send requests here, and after DNS rebinding read the answers, too; such a
request names the site as its Host, or as its Origin. The names of loopback, which a tunnel's
client uses as well, and those of STS, which nobody but AWS can rebind and by which an unsigned call
tells its Region, are served; for all others another server would be responsible (RFC 9110, 421).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from labhelpers.sandbox.interpret.addressed import addressed
from labhelpers.sandbox.wire.errors import Refusal, render
from labhelpers.sandbox.wire.http import from_environ
from labhelpers.sandbox.wire.ids import new_id

#: `[^.]+` is a bucket's name: browsers and resolvers take whatever ends in .localhost for loopback.
_OURS = re.compile(
    r"(127\.0\.0\.1|localhost|\[::1\]|[a-z0-9][a-z0-9.-]*\.localhost"
    r"|sts(-fips)?(\.[a-z0-9-]+)?\.(amazonaws\.com|api\.aws))(:[0-9]{1,5})?",
    re.ASCII | re.IGNORECASE,
)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)


def is_ours(authority: str) -> bool:
    """Whether a HOST or HOST:PORT is this endpoint's; every port is, since tunnels have others."""
    return _OURS.fullmatch(authority) is not None


def for_us_only(app: Callable) -> Callable:
    """The WSGI application for what is addressed to this machine, and asked by its own pages."""

    def guarded(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        refusal = _misdirected(environ) or _foreign(environ)
        if refusal is None:
            answer: Iterable[bytes] = app(environ, start_response)
            return answer
        to = addressed(from_environ(environ))
        status, headers, body = render(refusal, to.family, to.service, new_id())
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return guarded


def _misdirected(environ: dict[str, Any]) -> Refusal | None:
    """A Host of somebody else, or another authority in the request's line, which counts more."""
    named = [environ["HTTP_HOST"]] if "HTTP_HOST" in environ else []
    target = environ["REQUEST_URI"]
    if not target.startswith("/"):
        named.append(_SCHEME.sub("", target, count=1).partition("/")[0].partition("?")[0])
    wrong = next((name for name in named if not is_ours(name)), None)
    if wrong is None:
        return None
    text = f"This is the sandbox on 127.0.0.1, not {wrong[:100]}. Ask it as 127.0.0.1 or localhost."
    return Refusal("MisdirectedRequest", text, HTTPStatus.MISDIRECTED_REQUEST)


def _foreign(environ: dict[str, Any]) -> Refusal | None:
    """A page of another site asks, and brings no signature: it may be anybody's."""
    origin = environ.get("HTTP_ORIGIN")
    is_signed = "HTTP_AUTHORIZATION" in environ or "Signature=" in environ["QUERY_STRING"]
    if origin is None or is_signed:
        return None
    scheme = _SCHEME.match(origin)
    if scheme is not None and is_ours(origin[scheme.end() :]):
        return None
    text = f"The sandbox answers no unsigned request of a page of {origin[:100]}."
    return Refusal("ForeignOrigin", text, HTTPStatus.FORBIDDEN)
