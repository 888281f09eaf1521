"""What the server needs of waitress beyond its own: refusals that clients can read of what never
gets to the application, and further ports for other applications."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask
from waitress.utilities import BadRequest

from labhelpers.sandbox.interpret.unreadable import unreadable
from labhelpers.sandbox.wire.http import HttpRequest, path_of

WSGI = Callable[[dict[str, Any], Callable], Iterable[bytes]]
_TLS = b"\x16\x03"  # how a TLS client says hello


class CarefulParser(HTTPRequestParser):
    """Tells at once what would otherwise be waited for, or dropped without a word."""

    def received(self, data: bytes) -> int:
        if not self.headers_finished and (self.header_plus + data).startswith(_TLS):
            # Somebody has written https://: told now, not when he has waited two minutes.
            self.parse_header(b"GET / HTTP/1.0\r\n")
            self.error, self.completed = BadRequest("the sandbox speaks http, not https"), True
            return len(data)
        consumed: int = super().received(data)
        if self.error is not None:
            self.expect_continue = False  # what is refused need not be sent
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:  # half an IPv6 address, say
            raise ParsingError("Bad URI") from None


class ReadableErrorTask(ErrorTask):
    """The answer to a request that never gets to the application: too long, or no HTTP."""

    def execute(self) -> None:
        told, error = self.request, self.request.error
        headers = {k.lower().replace("_", "-"): v for k, v in told.headers.items()}
        target, _, query = path_of(getattr(told, "request_uri", "/")).partition("?")
        http = HttpRequest(getattr(told, "command", "GET"), target, query, headers, b"", "")
        most = self.channel.adj.max_request_body_size
        status, fields, body = unreadable(http, error.code, error.body, most)
        self.status = f"{status} {HTTPStatus(status).phrase}"
        self.response_headers += [*fields, ("Content-Length", str(len(body)))]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Door(TcpWSGIServer):
    """One more port of a server, whose threads answer what comes in there; it closes with it."""

    def __init__(self, server: TcpWSGIServer, app: WSGI) -> None:
        self.channel_class = server.channel_class
        place = (socket.AF_INET, socket.SOCK_STREAM, 0, (server.effective_host, 0))
        workers, settings = server.task_dispatcher, server.adj
        super().__init__(app, server._map, dispatcher=workers, adj=settings, sockinfo=place)


def open_door(server: TcpWSGIServer, app: WSGI) -> int:
    """A free port on which a running server answers for another application. Its sockets belong to
    the thread that waits for requests, so that one opens it."""
    opened: Future[int] = Future()

    def listen() -> None:
        try:
            opened.set_result(_Door(server, app).effective_port)
        except OSError as error:  # too many open files, say
            opened.set_exception(error)

    server.trigger.pull_trigger(listen)
    return opened.result(timeout=10)


def under(prefix: str, app: WSGI) -> WSGI:
    """The application as it is below a path, and nothing else of it."""

    def below(environ: dict[str, Any], start_response: Callable) -> Iterable[bytes]:
        environ["REQUEST_URI"] = f"{prefix}/{path_of(environ['REQUEST_URI']).lstrip('/')}"
        return app(environ, start_response)

    return below
