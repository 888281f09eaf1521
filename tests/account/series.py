"""Run a notebook as on a real account: against the served AWS, with waiting made short.

Waits of the lab's clock move the served clock, and the mirror's with it; waiting for AWS to catch
up takes its real (short) time.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import nbformat
import warm
from served_aws import CONTROL_PATH, TOKEN_HEADER, ServedAws

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

STARTUP = """
import sys as _sys
_sys.path[:0] = [{here!r}, {tests!r}]
from account_clock import make_waits_short as _short
from used import of_accounts as _of_accounts
_short()
from account_clock import ask as _ask
from written import compare_what_is_written as _compare
_written = _compare(_ask)
_used = _of_accounts()
import gc as _gc
_gc.set_threshold(20_000, 20, 20)  # a tenth less CPU time
%config InlineBackend.figure_formats = []  # nbval and the browser draw the pictures
"""
KEEPING = """
from moments import after_each_create as _after, keep as _keep
_after(lambda number: _keep(number, {folder!r}) if number in {numbers!r} else None)
"""
SUMMARY = """
import json as _json
print(_json.dumps({
    "left out": lab._cells.skipped, "ran": lab._cells.ran,
    "differences": lab.differences, "asked": lab._asking.asked,
    "creates": [entry["kind"] for entry in lab._journal.entries() if "id" not in entry],
    "written": _written,
    "used": {name: sorted(paths) for name, paths in _used.items()},
    "secrets": [t for t in lab._mirror._twins if len(t) >= 40],
}))
lab.close()
"""


def environ_of(aws: ServedAws, **more: str) -> dict[str, str]:
    """What a kernel has to know to work on the served AWS, and nothing of this machine's AWS."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAB_", "ACTIONS_"))}
    control = [aws.endpoint_url + CONTROL_PATH, TOKEN_HEADER, aws._token]
    ours = {
        "LAB_TEST_CONTROL": json.dumps(control),
        "LAB_AWS_AMI": "ami-0fedcba9876543210",
        "LAB_AWS_PATIENCE": "10",
    }
    return kept | aws.environ | ours | more


def run(
    path: Path,
    environ: dict[str, str],
    *,
    moments: Path | None = None,
    numbers: Collection[int] = (),
):
    """(notebook with outputs, summary of its lab); `moments` is the folder for moments.keep, which
    is called after the creates of these numbers, counted from 1."""
    notebook = nbformat.read(path, as_version=4)
    new = nbformat.v4.new_code_cell
    startup = STARTUP.format(here=str(Path(__file__).parent), tests=str(ROOT / "tests"))
    if moments:
        startup += KEEPING.format(folder=str(moments), numbers=set(numbers))
    notebook.cells = [new(startup), *notebook.cells, new(SUMMARY)]
    where = {"metadata": {"path": FOLDER}}
    client = warm.client(notebook, timeout=120, resources=where)
    client.execute(env=environ)
    outputs = notebook.cells.pop().outputs
    said = next((o["text"] for o in outputs if o.get("name") == "stdout"), "")
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return notebook, json.loads(lines[0]) if lines else {}


def lesson_record(summary: dict[str, Any]) -> dict[str, Any]:
    """What labhelpers/account/lessons.json holds of a lesson, but for "asks"."""
    reasons = [re.sub(r" be moved by .*", " be moved.", why) for why in summary["left out"]]
    return {
        "creates": dict(sorted(Counter(summary["creates"]).items())),
        "ran": summary["ran"],
        "left out": dict(Counter(reasons).most_common()),
    }
