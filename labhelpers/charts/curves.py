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
    points = np.vstack(drawn) if drawn else np.empty((0, 2))
    owner = np.repeat(np.arange(len(drawn)), [len(curve) for curve in drawn])
    for number, (size, curve) in enumerate(zip(sizes, curves, strict=True)):
        places = [around(x, y, *size) for x, y in _inside_out(curve)]
        if not any(size):  # no label: in nobody's way
            placed.append(places[0])
            continue
        clear = [p for p in places if not any(overlap(p, other) for other in taken)]
        free = free and bool(clear)
        others = owner != number
        best = _least_crossed(clear or places, points[others], owner[others])
        placed.append(best)
        taken.append(best)
    return placed, free


def _inside_out(curve: list[Cubic]) -> list[Point]:
    """Points of a curve, from its middle segment outwards."""
    middle = (len(curve) - 1) / 2
    segments = sorted(range(len(curve)), key=lambda number: abs(number - middle))
    return [(float(x), float(y)) for n in segments for x, y in _points(curve[n], _TRIES)]


def _least_crossed(places: list[Rect], points: np.ndarray, owner: np.ndarray) -> Rect:
    """The first place that no other curve crosses, or else the one that the fewest do."""
    fewest, best = len(owner) + 1, places[0]
    x, y = points.T
    for place in places:
        left, top, right, bottom = place
        within = (left < x) & (x < right) & (top < y) & (y < bottom)
        count = len(np.unique(owner[within]))
        if count < fewest:
            fewest, best = count, place
        if not count:
            break
    return best


def _points(cubic: Cubic, at: np.ndarray) -> np.ndarray:
    """Points of a curve, one row each, for parameters from 0 to 1."""
    t = at[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    return weights @ np.array(cubic)
