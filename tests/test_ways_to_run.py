"""Every way in which a person runs notebooks under pytest: in a small copy of this checkout.

The copy has this one's conftest.py and pyproject.toml, and notebooks that fail where a cell runs
without the cells before it, twice, or in another kernel.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
CELLS = [
    "ran = []",
    "ran.append(1)",
    "ran.append(2)",
    "assert ran == [1, 2]",
    "import os; assert os.path.basename(os.getcwd()) == 'notebooks'",
]


def write(path, sources, **saved):
    new = nbformat.v4.new_code_cell
    nbformat.write(nbformat.v4.new_notebook(cells=[new(s, **saved) for s in sources]), path)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Two notebooks, of which b was run and saved, and broken ones in a folder of their own."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    for name in ("notebooks", "broken"):
        (root / name).mkdir()
    write(root / "notebooks" / "a.ipynb", CELLS)
    stale = nbformat.v4.new_output("stream", text="of yesterday\n")
    write(root / "notebooks" / "b.ipynb", CELLS, outputs=[stale], execution_count=7)
    write(root / "broken" / "c.ipynb", ["# NBVAL_SKIP", "1 / 0", "1 + 1", "1 + 1"])
    return root


def run(*arguments, cwd):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


A, B = "notebooks/a.ipynb", "notebooks/b.ipynb"
WAYS = {
    "one, several workers": (".", ["-n2", A], 5),
    "two, several workers": (".", ["-n2", A, B], 10),
    "the folder, without xdist": (".", ["-p", "no:xdist", "--nbval-lax", "notebooks/"], 10),
    "one, from its folder": ("notebooks", ["--nbval", "b.ipynb"], 5),
    "one, from anywhere": ("/", ["-n0", f"{{root}}/{A}"], 5),
    "a cell, from an IDE": (".", ["--rootdir={root}", f"{A}::Cell 3"], 4),
    "cells, from an IDE": (
        "/",
        ["--rootdir={root}", f"{{root}}/{B}::Cell 3", f"{{root}}/{B}::Cell 1"],
        4,
    ),
    "cells by expression": (".", ["-k", "Cell and 2"], 6),
}


@pytest.mark.slow
@pytest.mark.parametrize("cwd, arguments, passed", WAYS.values(), ids=WAYS)
def test_each_way(copy, cwd, arguments, passed):
    """A cell comes after those before it, in the same kernel, whoever asks in whatever way."""
    status, said = run(*(part.format(root=copy) for part in arguments), cwd=copy / cwd)
    assert status == 0 and f" {passed} passed" in said.splitlines()[-1], said


@pytest.mark.slow
def test_an_ide_lists_the_cells(copy):
    status, said = run("--rootdir", str(copy), "--collect-only", "-q", cwd=copy)
    assert status == 0, said
    assert said.split("\n\n")[0].splitlines() == [
        f"{notebook}::Cell {number}" for notebook in (A, B) for number in range(len(CELLS))
    ]


@pytest.mark.slow
def test_after_a_failed_cell_the_rest_is_skipped(copy):
    """And a cell that is left out on purpose has not failed."""
    status, said = run("-rs", "broken", cwd=copy)
    assert status == 1 and "1 failed, 3 skipped" in said, said
    assert said.count("Cell 1 failed before") == 1 and "ZeroDivisionError" in said, said
