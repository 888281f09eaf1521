"""The geometry of a drawn graph: level curves, and places for the labels on them."""

from __future__ import annotations

import numpy as np

Point = tuple[float, float]
Rect = tuple[float, float, float, float]  # left, top, right, bottom
Cubic = tuple[Point, Point, Point, Point]

# Label places are tried here on each segment, the middle first.
_TRIES = np.array(sorted(np.arange(0.04, 0.97, 0.04), key=lambda t: abs(t - 0.5)))
_FINE = np.linspace(0, 1, 80)


def around(x: float, y: float, wide: float, high: float) -> Rect:
    """The rectangle with this middle."""
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def overlap(a: Rect, b: Rect) -> bool:
    """Whether two rectangles share more than an edge."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def level_cubic(start: Point, end: Point, bend: float = 0.5) -> Cubic:
    """The Bézier curve that leaves and arrives horizontally; `bend` is how far on the way,
    from 0 to 1, it does most of its rise or fall."""
    x = start[0] + bend * (end[0] - start[0])
    return start, (x, start[1]), (x, end[1]), end


def place_labels(
    sizes: list[Point], curves: list[list[Cubic]], taken: list[Rect]
) -> tuple[list[Rect], bool]:
    """A place on its curve for a label of each size, and whether none overlaps another or
    `taken`. It lies off the other curves if that can be, and as near to the middle as can be."""
    taken, placed, free = list(taken), [], True
    drawn = [np.vstack([_points(cubic, _FINE) for cubic in curve]) for curve in curves]
    for number, (size, curve) in enumerate(zip(sizes, curves, strict=True)):
        others = drawn[:number] + drawn[number + 1 :]
        middle = (len(curve) - 1) / 2
        inside_out = sorted(range(len(curve)), key=lambda n: abs(n - middle))
        points = np.vstack([_points(curve[n], _TRIES) for n in inside_out])
        places = [around(float(x), float(y), *size) for x, y in points]
        clear = [p for p in places if not any(overlap(p, other) for other in taken)]
        free = free and bool(clear)
        best = min(clear or places, key=lambda place: _crossings(place, others))
        placed.append(best)
        taken.append(best)
    return placed, free


def _points(cubic: Cubic, at: np.ndarray) -> np.ndarray:
    """Points of a curve, one row each, for parameters from 0 to 1."""
    t = at[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    return weights @ np.array(cubic)


def _crossings(place: Rect, curves: list[np.ndarray]) -> int:
    left, top, right, bottom = place
    return sum(
        bool(np.any((left < x) & (x < right) & (top < y) & (y < bottom)))
        for x, y in (points.T for points in curves)
    )
