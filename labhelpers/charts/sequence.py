"""Who says what to whom, in order: lanes side by side and numbered arrows between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from labhelpers.charts import style

WIDTH = 9.6  # inches, as all lengths here
LANE = 2.7  # the width of a lane's box, where there is room
MONO = 8  # points
_GAP = 0.3
_BESIDE = 0.62  # how far from its lane the text of a loop begins
_JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")

Step = tuple[str, str, str, str]


def sequence(
    lanes: Sequence[tuple[str, str]], steps: Sequence[Step], ax: Axes | None = None
) -> Axes:
    """Draw a conversation. Returns the axes.

    `lanes` are (name, what it is), left to right, two to five of them; `steps` are (from, to,
    headline, details) by the names of lanes, in order. From a lane to itself: it decides.
    A JWT in any text is cut short: it is a bearer credential. Other secrets are yours to mask.
    Raises ValueError for a lane that does not exist or too many of them.
    """
    names = [name for name, _ in lanes]
    if not 2 <= len(names) <= 5 or len(set(names)) != len(names):
        raise ValueError(f"sequence() takes two to five lanes with different names, not {names}.")
    apart = WIDTH / len(names)
    box = min(LANE, apart - 0.2)
    places = {name: (number + 0.5) * apart for number, name in enumerate(names)}
    for step in steps:
        for name in step[:2]:
            if name not in places:
                raise ValueError(f"There is no lane {name!r}; there are {', '.join(names)}.")
    drawn = []
    for start, end, head, details in steps:
        a, b = places[start], places[end]
        room = abs(a - b) - 0.35 if a != b else max(a, WIDTH - a) - _BESIDE - 0.1
        room = min(room, 4.6)
        heads = style.wrap(_cut(head), room * 0.88)  # bold is wider than what wrap() measures
        drawn.append((a, b, heads, mono(_cut(details), room) if details else []))
    placed = [(places[name], _cut(name), mono(_cut(words), box - 0.2)) for name, words in lanes]
    return draw(placed, drawn, ax, box=box)


def _cut(words: str) -> str:
    return _JWT.sub(lambda found: f"{found[0][:4]}…", str(words))


def mono(words: str, inches: float) -> list[str]:
    """Lines of the smaller, monospaced text."""
    return style.wrap(words, inches, MONO, mono=True)


def draw(
    lanes: Sequence[tuple[float, str, list[str]]],
    steps: Sequence[tuple[float, float, list[str], list[str]]],
    ax: Axes | None = None,
    *,
    box: float = LANE,
    dashed: Collection[int] = (),
) -> Axes:
    """Draw lanes (x, name, lines) and steps (from x, to x, headlines, lines), already wrapped.

    Heights come first: they depend on how many lines each text takes. `dashed` are the numbers
    of steps that say what happens later.
    """
    tall = 0.2 + style.height(1) + style.height(max(len(lines) for *_, lines in lanes), MONO)
    ends, y = [], 0.1 + tall
    for _, _, heads, lines in steps:
        y += _GAP + style.height(len(heads)) + style.height(len(lines), MONO)
        ends.append(y)
    bottom = y + _GAP
    ax, scale = style.canvas(ax, WIDTH, bottom)
    for x, head, lines in lanes:
        ax.plot([x, x], [0.1 + tall, bottom - 0.05], color=style.MUTED, linewidth=1, zorder=1)
        ax.add_patch(Rectangle((x - box / 2, 0.1), box, tall, zorder=3, **style.BOX))
        how: style.How = {"ha": "center", "va": "top"}
        style.text(ax, x, 0.18, head, weight="bold", fontsize=style.SIZE * scale, **how)
        _lines(ax, x, 0.2 + style.height(1), lines, scale, **how)
    for number, (step, y) in enumerate(zip(steps, ends, strict=True), start=1):
        _step(ax, number, *step, y, scale, "dashed" if number in dashed else "solid")
    return ax


def _step(
    ax: Axes,
    number: int,
    start: float,
    end: float,
    heads: list[str],
    lines: list[str],
    y: float,
    scale: float,
    line: str,
) -> None:
    """One numbered arrow at height `y`, its text above it (beside it if it goes nowhere)."""
    top = y - 0.03 - style.height(len(heads)) - style.height(len(lines), MONO)
    # The lanes run behind what is written on them.
    how: style.How = {"va": "top", "ha": "center"}
    how |= {"bbox": {"facecolor": "#ffffff", "edgecolor": "none", "pad": 1}}
    arrow: style.How = {
        "arrowstyle": "-|>",
        "mutation_scale": 13 * scale,
        "color": style.INK,
        "zorder": 4,
    }
    arrow |= {"shrinkA": 0, "shrinkB": 0, "linewidth": 1.3, "gid": f"step-{number}"}
    if start == end:
        right = start <= WIDTH / 2
        x, how["ha"] = (start + _BESIDE, "left") if right else (start - _BESIDE, "right")
        arm = 30 * scale  # points
        angle = 0 if right else 180
        bend = f"arc,angleA={angle},angleB={angle},armA={arm},armB={arm},rad={arm / 5}"
        arrow |= {"connectionstyle": bend}
        ax.add_patch(FancyArrowPatch((start, top + 0.08), (start, y - 0.02), **arrow))
        badge = (start, top + 0.08)
    else:
        x = (start + end) / 2
        ax.add_patch(FancyArrowPatch((start, y), (end, y), linestyle=line, **arrow))
        badge = (start, y)
    ax.add_patch(Circle(badge, 0.13, facecolor=style.INK, edgecolor="#ffffff", zorder=5))
    middle: style.How = {
        "ha": "center",
        "va": "center_baseline",
        "color": "#ffffff",
        "weight": "bold",
    }
    style.text(ax, *badge, str(number), fontsize=style.SIZE * scale, **middle)
    bold: style.How = {"weight": "bold", "fontsize": style.SIZE * scale, "linespacing": 1.1}
    style.text(ax, x, top, "\n".join(heads), **bold, **how)
    _lines(ax, x, top + style.height(len(heads)), lines, scale, **how)


def _lines(ax: Axes, x: float, y: float, lines: list[str], scale: float, **how: Any) -> None:
    words = "\n".join(lines)
    style.text(ax, x, y, words, mono=True, fontsize=MONO * scale, linespacing=1.1, **how)
