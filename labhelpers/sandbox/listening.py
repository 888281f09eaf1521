"""What the sandbox needs of waitress beyond its own: names of headers as they were given, refusals
that clients can read of what never gets to the application, threads that take turns, and further
ports for other applications."""

from __future__ import annotations

import select
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, build_http_date

from labhelpers.sandbox.interpret.unreadable import unreadable
from labhelpers.sandbox.wire.http import RAW_HEADER_NAMES, HttpRequest, path_of

WSGI = Callable[[dict[str, Any], Callable], Iterable[bytes]]
ONE_PIECE = 64 * 1024  # bytes of a body that is sent along with its head
STAY = 100  # milliseconds that a thread waits for its client's next request
_META = b"x-amz-meta-"
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


class _Task(WSGITask):
    wrote_header: bool

    def get_environment(self) -> dict:
        environ = super().get_environment()
        environ[RAW_HEADER_NAMES] = self.request.raw_names
        return environ

    def write(self, data: bytes) -> None:
        """Send the head and a small body in one piece, which the client receives as one."""
        if self.wrote_header or not self.has_body or len(data) > ONE_PIECE:
            super().write(data)
            return
        head = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written += len(data)
        self.channel.write_soon(head + data)

    def build_response_header(self) -> bytes:
        """waitress capitalizes header names. The end of S3's x-amz-meta-… is the learner's key,
        which Python's clients hand out as it is written: names go out as they were given."""
        asked = self.request.headers.get("CONNECTION", "").lower()
        names = {name.lower() for name, _ in self.response_headers}
        if not self.has_body:
            self.remove_content_length_header()
        elif "content-length" not in names and self.content_length is not None:
            self.response_headers.append(("Content-Length", str(self.content_length)))
        if self.has_body and self.content_length is None:
            self.set_close_on_finish()  # the end of the connection is the end of the body
        elif self.version == "1.0" and asked == "keep-alive":
            self.response_headers.append(("Connection", "Keep-Alive"))
        elif self.version == "1.0" or asked == "close":
            self.set_close_on_finish()
        if "date" not in names:
            self.response_headers.append(("Date", build_http_date(self.start_time)))
        lines = [f"{name}: {value}" for name, value in sorted(self.response_headers)]
        head = "\r\n".join((f"HTTP/{self.version} {self.status}", *lines, "", ""))
        return head.encode("latin-1")


class _Parser(CarefulParser):
    """Keeps S3 metadata headers with underscores, which waitress drops: their signature covers
    them. WSGI cannot tell them from dashes, so their spelling travels beside the environ."""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.raw_names: dict[str, str] = {}

    def parse_header(self, header_plus: bytes) -> None:
        # In most heads the only ones with underscores are none of S3's.
        lines = header_plus.split(b"\r\n") if _META in header_plus.lower() else []
        for number, line in enumerate(lines[1:], 1):
            name, colon, value = line.partition(b":")
            if b"_" in name and name.lower().startswith(_META):
                dashed = name.replace(b"_", b"-")
                lines[number] = dashed + colon + value
                key = "HTTP_" + dashed.decode("latin-1").upper().replace("-", "_")
                self.raw_names[key] = name.decode("latin-1").lower()
        super().parse_header(b"\r\n".join(lines) or header_plus)
        if not self.chunked and not self.content_length:
            # waitress would answer "100 Continue" and then wait for a body for ever.
            self.expect_continue = False


