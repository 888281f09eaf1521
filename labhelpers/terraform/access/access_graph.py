"""The access graph: principals → roles → resources, every edge a decision with its reason."""

from __future__ import annotations

import networkx as nx

from labhelpers.terraform.access.decisions import Decisions
from labhelpers.terraform.access.relations import Relations
from labhelpers.terraform.modules.configuration import Configuration


def access_graph(configuration: Configuration, access: Decisions | None = None) -> nx.DiGraph:
    """Return principal → role → resource, with what carries the roles.

    Nodes have `kind` (principal, user, role, resource, or what carries a role: instance,
    function, task …), `label`, and `file` and `line` where the configuration declares them.
    Edges have `how` ("assume", "may", "carries"), `label`, `conditions`, `refused`, `reason`
    (a sentence of the policy engine) and, for "assume", `seconds`, the longest session (0: not
    bound). A refused edge is one that somebody has written without effect: a trust policy or a
    permission alone.
    """
    return drawn(Relations(access or Decisions(configuration)))


def drawn(relations: Relations) -> nx.DiGraph:
    """Return relations as a graph."""
    graph = nx.DiGraph()
    graph.add_nodes_from(relations.nodes.items())
    graph.add_edges_from((*ends, data) for ends, data in relations.edges.items())
    return graph


def assuming(graph: nx.DiGraph) -> nx.DiGraph:
    """Return who may assume which role, of an access graph."""
    return nx.DiGraph(
        (tail, head)
        for tail, head, data in graph.edges(data=True)
        if data["how"] == "assume" and not data["refused"]
    )


def paths(access: Decisions, principal: str, role: str) -> list[list[str]]:
    """Return the chains of roles that lead from a principal to a role, the shortest first."""
    assume = assuming(drawn(Relations(access)))
    start, end = _node(access, principal, assume), _node(access, role, assume)
    if start not in assume or end not in assume:
        return []
    return sorted(nx.all_simple_paths(assume, start, end, cutoff=6), key=lambda p: (len(p), p))


def _node(access: Decisions, who: str, graph: nx.DiGraph) -> str:
    """Return the name of a node that means a principal: as given, or by kind, or by address."""
    for name in (who, *(f"{kind}:{who}" for kind in ("AWS", "Service", "Federated"))):
        if name in graph:
            return name
    known = access.by_arn.get(who)
    return known.address if known else who


def access_table(graph: nx.DiGraph) -> list[dict[str, str]]:
    """Return the edges of an access graph as rows: who, what, whom, conditions, how long, why."""
    rows = []
    for tail, head, data in graph.edges(data=True):
        seconds = data.get("seconds")
        rows.append(
            {
                "who": graph.nodes[tail]["label"],
                "does": data["label"],
                "with": graph.nodes[head]["label"],
                "if": " and ".join(data["conditions"]),
                "for": f"{seconds / 3600:g} h" if seconds else "",
                "outcome": "refused" if data["refused"] else "allowed",
                "why": data["reason"],
            }
        )
    return rows
