"""The lab's clock: real time plus an offset that only moves forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from labhelpers.errors import RUN_ALL_ABOVE, LabError


class ClockError(LabError, ValueError):
    """A move that the lab's clock does not make."""


class LabClock:
    """Expiry and date conditions follow this clock; signature dates follow real time.

    Keeping signatures on real time is what lets unmodified clients go on working after the
    clock was moved: they sign with the date of their own machine.
    """

    def __init__(self) -> None:
        self._offset = timedelta(0)

    def now(self) -> datetime:
        """The lab's present moment, an aware UTC datetime."""
        return datetime.now(UTC) + self._offset

    def advance(self, delta: timedelta | None = None, *, seconds: float = 0) -> datetime:
        """Move forward by a timedelta and/or seconds, and return the new moment.

        Raises ClockError for a move backwards: sessions that expired would come back to life.
        """
        if delta is not None and not isinstance(delta, timedelta):
            raise ClockError(
                f"advance() takes a timedelta or seconds=…, not {delta!r}: "
                f"write advance(seconds={delta!r}) or advance(timedelta(hours=1))."
            )
        move = (delta or timedelta(0)) + timedelta(seconds=seconds)
        if move < timedelta(0):
            raise ClockError(
                f"The lab clock only moves forward; {move} would move it back. "
                f"If this cell has run before, {RUN_ALL_ABOVE}"
            )
        self._offset += move
        return self.now()

    def __repr__(self) -> str:
        return f"LabClock({self.now():%Y-%m-%d %H:%M:%S} UTC, {self._offset} ahead of real time)"
