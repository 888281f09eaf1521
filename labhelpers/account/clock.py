"""AWS's time: it cannot be moved, only waited for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from labhelpers.errors import LabError, SandboxOnly

LONGEST_WAIT = 120  # seconds; a learner waits so long, and not for an hour


def let_time_pass(seconds: float) -> None:
    """Wait, for real."""
    time.sleep(seconds)


class AccountClock:
    """The clock of this machine. Short moves are waited for, long ones are the sandbox's."""

    def now(self) -> datetime:
        """The present moment, an aware UTC datetime."""
        return datetime.now(UTC)

    def advance(self, delta: timedelta | None = None, *, seconds: float = 0) -> datetime:
        """Wait for so long, up to two minutes. Raises SandboxOnly for more."""
        if not isinstance(delta, timedelta | None):
            raise LabError(f"advance(seconds={delta!r})? By position it takes a timedelta.")
        move = (delta or timedelta(0)) + timedelta(seconds=seconds)
        if move < timedelta(0):
            raise ValueError("Time only moves forward.")
        if move > timedelta(seconds=LONGEST_WAIT):
            raise SandboxOnly(f"AWS's clock cannot be moved by {_told(move)}.")
        if move > timedelta(seconds=2):
            print(f"Waiting {_told(move)}: AWS's clock cannot be moved.")
        let_time_pass(move.total_seconds())
        return self.now()

    def __repr__(self) -> str:
        return f"AccountClock({self.now():%Y-%m-%d %H:%M:%S} UTC, real time)"


def _told(move: timedelta) -> str:
    seconds = round(move.total_seconds())
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0 and (word != "minute" or seconds < 7200):
            return f"{seconds // size} {word}{'s' if seconds > size else ''}"
    if seconds >= 86400:
        return f"{seconds / 86400:.1f} days"
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds} seconds"
