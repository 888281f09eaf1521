"""Boxes in layers, arrows between them, nothing on top of anything else."""

from itertools import combinations

import matplotlib.pyplot as plt
import networkx as nx
import pytest

from labhelpers.charts import trust_graph
from labhelpers.charts.layers import layered

LONG = "arn:aws:iam::444455556666:role/division/team/" + "DeployBot" * 7


def graph(*edges, **labels):
    made = nx.DiGraph()
    for tail, head, label in edges:
        made.add_edge(tail, head, label=label)
    for node in made:
        made.nodes[node].update(kind="role", label=labels.get(node, str(node)))
    return made


def random_graph(seed, nodes=8, chance=0.25):
    made = nx.gnp_random_graph(nodes, chance, seed=seed, directed=True)
    for node in made:
        made.nodes[node].update(kind="user", label=f"user-{node}")
    for tail, head in made.edges():
        made.edges[tail, head]["label"] = f"condition {tail} {head}"
    return made


SEEDS = [
    pytest.param(random_graph(seed, n, chance), id=f"random {seed}")
    for seed, n, chance in [(1, 8, 0.2), (2, 8, 0.3), (3, 12, 0.12), (4, 5, 0.7), (5, 10, 0.05)]
]
CASES = [
    pytest.param(graph(("a", "b", "Allowed")), id="one edge"),
    pytest.param(graph(("a", "b", ""), a=LONG, b="*"), id="long name, no label"),
    pytest.param(graph(("a", "b", "there"), ("b", "a", "and back")), id="two-circle"),
    pytest.param(graph(("a", "a", "trusts itself"), ("a", "b", "x")), id="loop"),
    pytest.param(graph(("a", "b", "1"), ("b", "c", "2"), ("a", "c", "over b")), id="past a layer"),
    pytest.param(graph(*((n, "R", f"aws:SourceIp {n}") for n in range(12))), id="fan in"),
    pytest.param(graph(*(("R", n, f"aws:SourceIp {n}") for n in range(12))), id="fan out"),
    pytest.param(
        graph(("a", "b", "the condition of this trust policy is very long " * 3)), id="long label"
    ),
    *SEEDS,
]


def boxes_of(ax):
    """{gid: its box in pixels} of the nodes."""
    ax.figure.draw_without_rendering()
    return {
        p.get_gid(): p.get_window_extent()
        for p in ax.patches
        if (p.get_gid() or "").startswith("node-")
    }


@pytest.mark.parametrize("made", CASES)
def test_nothing_lies_on_top_of_anything_else(made, legible):
    ax = trust_graph(made)
    words, boxes = legible(ax), boxes_of(ax)
    assert len(boxes) == len(made)
    for (one, a), (two, b) in combinations(boxes.items(), 2):
        assert not a.overlaps(b), (one, two)
    for text, inner in words.items():
        touched = [box for box in boxes.values() if box.overlaps(inner)]
        inside = [b for b in touched if b.x0 < inner.x0 and inner.x1 < b.x1 and b.y0 < inner.y0]
        assert touched == inside, text.get_text()  # wholly in its box, or clear of all
    labels = [d["label"] for *_, d in made.edges(data=True) if d.get("label")]
    said = ["".join(t.get_text().split()) for t in words]
    for label in labels:
        assert "".join(label.split()) in said


@pytest.mark.parametrize("made", CASES)
def test_no_arrow_runs_through_a_strange_box(made):
    ax = trust_graph(made)
    boxes = boxes_of(ax)
    arrows = {p.get_gid(): p for p in ax.patches if (p.get_gid() or "").startswith("edge-")}
    assert len(arrows) == made.number_of_edges()
    for tail, head in made.edges():
        path = ax.transData.transform_path(arrows[f"edge-{tail}-{head}"]._path_original)
        for gid, box in boxes.items():
            if gid not in (f"node-{tail}", f"node-{head}"):
                assert not path.intersects_bbox(box, filled=False), (tail, head, gid)


@pytest.mark.parametrize("made", CASES)
def test_an_arrow_starts_at_its_tail_and_ends_at_its_head(made):
    ax = trust_graph(made)
    boxes = boxes_of(ax)
    for arrow in (p for p in ax.patches if (p.get_gid() or "").startswith("edge-")):
        _, tail, head = arrow.get_gid().split("-")
        ends = ax.transData.transform(arrow._path_original.vertices[[0, -1]])
        for node, (x, y) in zip((tail, head), ends, strict=True):
            box = boxes[f"node-{node}"].padded(1.5)
            assert box.contains(x, y)


@pytest.mark.parametrize("seed", range(8))
def test_layers_are_the_longest_path_of_a_graph_without_circles(seed):
    """The oracle: networkx's longest path among all that leads to the node."""
    noise = nx.gnp_random_graph(9, 0.3, seed=seed, directed=True)
    made = nx.DiGraph((u, v) for u, v in noise.edges() if u < v)
    made.add_nodes_from(noise)
    _, places = layered(made)
    for node in made:
        leading = made.subgraph(nx.ancestors(made, node) | {node})
        assert places[node][0] == pytest.approx(nx.dag_longest_path_length(leading))


@pytest.mark.parametrize("seed", range(8))
def test_only_edges_that_close_a_circle_run_back(seed):
    made = nx.gnp_random_graph(9, 0.25, seed=seed, directed=True)
    routes, places = layered(made)
    for route in routes:
        left, right = route.stops[0], route.stops[-1]
        assert places[left][0] < places[right][0]
        if route.turned:  # tail is right: the head must lead back to it
            assert nx.has_path(made, left, right)
    columns = {}
    for x, y in places.values():
        columns.setdefault(round(x), []).append(y)
    for rows in columns.values():
        rows.sort()
        assert all(b - a == pytest.approx(1) for a, b in zip(rows, rows[1:], strict=False))


def test_the_kind_is_written_and_a_name_stands_in_for_a_label():
    made = nx.DiGraph()
    made.add_node("ec2.amazonaws.com", kind="service")
    said = [t.get_text() for t in trust_graph(made).texts]
    assert said == ["service", "ec2.amazonaws.com"]


def test_dollar_signs_are_no_formula():
    made = graph(("a", "b", "$x$"), a="${aws:username} $y$")
    ax = trust_graph(made)
    assert not any(t.get_parse_math() for t in ax.texts)
    assert "$x$" in [t.get_text() for t in ax.texts]


def test_given_axes_are_used_and_filled(legible):
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    made = graph(("a", "b", "Allowed"), ("b", "c", "Allowed"))
    assert trust_graph(made, ax=axes[0]) is axes[0]
    boxes = boxes_of(axes[0])
    frame = axes[0].bbox
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes.values())
    legible(axes[0])


def test_an_empty_graph_says_so():
    assert [t.get_text() for t in trust_graph(nx.DiGraph()).texts] == ["no principals yet"]


def test_the_graph_is_left_as_it_was():
    made = graph(("a", "b", "x"), ("b", "a", "y"))
    before = nx.node_link_data(made)
    trust_graph(made)
    assert nx.node_link_data(made) == before


def test_a_graph_without_directions_is_refused():
    with pytest.raises(ValueError, match="directed"):
        trust_graph(nx.Graph([("a", "b")]))
