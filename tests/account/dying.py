"""Run a notebook until it dies at one of its creates, right after AWS has carried it out.

warm.py forks the process for it. run() returns if the notebook has fewer creates ("done") or a
cell fails ("failed" and the error).
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import nbformat


def run(path: Path, number: int) -> str:
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell

    matplotlib.use("agg")
    os.chdir(path.parent)
    from account_clock import make_waits_short
    from moments import after_each_create

    make_waits_short()
    after_each_create(lambda n: n == number and os.kill(os.getpid(), signal.SIGKILL))
    shell = InteractiveShell.instance()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            result = shell.run_cell(cell.source)
            if not result.success:
                error = result.error_before_exec or result.error_in_exec
                return f"failed: {error!r} in {cell.source}"
    return "done"
