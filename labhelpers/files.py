"""Reading others' files: regular ones, and of a size that a person could have written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MOST = 16 * 1024 * 1024  # bytes


def read_regular(path: Path) -> bytes:
    """A file's bytes. Raises OSError, with a `strerror` that says what is wrong, for a pipe or a
    device, of which nobody knows when it ends, and for more than MOST bytes."""
    # A pipe that nobody writes to would be waited for when it is opened.
    descriptor = os.open(
        path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(21, "Is a directory", str(path))
        if not stat.S_ISREG(mode):
            raise OSError(22, "It is a pipe or a device, and no file", str(path))
        data = file.read(MOST + 1)
    if len(data) > MOST:
        raise OSError(27, f"It has more than {MOST >> 20} MiB", str(path))
    return data
