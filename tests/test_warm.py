"""tests/warm.py: a forked kernel is what a cold one is, and a fork tells how it ended."""

import json
import signal
import subprocess

import nbformat
import pytest
import warm
from nbclient import NotebookClient

LOOK = """
import json, os, sys, threading
import matplotlib
modules = {"warm", "served_aws", "scene", "conftest"}
print(json.dumps({
    "argv": sys.argv[1],
    "path": sys.path,
    "folder": os.getcwd(),
    "tests": [n for n in ("__main__", *modules) if getattr(sys.modules.get(n), "__file__", None)],
    "environ": {k: v for k, v in os.environ.items() if k not in ("JPY_PARENT_PID", "PWD")},
    "child of its parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "threads": sorted(thread.name for thread in threading.enumerate()),
    "names": sorted(globals()),
    "backend": matplotlib.get_backend(),
}))
"""
DRAW = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"


def looked(folder, cold):
    cells = [nbformat.v4.new_code_cell(source) for source in (LOOK, DRAW)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    made = NotebookClient if cold else warm.client
    made(notebook, timeout=60, resources={"metadata": {"path": folder}}).execute()
    said, drawn = (cell.outputs for cell in notebook.cells)
    assert "image/png" in drawn[-1]["data"]
    found = json.loads(said[0]["text"])
    assert found.pop("argv") == "-f"
    return found


@pytest.mark.slow
@pytest.mark.skipif(not warm.WARM, reason="kernels are cold on this system")
def test_a_forked_kernel_looks_like_a_cold_one(tmp_path):
    """The environment, the path, the names of a notebook, the threads, the pictures."""
    assert looked(tmp_path, cold=False) == looked(tmp_path, cold=True)


@pytest.mark.slow
@pytest.mark.parametrize("is_warm", [True, False])
def test_it_tells_how_it_ended(monkeypatch, is_warm):
    """A fork, and the new process that takes its place where there is no fork."""
    monkeypatch.setattr(warm, "WARM", is_warm and warm.WARM)
    arguments = ("served AWS", "--learner-policy", "{")
    assert warm.start(*arguments, env={}).wait(60) == 2
    waiting = warm.start("served AWS", env={}, pipes=True)
    assert waiting.stdout.readline().startswith("{") and waiting.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0)
    waiting.kill()
    assert waiting.wait(60) == waiting.poll() == -signal.SIGKILL
    waiting.kill()


@pytest.mark.slow
def test_forks_share_no_chance():
    """Keys, secrets and ids of one served AWS are nothing to another."""
    told = []
    for _ in range(2):
        served = warm.start("served AWS", env={}, pipes=True)
        told.append(json.loads(served.stdout.readline())["accounts"])
        served.kill()
    keys = [{part for account in accounts.values() for part in account} for accounts in told]
    assert len(keys[0]) >= 2 and not keys[0] & keys[1]
