"""What a run does first when its process is about to end: there may be two seconds for it.

Jupyter gives a kernel 2.5 s after its message, then SIGTERM, then 2.5 s more, then SIGKILL. A sweep
in a process of its own is started at once: it goes on when this one is gone. Then the access keys
that this run has made are deleted side by side, by what the journal has noted, for to list the
account would take too long. All else is close()'s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from labhelpers.account.cleanup.removal import maybe, remove_keys
from labhelpers.account.settings import Settings
from labhelpers.account.state.folder import appended
from labhelpers.account.state.journal import Journal
from labhelpers.account.state.lock import hold

#: A session of its own on POSIX: neither a terminal's end nor the kernel's reaches it.
_DETACHED: dict[str, Any] = {"start_new_session": True}
if sys.platform == "win32":
    _DETACHED = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
_AT_ONCE = 16  # requests
_ENDING = "This lab is closed, or about to be: nothing more is created. open_lab() opens a new one."


class Farewell:
    """Of one run: `client(account, service)` asks as the learner."""

    def __init__(
        self, journal: Journal, client: Callable[[str, str], Any], settings: Settings
    ) -> None:
        self._journal, self._client, self._settings = journal, client, settings
        self._lock = threading.Lock()
        self._said, self._by = threading.Event(), 0
        self._sweeper: subprocess.Popen | None = None

    def say(self, seconds: float = 2.0) -> None:
        """Hand over and end the keys, once. While another thread does, waits for it."""
        if not self._lock.acquire(blocking=False):
            if self._by != threading.get_ident():  # else a signal has come in between
                self._said.wait(seconds)
            return
        self._by = threading.get_ident()
        self.no_more()
        if self._journal.is_begun():
            with suppress(OSError):  # no more processes, no room for the log: close() is here yet
                self._hand_over()
            self.end_keys(seconds, renamed=True)
            self._end_other_keys(seconds)
        self._said.set()

    def goes_on(self) -> bool:
        """Whether the sweep in a process of its own is at work."""
        return self._sweeper is not None and self._sweeper.poll() is None

    def no_more(self) -> None:
        """From now on nothing is created that nobody would remove."""
        self._journal.ended = _ENDING

    def _hand_over(self) -> None:
        """Start the sweep that outlives this process. Secrets that only this process has are not
        handed over; its log then says that it could not sweep, and the journal stays."""
        run, folder = self._journal.run, self._journal.path.parent.absolute()
        accounts = sorted({entry["account"] for entry in self._journal.entries()})
        command = [sys.executable, "-P", "-m", "labhelpers", "sweep", "--ending", "--run", run]
        command += [part for account in accounts for part in ("--account", account)]
        environ = os.environ | self._settings.environ() | {"LAB_STATE_DIR": str(folder)}
        with appended(folder / f"{run}.sweep.log") as log:
            with suppress(OSError):
                hold(log)  # until the sweep ends: it is the same open file there
            self._sweeper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,  # ends when this process does
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                **_DETACHED,
            )

    def end_keys(self, seconds: float = 10.0, renamed: bool = False) -> None:
        """Delete the access keys that the journal names; returns after so many seconds at most.

        With `renamed` also those whose users are called otherwise by now. What could not be
        deleted is close()'s, and told there.
        """
        delete = _delete_wherever if renamed else _delete_key
        keys = [
            partial(delete, self._client(e["account"], "iam"), e["name"], e["id"])
            for e in self._journal.entries()
            if e["kind"] == "CreateAccessKey" and isinstance(e.get("id"), str)
        ]
        _side_by_side(keys, seconds)

    def _end_other_keys(self, seconds: float) -> None:
        """Those that another tool has made for this run's users."""
        entries = self._journal.entries()
        users = {(e["account"], e["name"]) for e in entries if e["kind"] == "CreateUser"}
        jobs = [partial(remove_keys, self._client(a, "iam"), name) for a, name in sorted(users)]
        _side_by_side(jobs, seconds)


def _delete_key(iam: Any, user: str, key: str) -> Any:
    return maybe(iam.delete_access_key, UserName=user, AccessKeyId=key)


def _delete_wherever(iam: Any, user: str, key: str) -> None:
    if _delete_key(iam, user, key) is None:
        named = iam.get_access_key_last_used(AccessKeyId=key)["UserName"]
        _delete_key(iam, named, key)


def _side_by_side(jobs: Iterable[Callable[[], Any]], seconds: float) -> None:
    waiting, ends = deque(jobs), time.monotonic() + seconds

    def work() -> None:
        while waiting and time.monotonic() < ends:
            with suppress(Exception):  # the next one all the same; sweeps tell what is left
                waiting.popleft()()

    threads = [
        threading.Thread(target=work, daemon=True) for _ in range(min(len(waiting), _AT_ONCE))
    ]
    started = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
    except RuntimeError:  # at the interpreter's end there are no new threads since Python 3.12
        work()
    for thread in started:
        thread.join(max(0.0, ends - time.monotonic()))
