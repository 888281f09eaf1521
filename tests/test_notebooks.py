"""The notebooks as a whole: hygiene, exercises and their solutions, and the counter-proof.

nbval runs them cell by cell. Here each one runs at last on a sandbox that allows everything,
where it has to fail: a lesson that passes there teaches nothing.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import clean_notebooks
import nbformat
import pytest
import warm
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
needs_git = pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="not a git checkout"
)

PERMISSIVE = """
import labhelpers.sandbox.authorize.decide as _rules
from labhelpers.policy import ALLOWED, Decision, Request

def _allow_everything(call, caller, *_):
    open({witness!r}, "a").write("asked\\n")
    check = call.checks[0] if call.checks else None
    if check is None:
        return None
    return Decision(Request(caller.principal, check.action, check.resource), ALLOWED)

_rules.authorize = _allow_everything
"""


def read(path):
    """A notebook as if it had not been run, whatever was saved."""
    notebook = nbformat.read(path, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return notebook


def execute(notebook, startup):
    """Run a notebook, `startup` before its first cell."""
    notebook.cells.insert(0, nbformat.v4.new_code_cell(startup))
    warm.client(notebook, timeout=60, resources={"metadata": {"path": FOLDER}}).execute()


def code_cells(notebook):
    """Of a notebook, or of a list of cells."""
    cells = getattr(notebook, "cells", notebook)
    return [cell for cell in cells if cell.cell_type == "code"]


def exercises(notebook):
    """(index of the exercise cell, index of its check cell, solution) of each exercise."""
    found = []
    cells = notebook.cells
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and cell.source.startswith("# Exercise"):
            after = range(number + 1, len(cells))
            checked = next(n for n in after if re.search(r"^check\(", cells[n].source, re.M))
            solved = next(n for n in after if "<details>" in cells[n].source)
            solution = re.search(r"```python\n(.*?)```", cells[solved].source, re.S)
            found.append((number, checked, solution[1]))
    return found


def shown(cell):
    """All the text that a cell printed or displayed."""
    parts = [o.get("text", "") + str(o.get("data", {}).get("text/plain", "")) for o in cell.outputs]
    return "\n".join(parts)


def test_the_series_is_complete():
    numbers = [path.stem[:2] for path in NOTEBOOKS]
    assert numbers == [f"{n:02}" for n in range(len(numbers))] and len(numbers) >= 4


@each_notebook
def test_valid(path):
    """As a file; whether outputs are committed is clean_notebooks.py's business."""
    raw = json.loads(path.read_text())
    ids = [cell["id"] for cell in raw["cells"]]
    assert len(set(ids)) == len(ids)
    nbformat.validate(raw)


@needs_git
def test_committed_clean():
    held = clean_notebooks.committed()
    assert len(held) >= 4
    found = [f"{path}: {fault}" for path in held for fault in clean_notebooks.faults(held[path])]
    assert found == []


@needs_git
def test_an_output_in_a_commit_is_found_and_one_beside_it_is_not(tmp_path, monkeypatch, capsys):
    def git(*arguments):
        who = ["-c", "user.name=lea", "-c", "user.email=lea@example.com"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    path = tmp_path / "notebooks" / "00_start_here.ipynb"
    path.parent.mkdir()
    clean, ran = read(NOTEBOOKS[0]), read(NOTEBOOKS[0])
    number, cell = next((n, c) for n, c in enumerate(ran.cells, 1) if c.cell_type == "code")
    cell.outputs = [nbformat.v4.new_output("stream", text="a secret\n")]
    monkeypatch.setattr(clean_notebooks, "ROOT", tmp_path)
    git("init", "--quiet")

    def found(committed, in_working_tree):
        nbformat.write(committed, path)
        git("add", ".")
        git("commit", "--quiet", "--allow-empty", "--message", "x")
        nbformat.write(in_working_tree, path)
        return clean_notebooks.main(), capsys.readouterr().out

    assert found(clean, ran) == (0, "")
    status, said = found(ran, clean)
    assert status == 1
    assert f"notebooks/00_start_here.ipynb: cell {number} ({cell.id}) has an output" in said
    assert "nbconvert --clear-output --inplace notebooks/00_start_here.ipynb" in said


@each_notebook
def test_house_style(path):
    notebook = read(path)
    first, last = notebook.cells[0].source, notebook.cells[-1].source
    assert first.startswith("# ")
    for part in ("**What you'll do:**", "**What you'll learn:**", "**What you'll need:**"):
        assert part in first
    assert "**Time:**" in first
    for part in ("## In this notebook we", "**In practice:**", "**Further reading:**"):
        assert part in last
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= 15, cell.source
        assert "os.environ" not in cell.source and "!pip" not in cell.source
    imports = [c for c in code_cells(notebook) if re.search(r"^(import|from) ", c.source, re.M)]
    assert len(imports) == 1, "one setup cell holds all imports"
    assert sum("assert " in cell.source for cell in code_cells(notebook)) >= 3


@each_notebook
def test_links_between_notebooks_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells)
    for target in re.findall(r"\]\(([\w./-]+\.ipynb)\)", text):
        assert (FOLDER / target).exists(), target


