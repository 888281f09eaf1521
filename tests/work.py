"""How much work something is, by count: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
from collections.abc import Callable


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
