"""Advisory locks on files, which end with the process that holds them, however it ends.

RUN.lock says that a run is at work, and names its process. It is a file of its own: the journal
may be lost meanwhile, which is no reason to take away what the run has made.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from labhelpers.account.state.folder import appended, files_of_runs

_BYTE = 1 << 30  # Windows locks bytes, and nobody else could read them: one that is never written

if sys.platform == "win32":
    import msvcrt

    def hold(file: BinaryIO) -> bool:
        """Whether the lock is ours now. Raises OSError where the file system has no locks."""
        place = file.tell()
        try:
            file.seek(_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            file.seek(place)
        return True

else:
    import fcntl

    def hold(file: BinaryIO) -> bool:
        """Whether the lock is ours now. Raises OSError where the file system has no locks."""
        try:
            # Not lockf: that lock would end as soon as this process reads and closes the file.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class AtWork:
    """Of one run. take() can be called again: what somebody has deleted is made anew."""

    def __init__(self, run: str, folder: Path) -> None:
        self._path = folder / f"{run}.lock"
        self._file: BinaryIO | None = None

    @property
    def is_taken(self) -> bool:
        """Whether this process holds it."""
        return self._file is not None

    def take(self) -> None:
        """Hold it, if nobody else does. Raises OSError where the file cannot be written."""
        if self._file is not None and same_file(self._path, self._file):
            return
        self.drop()
        file = appended(self._path)
        with suppress(OSError):  # a file system without locks: others cannot see that it lives
            for _ in range(20):  # somebody may just be looking whether this run is alive
                if hold(file):
                    self._file = file
                    file.truncate(0)
                    file.write(str(os.getpid()).encode())  # a full disk may not take that
                    return
                time.sleep(0.01)
        if self._file is None:
            file.close()

    def drop(self) -> None:
        """Let go of it: nothing is left of the file."""
        if self._file is not None:
            if same_file(self._path, self._file):
                self.remove()
            self.close()

    def close(self) -> None:
        """Have no part in it any more; whoever shares it (the process that was forked) has."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Delete the file that a dead run has left. Windows keeps what is open."""
        with suppress(OSError):
            self._path.unlink()

    def is_held(self) -> bool:
        """Whether a process that lives holds it by another handle than this one."""
        return is_held(self._path)

    @property
    def process(self) -> str:
        """The id of the process that has taken it last, "unknown" where nothing says it."""
        with suppress(OSError):
            return self._path.read_text(errors="replace").strip()[:20] or "unknown"
        return "unknown"


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock on a file; not where it is missing or has no locks."""
    try:
        with open(path, "rb+") as file:
            return not hold(file)
    except OSError:
        return False


def same_file(path: Path, file: BinaryIO) -> bool:
    """Whether an open file is still the one of that name."""
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False


def runs_at_work(folder: Path) -> set[str]:
    """Runs on this machine whose processes live."""
    return {run for run, path in files_of_runs(folder, ".lock").items() if is_held(path)}
