"""A large trust graph on one page: one line for each node, conditions where the arrow ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from statistics import fmean

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path
from matplotlib.patheffects import withStroke

from labhelpers.charts import style
from labhelpers.charts.curves import level_cubic
from labhelpers.charts.layers import layered

# Inches; x goes right and y goes down.
_ROW, _HIGH, _MARGIN, _BETWEEN, _PAD = 0.25, 0.18, 0.3, 1.5, 0.08
_SIZE, _SMALL = 7.5, 6.5  # points
_WIDEST, _LONGEST_NOTE = 2.3, 1.25
_REFUSED = "#b3410e"
_SHORT = {
    "aws:multifactorauthpresent": "MFA",
    "sts:externalid": "external ID",
    "aws:principalorgid": "organization",
    "aws:sourceaccount": "source account",
    "aws:sourcearn": "source ARN",
    "aws:sourceip": "address",
}


def draw_dense(graph: nx.DiGraph, ax: Axes | None = None) -> Axes:
    """Draw a graph as trust_graph() does, for many nodes; see there for what it may hold."""
    return _Page(graph).draw(ax)


class _Page:
    def __init__(self, graph: nx.DiGraph) -> None:
        self.graph = graph
        self.columns = [column for column in _columns(graph) if column]
        self.high = max(map(len, self.columns)) * _ROW
        self.boxes: dict[Hashable, tuple[float, float, float]] = {}  # left, middle, width
        left = 0.0
        for number, column in enumerate(self.columns):
            widest = max(style.width(self._words(node), _SIZE) for node in column) + 2 * _PAD
            for node, y in self._rows(number, column):
                self.boxes[node] = (left, y, widest)
            left += widest + _BETWEEN
        self.wide = left - _BETWEEN

    def _words(self, node: Hashable) -> str:
        words = str(self.graph.nodes[node].get("label") or node)
        return _fitted(words, _WIDEST)

    def _rows(self, number: int, column: list) -> list[tuple[Hashable, float]]:
        """Order a column by what leads to its nodes, and spread it over the page."""

        def middle(node: Hashable) -> float:
            before = [self.boxes[b][1] for b in self.graph.pred[node] if b in self.boxes]
            return fmean(before) if before else self.high / 2

        order = sorted(column, key=lambda node: (middle(node), self._words(node)))
        if not number:
            order = sorted(column, key=lambda n: (-self.graph.out_degree(n), self._words(n)))
        step = self.high / len(order)
        return [(node, (place + 0.5) * step) for place, node in enumerate(order)]

    def draw(self, ax: Axes | None) -> Axes:
        top = _MARGIN + 0.2
        ax, scale = style.canvas(ax, self.wide + 2 * _MARGIN, self.high + top + _MARGIN)
        ax.set(xlim=(-_MARGIN, self.wide + _MARGIN), ylim=(self.high + _MARGIN, -top))
        for tail, head, data in self.graph.edges(data=True):
            self._arrow(ax, tail, head, data, scale)
        for node, (left, y, wide) in self.boxes.items():
            kind = str(self.graph.nodes[node].get("kind") or "")
            look: style.How = style.BOX | {
                "facecolor": style.KIND_FILLS.get(kind, style.BOX["facecolor"])
            }
            shape: style.How = {"linewidth": 0.6, "zorder": 3, "gid": f"node-{node}"}
            ax.add_patch(Rectangle((left, y - _HIGH / 2), wide, _HIGH, **look | shape))
            how: style.How = {"va": "center", "fontsize": _SIZE * scale}
            style.text(ax, left + _PAD, y, self._words(node), **how)
        for node, words in self._notes().items():
            left, y, _ = self.boxes[node]
            how = {"ha": "right", "va": "bottom", "fontsize": _SMALL * scale, "style": "italic"}
            how["path_effects"] = [withStroke(linewidth=2.5, foreground="#ffffff")]
            style.text(ax, left - 0.14, y - 0.005, words, **how)
        for column in self.columns:
            left = self.boxes[column[0]][0]
            kinds = sorted({str(self.graph.nodes[n].get("kind") or "") for n in column} - {""})
            how = {"fontsize": _SMALL * scale, "color": style.MUTED, "va": "bottom"}
            style.text(ax, left, -0.06, ", ".join(kinds), **how)
        return ax

    def _notes(self) -> dict[Hashable, str]:
        """Return what stands before a node: the condition keys of the edges that lead to it."""
        found: dict[Hashable, list[str]] = defaultdict(list)
        for _, head, data in self.graph.edges(data=True):
            for condition in data.get("conditions") or ():
                key = condition.split(" ")[0]
                word = _SHORT.get(key.lower(), key.rpartition(":")[2])
                if word not in found[head]:
                    found[head].append(word)
        return {n: _fitted(f"if {', '.join(w)}", _LONGEST_NOTE, _SMALL) for n, w in found.items()}

    def _arrow(self, ax: Axes, tail: Hashable, head: Hashable, data: dict, scale: float) -> None:
        refused, narrow = bool(data.get("refused")), bool(data.get("conditions"))
        (left, y0, wide), (x1, y1, _) = self.boxes[tail], self.boxes[head]
        start = (left + wide, y0) if left + wide <= x1 else (left, y0)
        end = (x1, y1) if left + wide <= x1 else (x1 + self.boxes[head][2], y1)
        path = Path(level_cubic(start, end), [Path.MOVETO, *[Path.CURVE4] * 3])
        color = _REFUSED if refused else style.INK if narrow else style.MUTED
        how: style.How = {
            "arrowstyle": "-|>",
            "mutation_scale": 6 * scale,
            "zorder": 2,
            "color": color,
        }
        how |= {"linestyle": "dashed" if refused else "solid", "gid": f"edge-{tail}-{head}"}
        ax.add_patch(FancyArrowPatch(path=path, linewidth=0.9 if narrow else 0.6, **how))


def _columns(graph: nx.DiGraph) -> list[list]:
    """Principals left, then the roles that they lead to, step by step; resources right."""
    last = {node for node, kind in graph.nodes(data="kind") if kind == "resource"}
    rest = graph.subgraph([node for node in graph if node not in last])
    found: dict[int, list] = defaultdict(list)
    if rest:
        _, places = layered(nx.DiGraph(rest))
        for node in rest:
            found[int(places[node][0])].append(node)
    return [*(found[number] for number in sorted(found)), [n for n in graph if n in last]]


def _fitted(words: str, inches: float, size: float = _SIZE) -> str:
    """Return the words, shortened in the middle if they are wider."""
    if style.width(words, size) <= inches:
        return words
    for keep in range(len(words) - 1, 3, -1):
        shorter = f"{words[: keep // 3]}…{words[-(keep * 2 // 3) :]}"
        if style.width(shorter, size) <= inches:
            break
    return shorter
