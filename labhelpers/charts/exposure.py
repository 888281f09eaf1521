"""What a session length costs on either side: signing in again, and a leak that stays of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from numbers import Real
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from labhelpers.charts import style

_ROW, _BAR = 0.42, 0.56  # inches between rows; the bar's share of them
_NAMES, _HALF = 2.9, 2.5  # inches: the column of names; the longest bar of either side
_WORDS = 1.0  # inches beside the longest bars: what they say at their ends
_HEAD, _MARGIN, _ARROW = 0.55, 0.15, 0.16
# They differ in lightness and hatch, so a grey print tells them apart.
_SIGN_INS: style.How = {
    "facecolor": "#f6e3c5",
    "edgecolor": style.INK,
    "linewidth": 0.8,
    "hatch": "....",
}
_EXPOSURE: style.How = {"facecolor": "#2b5c8a", "edgecolor": style.INK, "linewidth": 0.8}


@dataclass(frozen=True, slots=True)
class _Row:
    policy: str
    sign_ins: float
    exposure: float | None  # seconds; None has no end


def exposure(policies: Iterable[Any], ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw a row for each policy, first at the top, and return the axes.

    A policy is a mapping with `policy` (its name), `sign_ins` (how often a day somebody has to
    authenticate; drawn to the left) and `exposure` (how long a leaked credential works: a
    timedelta or seconds; None if it has no end; drawn to the right). Both sides are to scale,
    each by its own longest bar. Axes of your own are filled, with smaller letters if need be.
    Raises ValueError, naming row (from 1) and field, for what is missing or malformed.
    """
    rows = [_row(given, number) for number, given in enumerate(policies, start=1)]
    left, high = _MARGIN + _NAMES + _WORDS, _HEAD + _ROW * max(len(rows), 1) + _MARGIN
    middle = left + _HALF
    top = 0.0 if title is None else 0.35
    ax, scale = style.canvas(ax, middle + _HALF + _WORDS + _MARGIN, high + top)
    size = style.SIZE * scale
    if title is not None:
        how: style.How = {"ha": "center", "va": "center", "fontsize": size + 2}
        style.text(ax, (middle + _HALF + _WORDS) / 2, 0.28, title, **how)
    if not rows:
        how = {"ha": "center", "va": "center", "fontsize": size}
        style.text(ax, middle, top + high / 2, "no policies yet", **how)
        return ax
    _heads(ax, middle, top, size)
    for y, row in enumerate(rows):
        _draw(ax, row, y, middle, top + _HEAD + _ROW * (y + 0.5), rows, size)
    line = [top + _HEAD - 0.08, top + _HEAD + _ROW * len(rows)]
    ax.plot([middle, middle], line, color=style.INK, linewidth=1.4, zorder=5)
    return ax


def _heads(ax: Axes, middle: float, top: float, size: float) -> None:
    y = top + _HEAD - 0.2
    how: style.How = {"va": "bottom", "fontsize": size, "weight": "bold"}
    style.text(ax, middle - 0.1, y, "sign-ins a day", ha="right", **how)
    style.text(ax, middle + 0.1, y, "a leaked credential works for", ha="left", **how)


def _draw(
    ax: Axes, row: _Row, number: int, middle: float, y: float, rows: list[_Row], size: float
) -> None:
    if number % 2 == 0:
        low, high = sorted(ax.get_xlim())
        stripe: style.How = {"color": style.STRIPE, "linewidth": 0, "zorder": 0}
        ax.barh(y, high - low, left=low, height=_ROW, **stripe)
    how: style.How = {"va": "center", "fontsize": size}
    name = style.shorten(row.policy, _NAMES)
    style.text(ax, _MARGIN, y, name, ha="left", **how)
    most = max(r.sign_ins for r in rows) or 1
    wide = _HALF * row.sign_ins / most
    bar = ax.barh(y, -wide, left=middle, height=_ROW * _BAR, zorder=3, **_SIGN_INS)
    bar.patches[0].set_gid(f"sign-ins-{number}")
    style.text(ax, middle - wide - 0.08, y, f"{row.sign_ins:g}", ha="right", **how)
    longest = max((r.exposure for r in rows if r.exposure is not None), default=0) or 1
    endless = row.exposure is None
    wide = _HALF if row.exposure is None else _HALF * row.exposure / longest
    bar = ax.barh(y, wide, left=middle, height=_ROW * _BAR, zorder=3, **_EXPOSURE)
    bar.patches[0].set_gid(f"exposure-{number}")
    if endless:  # the bar's head says that it goes on
        tip, half = middle + _HALF, _ROW * _BAR / 2 + 0.04
        points = [(tip, y - half), (tip + _ARROW, y), (tip, y + half)]
        ax.add_patch(plt.Polygon(points, zorder=4, gid=f"endless-{number}", **_EXPOSURE))
        wide += _ARROW
    told = "no end" if row.exposure is None else style.span(row.exposure)
    style.text(ax, middle + wide + 0.08, y, told, ha="left", **how)


def _row(given: Any, number: int) -> _Row:
    if not isinstance(given, Mapping):
        raise ValueError(f"row {number} must be a mapping, not {type(given).__name__}.")
    name = given.get("policy")
    if not isinstance(name, str) or not name:
        raise ValueError(f"row {number}: policy must be text, not {name!r}.")
    for field in ("sign_ins", "exposure"):
        if field not in given:
            raise ValueError(f"row {number}: {field} is missing.")
    lasts = given["exposure"]
    if isinstance(lasts, timedelta):
        lasts = lasts.total_seconds()
    if lasts is not None:
        lasts = _amount(lasts, f"row {number}: exposure", "a timedelta, seconds or None")
    count = _amount(given["sign_ins"], f"row {number}: sign_ins", "a number")
    return _Row(name, count, lasts)


def _amount(value: Any, where: str, wanted: str) -> float:
    """The number, if it is one that a bar can show."""
    fits = isinstance(value, Real) and not isinstance(value, bool)
    if not fits or not isfinite(value) or value < 0:
        raise ValueError(f"{where} must be {wanted} and not below 0, not {value!r}.")
    return value
