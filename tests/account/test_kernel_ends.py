"""However a kernel ends, live keys are the first to go, and what is left is removed or told of.

A real kernel with five users, their access keys and five roles, on a served AWS that takes its
time. A part of the ways and delays here; all of them by `make check WHAT=crash`.
"""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest
import warm
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager
from series import environ_of
from served_aws import served_aws

from labhelpers import open_lab
from labhelpers.__main__ import main

EVERY = bool(os.environ.get("LAB_EVERY_CREATE"))
DELAYS = (0.02, 0.05, 0.15)  # seconds for each request
MAKE = """
import json
from labhelpers import open_lab
lab = open_lab()
iam = lab.client("iam")
trust = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}]})
for number in range(5):
    iam.create_user(UserName=f"user{number}")
    iam.create_access_key(UserName=f"user{number}")
    iam.create_role(RoleName=f"role{number}", AssumeRolePolicyDocument=trust)
print("run", lab.real("x").split("-")[2])
"""
#: A JupyterLab for one kernel: says where its kernel is, and lives on.
PARENT = """
import os, time
from jupyter_client.manager import KernelManager
manager = KernelManager()
manager.start_kernel()
print(manager.provisioner.pid, manager.connection_file, flush=True)
time.sleep(600)
"""
#: The longest that anything may take before a test gives up on it; nothing is measured by it.
PATIENCE = 120.0


def _signalled(number):
    return lambda kernel: os.kill(kernel.provisioner.pid, number)


#: How a kernel ends with a chance to do something. JupyterLab ends one by jupyter_client's
#: shutdown: a message, after 2.5 s SIGTERM, after 2.5 s more SIGKILL.
ENDS = {
    "shutdown": lambda kernel: kernel.shutdown_kernel(),
    "restart": lambda kernel: kernel.restart_kernel(),
    "SIGTERM": _signalled(signal.SIGTERM),
}
if hasattr(signal, "SIGHUP"):
    ENDS["SIGHUP"] = _signalled(signal.SIGHUP)  # a terminal is closed
CASES = [(end, delay) for end in ENDS for delay in DELAYS]
CHOSEN = CASES if EVERY else [("shutdown", 0.05), ("SIGTERM", 0.02)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="kernels get no such signals there"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with served_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(served, tmp_path, monkeypatch):
    """The module's served AWS without delay, with journals of this test's own."""
    monkeypatch.setitem(served.environ, "LAB_STATE_DIR", str(tmp_path / "state"))
    for name, value in environ_of(served).items():
        monkeypatch.setenv(name, value)
    served.change(latency=0.0)
    yield served
    served.change(latency=0.0)


@contextmanager
def kernel(aws):
    """(KernelManager, run) of a kernel whose lab has made everything."""
    manager = KernelManager()
    if not EVERY:
        warm.use_forks(manager)
    manager.start_kernel(env=environ_of(aws))
    try:
        yield manager, made_in(manager.blocking_client())
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def made_in(client):
    """The run of the lab in which everything has been made."""
    client.start_channels()
    said = []
    try:
        client.wait_for_ready(timeout=PATIENCE)
        reply = client.execute_interactive(
            MAKE,
            timeout=PATIENCE,
            output_hook=lambda message: said.append(str(message["content"])),
        )
    finally:
        client.stop_channels()
    assert reply["content"]["status"] == "ok", said
    return re.search(r"run (\w{6})", "".join(said))[1]


def keys(aws):
    users = aws.contents()[aws.accounts[0]]["users"]
    ours = [user for name, user in users.items() if name.startswith("sts-lab-")]
    return [key for user in ours for key in user["keys"]]


def eventually(condition):
    """Wait for an event; how long it takes is no matter."""
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    assert condition()


def removed(trail):
    """The operations that took something away, in order."""
    done = [event["eventName"] for event in trail if not event.get("errorCode")]
    return [name for name in done if name.startswith(("Delete", "Detach", "Remove"))]


@pytest.mark.parametrize(("end", "delay"), CHOSEN)
def test_keys_die_first_and_a_sweep_of_its_own_does_the_rest(aws, tmp_path, end, delay):
    before, state = aws.contents(), tmp_path / "state"
    with kernel(aws) as (manager, run):
        assert len(keys(aws)) == 5
        seen = len(aws.trail())
        aws.change(latency=delay)
        ending = manager.provisioner
        ENDS[end](manager)
        if end.startswith("SIG"):
            eventually(lambda: ending.process.poll() is not None)
        if EVERY:  # in the test run the machine may be too busy for two and a half seconds
            assert keys(aws) == []
        eventually(lambda: aws.contents() == before)
    gone = removed(aws.trail()[seen:])
    assert gone[:5] == ["DeleteAccessKey"] * 5 and "DeleteAccessKey" not in gone[5:]
    assert {"DeleteUser", "DeleteRole", "DeletePolicy"} <= set(gone)
    assert (state / f"{run}.sweep.log").exists()
    eventually(lambda: not list(state.glob("*.jsonl")))


def killed(aws):
    """The run of a kernel that was killed."""
    with kernel(aws) as (manager, run):
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        eventually(lambda: manager.provisioner.process.poll() is not None)
    return run


def orphaned(aws):
    """The run of a kernel whose JupyterLab was killed: ipykernel's parent poller notices, and ends
    its process by os._exit(), at which nothing of ours is asked."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, env=environ_of(aws), stdout=subprocess.PIPE, text=True
    ) as parent:
        pid, file = parent.stdout.readline().split(maxsplit=1)
        client = BlockingKernelClient(connection_file=file.strip())
        client.load_connection_file()
        run = made_in(client)
        parent.kill()
    eventually(lambda: not psutil.pid_exists(int(pid)) or _is_zombie(int(pid)))
    return run


def _is_zombie(pid):
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("end", [killed, orphaned] if EVERY else [killed])
def test_after_an_end_without_notice_the_next_opening_tells_and_sweep_removes(
    aws, tmp_path, capfd, end
):
    before = aws.contents()
    run = end(aws)
    assert len(keys(aws)) == 5
    capfd.readouterr()
    with open_lab(mirrored=False):
        told = capfd.readouterr().out
    assert run in told and "python -m labhelpers sweep" in told
    assert main(["sweep"]) == 0, capfd.readouterr().err
    assert aws.contents() == before and list((tmp_path / "state").glob("*.jsonl")) == []
