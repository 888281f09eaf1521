"""Slips of the pen: which known name a misspelt one may mean."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str], cutoff: float) -> str:
    """Return the known name most like a word, "" if none is as like it as `cutoff` (0 to 1)."""
    from difflib import get_close_matches  # spares start-up a millisecond: slips are rare

    return next(iter(get_close_matches(word, known, 1, cutoff)), "")
