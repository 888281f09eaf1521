"""Who held which role from when to when: one bar for each role session."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labhelpers.charts import style
from labhelpers.charts.session_rows import SessionRow, require_aware, session_rows

#: Role chaining: whoever calls AssumeRole with temporary credentials gets an hour at most.
CHAINING_CAP = timedelta(hours=1)

_STATE_LABELS = {"alive": "alive now", "expired": "expired", "later": "issued after now"}
_ROW, _BAR = 0.46, 0.44  # inches between rows; the bar's share of them
_LABELS, _DATA, _EXPIRY = 2.9, 5.2, 1.6  # inches: left column, axes, right column


def lifetimes(
    sessions: Iterable[Any], now: datetime, ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw the sessions in the given order, first at the top, and return the axes.

    `sessions` are mappings or objects with session_name, role_arn, caller_arn, issued and
    expires (aware datetimes), chained (bool) and max_session_duration (seconds), as
    `lab.sessions()` gives them; `now` is an aware datetime, as `lab.clock.now()`. A session
    whose `expires` is `now` has expired, as STS sees it.
    Axes of your own need about 3 inches left of them, 2 right of them and half an inch a row.
    Raises ValueError, naming the field, if one is missing, naive or of the wrong kind.
    """
    rows = session_rows(sessions)
    require_aware(now, "now")
    title = "Who holds which role, from when to when" if title is None else title
    if not rows:
        return _empty(ax, title)
    given = ax is not None
    if ax is None:
        size = (_LABELS + _DATA + _EXPIRY, _ROW * len(rows) + 1.75)
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    clipped_at = _limits(ax, rows, now)
    for y, row in enumerate(rows):
        _draw(ax, y, row, now, clipped_at)
        _write(ax, y, row, now)
    _frame(ax, now, title)
    _legend(ax, rows, now)
    if given:
        _shrink(ax, len(rows))
    return ax


def _limits(ax: Axes, rows: list[SessionRow], now: datetime) -> datetime | None:
    """Set the limits. Returns where outlines are cut off, None if they all fit.

    The sessions matter most: a twelve-hour maximum must not squeeze one of 15 minutes.
    """
    start = min(now, *(row.issued for row in rows))
    end = max(now, *(row.expires for row in rows))
    end = max(end, *(row.issued + CHAINING_CAP for row in rows if row.chained), start)
    end = max(end, start + timedelta(minutes=1))
    longest = max(row.longest for row in rows)
    fits = longest <= start + 2.5 * (end - start)
    last = max(end, longest) if fits else start + 1.5 * (end - start)
    margin = 0.02 * (last - start)
    ax.set(xlim=(date2num(start - margin), date2num(last + margin)), ylim=(len(rows) - 0.5, -0.5))
    return None if fits else last


def _draw(ax: Axes, y: int, row: SessionRow, now: datetime, clipped_at: datetime | None) -> None:
    start, end, longest = (date2num(when) for when in (row.issued, row.expires, row.longest))
    if y % 2 == 0:
        ax.axhspan(y - 0.5, y + 0.5, color=style.STRIPE, linewidth=0, zorder=0)
    outline = ax.barh(y, longest - start, left=start, height=_BAR, zorder=2, **style.OUTLINE)
    outline.patches[0].set_gid(f"max-{y}")
    look = style.STATES[row.state(now)]
    bar = ax.barh(y, end - start, left=start, height=_BAR, zorder=3, **look)
    bar.patches[0].set_gid(f"session-{y}")
    if clipped_at is not None and row.longest > clipped_at:
        ax.plot(date2num(clipped_at), y, ">", color=style.INK, markersize=5, zorder=4)
    if row.chained:
        cap = date2num(row.issued + CHAINING_CAP)
        line = ax.plot([cap, cap], [y - 0.36, y + 0.36], zorder=5, **style.CHAINING_CAP)[0]
        line.set_gid(f"cap-{y}")


