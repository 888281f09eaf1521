"""The journal: what a run is about to create stands on disk before AWS is asked for it.

One file for each run, a JSON object a line: first the name, and once AWS has answered the id that
only AWS could give, by which a thing is found that was renamed or moved. A line survives the death
of this process, so sweep finds what was created even where a tag was not set any more. While the
process lives it holds a lock on the file: others see that the run is at work. Names only, never a
secret. What cannot be read in it is passed over.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import jmespath

from labhelpers.account.state.folder import appended, state_directory, unwritable
from labhelpers.account.state.lock import hold
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

    `region` is where it does; `at_work` locks the file once there is something in it.
    """

    def __init__(
        self, run: str, folder: Path | None = None, *, region: str = "", at_work: bool = False
    ) -> None:
        self.run, self._region, self._at_work = run, region, at_work
        self.path = (folder or state_directory()) / f"{run}.jsonl"
        #: Whether this process has noted anything, whatever became of the file.
        self.begun = False
        #: Whether the file was lost or emptied while the run went on.
        self.lost = False
        #: Why nothing more can be created, "" while it can.
        self.ended = ""
        self._noted: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None
        self._size = 0

    def about_to_create(self, account: str, kind: str, name: str) -> None:
        """Note a create; returns when the line is on the disk, else raises LabError."""
        if self.ended:
            raise LabError(self.ended)
        try:
            self._write({"account": account, "kind": kind, "name": name})
        except OSError as error:
            raise unwritable(self.path, error) from None
        self.begun = True

    def created(self, account: str, kind: str, name: str, answer: Mapping[str, Any]) -> None:
        """Note the ids in the answer to a create."""
        found = jmespath.search(_IDS.get(kind, "''"), answer) or ()
        for id_ in [found] if isinstance(found, str) else found:
            entry = {"account": account, "kind": kind, "name": name, "id": id_}
            with suppress(OSError):  # the name is on disk, and the id is in memory
                self._write(entry)

    def _write(self, entry: dict[str, Any]) -> None:
        """Append a line, and before it those that the file has lost since."""
        entry = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "pid": os.getpid()} | entry
        if self._region:
            entry["region"] = self._region
        self.check()
        if "id" in entry:
            self._noted.append(entry)
        lines = [entry]
        if self._file is None:
            self._file, lines = self._opened(), [*(e for e in self._noted if e is not entry), entry]
        self._append(self._file, "".join(json.dumps(line) + "\n" for line in lines).encode())
        if "id" not in entry:
            self._noted.append(entry)

    def check(self) -> None:
        """Look whether the file is still the one that was written; let go of it if not."""
        if self._file is None:
            return
        with suppress(OSError):
            there, ours = self.path.stat(), os.fstat(self._file.fileno())
            same = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
            if same and there.st_size >= self._size:
                return
        self.lost = True
        self.release()

    def _opened(self) -> BinaryIO:
        file = appended(self.path)
        with suppress(OSError):  # a file system without locks: others cannot see that it lives
            for _ in range(20):  # somebody may just be looking whether this run is alive
                if not self._at_work or hold(file):
                    break
                time.sleep(0.01)
        return file

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
    def process(self) -> str:
        """The id of the process that has written it last, "unknown" where no line says."""
        return next((str(e["pid"]) for e in reversed(self.entries()) if "pid" in e), "unknown")

    def is_alive(self) -> bool:
        """Whether another handle than this one, of a process that lives, is at work on it."""
        try:
            with open(self.path, "rb+") as file:
                return not hold(file)
        except OSError:
            return False

    def release(self) -> None:
        """Let go of the file: this process creates nothing more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def done(self) -> None:
        """Everything in it is gone from the account."""
        self.release()
        self._noted.clear()
        self.begun = False
        with suppress(OSError):  # it was lost, and its folder perhaps as well
            self.path.unlink(missing_ok=True)


def journals(folder: Path | None = None) -> Iterator[Journal]:
    """The journals of runs that have not cleaned up."""
    folder = folder or state_directory()
    for path in sorted(folder.glob("*.jsonl")):
        if path.is_file():
            yield Journal(path.stem, folder)


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, dict) and all(isinstance(found.get(key), str) for key in _KEYS)
    return found if whole else None
