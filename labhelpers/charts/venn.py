"""Sets as ellipses: shapes for up to four, what they have in common, a place in any region.

All lengths are inches; x goes right and y goes down. A shape is (x, y, width, height, turn).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, radians, sin

import numpy as np

Shape = tuple[float, float, float, float, float]

_GRID = 140  # points along each side where a place is looked for
_ROOM = 0.28  # more room than this around a place is of no use

# (x, y, width, height, turn in degrees) of the sets around a middle, for one to four of them:
# every combination of in and out is a region of its own.
_SHAPES: dict[int, tuple[Shape, ...]] = {
    1: ((0, 0, 2.3, 2.3, 0),),
    2: ((-0.65, 0, 2.3, 2.3, 0), (0.65, 0, 2.3, 2.3, 0)),
    3: ((-0.6, -0.4, 2.0, 2.0, 0), (0.6, -0.4, 2.0, 2.0, 0), (0, 0.55, 2.0, 2.0, 0)),
    4: (
        (-0.55, 0.3, 2.7, 1.6, 45),
        (-0.18, -0.1, 2.7, 1.6, 45),
        (0.18, -0.1, 2.7, 1.6, -45),
        (0.55, 0.3, 2.7, 1.6, -45),
    ),
}


def shapes(count: int, middle: tuple[float, float], size: float = 1.0) -> list[Shape]:
    """Return one to four sets around a middle."""
    x0, y0 = middle
    return [
        (x0 + x * size, y0 + y * size, wide * size, high * size, turn)
        for x, y, wide, high, turn in _SHAPES[count]
    ]


def outline(shape: Shape, points: int = 90) -> np.ndarray:
    """Return points along the line of a set, the last one the first."""
    x, y, wide, high, turn = shape
    angles = np.linspace(0, 2 * pi, points)
    across, along = wide / 2 * np.cos(angles), high / 2 * np.sin(angles)
    c, s = cos(radians(turn)), sin(radians(turn))
    return np.column_stack([x + across * c - along * s, y + across * s + along * c])


def common(found: Sequence[Shape]) -> np.ndarray:
    """Return the outline of what lies in all sets."""
    first, *others = map(outline, found)
    for other in others:
        first = _clipped(first, other)
    return first


def _clipped(subject: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """Cut a convex polygon by a convex one (Sutherland and Hodgman)."""
    found = [tuple(point) for point in subject]
    for (ax_, ay), (bx, by) in zip(clip[:-1], clip[1:], strict=True):
        given, found = found, []
        for (px, py), (qx, qy) in zip([given[-1], *given[:-1]], given, strict=True):
            p = (bx - ax_) * (py - ay) - (by - ay) * (px - ax_)
            q = (bx - ax_) * (qy - ay) - (by - ay) * (qx - ax_)
            if p * q < 0:
                part = p / (p - q)
                found.append((px + part * (qx - px), py + part * (qy - py)))
            if q >= 0:
                found.append((qx, qy))
    return np.array(found)


def _depth(found: Sequence[Shape], xs: np.ndarray, ys: np.ndarray) -> list[np.ndarray]:
    """How deep each point lies in each set: positive inside, negative outside."""
    depths = []
    for x, y, wide, high, turn in found:
        c, s = cos(radians(turn)), sin(radians(turn))
        across, along = (xs - x) * c + (ys - y) * s, -(xs - x) * s + (ys - y) * c
        away = np.sqrt((across / (wide / 2)) ** 2 + (along / (high / 2)) ** 2)
        depths.append((1 - away) * min(wide, high) / 2)
    return depths


def place(found: Sequence[Shape], inside: Sequence[bool]) -> tuple[float, float]:
    """The point of the right region that is farthest from every line."""
    reach = 0.75 * max(shape[2] for shape in found)
    x = sum(shape[0] for shape in found) / len(found)
    y = sum(shape[1] for shape in found) / len(found)
    xs, ys = np.meshgrid(
        np.linspace(x - reach, x + reach, _GRID), np.linspace(y - reach, y + reach, _GRID)
    )
    depths = _depth(found, xs, ys)
    room = np.min([d if held else -d for d, held in zip(depths, inside, strict=True)], axis=0)
    # Outside of everything there is room without end: stay close.
    room = np.minimum(room, _ROOM) - 0.02 * np.hypot(xs - x, ys - y) + 0.01 * (xs - x)
    best = np.unravel_index(np.argmax(room), room.shape)
    return float(xs[best]), float(ys[best])
