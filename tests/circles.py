"""Circles of imports in labhelpers, each with all that is in it: where, and what it says.

import-linter proposes one import to take out, which need not be the one that closed the circle;
`make lint` prints these first. Imports in functions and under TYPE_CHECKING count.
"""

from __future__ import annotations

import sys
from pathlib import Path

import grimp
import networkx as nx


def circles() -> list[list[str]]:
    """Of each circle the imports, as "FILE:LINE: what stands there"."""
    sys.path.insert(0, str(Path.cwd()))  # the package of this folder, as lint-imports takes it
    graph = grimp.build_graph("labhelpers", cache_dir=None)
    direct = nx.DiGraph(
        (importer, imported)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    )
    found = []
    for circle in nx.strongly_connected_components(direct):
        edges = sorted(direct.subgraph(circle).edges)
        lines = [
            f"{importer}:{detail['line_number']}: {detail['line_contents']}"
            for importer, imported in edges
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        found += [lines] if edges else []
    return found


if __name__ == "__main__":
    for lines in (found := circles()):
        print("A circle of imports:", *lines, sep="\n    ")
    sys.exit(1 if found else 0)