def _write(ax: Axes, y: int, row: SessionRow, now: datetime) -> None:
    """The words of a row stand in columns beside the data, where no bar can run into them."""
    room = _LABELS - style.width(" ← ")
    role = style.shorten(row.role, room - min(room / 2, style.width(row.caller)))
    caller = style.shorten(row.caller, room - style.width(role))
    marks = " · chained" * row.chained + f" · from {row.abroad}" * bool(row.abroad)
    name = style.shorten(row.name, _LABELS - style.width(marks)) + marks
    state = "expired" if row.expires <= now else f"in {style.span(row.expires - now)}"
    maximum = f"max {style.span(row.maximum)}"
    left: style.How = {"xycoords": ax.get_yaxis_transform()}
    upper = (f"{role} ← {caller}", style.moment(row.expires))
    lower = (name, f"{state} · {maximum}")
    for (near, far), (rise, va), colour in zip(
        (upper, lower), ((1, "bottom"), (-1, "top")), (style.INK, style.MUTED), strict=True
    ):
        how: style.How = {**left, "va": va, "color": colour}
        style.note(ax, near, (0, y), (-8, rise), ha="right", **how)
        style.note(ax, far, (1, y), (8, rise), ha="left", **how)


def _frame(ax: Axes, now: datetime, title: str) -> None:
    style.date_axis(ax)
    ax.set_yticks([])
    ax.spines[["left", "right", "top"]].set_visible(False)
    x = date2num(now)
    ax.axvline(x, color=style.INK, linewidth=1.4, zorder=5).set_gid("now")
    low, high = ax.get_xlim()
    along = (x - low) / (high - low)
    how: style.How = {"va": "bottom"}
    side = "left" if along < 0.3 else "right" if along > 0.7 else "center"
    at: style.How = {"xycoords": ax.get_xaxis_transform(), "ha": side}
    style.note(ax, f"now {style.moment(now)} UTC", (x, 1), (0, 4), weight="bold", **at, **how)
    how |= {"xycoords": "axes fraction", "color": style.MUTED}
    style.note(ax, "role ← caller, session name", (0, 1), (-8, 4), ha="right", **how)
    style.note(ax, "expires (UTC)", (1, 1), (8, 4), ha="left", **how)
    style.title(ax, title, 24)


def _legend(ax: Axes, rows: list[SessionRow], now: datetime) -> None:
    """Below the dates; it names only what the chart shows."""
    states = {row.state(now) for row in rows}
    entries: list[Artist] = [Line2D([], [], color=style.INK, linewidth=1.4, label="now")]
    entries += [
        Patch(label=label, **style.STATES[state])
        for state, label in _STATE_LABELS.items()
        if state in states
    ]
    if any(row.longest > row.expires for row in rows):
        entries.append(Patch(label="up to the role's MaxSessionDuration", **style.OUTLINE))
    if any(row.chained for row in rows):
        entries.append(Line2D([], [], label="role chaining ends after 1 h", **style.CHAINING_CAP))
    style.legend_below(ax, entries)


def _shrink(ax: Axes, rows: int) -> None:
    """Smaller letters beside the data if the rows of given axes are too low for two lines."""
    figure = style.figure_of(ax)
    figure.draw_without_rendering()  # only now a layout engine has placed the axes
    points = ax.get_window_extent().height / figure.dpi * 72 / rows
    size = max(1, (points - 3) / 2 / style.LINE_HEIGHT)
    for text in ax.texts if size < style.SIZE else ():
        text.set_fontsize(size)


def _empty(ax: Axes | None, title: str) -> Axes:
    if ax is None:
        ax = plt.subplots(figsize=(_DATA, 1.6), layout="constrained")[1]
    ax.set_axis_off()
    style.title(ax, title, 24)
    style.text(ax, 0.5, 0.5, "no sessions yet", ha="center", va="center", transform=ax.transAxes)
    return ax