@each_notebook
def test_judges_are_folded(path):
    """Below an answer stand the judge's cells, closed; what a learner writes is open."""
    notebook = read(path)
    for number, checked, _ in exercises(notebook):
        assert "jupyter" not in notebook.cells[number].metadata
        for cell in code_cells(notebook.cells[number + 1 : checked + 1]):
            assert cell.metadata.get("jupyter") == {"source_hidden": True}, cell.source


SECRETS = """
import json as _json
_keys = [s.get_credentials() for s in lab._sessions.values()]
print(_json.dumps([k.secret_key for k in _keys]
    + [t for s in lab.sessions() for t in (s.secret_access_key, s.session_token)]))
"""


START = """
import gc as _gc, os as _os, time as _time
_gc.set_threshold(20_000, 20, 20)  # a tenth less CPU time
%config InlineBackend.figure_formats = []  # nbval and the browser draw the pictures
_os.environ["TZ"] = "Pacific/Kiritimati"
_time.tzset()
"""


@each_notebook
def test_every_answer_is_judged_and_nothing_passes_where_everything_is_allowed(path, tmp_path):
    """Run All three times in one kernel, far from UTC.

    First with every solution in its cell. Then anew: dots are "not attempted", nonsense and the
    listed wrong answers are wrong, and Run All goes on. Most learners run everything first and
    answer afterwards, wrongly and then rightly, and run from the answer to its check each time: no
    cell on the way fails, and the check says so. Outputs travel: no secret access key
    and no session token may stand in one. At last an assertion fails, for nothing is refused.
    """
    notebook = read(path)
    for number, _, solution in exercises(notebook):
        notebook.cells[number].source = solution
    solved = [notebook.cells[checked] for _, checked, _ in exercises(read(path))]
    judged, permissive = read(path), read(path)
    answered, verdicts = after_run_all(judged)
    expected = judge_everything(judged)
    witness, new = tmp_path / "witness", nbformat.v4.new_code_cell
    told = new(SECRETS)
    enforced = [*notebook.cells, *judged.cells, *answered]
    permit = new(PERMISSIVE.format(witness=str(witness)))
    notebook.cells = [*enforced, told, permit, *permissive.cells]
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    with pytest.raises(CellExecutionError) as failed:
        execute(notebook, START)
    assert failed.value.ename == "AssertionError", failed.value
    assert any(o.output_type == "error" for c in code_cells(permissive) for o in c.outputs), (
        failed.value
    )
    assert witness.read_text().count("asked") > 0, "the permissive rules were never asked"
    for cell, verdict in (*((cell, "✓ right") for cell in solved), *verdicts):
        assert verdict in shown(cell), (cell.source, shown(cell))
    assert expected, "each notebook has an exercise"
    for cell, count in expected:
        said = shown(cell)
        assert said.count("✗ wrong") == count and said.count("not attempted") == 1, said
    secrets = json.loads(told.outputs[0]["text"])
    everything = json.dumps([cell.get("outputs", []) for cell in enforced])
    assert secrets and not any(secret in everything for secret in secrets)


def judge_everything(notebook):
    """Let each check cell judge dots and every wrong answer in turn.

    Returns (check cell, how many wrong answers) of each exercise.
    """
    expected = []
    for number, checked, _ in exercises(notebook):
        cell, check = notebook.cells[number], notebook.cells[checked]
        name = re.search(r"^(\w+) = \.\.\.", cell.source, re.M)[1]
        wrong = [f"{name} = {value}" for value in ("{}", "'nonsense'", "12", "[]", "object()")]
        wrong += cell.metadata.get("wrong_answers", [])
        call = re.search(r"^check\(.*\Z", check.source, re.M | re.S)[0]
        again = "\n".join(f"{answer}\nprint({call})" for answer in wrong)
        check.source = f"{check.source.removesuffix(call)}print({call})\n{again}"
        expected.append((check, len(wrong)))
    return expected


def after_run_all(notebook):
    """Cells that answer each exercise wrongly and then rightly, as a learner runs them.

    Returns all of them, and (check cell, what it has to show).
    """
    new, cells, verdicts = nbformat.v4.new_code_cell, [], []
    for number, checked, solution in exercises(notebook):
        name = re.search(r"^(\w+) = \.\.\.", notebook.cells[number].source, re.M)[1]
        on_the_way = code_cells(notebook.cells[number + 1 : checked + 1])
        for answer, verdict in ((f"{name} = 'nonsense'", "✗ wrong"), (solution, "✓ right")):
            cells += [new(answer), *(new(cell.source) for cell in on_the_way)]
            verdicts.append((cells[-1], verdict))
    return cells, verdicts
