"""The WSGI environ that moto gets, rebuilt from what was understood: it reads nothing else."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from labhelpers.sandbox.wire.http import RAW_HEADER_NAMES, HttpRequest

#: Headers that moto may see of a REST call: where it finds nothing else, it takes their names for
#: those of parameters.
_REST_HEADERS = re.compile(r"(accept|authorization|content|if|range|user|x)(-.*)?")
_PARAMETER = re.compile(r"[\w.-]+")
_FORMS = ("application/x-www-form-urlencoded", "application/x-url-encoded", "multipart/")


def to_environ(
    http: HttpRequest,
    *,
    form: Mapping[str, Any] | None = None,
    operation: str = "",
    rest: bool = False,
    account_id: str | None = None,
    region: str = "",
) -> dict[str, Any]:
    """A Query call travels as one `form` without duplicates, a JSON call by the name of its
    `operation`, a `rest` call by its path alone; the host is a fixed name, so that no Host header
    turns a path into a bucket; `account_id` and `region` are ours, not the client's headers'.
    """
    body, query, content_type = http.body, http.query_string, http.headers.get("content-type", "")
    if form is not None:
        body, query = urlencode(form).encode(), ""
        content_type = "application/x-www-form-urlencoded; charset=utf-8"
    elif content_type.strip().lower().startswith(_FORMS):
        # moto would take the fields of a form for parameters of the URL.
        content_type = "binary/octet-stream"
    if rest and _is_json(body):
        body = body.replace(b"&", b"\\u0026")  # see holds_no_form
    if operation:
        # moto would take the operation from a body that looks like a form, too.
        query += f"{'&' if query else ''}Action={operation}"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": http.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(http.raw_path, "latin-1"),
        "RAW_URI": http.raw_path + (f"?{query}" if query else ""),
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": http.remote_addr,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    names = {}
    for name, value in http.headers.items():
        if rest and not _REST_HEADERS.fullmatch(name):
            continue
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = value
        if "_" in name:
            names[key] = name
    for key in ("HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"):
        environ.pop(key, None)
    environ["CONTENT_TYPE"] = content_type
    environ["HTTP_HOST"] = "localhost"
    environ[RAW_HEADER_NAMES] = environ["moto.preserved_header_names"] = names
    if account_id is not None:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = account_id
        environ["HTTP_USER_AGENT"] = f"sts-lab region/{region}"
    return environ


def holds_no_form(body: bytes) -> bool:
    """False for the body of a REST call in which moto, which reads every body as a form before
    anything else, would find parameters. In JSON it cannot, once no & is left."""
    pairs = [] if _is_json(body) else parse_qsl(body.decode("utf-8", "replace"))
    return not any(_PARAMETER.fullmatch(name) for name, _ in pairs)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    return True
