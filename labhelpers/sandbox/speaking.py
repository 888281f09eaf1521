"""HTTP as waitress reads and writes it, and what the sandbox needs beyond that: names of headers as
they were given, and refusals that clients can read of what never gets to the application."""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress
from http import HTTPStatus
from time import monotonic

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import BadRequest, build_http_date

from labhelpers.sandbox.interpret.unreadable import unreadable
from labhelpers.sandbox.wire.http import RAW_HEADER_NAMES, HttpRequest, path_of

ONE_PIECE = 64 * 1024  # bytes of a body that is sent along with its head
LINGER, MOST_HEARD = 1.0, 16 * 1024 * 1024  # seconds, bytes that a refused client may go on
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
        self._hear_out()

    def _hear_out(self) -> None:
        """Read, and throw away, what is still being sent, for a moment: whoever hangs up with
        something unread resets the connection, and the client never sees the answer."""
        heard, until = 0, monotonic() + LINGER
        with selectors.DefaultSelector() as selector, suppress(OSError):
            selector.register(self.channel.socket, selectors.EVENT_READ)
            self.channel.socket.shutdown(socket.SHUT_WR)
            while heard < MOST_HEARD and selector.select(until - monotonic()):
                more = len(self.channel.socket.recv(ONE_PIECE))
                heard += more
                if not more or monotonic() > until:
                    return


class Task(WSGITask):
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


class Parser(CarefulParser):
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
