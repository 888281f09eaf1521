"""An advisory lock on an open file, which ends with the process that holds it, however it ends."""

from __future__ import annotations

import sys
from typing import BinaryIO

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
