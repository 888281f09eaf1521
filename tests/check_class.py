"""A class on one machine: so many labs, each in a process of its own, one lesson each.

    python tests/check_class.py [labs] [notebook]      forty, and 02 without

All begin at once, run every cell of the lesson, wait for the others, and end. Printed: seconds to
the lab and for all, memory of each (PSS: what is shared counts in parts) while all are there, and
what is left afterwards, which has to be nothing.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).parents[1]
#: What a learner's kernel does, without Jupyter around it.
LEARNER = """
import json, sys, time
started = time.perf_counter()
import matplotlib
matplotlib.use("agg")
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.io import capture_output
import labhelpers
shell, first = InteractiveShell.instance(), None
with capture_output() as said:
    for cell in nbformat.read(sys.argv[1], 4).cells:
        if cell.cell_type == "code":
            shell.run_cell(cell.source).raise_error()
            first = first or ("lab" in shell.user_ns and time.perf_counter() - started)
lab = shell.user_ns["lab"]
print(json.dumps({"first": first, "port": int(lab.endpoint_url.rsplit(":", 1)[1])}), flush=True)
sys.stdin.read(1)  # until everybody is here
lab.close()
"""


def run(labs: int, notebook: str) -> tuple[dict, list[str]]:
    """(figures, what is wrong) of a class."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        foreign = ("LAB_", "JUPYTER")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
        environment |= dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR"), folder)
        environment |= {"MPLCONFIGDIR": str(home / "matplotlib")}
        command = [sys.executable, "-c", LEARNER, str(ROOT / "notebooks" / f"{notebook}.ipynb")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        options = {"cwd": ROOT / "notebooks", "env": environment, "text": True}
        learners = [subprocess.Popen(command, **pipes, **options) for _ in range(labs)]
        there = [learner.stdout.readline() for learner in learners]
        told = [json.loads(line) for line in there if line]
        done = time.perf_counter() - begun
        alive = [psutil.Process(learner.pid) for learner in learners if learner.poll() is None]
        sizes = [pss(process) for process in alive]
        family = {child.pid for process in alive for child in process.children(recursive=True)}
        ended = [learner.communicate("x") for learner in learners]
        wrong = [error[-600:] for _, error in ended if error]
        wrong += [f"status {one.returncode}" for one in learners if one.returncode]
        wrong += [f"port {one['port']} is open" for one in told if is_open(one["port"])]
        left = {child for child in family if psutil.pid_exists(child)}
        wrong += [f"process {child} is left" for child in left]
        kept = {".cache", ".config", ".ipython", "matplotlib", "profile_default", "history.sqlite"}
        wrong += [f"file {p.name} is left" for p in home.iterdir() if p.name not in kept]
    figures = {
        "labs": len(told),
        "first": median(one["first"] for one in told) if told else 0.0,
        "slowest": max((one["first"] for one in told), default=0.0),
        "done": done,
        "whole": time.perf_counter() - begun,
        "pss": median(sizes) if sizes else 0,
        "all": sum(sizes),
    }
    return figures, wrong


def pss(process: psutil.Process) -> int:
    """Bytes; a page that ten processes share counts a tenth in each."""
    info = process.memory_full_info()
    return int(getattr(info, "pss", info.uss))


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def main(arguments: list[str]) -> int:
    labs = int(arguments[0]) if arguments else 40
    notebook = arguments[1] if len(arguments) > 1 else "02_assume_a_role"
    found, wrong = run(labs, notebook)
    print(f"{found['labs']} of {labs} labs ran {notebook} on {os.cpu_count()} cores")
    print(f"seconds to the lab    {found['first']:7.1f} (slowest {found['slowest']:.1f})")
    print(f"seconds until all had run their lesson {found['done']:.1f}")
    print(f"seconds until all had ended            {found['whole']:.1f}")
    print(f"memory of each {found['pss'] / 2**20:7.0f} MB, of all {found['all'] / 2**20:.0f} MB")
    print("\n".join(wrong) or "nothing is left")
    return 1 if wrong or found["labs"] != labs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
