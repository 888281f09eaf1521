"""What the sandbox needs of waitress' server beyond its own: threads that take turns, and further
ports for other applications."""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

from labhelpers.sandbox.speaking import Parser, ReadableErrorTask, Task
from labhelpers.sandbox.wire.http import path_of

WSGI = Callable[[dict[str, Any], Callable], Iterable[bytes]]
STAY = 100  # milliseconds that a thread waits for its client's next request
#: No file descriptor or memory is left for one more connection: it waits, and so does the server.
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
PAUSE = 0.5  # seconds


class _Channel(HTTPChannel):
    parser_class = Parser
    task_class = Task
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

    def handle_write(self) -> None:
        """waitress takes no lock where no request is being answered: its one thread alone reads
        then, and sends what reading gives rise to ("100 Continue"). Here another one may."""
        with self.outbuf_lock:
            super().handle_write()

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


class _Listener(TcpWSGIServer):
    """Looks away for a moment when there is no room for another connection. waitress would be told
    again and again, as fast as it can ask, that somebody waits there."""

    _looks_again = 0.0

    def accept(self) -> Any:
        try:
            return super().accept()
        except OSError as error:
            if error.errno in _FULL:
                self._looks_again = time.monotonic() + PAUSE
            raise

    def readable(self) -> bool:
        return time.monotonic() >= self._looks_again and bool(super().readable())


class Server(_Listener):
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
            self.asyncore.read(channel)  # closes what cannot be read
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


class _Door(_Listener):
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
