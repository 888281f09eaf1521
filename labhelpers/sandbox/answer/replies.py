"""Step 4: hand an authorized request to whoever answers it: our STS, or moto for the rest."""

from __future__ import annotations

import io
import threading
from base64 import b64encode
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlencode

from labhelpers.sandbox import sts
from labhelpers.sandbox.answer import iam_extras
from labhelpers.sandbox.answer import identity_providers as federation_calls
from labhelpers.sandbox.answer.metadata_options import keep_unmentioned_options
from labhelpers.sandbox.answer.moto_session import (
    host_free_imports,
    leave_bucket_policies_to_the_gateway,
    leave_policies_to_the_engine,
)
from labhelpers.sandbox.authenticate.keys import Caller
from labhelpers.sandbox.interpret.reading import Call, service_model
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import RAW_HEADER_NAMES, HttpRequest
from labhelpers.sandbox.wire.query_xml import result_xml

Answer = tuple[int, list[tuple[str, str]], bytes]

#: moto answers these services under the request's own path; reaching them by another is a trick.
_OWN_SERVICES = ("iam", "s3", "ec2")
_OWNER_PAYS = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<RequestPaymentConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Payer>BucketOwner</Payer></RequestPaymentConfiguration>"
)
_FORMS = ("application/x-www-form-urlencoded", "application/x-url-encoded", "multipart/")
_app_lock = threading.Lock()
_apps: dict[str, Any] = {}


def answer(
    http: HttpRequest,
    call: Call,
    caller: Caller,
    registry: Registry,
    lab_now: datetime,
    request_id: str,
) -> Answer:
    """STS is our own; moto answers the rest, IAM with what moto lacks (iam_extras.py)."""
    if call.service == "sts":
        return _query_answer(call, sts.answer(call, caller, registry, lab_now), request_id)
    if call.operation == "GetBucketRequestPayment":
        # moto would list the bucket; Terraform asks, and every bucket here is its owner's to pay.
        headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
        return 200, headers, _OWNER_PAYS
    if call.service != "iam":
        return answer_moto(http, call, caller, request_id)
    iam_extras.before(call, registry, lab_now)
    result = federation_calls.answer(call, registry)
    if result is None:
        result = iam_extras.own_answer(call, registry)
    if result is not None:
        return _query_answer(call, result, request_id)
    deleted = iam_extras.remembered(call)
    reply = answer_moto(http, call, caller, request_id)
    if reply[0] < 300:
        iam_extras.after(call, deleted, registry)
    return reply


def _query_answer(call: Call, result: dict[str, Any], request_id: str) -> Answer:
    operation = service_model(call.service).operation_model(call.operation)
    body = result_xml(operation, result, request_id)
    headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
    if call.service == "sts":
        headers.append(("x-amz-sts-extended-request-id", b64encode(request_id.encode()).decode()))
    return 200, headers, body


def answer_moto(http: HttpRequest, call: Call, caller: Caller, request_id: str) -> Answer:
    """moto's answer. What moto cannot do is refused as not modelled, never shown as a 500."""
    environ = forward_environ(http, call, caller)
    captured: dict[str, Any] = {}

    def start_response(status: str, headers: list, exc_info: Any = None) -> None:
        captured.update(status=int(status.split()[0]), headers=headers)

    try:
        app = moto_app(call.service) if call.service in _OWN_SERVICES else _other_app(environ)
        body = b"".join(app(environ, start_response))
    except Refusal:
        raise
    except Exception as error:  # moto's limits come as many kinds of exceptions
        raise not_modelled(
            f"{call.service}:{call.operation} with these parameters ({type(error).__name__})"
        ) from None
    if captured["status"] >= 500:
        raise not_modelled(f"{call.service}:{call.operation} with these parameters")
    headers = [
        (name, value)
        for name, value in captured["headers"]
        if name.lower() not in ("server", "date", "connection")
        and not name.lower().startswith("access-control-")
    ]
    if not any(name.lower() in ("x-amzn-requestid", "x-amz-request-id") for name, _ in headers):
        headers.append(("x-amzn-RequestId", request_id))
    return captured["status"], headers, body


def forward_environ(
    http: HttpRequest, call: Call | None = None, caller: Caller | None = None
) -> dict[str, Any]:
    """A WSGI environ rebuilt from what was authorized, so that moto reads nothing else.

    A Query call travels as one form without duplicates, any other but S3's with the name of its
    operation; the host is a fixed name, so that no
    Host header turns a path into a bucket; the account is ours, not the client's header's.
    """
    body, query, content_type = http.body, http.query_string, http.headers.get("content-type", "")
    if call is not None and "Action" in call.params:
        body, query = urlencode(call.params).encode(), ""
        content_type = "application/x-www-form-urlencoded; charset=utf-8"
    elif content_type.strip().lower().startswith(_FORMS):
        # moto would take the fields of a form for parameters of the URL.
        content_type = "binary/octet-stream"
    if call is not None and call.service not in _OWN_SERVICES and "Action" not in call.params:
        # moto would take the operation from a body that looks like a form, too.
        query += f"{'&' if query else ''}Action={call.operation}"
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
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = value
        if "_" in name:
            names[key] = name
    for key in ("HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE", "HTTP_TRANSFER_ENCODING"):
        environ.pop(key, None)
    environ["CONTENT_TYPE"] = content_type
    environ["HTTP_HOST"] = "localhost"
    environ[RAW_HEADER_NAMES] = environ["moto.preserved_header_names"] = names
    if call is not None and caller is not None:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account_id
        environ["HTTP_USER_AGENT"] = f"sts-lab region/{caller.region}"
    return environ


def load(service: str) -> None:
    """Have moto's part of a service ready. Two threads that import a package at once, one of them
    by way of its modules, may each get half of it: whoever needs a service loads it here first."""
    if service in _OWN_SERVICES:
        moto_app(service)


def moto_app(service: str):
    """moto's WSGI application of one service, built at first use."""
    if service not in _apps:
        with _app_lock, host_free_imports():
            if service not in _apps:
                _apps[service] = _build_app(service)
    return _apps[service]


def _build_app(service: str):
    from moto.moto_server.werkzeug_app import create_backend_app

    app = create_backend_app(service)
    if service == "s3":
        leave_bucket_policies_to_the_gateway()
    elif service == "iam":
        leave_policies_to_the_engine()
    if service == "ec2":
        keep_unmentioned_options()
    return app


@lru_cache(maxsize=1)
def _dispatcher():
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def _other_app(environ: dict[str, Any]):
    with _app_lock, host_free_imports():
        app = _dispatcher().get_application(environ)
    if app.service in (*_OWN_SERVICES, "sts", "moto_api", "instance_metadata", "s3control"):
        raise not_modelled(f"{app.service} behind another service's signature")
    return app
