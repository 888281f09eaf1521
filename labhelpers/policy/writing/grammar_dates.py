"""Which values IAM's parser takes for a date in an identity-based policy."""

from __future__ import annotations

import re

_SECONDS = re.compile(r"\d{1,19}", re.ASCII)
#: Source: the values that moto's table of documents, tried on AWS, has accepted and refused; that
#: an offset may be negative or stand without seconds is not in the table.
_DATE = re.compile(
    r"(?P<year>-?\d{1,9})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:t(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})"
    r"(?::(?P<second>\d{1,2})(?:\.\d{1,9})?)?)?)?"
    r"(?P<zone>z|[+-](?P<off_hour>\d\d)(?::?(?P<off_minute>\d\d))?)?)?",
    re.ASCII | re.IGNORECASE,
)
_RANGES = {
    "year": (-292_275_054, 292_278_993),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
    "off_hour": (0, 23),
    "off_minute": (0, 59),
}


def is_date(text: str) -> bool:
    """Say whether a text is seconds since 1970 or a date, of which the end may be left out."""
    if _SECONDS.fullmatch(text):
        return int(text) < 2**63
    found = _DATE.fullmatch(text)
    return found is not None and all(
        low <= int(found[part]) <= high
        for part, (low, high) in _RANGES.items()
        if found[part] is not None
    )
