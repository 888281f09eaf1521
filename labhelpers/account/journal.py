"""The journal: what a run is about to create stands on disk before AWS is asked for it.

One file for each run, a JSON object a line. A line survives the death of this process, so sweep
finds what was created even where a tag was not set any more. Names only, never a secret. What
cannot be read in it is passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_KEYS = ("account", "kind", "name")


def state_directory() -> Path:
    """LAB_STATE_DIR, or the user's state directory as XDG has it."""
    given = os.environ.get("LAB_STATE_DIR")
    if given:
        return Path(given)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base, "sts-lab")


class Journal:
    """What one run has begun to create, in order."""

    def __init__(self, run: str, folder: Path | None = None) -> None:
        self.path = (folder or state_directory()) / f"{run}.jsonl"
        #: Whether this process has noted anything, whatever became of the file.
        self.begun = False

    def about_to_create(self, account: str, kind: str, name: str) -> None:
        """Note a create; returns when the line is on the disk."""
        self._write({"account": account, "kind": kind, "name": name})
        self.begun = True

    def _write(self, entry: dict[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps({"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **entry})
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[dict[str, Any]]:
        """Every whole line; a crash, a full disk or an editor may have spoiled others."""
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return []
        return [entry for entry in map(_entry, lines) if entry is not None]

    def done(self) -> None:
        """Everything in it is gone from the account."""
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
