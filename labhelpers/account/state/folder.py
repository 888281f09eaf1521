"""The state folder and the files in it, which nobody but the learner reads."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from labhelpers.errors import LabError

#: Where this process began; a cell may go elsewhere.
_STARTED_IN = Path.cwd()
_RUN = re.compile(r"[0-9a-f]{6}", re.ASCII)


def is_run(text: str) -> bool:
    """Whether a text is a run's id."""
    return _RUN.fullmatch(text) is not None


def files_of_runs(folder: Path, ending: str) -> dict[str, Path]:
    """Run -> its file of one kind. The folder may hold others' files, which nobody touches."""
    found = {path.name.removesuffix(ending): path for path in sorted(folder.glob(f"*{ending}"))}
    return {run: path for run, path in found.items() if is_run(run) and path.is_file()}


def state_directory() -> Path:
    """LAB_STATE_DIR, or the user's state directory as XDG has it."""
    given = os.environ.get("LAB_STATE_DIR")
    if given:
        return _STARTED_IN / Path(given).expanduser()
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return _STARTED_IN / base / "sts-lab"


def unwritable(path: Path, error: OSError) -> LabError:
    """What a learner is told where the state folder does not take what has to be in it."""
    return LabError(
        f"Nothing was created: {path} has to be written before, and cannot be ({error.strerror}). "
        "Make room there, or set LAB_STATE_DIR to a folder that can be written; then run this "
        "again."
    )


def make_folder(path: Path) -> None:
    """Make the folder where it is missing, with mode 0700. One that is there may have been given,
    and be others' too: it stays as it is."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def appended(path: Path) -> BinaryIO:
    """A file to read and append to, 0600 whatever the umask says, and whatever it was before."""
    make_folder(path.parent)
    path.touch(mode=0o600)
    with suppress(OSError):  # another user's file, or a file system without modes
        path.chmod(0o600)
    return path.open("a+b", buffering=0)
