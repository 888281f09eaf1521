"""Run a notebook as on a real account: against the served AWS, with waiting made short.

Waits of the lab's clock move the served clock, and the mirror's with it; waiting for AWS to catch
up takes its real (short) time.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

STARTUP = """
import sys as _sys
_sys.path.insert(0, {tests!r})
from account_clock import make_waits_short as _short
_short()
"""
SUMMARY = """
import json as _json
_lab = lab
print(_json.dumps({
    "skipped": _lab._cells.skipped, "ran": _lab._cells.ran,
    "differences": _lab.differences, "asked": _lab._calls.asked,
    "created": [entry["kind"] for entry in _lab._journal.entries()],
}))
lab.close()
"""


def run(path: Path, environ: dict[str, str], *, allow_errors: bool = False, more: str = ""):
    """(notebook with outputs, summary of its lab); `more` is run before the summary."""
    notebook = nbformat.read(path, as_version=4)
    new = nbformat.v4.new_code_cell
    startup = STARTUP.format(tests=str(Path(__file__).parent))
    ends = [new(more)] if more else []
    notebook.cells = [new(startup), *notebook.cells, *ends, new(SUMMARY)]
    client = NotebookClient(
        notebook, timeout=120, allow_errors=allow_errors, resources={"metadata": {"path": FOLDER}}
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAB_"))}
    client.execute(env=kept | environ)
    outputs = notebook.cells[-1].outputs
    said = next((o["text"] for o in outputs if o.get("name") == "stdout"), "")
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return notebook, json.loads(lines[0]) if lines else {}
