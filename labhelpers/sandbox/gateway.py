"""The gateway: one WSGI application between every client and moto.

It trusts nothing that a request says about itself before the signature is verified, and passes
nothing on that was not allowed by a policy. What it does not model is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from labhelpers.policy import Decision, PolicyError
from labhelpers.sandbox import record
from labhelpers.sandbox.answer import moto, replies
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.keys import authenticate
from labhelpers.sandbox.authorize import decide
from labhelpers.sandbox.authorize.denials import denial
from labhelpers.sandbox.federation.discovery import published
from labhelpers.sandbox.interpret.addressed import Addressed, addressed, refuse_without_signature
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.reading import interpret
from labhelpers.sandbox.record import lookup
from labhelpers.sandbox.state.clock import LabClock
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.service_locks import PATIENCE, ServiceLocks, StillBusy
from labhelpers.sandbox.wire.errors import Refusal, not_modelled, render
from labhelpers.sandbox.wire.families import QUERY
from labhelpers.sandbox.wire.http import Answer, HttpRequest, from_environ
from labhelpers.sandbox.wire.ids import new_id
from labhelpers.sandbox.workloads import Workloads


class Gateway:
    """authenticate → interpret → authorize → answer → record, one request of a service at a time.

    Deciding and answering share the lock of the service: its state is what the decision was about
    when the request is answered.
    """

    def __init__(self, clock: LabClock) -> None:
        self.clock = clock
        self.registry = Registry()
        self.recorder = record.Recorder()
        self._locks = ServiceLocks()
        self.workloads = Workloads(self.registry, self.recorder.note_service, clock, self._locks)

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        request_id = new_id()
        to = Addressed("sts", QUERY)
        try:
            http = from_environ(environ)
            to = addressed(http)
            reply = published(http, self.registry) or self.workloads.answer(http)
            status, headers, body = reply or self._handle(http, to, request_id)
        except Exception:  # the last line: no input may produce a 500 or show a stack trace
            refusal = not_modelled("a request of this form")
            status, headers, body = render(refusal, to.family, to.service, request_id)
        if environ["REQUEST_METHOD"] == "HEAD":
            headers = [h for h in headers if h[0].lower() != "content-length" or status < 300]
            body = b""
        elif all(name.lower() != "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(body))))
        start_response(f"{status} {_phrase(status)}", headers)
        return [body]

    def _handle(self, http: HttpRequest, to: Addressed, request_id: str) -> Answer:
        caller: Caller | None = None
        call: Call | None = None
        decision: Decision | None = None
        refusal: Refusal | None = None
        lab_now = self.clock.now()
        try:
            refuse_without_signature(http, to.service)
            caller = authenticate(http, to.family, self.registry, lab_now)
            moto.load(caller.service)
            with self._locks.hold(caller.service, shared=_only_looks(http, caller.service)):
                with self._locks.hold():  # the caller's policies, mostly: IAM's state
                    call = interpret(http, caller, self.registry, lab_now)
                    headers, address = http.headers, caller.source_ip or http.remote_addr
                    decision = decide.authorize(call, caller, headers, address, lab_now)
                if decision is not None and not decision.allowed:
                    raise denial(decision, to.family, http, call, caller, self.registry)
                reply = lookup.answer(
                    http, call, caller, self.recorder, lab_now, request_id
                ) or replies.answer(http, call, caller, self.registry, lab_now, request_id)
                request_id = _request_id(reply, request_id)
        except Refusal as error:
            refusal = error
        except PolicyError as error:
            refusal = not_modelled("a policy that is already in place", f"It reads: {error}")
        except StillBusy as error:
            refusal = _still_busy(error.service)
        if refusal is None:
            decision = None  # only refusals are asked for their reasons later
        else:
            reply = render(refusal, to.family, to.service, request_id)
            # A kept exception would keep every object of its stack alive.
            refusal.__traceback__ = refusal.__context__ = None
        seen = record.observe(http, request_id, lab_now, caller, call, refusal, reply)
        size = record.size_of(http, seen, refusal)
        self.recorder.add(request_id, record.Record(seen, decision, refusal, size=size))
        return reply


def _only_looks(http: HttpRequest, service: str) -> bool:
    """Whether a call changes nothing of IAM's state, of which all decisions are made; some that
    list it take a second."""
    return service == "iam" and http.form.get("Action", "").startswith(("Get", "List"))


def _still_busy(service: str) -> Refusal:
    return not_modelled(
        f"calls of {service} beside one that has not been answered for {PATIENCE:.0f} seconds",
        "Other services go on answering; open a new lab if this one's call never ends.",
    )


def _request_id(reply: Answer, default: str) -> str:
    names = ("x-amzn-requestid", "x-amz-request-id")
    return next((value for name, value in reply[1] if name.lower() in names), default)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
