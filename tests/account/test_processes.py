"""Threads and worker processes of a notebook: they share its lab, and none of them ends its run."""

import atexit
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from leaving import NUMBER, forget

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal, journals
from labhelpers.errors import LabError

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")


def users(copied):
    return [name for name in copied.contents()[NUMBER]["users"] if name != "lab-admin"]


def groups(copied):
    return list(copied.contents()[NUMBER].get("groups", ()))


def files():
    return [path.name for path in state_directory().iterdir() if path.name != "signing.key"]


def forked(work):
    """What became of a process that was forked to do some work: its wait status."""
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    return os.waitpid(pid, 0)[1]


def terminated():
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    worker.start()
    worker.terminate()
    worker.join()
    assert worker.exitcode == -signal.SIGTERM


def pooled():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]


def exited():
    assert forked(atexit._run_exitfuncs) == 0  # as sys.exit() does in the end


def hung_up():
    number = getattr(signal, "SIGHUP", signal.SIGTERM)
    if signal.getsignal(number) is signal.SIG_IGN:  # these tests run under nohup
        number = signal.SIGTERM
    assert forked(lambda: os.kill(os.getpid(), number)) == number


@needs_fork
@pytest.mark.parametrize("way", [terminated, pooled, exited, hung_up])
def test_a_workers_end_is_not_the_runs(copied, way):
    before = copied.contents()
    with open_lab() as lab:
        lab.client("iam").create_user(UserName="anna")
        there = copied.contents()
        way()
        assert copied.contents() == there and not lab.is_closed
        lab.client("iam").create_user(UserName="otto")
        assert list(state_directory().glob("*.log")) == []
    assert copied.contents() == before


@needs_fork
@pytest.mark.parametrize("first", ["parent", "child"])
def test_what_a_worker_creates_the_parent_removes(copied, first):
    """And close() in the worker, or its with-block, leaves all as it is."""
    before = copied.contents()
    lab = open_lab()
    if first == "parent":
        lab.client("iam").create_user(UserName="anna")

    def work():
        with lab:
            lab.client("iam").create_user(UserName="otto")

    assert forked(work) == 0
    assert lab.real("otto") in users(copied) and not lab.is_closed
    noted = [e["name"] for e in next(journals()).entries() if e["kind"] == "CreateUser"]
    assert noted.count(lab.real("otto")) == 2  # the name, and the id
    lab.close()
    assert copied.contents() == before and files() == []


HOLD = """
import multiprocessing, os, subprocess, sys, time
from labhelpers.account.state.journal import Journal
journal = Journal("feed01", at_work=True)
journal.about_to_create("1", "CreateUser", "x")
if sys.argv[1] == "fork":
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    worker.start()
else:
    code = "import time; time.sleep(600)"
    worker = subprocess.Popen([sys.executable, "-c", code], close_fds=False)
print(worker.pid, flush=True)
time.sleep(600)
"""


@needs_fork
@pytest.mark.parametrize("how", ["fork", "exec"])
def test_a_run_ends_with_its_process_whoever_else_lives(tmp_path, how):
    environ = os.environ | {"LAB_STATE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", HOLD, how]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        worker = int(process.stdout.readline())
        reader = Journal("feed01", tmp_path)
        try:
            assert reader.is_alive() and reader.process == str(process.pid)
            process.kill()
            process.wait()
            os.kill(worker, 0)  # it lives on
            for _ in range(600):  # a worker lets go of the lock when it first runs
                if not reader.is_alive():
                    break
                time.sleep(0.05)
            assert not reader.is_alive()
        finally:
            os.kill(worker, signal.SIGKILL)


# ---------------------------------------------------------------- threads


def test_six_first_creates_at_once(copied, monkeypatch, capsys):
    """One question, one boundary, six users."""
    before = copied.contents()
    with open_lab() as lab:
        asked = []
        lab._calls.plan._yes = False
        lab._calls.plan._ask = lambda _: asked.append(time.sleep(0.05)) or "yes"
        at_once = threading.Barrier(6)

        def create(number):
            at_once.wait()
            lab.client("iam").create_user(UserName=f"user{number}")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(create, range(6)))
        assert len(users(copied)) == 6 and len(asked) == 1
    assert copied.contents() == before


@pytest.fixture
def slow(copied, monkeypatch):
    """A lab of which a thread is creating a group, and what lets the request through."""
    lab = open_lab()
    iam = lab.client("iam")
    iam.create_group(GroupName="team")
    sent, go_on = threading.Event(), threading.Event()

    def wait(**_):
        sent.set()
        assert go_on.wait(60)

    iam.meta.events.register("before-send.iam.CreateGroup", wait)
    thread = threading.Thread(target=iam.create_group, kwargs={"GroupName": "late"})
    thread.start()
    assert sent.wait(60)
    yield lab, thread, go_on
    go_on.set()
    thread.join()


def test_close_waits_for_what_is_on_its_way(copied, slow):
    lab, thread, go_on = slow
    closing = threading.Thread(target=lab.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join()
    assert groups(copied) == [] and files() == []
    assert lab.is_closed


def test_what_close_could_not_wait_for_goes_the_next_time(copied, slow, monkeypatch):
    """And meanwhile another process may sweep, for the lab is closed."""
    lab, thread, go_on = slow
    monkeypatch.setattr("labhelpers.account.lab._UNDERWAY", 0.0)
    said = f"Not removed: CreateGroup {lab.real('late')} .AWS has not answered yet."
    with pytest.raises(LabError, match=said):
        lab.close()
    assert not lab._journal.is_alive()
    go_on.set()
    thread.join()
    assert groups(copied) == [lab.real("late")] and not lab._journal.is_alive()
    lab.close()
    assert groups(copied) == [] and files() == []


# ---------------------------------------------------------------- at work


def test_a_run_at_work_is_known_without_its_journal(copied, capsys):
    """Its things are signed: without the lock they would be taken for a dead run's."""
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    there = copied.contents()
    lab._journal.path.unlink()
    assert main(["sweep"]) == 0
    assert copied.contents() == there
    assert f"2 of run {lab._marks.run}, which is still at work" in capsys.readouterr().out
    assert main(["sweep", "--run", lab._marks.run, "--account", NUMBER]) == 2
    assert f"(process {os.getpid()})" in capsys.readouterr().err
    forget(lab)
    assert main(["sweep"]) == 0 and users(copied) == []


def test_a_lost_lock_is_taken_again_by_the_next_create(copied):
    with open_lab() as lab:
        for name in ("anna", "otto"):
            for path in state_directory().glob(f"{lab._marks.run}.*"):
                path.unlink()
            lab.client("iam").create_user(UserName=name)
            assert lab._journal.is_alive()
