"""The sandbox as a running thing: moto's state, the gateway, and a server thread on loopback."""

from __future__ import annotations

import logging
import os
import threading

from waitress.adjustments import Adjustments

from labhelpers.sandbox.authenticate import addresses
from labhelpers.sandbox.gateway import Gateway
from labhelpers.sandbox.hosts import for_us_only
from labhelpers.sandbox.listening import WSGI, Server, open_door, under
from labhelpers.sandbox.state.clock import LabClock
from labhelpers.sandbox.workloads import InstanceMetadata

HOST = "127.0.0.1"
MAX_HEAD = 64 * 1024  # bytes of a request's line and headers; S3 takes 8 KiB of headers
MAX_BODY = 256 * 1024 * 1024  # bytes; everything is held in memory
EC2_WARM_UP_DELAY = 8  # seconds
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
        self._server = _listen(for_us_only(self.gateway), port)
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
            app = under(f"{instances.PREFIX}{instance_id}", for_us_only(self.gateway))
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


def _listen(app: WSGI, port: int) -> Server:
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
        max_request_header_size=MAX_HEAD,
        # A notebook may hold many clients, each with open connections; at the default of 100
        # further ones would wait until others have idled for two minutes. poll() has no limit.
        connection_limit=5000,
        asyncore_use_poll=True,
        # IMDSv2 refuses what a proxy forwards, so it has to see X-Forwarded-For. Nobody else
        # reads it: the client's address is the connection's.
        clear_untrusted_proxy_headers=False,
    )
    try:
        return Server(app, settings)
    except OSError as error:
        raise PortInUse(
            f"Port {port} on {HOST} is taken ({error.strerror}). Choose another one, or leave "
            "the port out to get a free one."
        ) from None


def _reset_moto() -> None:
    from labhelpers.sandbox.answer.mends.untracked_models import let_models_go
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
    let_models_go()
    # moto would let this variable override the account of every request.
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    default_user_config["iam"]["load_aws_managed_policies"] = True
    give_ids_their_prefixes()
    share_aws_managed_policies()
    forget_everything()
