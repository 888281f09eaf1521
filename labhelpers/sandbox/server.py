"""The sandbox as a running thing: moto's state, the gateway, and a server thread on loopback."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

from labhelpers.sandbox.authenticate import addresses
from labhelpers.sandbox.gateway import Gateway
from labhelpers.sandbox.listening import CarefulParser, ReadableErrorTask, open_door, under
from labhelpers.sandbox.state.clock import LabClock
from labhelpers.sandbox.wire.http import RAW_HEADER_NAMES
from labhelpers.sandbox.workloads import InstanceMetadata

HOST = "127.0.0.1"
ONE_PIECE = 64 * 1024  # bytes of a body that is sent along with its head
MAX_BODY = 256 * 1024 * 1024  # bytes; everything is held in memory
EC2_WARM_UP_DELAY = 8  # seconds
_META = b"x-amz-meta-"
ADMIN_NAME = "lab-admin"
ADMIN_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


class PortInUse(OSError):
    """The wanted port is taken by somebody else."""


class Sandbox:
    """One clean enforcing endpoint. moto's state belongs to the process, so there is one at a
    time; starting a sandbox wipes whatever moto held before."""

    def __init__(self, port: int = 0, clock: LabClock | None = None) -> None:
        self.clock = clock or LabClock()
        self.gateway = Gateway(self.clock)
        self._admins: dict[str, tuple[str, str]] = {}
        self._instance_ports: dict[str, int] = {}
        self._closing = threading.Event()
        self._server = _listen(self.gateway, port)
        _reset_moto()
        self.port: int = self._server.effective_port
        self._thread = threading.Thread(
            target=self._server.serve, name=f"sts-lab-sandbox-{self.port}", daemon=True
        )
        self._thread.start()
        threading.Thread(target=self._warm_up, name="sts-lab-warm-up", daemon=True).start()

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def administrator(self, account_id: str) -> tuple[str, str]:
        """(access key id, secret) of the account's administrator, an IAM user with long-term
        keys: moving the clock never locks it out."""
        if account_id not in self._admins:
            from labhelpers.sandbox.state.iam import iam_backend

            backend = iam_backend(account_id)
            backend.create_user(region_name="us-east-1", user_name=ADMIN_NAME)
            backend.attach_user_policy(policy_arn=ADMIN_POLICY, user_name=ADMIN_NAME)
            key = backend.create_access_key(ADMIN_NAME)
            self._admins[account_id] = (key.access_key_id, key.secret_access_key)
        return self._admins[account_id]

    def instance_metadata(self, instance_id: str) -> InstanceMetadata:
        """The way to a running instance's metadata service, whose port is opened at first need.
        Raises ValueError for what is no running instance, or once the sandbox is closed."""
        instances, ports = self.gateway.workloads.instances, self._instance_ports
        region = instances.region_of(instance_id)
        if self._closing.is_set():
            raise ValueError("This lab is closed: its instances are gone. Open a new one.")
        if instance_id not in ports:
            app = under(f"{instances.PREFIX}{instance_id}", self.gateway)
            ports[instance_id] = open_door(self._server, app)
        url = f"http://{HOST}:{ports[instance_id]}"
        return InstanceMetadata(self.endpoint_url, url, instance_id, region)

    def root_key(self, account_id: str) -> tuple[str, str]:
        """(access key id, secret) of the account's root user."""
        return self.gateway.registry.root_key(account_id)

    def secret_from(self, address: str, key_id: str, secret: str) -> str:
        """The secret of an access key for use from an IP address; ValueError if it is none."""
        return addresses.secret_from(address, key_id, secret, self.gateway.registry)

    def _warm_up(self) -> None:
        """Load what the first calls need. EC2 takes a second of work, which would slow down the
        first cells of a notebook: it has to wait until the learner reads."""
        from labhelpers.sandbox.answer import moto

        for service in ("iam", "s3"):
            moto.load(service)
        if not self._closing.wait(EC2_WARM_UP_DELAY):
            moto.load("ec2")

    def close(self) -> None:
        """Stop listening; open connections are dropped. Can be called twice."""
        self._closing.set()
        self.gateway.workloads.containers.close()
        if self._thread.is_alive():
            self._server.end_soon()
            self._thread.join(timeout=5)
            self._server.close_sockets()


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
        given = {name.lower(): name for name, _ in self.response_headers}
        status, *lines = super().build_response_header().decode("latin-1").split("\r\n")
        for number, line in enumerate(lines):
            name, colon, value = line.partition(":")
            lines[number] = given.get(name.lower(), name) + colon + value
        return "\r\n".join((status, *lines)).encode("latin-1")


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
    _sending = False

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


class _Server(TcpWSGIServer):
    """Threads take turns: one waits for requests, and answers itself what it has received, while
    the next one waits. waitress would hand each request to another thread and wait for that to
    hand the connection back, which took longer than most answers."""

    channel_class = _Channel

    def __init__(self, app: Any, settings: Adjustments) -> None:
        self._tasks: deque[HTTPChannel] = deque()
        self._turn, self._counted = threading.Lock(), threading.Condition()
        self._threads, self._queueing = 0, 0
        self._end = threading.Event()
        super().__init__(app, {}, dispatcher=self, adj=settings, sockinfo=settings.listen[0])

    def add_task(self, task: HTTPChannel) -> None:
        self._tasks.append(task)

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
                with suppress(Exception):  # waitress has closed the connection
                    task.service()
        self._count(threads=-1)

    def _receive(self) -> HTTPChannel | None:
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


def _listen(app: Gateway, port: int) -> _Server:
    """Bind, or say clearly that the port is taken."""
    if not 0 <= port <= 65535:
        raise ValueError(f"Port {port} is no port: choose 0 (any free one) to 65535.")
    logging.getLogger("waitress").setLevel(logging.CRITICAL)  # a cell shows its own output only
    settings = Adjustments(
        host=HOST,
        port=port,
        threads=32,  # some may wait for one slow service; idle ones cost nothing
        ident=None,
        max_request_body_size=MAX_BODY,
        # A notebook may hold many clients, each with open connections; at the default of 100
        # further ones would wait until others have idled for two minutes. poll() has no limit.
        connection_limit=5000,
        asyncore_use_poll=True,
        # IMDSv2 refuses what a proxy forwards, so it has to see X-Forwarded-For. Nobody else
        # reads it: the client's address is the connection's.
        clear_untrusted_proxy_headers=False,
    )
    try:
        return _Server(app, settings)
    except OSError as error:
        raise PortInUse(
            f"Port {port} on {HOST} is taken ({error.strerror}). Choose another one, or leave "
            "the port out to get a free one."
        ) from None


def _reset_moto() -> None:
    from labhelpers.sandbox.answer.moto_imports import keep_host_out
    from labhelpers.sandbox.answer.moto_session import (
        forget_everything,
        leave_signatures_to_the_gateway,
        lock_each_service,
        share_aws_managed_policies,
    )
    from labhelpers.sandbox.answer.unique_ids import give_ids_their_prefixes

    keep_host_out()
    import moto.s3.models  # noqa: F401  # before any thread does: see answer/moto.py, load()
    from moto.core.config import default_user_config

    leave_signatures_to_the_gateway()
    lock_each_service()
    # moto would let this variable override the account of every request.
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    default_user_config["iam"]["load_aws_managed_policies"] = True
    give_ids_their_prefixes()
    share_aws_managed_policies()
    forget_everything()
