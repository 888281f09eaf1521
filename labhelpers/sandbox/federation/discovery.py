"""What issuers publish, served by the endpoint to anybody: discovery documents and public keys.

The path /.oidc/HOST/PATH/.well-known/… stands for https://HOST/PATH/.well-known/…; no S3 bucket
can have that name, because bucket names begin with a letter or a digit.
"""

from __future__ import annotations

import json
from typing import Any

from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.http import Answer, HttpRequest

PREFIX = "/.oidc/"
_DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/jwks", "/.well-known/jwks.json")


def published(http: HttpRequest, registry: Registry) -> Answer | None:
    """(status, headers, body) of a request for such a document, None for any other request."""
    if not http.raw_path.startswith(PREFIX):
        return None
    if http.method not in ("GET", "HEAD"):
        return _json(405, {"error": "Only GET is served here."})
    for document in _DOCUMENTS:
        if http.path.endswith(document):
            name = http.path[len(PREFIX) : -len(document)]
            # An issuer may end in a slash, which well-known paths swallow.
            for url in (f"https://{name}", f"https://{name}/"):
                issuer = registry.issuers.get(url)
                if issuer is not None:
                    base = f"http://{http.headers.get('host', '127.0.0.1')}{PREFIX}{name}"
                    keys = document != _DOCUMENTS[0]
                    return _json(200, issuer.jwks() if keys else issuer.discovery(base))
    return _json(404, {"error": "No identity provider of this lab publishes here."})


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, [("Content-Type", "application/json")], json.dumps(content).encode()
