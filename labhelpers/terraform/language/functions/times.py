"""Functions of the Terraform language on points in time. They raise Problem."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.values import Value, to_text

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_VERBS = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|.", re.DOTALL)


def _time(text: Value) -> datetime:
    text = to_text(text)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?(Z|z|[+-]\d\d:\d\d)", text):
        raise Problem(f'"{text[:40]}" is no time in RFC 3339, e.g. 2025-01-31T12:00:00Z.')
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Problem(f"{text} is no time: {error}.") from None


def _duration(text: Value) -> timedelta:
    text = to_text(text)
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    parts = _PART.findall(rest)
    if not parts or "".join(a + b for a, b in parts) != rest:
        raise Problem(f'"{text[:40]}" is no duration, e.g. 1h30m.')
    return sign * timedelta(seconds=sum(float(a) * _UNITS[b] for a, b in parts))


def timeadd(time: Value, duration: Value) -> str:
    """Return the time so much later, in RFC 3339."""
    try:
        found = _time(time) + _duration(duration)
    except OverflowError:
        raise Problem("This time is out of range.") from None
    return found.isoformat(timespec="seconds").replace("+00:00", "Z")


def timecmp(one: Value, other: Value) -> int:
    """Return -1, 0 or 1."""
    a, b = (_time(t).astimezone(UTC) for t in (one, other))
    return (a > b) - (a < b)


def formatdate(spec: Value, time: Value) -> str:
    """Write a time by a pattern such as "YYYY-MM-DD hh:mm ZZZ"."""
    when = _time(time)

    def one(found: re.Match) -> str:
        piece = found[0]
        if piece[0] == "'" and len(piece) > 1:
            return piece[1:-1].replace("''", "'")
        if not found[1]:
            return piece
        if piece not in _FIELDS:
            raise Problem(f"formatdate() knows no {piece}.", "Put plain text in single quotes.")
        return _FIELDS[piece](when)

    return _VERBS.sub(one, to_text(spec))


def _zone(when: datetime, colon: str, utc: str) -> str:
    text = when.strftime("%z")
    return utc if utc and text == "+0000" else f"{text[:3]}{colon}{text[3:]}"


_FIELDS = {
    "YYYY": lambda t: f"{t.year:04}",
    "YY": lambda t: f"{t.year % 100:02}",
    "MMMM": lambda t: t.strftime("%B"),
    "MMM": lambda t: t.strftime("%b"),
    "MM": lambda t: f"{t.month:02}",
    "M": lambda t: str(t.month),
    "DD": lambda t: f"{t.day:02}",
    "D": lambda t: str(t.day),
    "EEEE": lambda t: t.strftime("%A"),
    "EEE": lambda t: t.strftime("%a"),
    "hh": lambda t: f"{t.hour:02}",
    "h": lambda t: str(t.hour),
    "HH": lambda t: f"{t.hour % 12 or 12:02}",
    "H": lambda t: str(t.hour % 12 or 12),
    "AA": lambda t: "AM" if t.hour < 12 else "PM",
    "aa": lambda t: "am" if t.hour < 12 else "pm",
    "mm": lambda t: f"{t.minute:02}",
    "m": lambda t: str(t.minute),
    "ss": lambda t: f"{t.second:02}",
    "s": lambda t: str(t.second),
    "ZZZZZ": lambda t: _zone(t, ":", ""),
    "ZZZZ": lambda t: _zone(t, "", ""),
    "ZZZ": lambda t: _zone(t, "", "UTC"),
    "Z": lambda t: _zone(t, ":", "Z"),
}

TIMES = {"formatdate": formatdate, "timeadd": timeadd, "timecmp": timecmp}
