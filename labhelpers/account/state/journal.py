"""The journal: what a run is about to create stands on disk before AWS is asked for it.

One file for each run, a JSON object a line: first the name, and once AWS has answered the id that
only AWS could give, by which a thing is found that was renamed or moved. A line survives the death
of this process, so sweep finds what was created even where a tag was not set any more. Names only,
never a secret. What cannot be read in it is passed over. The process that has opened the lab holds
RUN.lock while it lives; processes that it forks write to the same journal and hold nothing.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import jmespath

from labhelpers.account.state.folder import (
    appended,
    files_of_runs,
    state_directory,
    unwritable,
)
from labhelpers.account.state.lock import AtWork, same_file
from labhelpers.account.state.threads import Turns, at_fork
from labhelpers.errors import LabError

_KEYS = ("account", "kind", "name")
#: Where the answer to a create has the id: one that is never given again, if AWS has one.
_IDS = {
    "CreateAccessKey": "AccessKey.AccessKeyId",
    "CreateGroup": "Group.GroupId",
    "CreateInstanceProfile": "InstanceProfile.InstanceProfileId",
    "CreateOpenIDConnectProvider": "OpenIDConnectProviderArn",
    "CreatePolicy": "Policy.PolicyId",
    "CreateRole": "Role.RoleId",
    "CreateSecurityGroup": "GroupId",
    "CreateUser": "User.UserId",
    "CreateVirtualMFADevice": "VirtualMFADevice.SerialNumber",
    "RunInstances": "Instances[].InstanceId",
}


class Journal:
    """What one run has begun to create, in order.

    `region` is where it does; `at_work` takes RUN.lock once there is something in it.
    """

    def __init__(
        self, run: str, folder: Path | None = None, *, region: str = "", at_work: bool = False
    ) -> None:
        self.run, self._region, self._at_work = run, region, at_work
        folder = folder or state_directory()
        self._lock, self._turns = AtWork(run, folder), Turns()
        self.path = folder / f"{run}.jsonl"
        #: Whether this process has noted anything, whatever became of the file.
        self.begun = False
        self._forked = self._mend = False
        #: Whether the file was lost or emptied while the run went on.
        self.lost = False
        #: Why nothing more can be created, "" while it can.
        self.ended = ""
        self._noted: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None
        self._size = 0
        self._underway: dict[int, str] = {}  # thread -> what it asks AWS to create
        if at_work:
            at_fork(self)

    def about_to_create(self, account: str, kind: str, name: str) -> None:
        """Note a create; returns when the line is on the disk, else raises LabError. It is under
        way until this thread calls answered()."""
        with self._turns:
            if self.ended:
                raise LabError(self.ended)
            try:
                self._write({"account": account, "kind": kind, "name": name})
            except OSError as error:
                raise unwritable(self.path, error) from None
            self.begun = True
            self._underway[threading.get_ident()] = f"{kind} {name}".strip()

    def created(self, account: str, kind: str, name: str, answer: Mapping[str, Any]) -> None:
        """Note the ids in the answer to a create."""
        found = jmespath.search(_IDS.get(kind, "''"), answer) or ()
        for id_ in [found] if isinstance(found, str) else found:
            entry = {"account": account, "kind": kind, "name": name, "id": id_}
            with suppress(OSError), self._turns:  # the name is on disk, and the id is in memory
                self._write(entry)

    def deleted(self, account: str, kind: str, id_: str) -> None:
        """Note that a thing is gone whose id another one may have later."""
        entry = {"account": account, "kind": kind, "name": "", "id": id_, "gone": True}
        with suppress(OSError), self._turns:
            self._write(entry)

    def answered(self) -> None:
        """Whatever this thread has asked AWS to create: AWS has answered, or nobody waits."""
        self._underway.pop(threading.get_ident(), None)

    def underway(self, seconds: float) -> list[str]:
        """What other threads still ask AWS to create, after so many seconds at most."""
        ends = time.monotonic() + seconds
        while True:
            with self._turns:
                mine = threading.get_ident()
                found = [what for thread, what in self._underway.items() if thread != mine]
            if not found or time.monotonic() >= ends:
                return found
            time.sleep(0.02)

    def is_begun(self) -> bool:
        """Whether something may have been created, by this process or by one it has forked."""
        return self.begun or (self._forked and self.path.exists())

    def _write(self, entry: dict[str, Any]) -> None:
        """Append a line, and before it those that the file has lost since."""
        entry = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "pid": os.getpid()} | entry
        if self._region:
            entry["region"] = self._region
        self.check()
        if "id" in entry:
            self._noted.append(entry)
        if self._at_work and not self.ended:
            self._lock.take()
        if self._file is None:
            self._file = appended(self.path)
        before = [one for one in self._noted if one is not entry] if self._mend else []
        lines = (json.dumps(line) + "\n" for line in [*before, entry])
        self._append(self._file, "".join(lines).encode())
        self._mend = False
        if "id" not in entry:
            self._noted.append(entry)

    def check(self) -> None:
        """Look whether the file is still the one that was written; let go of it if not."""
        if self._file is None:
            return
        with suppress(OSError):
            if same_file(self.path, self._file) and self.path.stat().st_size >= self._size:
                return
        self.lost = self._mend = True
        self._close()

    def _append(self, file: BinaryIO, lines: bytes) -> None:
        """All of it or, as far as the disk lets us, nothing; after a torn line a new one begins."""
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            lines = (b"" if file.read(1) == b"\n" else b"\n") + lines
        try:
            while lines:
                lines = lines[file.write(lines) :]
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(end)
            raise
        self._size = file.seek(0, os.SEEK_END)

    def entries(self) -> list[dict[str, Any]]:
        """Every whole line, and what this process remembers; a crash, a full disk or an editor
        may have spoiled others."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            lines = []
        found = [entry for entry in map(_entry, lines) if entry is not None]
        return found + [entry for entry in self._noted if entry not in found]

    @property
    def unread(self) -> str:
        """Why its file cannot be read, "" if it can or is not there: another user's, where two
        share the folder, or a disk that fails."""
        try:
            self.path.read_bytes()
        except FileNotFoundError:
            return ""
        except OSError as error:
            return error.strerror or type(error).__name__
        return ""

    @property
    def process(self) -> str:
        """The id of the process that is, or was, at work on it; "unknown" where nothing says."""
        return self._lock.process

    def is_alive(self) -> bool:
        """Whether another handle than this one, of a process that lives, is at work on it."""
        return self._lock.is_held()

    def release(self) -> None:
        """Let go of the file and of the lock: this process creates nothing more."""
        self._close()
        self._lock.drop()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def forked(self) -> None:
        """In a forked process: the lock is the parent's, who may end before."""
        self._at_work = not self._lock.is_taken
        self._lock.close()
        self._close()
        self._underway.clear()

    def has_forked(self) -> None:
        """In its parent: from now on another process may write."""
        self._forked = True

    def done(self) -> None:
        """Everything in it is gone from the account."""
        self.release()
        self._noted.clear()
        self.begun = self._mend = False
        self._lock.remove()
        with suppress(OSError):  # it was lost, and its folder perhaps as well
            self.path.unlink(missing_ok=True)


def journals(folder: Path | None = None) -> Iterator[Journal]:
    """The journals of runs that have not cleaned up."""
    folder = folder or state_directory()
    for run in files_of_runs(folder, ".jsonl"):
        yield Journal(run, folder)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, dict) and all(isinstance(found.get(key), str) for key in _KEYS)
    return found if whole else None
