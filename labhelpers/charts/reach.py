"""Who gets where: a table of outcomes, with what was not meant standing out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from labhelpers.charts import style

_WIDTH = 9.6  # inches, as all lengths here
_NAMES = 2.9  # the column of the rows' names, at most
_NARROW_NAMES = 1.95  # where there are many columns
_CELL = 1.75  # the width of a cell, at most
_HIGH = 0.46  # the height of a row, at least
_SMALL = 8  # points
_WORDS = {
    "Allowed": "✓ Allowed",
    "ImplicitlyDenied": "✗ ImplicitlyDenied",
    "ExplicitlyDenied": "✗ ExplicitlyDenied",
}
_NARROW = {  # in two lines
    **_WORDS,
    "ImplicitlyDenied": "✗ Implicitly\nDenied",
    "ExplicitlyDenied": "✗ Explicitly\nDenied",
}
# They differ in lightness, hatch and words, so a grey print tells them apart.
_LOOKS: dict[str, style.How] = {
    "right": {"facecolor": "#2b5c8a"},
    "too wide": {"facecolor": "#f3cfc6", "hatch": "////"},
    "too tight": {"facecolor": "#ffffff", "hatch": "...."},
    "refused": {"facecolor": "#f4f4f4"},
}


def reach(
    outcomes: Mapping[str, Mapping[str, Any]],
    meant: Collection[tuple[str, str]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a table: one row for each who, one column for each where. Returns the axes.

    `outcomes` is {row: {column: outcome}}; an outcome is one of IAM's three words or whatever
    has such an `.outcome`, as the answers of lab.attempt() have. `meant` are the (row, column)
    pairs that ought to be allowed: an Allowed beyond them is marked "too wide", a refusal
    among them "too tight". Without `meant` nothing is judged.
    Raises ValueError for an empty table, rows with different columns and unknown outcomes.
    """
    rows = {row: {c: _word(value) for c, value in cells.items()} for row, cells in outcomes.items()}
    columns = _columns(rows)
    room = _NAMES if len(columns) < 6 else _NARROW_NAMES
    names = {row: style.wrap(row, room - 0.25) for row in rows}
    left = 0.25 + max(style.width(line) for lines in names.values() for line in lines)
    cell = min(_CELL, (_WIDTH - left - 0.1) / len(columns))
    heads = {column: style.wrap(column, (cell - 0.15) * 0.86) for column in columns}
    tall = 0.15 + style.height(max(len(lines) for lines in heads.values()))
    least = _HIGH if cell > 1.35 else _HIGH + style.height(1, _SMALL)
    highs = [max(least, 0.14 + style.height(len(lines))) for lines in names.values()]
    ax, scale = style.canvas(ax, left + cell * len(columns) + 0.1, tall + sum(highs) + 0.1)
    middle: style.How = {"ha": "center", "va": "center", "linespacing": 1.15}
    bold: style.How = {"weight": "bold", "fontsize": style.SIZE * scale, **middle}
    for number, column in enumerate(columns):
        x = left + (number + 0.5) * cell
        style.text(ax, x, tall / 2, "\n".join(heads[column]), **bold)
    y = tall
    for (row, cells), high in zip(rows.items(), highs, strict=True):
        beside: style.How = {**middle, "ha": "left", "fontsize": style.SIZE * scale}
        style.text(ax, 0.1, y + high / 2, "\n".join(names[row]), **beside)
        for number, column in enumerate(columns):
            judged = _judge(cells[column], None if meant is None else (row, column) in meant)
            _cell(ax, left + number * cell, y, cell, high, cells[column], judged, scale)
        y += high
    return ax


def _word(value: Any) -> str:
    word = getattr(value, "outcome", value)
    if not isinstance(word, str) or word not in _WORDS:
        raise ValueError(f"{word!r} is no outcome: use {', '.join(_WORDS)}.")
    return word


def _columns(rows: Mapping[str, Mapping[str, str]]) -> list[str]:
    columns = [list(cells) for cells in rows.values()]
    if not columns or not columns[0]:
        raise ValueError("reach() needs at least one row with one column.")
    if any(set(other) != set(columns[0]) for other in columns):
        raise ValueError("All rows of reach() need the same columns.")
    return columns[0]


def _judge(word: str, meant: bool | None) -> str:
    if word == "Allowed":
        return "too wide" if meant is False else "right"
    return "too tight" if meant else "refused"


def _cell(
    ax: Axes, x: float, y: float, wide: float, high: float, word: str, judged: str, scale: float
) -> None:
    look: style.How = {"edgecolor": style.MUTED, "linewidth": 0.6, "zorder": 2, **_LOOKS[judged]}
    ax.add_patch(Rectangle((x, y), wide, high, gid=f"cell-{judged}", **look))
    bad = judged.startswith("too")
    words = _WORDS[word] if style.width(_WORDS[word], _SMALL) < wide - 0.1 else _NARROW[word]
    words += f"\n{judged}" if bad else ""
    how: style.How = {
        "ha": "center",
        "va": "center",
        "linespacing": 1.15,
        "fontsize": _SMALL * scale,
    }
    how["color"] = "#ffffff" if judged == "right" else style.INK
    how["weight"] = "bold" if word == "Allowed" else "normal"
    if bad:  # the hatch runs behind the words
        how["bbox"] = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1}
    style.text(ax, x + wide / 2, y + high / 2, words, **how)
