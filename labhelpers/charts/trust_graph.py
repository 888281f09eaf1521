"""Who can assume what: a graph drawn in layers from left to right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from itertools import pairwise

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from labhelpers.charts import style
from labhelpers.charts.curves import Cubic, Rect, around, level_cubic, place_labels
from labhelpers.charts.dense_graph import draw_dense
from labhelpers.charts.layers import layered

# All lengths are inches; x goes right and y goes down.
_BOX, _PAD = 1.9, 0.1  # the width of a box, and between its edge and its words
_WIDEST_LABEL, _CLEAR = 1.4, 0.9  # of an edge; and what of the edge stays to be seen beside it
_BETWEEN, _MARGIN, _LOOP = 0.35, 0.25, 0.3
_PORT, _PORTS = 0.26, 0.9  # between two edges that meet a box; all those of one side at most
_SMALL = 8  # points: kinds and edge labels
MANY = 30  # nodes; more are drawn by dense_graph.py


def trust_graph(graph: nx.DiGraph, ax: Axes | None = None) -> Axes:
    """Draw a directed graph and return the axes.

    A node's `label` (its name without one) and `kind` stand in its box, an edge's `label` and
    `conditions` (texts) on its arrow; an edge that is `refused` is dashed. Whoever can assume
    something stands left of it; an arrow that closes a circle runs back. Beyond 30 nodes each
    gets one line, and only the keys of the conditions are written, where the arrows end. Axes of
    your own are filled, with smaller letters if need be.
    Raises ValueError if the graph has no directions.
    """
    if not graph.is_directed():
        raise ValueError("trust_graph() needs a directed graph: networkx.DiGraph.")
    if not graph:
        ax, scale = style.canvas(ax, 4, 1)
        how: style.How = {"ha": "center", "va": "center", "fontsize": style.SIZE * scale}
        style.text(ax, 2, 0.5, "no principals yet", **how)
        return ax
    if len(graph) > MANY:
        return draw_dense(graph, ax)
    picture, stretch = _Picture(_captioned(graph)), 1.0
    while not picture.arrange(stretch) and stretch < 6:  # until each label has its own place
        stretch *= 1.25
    return picture.draw(ax)


def _captioned(graph: nx.DiGraph) -> nx.DiGraph:
    """Return the graph with conditions and refusals in the labels of its edges."""
    found = graph.copy()
    for _, _, data in found.edges(data=True):
        words = str(data.get("label") or "")
        if data.get("conditions"):
            words += f" if {' and '.join(data['conditions'])}"
        data["label"] = f"{words} (refused)" if data.get("refused") else words
    return found


class _Picture:
    """Boxes, curves and labels of one graph: first arranged, then drawn."""

    def __init__(self, graph: nx.DiGraph) -> None:
        self.routes, self.places = layered(graph)
        self.kinds = {node: str(data.get("kind") or "") for node, data in graph.nodes(data=True)}
        self.words = {
            node: style.wrap(str(data.get("label") or node), _BOX - 2 * _PAD)
            for node, data in graph.nodes(data=True)
        }
        self.refused = {(a, b) for a, b, no in graph.edges(data="refused") if no}
        self.labels = [_label(route.label) for route in self.routes]
        loops = nx.selfloop_edges(graph, data=True)
        self.loops = {node: _label(str(data.get("label") or "")) for node, _, data in loops}
        self.gap = _CLEAR + max((_size(lines)[0] for lines in self.labels), default=0)

    def arrange(self, stretch: float) -> bool:
        """Give everything a place; False if two labels get in each other's way."""
        ports, needed = self._ports(stretch)
        high = {node: max(self._height(node), needed[node]) for node in self.kinds}
        loops = max((_LOOP + _size(lines)[1] for lines in self.loops.values()), default=0)
        pitch = (max(high.values()) + _BETWEEN + loops) * stretch
        at = {stop: (x * (_BOX + self.gap), y * pitch) for stop, (x, y) in self.places.items()}
        self.boxes = {node: around(*at[node], _BOX, tall) for node, tall in high.items()}
        self.curves = [
            [
                level_cubic(
                    (at[a][0] + _BOX / 2, at[a][1] + ports.get((number, a), 0)),
                    (at[b][0] - _BOX / 2, at[b][1] + ports.get((number, b), 0)),
                    self._bend(a, b),
                )
                for a, b in pairwise(route.stops)
            ]
            for number, route in enumerate(self.routes)
        ]
        return self._place_labels()

    def _bend(self, left: Hashable, right: Hashable) -> float:
        """Edges that meet stay apart as long as they can: there is room for their labels."""
        leaving, arriving = self.meeting[left, "right"], self.meeting[right, "left"]
        return 0.5 if leaving == arriving else 0.66 if leaving < arriving else 0.34

    def _height(self, node: Hashable) -> float:
        kind = style.height(1, _SMALL) if self.kinds[node] else 0
        return style.height(len(self.words[node])) + kind + 2 * _PAD

    def _ports(
        self, stretch: float
    ) -> tuple[dict[tuple[int, Hashable], float], dict[Hashable, float]]:
        """How far above or below a box's middle each edge meets it, and the height that the
        box needs for it."""
        sides = defaultdict(list)
        for number, route in enumerate(self.routes):
            first, second, *_ = route.stops
            *_, before, last = route.stops
            sides[first, "right"].append((self.places[second][1], number))
            sides[last, "left"].append((self.places[before][1], number))
        ports: dict[tuple[int, Hashable], float] = {}
        needed: dict[Hashable, float] = defaultdict(float)
        self.meeting = Counter({side: len(meeting) for side, meeting in sides.items()})
        for (node, _), meeting in sides.items():
            apart = min(_PORT, _PORTS / len(meeting)) * stretch
            needed[node] = max(needed[node], apart * len(meeting))
            for place, (_, number) in enumerate(sorted(meeting)):
                ports[number, node] = (place - (len(meeting) - 1) / 2) * apart
        return ports, needed

    def _place_labels(self) -> bool:
        taken = [(x0 - 0.12, y0, x1 + 0.12, y1) for x0, y0, x1, y1 in self.boxes.values()]
        self.placed: list[tuple[list[str], Rect]] = []
        for node, lines in self.loops.items():
            (x0, y0, x1, _), (wide, tall) = self.boxes[node], _size(lines)
            self.placed.append((lines, around((x0 + x1) / 2, y0 - _LOOP - tall / 2, wide, tall)))
        taken += [place for _, place in self.placed]
        sizes = [_size(lines) for lines in self.labels]
        places, free = place_labels(sizes, self.curves, taken)
        self.placed += [(x, place) for x, place in zip(self.labels, places, strict=True) if x]
        return free

    def draw(self, ax: Axes | None) -> Axes:
        rects = [*self.boxes.values(), *(place for _, place in self.placed)]
        tops = [self.boxes[node][1] - _LOOP for node in self.loops]
        ends = [y for curve in self.curves for points in curve for _, y in points]
        left = min(r[0] for r in rects) - _MARGIN
        top = min([r[1] for r in rects] + tops + ends) - _MARGIN
        wide = max(r[2] for r in rects) + _MARGIN - left
        high = max([r[3] for r in rects] + ends) + _MARGIN - top
        ax, scale = style.canvas(ax, wide, high)
        ax.set(xlim=(left, left + wide), ylim=(top + high, top))
        for node, box in self.boxes.items():
            self._draw_box(ax, node, box, scale)
        for route, curve in zip(self.routes, self.curves, strict=True):
            tail, head = route.stops[:: -1 if route.turned else 1][:: len(route.stops) - 1]
            dashed = (tail, head) in self.refused
            _arrow(ax, curve, route.turned, scale, f"edge-{tail}-{head}", dashed)
        for node in self.loops:
            x0, y0, x1, _ = self.boxes[node]
            x, up = (x0 + x1) / 2, y0 - 1.3 * _LOOP
            loop = ((x - 0.3, y0), (x - 0.3, up), (x + 0.3, up), (x + 0.3, y0))
            _arrow(ax, [loop], False, scale, f"edge-{node}-{node}")
        how: style.How = {"ha": "center", "va": "center", "fontsize": _SMALL * scale}
        how |= {"bbox": {"facecolor": "#ffffff", "edgecolor": "none", "pad": 1}}
        for lines, (x0, y0, x1, y1) in self.placed:
            style.text(ax, (x0 + x1) / 2, (y0 + y1) / 2, "\n".join(lines), **how)
        return ax

    def _draw_box(self, ax: Axes, node: Hashable, box: Rect, scale: float) -> None:
        x0, y0, x1, y1 = box
        kind, words = self.kinds[node], "\n".join(self.words[node])
        look: style.How = style.BOX | {
            "facecolor": style.KIND_FILLS.get(kind, style.BOX["facecolor"])
        }
        shape: style.How = {
            "boxstyle": "round,pad=0,rounding_size=0.08",
            "zorder": 3,
            "gid": f"node-{node}",
        }
        ax.add_patch(FancyBboxPatch((x0, y0), x1 - x0, y1 - y0, **shape, **look))
        top = (y0 + y1 - self._height(node)) / 2 + _PAD
        how: style.How = {"ha": "center", "va": "top"}
        small: style.How = {"fontsize": _SMALL * scale, "color": style.MUTED, "style": "italic"}
        if kind:
            style.text(ax, (x0 + x1) / 2, top, kind, **small, **how)
            top += style.height(1, _SMALL)
        style.text(ax, (x0 + x1) / 2, top, words, fontsize=style.SIZE * scale, **how)


def _label(words: str) -> list[str]:
    return style.wrap(words, _WIDEST_LABEL, _SMALL) if words else []


def _size(lines: list[str]) -> tuple[float, float]:
    """Width and height of a label, with a little room around it."""
    if not lines:
        return 0.0, 0.0
    widest = max(style.width(line, _SMALL) for line in lines)
    return widest + 0.08, style.height(len(lines), _SMALL) + 0.04


def _arrow(
    ax: Axes, curve: list[Cubic], turned: bool, scale: float, gid: str, dashed: bool = False
) -> None:
    points = [point for segment in curve for point in segment]
    codes = [Path.LINETO, *[Path.CURVE4] * 3] * len(curve)
    codes[0] = Path.MOVETO
    path = Path(points[::-1] if turned else points, codes)
    how: style.How = {
        "arrowstyle": "-|>",
        "mutation_scale": 12 * scale,
        "linewidth": 1.1,
        "zorder": 2,
    }
    how |= {"color": style.INK, "linestyle": "dashed" if dashed else "solid", "gid": gid}
    ax.add_patch(FancyArrowPatch(path=path, **how))
