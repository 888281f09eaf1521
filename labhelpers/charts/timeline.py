"""What happened one after the other: a row for each call, and for whatever lasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labhelpers.charts import style
from labhelpers.charts.session_rows import require_aware

_ROW, _BAR = 0.3, 0.55  # inches between rows; the bar's share of them
_WHO, _DATA, _WHAT = 2.2, 4.2, 3.9  # inches: left column, axes, right column
# They differ in shape and in fill, so neither colour nor a good printer is needed.
_MARKS: dict[bool, style.How] = {
    True: {"marker": "o", "markersize": 8, "color": style.INK},
    False: {"marker": "X", "markersize": 9, "color": "#ffffff", "markeredgecolor": "#b3410e"},
}
_MARKS[False]["markeredgewidth"] = 1.6
_MARK_LABELS = {True: "allowed", False: "refused"}
_LASTS: style.How = {"facecolor": "#d6e4f0", "edgecolor": style.INK, "linewidth": 0.8}


@dataclass(frozen=True, slots=True)
class _Entry:
    who: str
    what: str
    start: datetime
    end: datetime | None
    allowed: bool


def timeline(entries: Iterable[Any], ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw the entries in the given order, first at the top, and return the axes.

    An entry is a mapping with `who` and `what` (text) and `start` (an aware datetime); with
    `end` (one as well) it is a bar, without it a mark: a dot, or a cross if its `outcome` is
    something else than "Allowed". Without `outcome` it counts as allowed.
    Axes of your own need about 2 inches left of them and 4 right of them.
    Raises ValueError, naming entry (from 1) and field, for what is missing or malformed.
    """
    rows = [_entry(entry, number) for number, entry in enumerate(entries, start=1)]
    if ax is None:
        size = (_WHO + _DATA + _WHAT, _ROW * max(len(rows), 1) + 1.4)
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    if title is not None:
        style.title(ax, title, 10)
    if not rows:
        ax.set_axis_off()
        how: style.How = {"ha": "center", "va": "center", "transform": ax.transAxes}
        style.text(ax, 0.5, 0.5, "nothing happened yet", **how)
        return ax
    _frame(ax, rows)
    for y, row in enumerate(rows):
        _draw(ax, y, row)
    _legend(ax, rows)
    return ax


def _frame(ax: Axes, rows: list[_Entry]) -> None:
    start = min(row.start for row in rows)
    end = max(row.end or row.start for row in rows)
    end = max(end, start + timedelta(minutes=1))
    margin = 0.03 * (end - start)
    ax.set(xlim=(date2num(start - margin), date2num(end + margin)), ylim=(len(rows) - 0.5, -0.5))
    style.date_axis(ax)
    ax.set_yticks([])
    ax.spines[["left", "right", "top"]].set_visible(False)


def _draw(ax: Axes, y: int, row: _Entry) -> None:
    if y % 2 == 0:
        ax.axhspan(y - 0.5, y + 0.5, color=style.STRIPE, linewidth=0, zorder=0)
    start = date2num(row.start)
    if row.end is None:
        mark: Artist = ax.plot(start, y, zorder=4, linestyle="none", **_MARKS[row.allowed])[0]
    else:
        wide = date2num(row.end) - start
        mark = ax.barh(y, wide, left=start, height=_BAR, zorder=3, **_LASTS).patches[0]
    mark.set_gid(f"entry-{y}")
    # The words of a row stand in columns beside the data, where no bar can run into them.
    at: style.How = {"xycoords": ax.get_yaxis_transform(), "va": "center"}
    when = f"{row.start.astimezone(UTC):%H:%M:%S}"
    who = style.shorten(row.who, _WHO - style.width(when + "   ") - 0.2)
    style.note(ax, f"{who}   {when}", (0, y), (-8, 0), ha="right", **at)
    style.note(ax, style.shorten(row.what, _WHAT - 0.2), (1, y), (8, 0), ha="left", **at)


def _legend(ax: Axes, rows: list[_Entry]) -> None:
    """Below the dates; it names only what the chart shows."""
    shown = {row.allowed for row in rows if row.end is None}
    entries: list[Any] = [
        Line2D([], [], linestyle="none", label=_MARK_LABELS[kind], **_MARKS[kind])
        for kind in (True, False)
        if kind in shown
    ]
    if any(row.end is not None for row in rows):
        entries.append(Patch(label="lasts", **_LASTS))
    style.legend_below(ax, entries)


def _entry(entry: Any, number: int) -> _Entry:
    if not isinstance(entry, Mapping):
        raise ValueError(f"entry {number} must be a mapping, not {type(entry).__name__}.")
    for name in ("who", "what"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            raise ValueError(f"entry {number}: {name} must be text, not {entry.get(name)!r}.")
    start = require_aware(entry.get("start"), f"entry {number}: start")
    end = entry.get("end")
    if end is not None:
        end = require_aware(end, f"entry {number}: end")
        if end < start:
            raise ValueError(f"entry {number}: end must not be earlier than start.")
    allowed = entry.get("outcome", "Allowed") == "Allowed"
    return _Entry(entry["who"], entry["what"], start, end, allowed)
