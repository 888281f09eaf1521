"""How the pictures look: fonts, fills that survive a greyscale print, text that fits, dates.

Text is always drawn with `text()`: matplotlib would otherwise read two dollar signs, as in
"${aws:username} ${aws:userid}", as a formula.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import ScaledTranslation

# Keyword arguments of matplotlib.
How = dict[str, Any]

# Both come with matplotlib: the widths measured below are the widths drawn, on every machine.
SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"
SIZE = 9  # points
LINE_HEIGHT = 1.35  # of the font size; matplotlib's own 1.2 and the font's tall boxes

INK, MUTED, STRIPE = "#1a1a1a", "#595959", "#f4f4f4"

# Of a session. They differ in lightness and hatch, so a grey print tells them apart.
STATES: dict[str, How] = {
    "alive": {"facecolor": "#2b5c8a", "edgecolor": INK, "linewidth": 0.8},
    "expired": {"facecolor": "#efefef", "edgecolor": "#6b6b6b", "linewidth": 0.8, "hatch": "/////"},
    "later": {"facecolor": "#ffffff", "edgecolor": INK, "linewidth": 0.8, "hatch": "..."},
}
OUTLINE: How = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.7, "linestyle": (0, (3, 2))}
CHAINING_CAP: How = {"color": "#b3410e", "linewidth": 2.6, "solid_capstyle": "butt"}
CHAINING_CAP["path_effects"] = [withStroke(linewidth=4.6, foreground="#ffffff")]

BOX: How = {"facecolor": "#f4f4f4", "edgecolor": INK, "linewidth": 1.0}
# By kind of node. The kind is written in each box too, so the fill only helps the eye.
KIND_FILLS = {
    "user": "#ffffff",
    "role": "#d6e4f0",
    "service": "#f6e3c5",
    "account": "#e3e3e3",
    "anyone": "#f3cfc6",
}


def text(ax: Axes, x: float, y: float, words: str, *, mono: bool = False, **how: Any) -> Text:
    """`ax.text` in the house font; no formulas."""
    house: How = {"fontfamily": MONO if mono else SANS, "parse_math": False}
    usual: How = {"fontsize": SIZE, "color": INK, "zorder": 6}
    return ax.text(x, y, words, **usual | how | house)


def note(
    ax: Axes, words: str, at: tuple[float, float], shift: tuple[float, float], **how: Any
) -> Annotation:
    """Text that is shifted by points from a place; pass `xycoords` for other coordinates."""
    house: How = {"fontfamily": SANS, "parse_math": False, "textcoords": "offset points"}
    usual: How = {"fontsize": SIZE, "color": INK, "annotation_clip": False, "zorder": 6}
    return ax.annotate(words, at, xytext=shift, **usual | how | house)


def title(ax: Axes, words: str, above: float) -> None:
    """The title of axes, so many points above them."""
    how: How = {"fontsize": SIZE + 2, "fontfamily": SANS, "color": INK, "parse_math": False}
    ax.set_title(words, pad=above, **how)


@lru_cache(maxsize=4096)
def width(words: str, size: float = SIZE, mono: bool = False) -> float:
    """Inches that one line of text takes."""
    font = FontProperties(family=MONO if mono else SANS, size=size)
    return text_to_path.get_text_width_height_descent(words, font, ismath=False)[0] / 72


def height(lines: int, size: float = SIZE) -> float:
    """Inches that so many lines of text take."""
    return lines * size * LINE_HEIGHT / 72


# Where a text may be broken, best places first: after a space, then after these marks of an ARN.
_BREAKS = (r"\S*\s?", r"[^/]*/?", r"[^:]*:?", r"[^-_,=.@]*[-_,=.@]?", r".")


def wrap(words: str, inches: float, size: float = SIZE, mono: bool = False) -> list[str]:
    """Lines no wider than `inches`, broken between words; a word that is wider than a line,
    an ARN say, after / or : or, if it has to be, anywhere."""
    lines: list[str] = []

    def fits(line: str) -> bool:
        return width(line.rstrip(), size, mono) <= inches

    def add(piece: str, level: int) -> None:
        if fits(lines[-1] + piece):
            lines[-1] += piece
        elif level == len(_BREAKS) or fits(piece):
            lines.append(piece)
        else:
            for smaller in re.findall(_BREAKS[level], piece):
                add(smaller, level + 1)

    for given in str(words).splitlines() or [""]:
        lines.append("")
        for word in re.findall(_BREAKS[0], given):
            add(word, 1)
    return [line.rstrip() for line in lines]


def shorten(words: str, inches: float, size: float = SIZE) -> str:
    """The text with its middle left out if it is wider than `inches`: both ends tell most."""
    if width(words, size) <= inches:
        return words
    for keep in range(len(words) - 1, 1, -1):
        short = f"{words[: (keep + 1) // 2]}…{words[len(words) - keep // 2 :]}"
        if width(short, size) <= inches:
            return short
    return "…"


def figure_of(ax: Axes) -> Figure:
    """The figure that axes stand in, also where it is divided."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def canvas(ax: Axes | None, wide: float, high: float) -> tuple[Axes, float]:
    """Axes whose data units are inches from the top left corner down, and the factor that
    fonts must be scaled by: 1 in a figure of our own, less in given axes that are smaller."""
    if ax is None:
        ax = plt.figure(figsize=(wide, high)).add_axes((0, 0, 1, 1))
        scale = 1.0
    else:
        box, inches = ax.get_position(), figure_of(ax).get_size_inches()
        scale = min(1.0, box.width * inches[0] / wide, box.height * inches[1] / high)
    ax.set(xlim=(0, wide), ylim=(high, 0), aspect="equal")
    ax.axis("off")
    return ax, scale


def date_axis(ax: Axes) -> None:
    """Dates in UTC below the data, as few words as are clear."""
    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=7)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    ax.set_xlabel("lab time (UTC)", fontsize=SIZE, fontfamily=SANS, color=INK)
    ax.tick_params(axis="x", labelsize=SIZE, labelfontfamily=SANS)
    ax.xaxis.get_offset_text().set(fontsize=SIZE, fontfamily=SANS)


def moment(when: datetime) -> str:
    """2026-07-26 14:05:00, in UTC; the word UTC is for the caller to say."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def span(length: timedelta | float) -> str:
    """A length of time in its two largest units: 45 s, 15 min, 1 h 30 min, 2 d 3 h."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    left = max(0, round(seconds))
    if left >= 60:  # to the nearest minute, from a day on to the nearest hour
        left = round(left / 60) * 60
    if left >= 86400:
        left = round(left / 3600) * 3600
    words = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words) or "0 s"


def legend_below(ax: Axes, entries: Sequence[Artist]) -> None:
    """A legend in three columns, 40 points under the axes."""
    below = ax.transAxes + ScaledTranslation(0, -40 / 72, ax.figure.dpi_scale_trans)
    ax.legend(
        handles=entries,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=below,
        ncols=3,
        frameon=False,
        prop={"family": SANS, "size": SIZE},
        handlelength=2.6,
        handleheight=1.2,
    )
