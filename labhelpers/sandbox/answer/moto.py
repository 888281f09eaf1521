"""Hand an authorized request to moto, which keeps the state of all services but STS."""

from __future__ import annotations

import importlib
import threading
from collections import defaultdict
from functools import lru_cache
from typing import Any

from labhelpers.sandbox.answer import moto_reads
from labhelpers.sandbox.answer.mends.iam_fields import answer_fields_as_iam_does
from labhelpers.sandbox.answer.mends.metadata_options import keep_unmentioned_options
from labhelpers.sandbox.answer.mends.new_buckets import make_buckets_as_aws_does
from labhelpers.sandbox.answer.mends.suspended_versions import keep_versions_of_suspended_buckets
from labhelpers.sandbox.answer.moto_session import (
    leave_bucket_policies_to_the_gateway,
    leave_key_policies_to_the_gateway,
    leave_policies_to_the_engine,
    note_keys_briefly,
    write_permissions_as_lambda_does,
)
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.asking.side_effects import moto_name, services
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.service_locks import StillBusy
from labhelpers.sandbox.wire.environ import to_environ
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import Answer, HttpRequest

#: moto answers these services under the request's own path; reaching them by another is a trick.
_OWN_SERVICES = ("iam", "s3", "ec2")
_apps: dict[str, Any] = {}
_building: defaultdict[str, Any] = defaultdict(threading.Lock)
_importing = threading.Lock()


def answer_moto(http: HttpRequest, call: Call, caller: Caller, request_id: str) -> Answer:
    """moto's answer. What moto cannot do is refused as not modelled, never shown as a 500."""
    quick = moto_reads.read(http, call, caller, request_id)
    if quick is not None:
        return quick
    form = call.params if "Action" in call.params else None
    own = call.service in _OWN_SERVICES
    environ = to_environ(
        http,
        form=form,
        operation=call.operation if "x-amz-target" in http.headers and not own else "",
        rest=not own and form is None and "x-amz-target" not in http.headers,
        account_id=call.account_id,
        region=caller.region,
    )
    if call.service == "sqs":
        environ["HTTP_HOST"] = http.headers.get("host", "localhost")  # queue URLs begin with it
    captured: dict[str, Any] = {}

    def start_response(status: str, headers: list, exc_info: Any = None) -> None:
        captured.update(status=int(status.split()[0]), headers=headers)

    try:
        app = moto_app(_moto_name(call))
        body = b"".join(app(environ, start_response))
    except (Refusal, StillBusy):
        raise
    except Exception as error:  # moto's limits come as many kinds of exceptions
        raise not_modelled(
            f"{call.service}:{call.operation} with these parameters ({type(error).__name__})"
        ) from None
    is_page = captured["status"] >= 400 and body.startswith(b"<!doctype html>")
    if captured["status"] >= 500 or is_page:  # a page: moto has nothing at this path
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


def load(service: str) -> None:
    """Have moto's part of a service ready, before anything of it is asked."""
    if service in _OWN_SERVICES:
        moto_app(service)


def moto_app(service: str) -> Any:
    """moto's WSGI application of one service, built at first use. Services that are there already
    go on answering meanwhile."""
    if service not in _apps:
        with _building[service]:
            if service not in _apps:
                _import(service)
                _apps[service] = _build_app(service)
    return _apps[service]


def _import(service: str) -> None:
    """Two threads that import a package at once, one of them by way of its modules, may each get
    half of it: moto's services import one another, so they are imported one by one."""
    with _importing:
        importlib.import_module(f"moto.{service}.urls")


def _build_app(service: str) -> Any:
    from moto.moto_server.werkzeug_app import create_backend_app

    note_keys_briefly()
    app = create_backend_app(service)  # type: ignore[arg-type]  # moto lists all names
    if service == "s3":
        leave_bucket_policies_to_the_gateway()
        make_buckets_as_aws_does()
        keep_versions_of_suspended_buckets()
    elif service == "iam":
        leave_policies_to_the_engine()
        answer_fields_as_iam_does()
    elif service == "awslambda":
        write_permissions_as_lambda_does()
    elif service == "kms":
        leave_key_policies_to_the_gateway()
    if service == "ec2":
        keep_unmentioned_options()
    return app


def _moto_name(call: Call) -> str:
    """What moto calls the service; its own choice, by what a request looks like, prints what it
    does not find into a learner's cell."""
    if call.service in _OWN_SERVICES:
        return call.service
    name = moto_name(call.model)
    if name not in _moto_names():
        raise not_modelled(f"the service {call.model}")
    if package := services()[name].get("needs"):  # whoever has it gets the same answer
        raise not_modelled(f"the service {call.model}", f"moto needs {package} for it.")
    return name


@lru_cache(maxsize=1)
def _moto_names() -> frozenset[str]:
    from moto.backends import list_of_moto_modules

    return frozenset(list_of_moto_modules())