class _Channel(HTTPChannel):
    parser_class = _Parser
    task_class = _Task
    error_task_class = ReadableErrorTask
    #: A thread stays with it: the one that waits for everybody's requests does not read here.
    is_kept = False
    _sending = False

    def readable(self) -> bool:
        return not self.is_kept and bool(super().readable())

    def write_soon(self, data: bytes) -> int:
        """While one thread sends, the one that waits for requests must not look after the same
        socket: it would be told again and again that there is room in it."""
        self._sending = True
        try:
            return int(super().write_soon(data))
        finally:
            self._sending = False
            if self.total_outbufs_len or self.will_close:
                self.server.pull_trigger()

    def writable(self) -> bool:
        return not self._sending and bool(super().writable())

    def is_idle(self) -> bool:
        """Whether all is answered and sent, and the next request may come."""
        return bool(self.connected and not (self.requests or super().writable()))

    def asks_again(self) -> bool:
        """Whether the next request, or a part of it, came within STAY; False, too, if its client
        has gone."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        with suppress(OSError):
            return bool(poll.poll(STAY) and self.socket.recv(1, socket.MSG_PEEK))
        return False


class Server(TcpWSGIServer):
    """Threads take turns: one waits for requests, and answers itself what it has received, while
    the next one waits. waitress would hand each request to another thread and wait for that to
    hand the connection back, which took longer than most answers. Whoever has answered stays with
    the connection for a moment, since most clients ask again at once: nobody else is woken."""

    channel_class = _Channel

    def __init__(self, app: Any, settings: Adjustments) -> None:
        self._tasks: deque[_Channel] = deque()
        self._turn, self._counted = threading.Lock(), threading.Condition()
        self._threads, self._queueing = 0, 0
        self._end, self._own = threading.Event(), threading.local()
        super().__init__(app, {}, dispatcher=self, adj=settings, sockinfo=settings.listen[0])

    def add_task(self, task: _Channel) -> None:
        if task is not self._kept():  # whose thread sees it
            self._tasks.append(task)

    def _kept(self) -> _Channel | None:
        """The connection with which this thread stays."""
        return getattr(self._own, "channel", None)

    def pull_trigger(self) -> None:
        """Wake the thread that waits for requests, unless there is nothing for it to look after."""
        kept = self._kept()
        if kept is None or not kept.is_idle():
            super().pull_trigger()

    def serve(self) -> None:
        """Answer until end_soon(), and let what is being answered end, for a second."""
        self._start_thread()
        self._end.wait()
        with self._counted:
            self._counted.wait_for(lambda: not self._threads, timeout=1)

    def _start_thread(self) -> None:
        self._count(threads=1)
        threading.Thread(
            target=self._work, name=f"sts-lab-{self.effective_port}", daemon=True
        ).start()

    def _count(self, threads: int = 0, queueing: int = 0) -> None:
        with self._counted:
            self._threads += threads
            self._queueing += queueing
            if threads < 0:
                self._counted.notify_all()

    def _work(self) -> None:
        while not self._end.is_set():
            self._count(queueing=1)
            with self._turn:
                self._count(queueing=-1)
                task = self._receive()
            if task is not None:
                self._answer(task)
        self._count(threads=-1)

    def _answer(self, channel: _Channel) -> None:
        """What this connection asks, now and as long as it goes on asking. With every thread at
        work nobody stays: the next one who comes must not wait for it."""
        may_stay = hasattr(select, "poll") and self._threads < self.adj.threads
        channel.is_kept = may_stay
        self._own.channel = channel if may_stay else None
        try:
            with suppress(Exception):  # waitress has closed the connection
                channel.service()
                while may_stay and self._goes_on(channel):
                    channel.service()
        finally:
            channel.is_kept, self._own.channel = False, None
            if may_stay:
                self.pull_trigger()

    def _goes_on(self, channel: _Channel) -> bool:
        """Whether there is a whole request to answer."""
        while not channel.requests:
            if self._end.is_set() or not channel.is_idle() or not channel.asks_again():
                return False
            channel.handle_read()
        return True

    def _receive(self) -> _Channel | None:
        """The next connection with a request, None at the end."""
        while not (self._tasks or self._end.is_set()):
            self.asyncore.loop(
                timeout=self.adj.asyncore_loop_timeout,
                map=self._map,
                use_poll=self.adj.asyncore_use_poll,
                count=1,
            )
        if not self._tasks:
            return None
        if not self._queueing and self._threads < self.adj.threads:
            self._start_thread()  # nobody is there to take the next turn
        return self._tasks.popleft()

    def end_soon(self) -> None:
        """Let serve() return. The sockets stay open: a thread may be using them right now."""
        self._end.set()
        self.trigger.pull_trigger()

    def close_sockets(self) -> None:
        """Close everything, once serve() has returned."""
        self.asyncore.close_all(self._map, ignore_all=True)


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
