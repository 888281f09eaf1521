"""Moments as AWS writes them on the wire."""

from __future__ import annotations

from datetime import datetime


def iso(moment: datetime) -> str:
    """ISO 8601 to the second; the moment has to be in UTC already."""
    return moment.isoformat(timespec="seconds")[:19] + "Z"  # a fifth of strftime's time
