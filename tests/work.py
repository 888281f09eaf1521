"""How much work something is, by count: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import labhelpers.policy

_OURS = str(Path(labhelpers.policy.__file__).parent)


def calls_within(do: Callable[[], object]) -> int:
    """Calls of functions, Python's and C's, that this thread makes until do() returns.

    Generators count each time that they go on. For growth: double the input and compare.
    """
    made = 0

    def count(frame, event, argument) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        do()
    finally:
        sys.setprofile(before)
    return made


class TooMuch(AssertionError):
    """A job that was given up, so that an explosion fails a test instead of holding it up."""


def lines_run(job, most=10_000_000) -> int:
    """Return how many lines of labhelpers.policy a call runs; raises TooMuch beyond `most`."""
    count = 0

    def within(frame, event, argument):
        nonlocal count
        count += event == "line"
        if count > most:
            raise TooMuch(f"more than {most} lines")
        return within

    def entered(frame, event, argument):
        return within if frame.f_code.co_filename.startswith(_OURS) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        job()
    finally:
        sys.settrace(before)
    return count


class Watched(str):
    """A text that notes in `looked` how many characters its searches, comparisons and cuts look
    at: the work below the lines of Python. What is cut off notes in the same place."""

    def __new__(cls, text, looked=None):
        made = super().__new__(cls, text)
        made.looked = [0] if looked is None else looked
        return made

    def _note(self, characters):
        self.looked[0] += characters

    def find(self, part, start=0, end=None):
        end = len(self) if end is None else end
        found = super().find(part, start, end)
        self._note(max(0, end - start) if found < 0 else found + len(part) - start)
        return found

    def startswith(self, part, *where):
        self._note(sum(map(len, part)) if isinstance(part, tuple) else len(part))
        return super().startswith(part, *where)

    def split(self, *how):
        self._note(len(self))
        return [Watched(piece, self.looked) for piece in super().split(*how)]

    def __getitem__(self, place):
        piece = super().__getitem__(place)
        self._note(len(piece))
        return Watched(piece, self.looked)


def matching(match, text, most=10_000_000) -> int:
    """Return the lines and characters that holding a text against a pattern takes."""
    watched = Watched(text)
    return lines_run(partial(match, watched), most) + watched.looked[0]
