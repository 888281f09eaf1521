"""From the first key to the last call: who handed which key to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from labhelpers.charts import style

# All lengths are inches; x goes right and y goes down.
_LEFT, _BOX, _TEXT = 0.2, 3.1, 2.4  # the margin, the width of a box and of what is beside it
_GAP, _PAD = 0.62, 0.1  # between two boxes, and between a box and its words
_TALL = style.height(2) + 2 * _PAD


def key_chain(steps: Iterable[Any], target: str, ax: Axes | None = None) -> Axes:
    """Draw the steps from the top down, and return the axes.

    A step is a mapping of texts: `who` made the `call` with which `key`, and, but for the last
    step, the key that the call `issued`: the next step's. `target` is what the last call was
    about. Keys stand in both places, so that a reader can see what joins the steps.
    Raises ValueError for a step that lacks one of these, or whose key is not the one issued.
    """
    rows = [_checked(step, number) for number, step in enumerate(steps, start=1)]
    if not rows:
        raise ValueError("key_chain() needs at least one step.")
    for number, (row, after) in enumerate(zip(rows, rows[1:], strict=False), start=1):
        if row["issued"] != after["key"]:
            raise ValueError(
                f"step {number} issued {row['issued']!r}, step {number + 1} uses {after['key']!r}."
            )
    pitch = _TALL + _GAP
    ax, scale = style.canvas(ax, _LEFT + _BOX + 0.3 + _TEXT, len(rows) * pitch + _TALL + 0.3)
    for number, row in enumerate(rows):
        top = 0.15 + number * pitch
        _box(ax, top, row["who"], f"key {row['key']}", scale, number)
        _arrow(ax, top + _TALL, row, scale)
    _box(ax, 0.15 + len(rows) * pitch, target, "", scale, len(rows))
    return ax


def _checked(step: Any, number: int) -> dict[str, str]:
    if not isinstance(step, Mapping):
        raise ValueError(f"step {number} must be a mapping, not {type(step).__name__}.")
    for name in ("who", "key", "call"):
        if not isinstance(step.get(name), str) or not step[name]:
            raise ValueError(f"step {number}: {name} must be text, not {step.get(name)!r}.")
    return {name: step[name] for name in ("who", "key", "call")} | {
        "issued": step.get("issued") or ""
    }


def _box(ax: Axes, top: float, head: str, below: str, scale: float, number: int) -> None:
    """The first box holds the person's key, so it looks different from the sessions."""
    look: style.How = style.BOX | {"facecolor": "#ffffff" if number == 0 else "#d6e4f0"}
    look = look | ({} if below else {"facecolor": style.BOX["facecolor"]})
    shape: style.How = {
        "boxstyle": "round,pad=0,rounding_size=0.08",
        "zorder": 3,
        "gid": f"box-{number}",
    }
    ax.add_patch(FancyBboxPatch((_LEFT, top), _BOX, _TALL, **shape, **look))
    x, middle = _LEFT + _BOX / 2, top + _TALL / 2
    head = style.shorten(head, _BOX - 2 * _PAD)
    lift = style.height(1) / 2 if below else 0
    how: style.How = {"ha": "center", "va": "center", "fontsize": style.SIZE * scale}
    style.text(ax, x, middle - lift, head, weight="bold", **how)
    if below:
        how["fontsize"] = 8 * scale
        style.text(ax, x, middle + lift, below, mono=True, **how)


def _arrow(ax: Axes, top: float, row: Mapping[str, str], scale: float) -> None:
    x = _LEFT + _BOX / 2
    arrow: style.How = {
        "arrowstyle": "-|>",
        "mutation_scale": 13 * scale,
        "color": style.INK,
        "zorder": 4,
    }
    arrow |= {"shrinkA": 0, "shrinkB": 0, "linewidth": 1.3}
    ax.add_patch(FancyArrowPatch((x, top), (x, top + _GAP), **arrow))
    lines = [row["call"]] + ([f"hands out {row['issued']}"] if row["issued"] else [])
    room = _BOX / 2 + _TEXT - 0.3
    for number, words in enumerate(lines):
        y = top + _GAP / 2 + (number - (len(lines) - 1) / 2) * style.height(1)
        how: style.How = {"ha": "left", "va": "center", "fontsize": style.SIZE * scale}
        style.text(ax, x + 0.2, y, style.shorten(words, room), **how)
