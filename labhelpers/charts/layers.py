"""Places for the nodes of a directed graph: layers from left to right, rows from the top down."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

import networkx as nx


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Keeps a row free in a layer that an edge passes by."""

    edge: int
    layer: int


@dataclass(frozen=True, slots=True)
class Route:
    """An edge from node to node, left to right; `turned` if the arrow points to the left."""

    stops: tuple[Hashable, ...]
    turned: bool
    label: str


def layered(graph: nx.DiGraph) -> tuple[list[Route], dict[Hashable, tuple[float, float]]]:
    """The route of each edge (but for loops on one node), and (layer, row) of each stop.

    The layer of a node is the length of the longest path that leads to it. An edge that closes
    a circle is turned round first, so every graph has layers. Rows of a layer are 1 apart.
    """
    order = _order(graph)
    forward = nx.DiGraph()
    forward.add_nodes_from(sorted(graph, key=order.__getitem__))
    forward.add_edges_from(sorted(e, key=order.__getitem__) for e in graph.edges() if e[0] != e[1])
    layer: dict[Hashable, int] = {}
    for node in nx.topological_sort(forward):
        layer[node] = 1 + max((layer[before] for before in forward.pred[node]), default=-1)
    slots: dict[int, list] = {number: [] for number in range(max(layer.values()) + 1)}
    for node in graph:
        slots[layer[node]].append(node)
    routes = []
    for number, (tail, head, data) in enumerate(graph.edges(data=True)):
        if tail == head:
            continue
        left, right = sorted((tail, head), key=order.__getitem__)
        between = [Placeholder(number, n) for n in range(layer[left] + 1, layer[right])]
        for place in between:
            slots[place.layer].append(place)
        label = str(data.get("label") or "")
        routes.append(Route((left, *between, right), left != tail, label))
    return routes, _places(routes, slots)


def _order(graph: nx.DiGraph) -> dict[Hashable, int]:
    """A number for each node. Only the edges that close a circle lead to a lower number."""
    sources_first = nx.DiGraph()
    sources_first.add_nodes_from(sorted(graph, key=graph.in_degree))
    sources_first.add_edges_from(graph.edges())
    last_first = reversed(list(nx.dfs_postorder_nodes(sources_first)))
    return {node: number for number, node in enumerate(last_first)}


def _places(routes: list[Route], slots: dict[int, list]) -> dict[Hashable, tuple[float, float]]:
    """Order each layer by the middle of its neighbours, to and fro, to spare crossings."""
    joined = nx.Graph()
    joined.add_nodes_from(node for nodes in slots.values() for node in nodes)
    joined.add_edges_from(pair for route in routes for pair in pairwise(route.stops))
    places = nx.multipartite_layout(joined, subset_key=slots)
    for sweep in (1, -1) * 4:
        for number in list(slots)[::sweep]:
            middle = {
                node: fmean([places[n][1] for n in joined[node]] or [places[node][1]])
                for node in slots[number]
            }
            slots[number].sort(key=middle.__getitem__)
            places = nx.multipartite_layout(joined, subset_key=slots)
    # That layout is scaled to a square. Neighbouring layers and rows are equally far apart in
    # it, so any such distance gives the scale back.
    first = places[slots[0][0]]
    second = places[slots[1][0]][0] - first[0] if len(slots) > 1 else 0
    if not second and len(slots[0]) > 1:
        second = places[slots[0][1]][1] - first[1]
    step = second or 1
    return {node: (float(x - first[0]) / step, float(y) / step) for node, (x, y) in places.items()}
