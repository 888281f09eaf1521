"""A cell that runs twice, or too early, says in a sentence what to do; it shows no stack trace."""

from pathlib import Path

import nbformat
import pytest
import warm
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[1]
ABOVE = "choose Run > Run All Above Selected Cell, then run this cell again."
OPENED = """from datetime import timedelta
from labhelpers import open_lab
lab = open_lab()
iam = lab.client("iam")
iam.create_user(UserName="alice")
alice = lab.session_from(iam.create_access_key(UserName="alice"))
def again():
    iam.create_user(UserName="alice")
class Broken(Exception): pass
"""


@pytest.fixture(scope="module")
def cell():
    """Runs a cell in a notebook and returns (name of the error, what is shown of it)."""
    notebook = nbformat.v4.new_notebook()
    client = warm.client(notebook, timeout=60)

    def run(source):
        notebook.cells.append(nbformat.v4.new_code_cell(source))
        try:
            client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
        except CellExecutionError as error:
            (shown,) = (o for o in notebook.cells[-1].outputs if o.output_type == "error")
            return error.ename, "\n".join(shown.traceback)
        return None, ""

    with client.setup_kernel():
        # What labhelpers/kernel_config does in a kernel that has just been restarted.
        assert run("%load_ext labhelpers.cell_errors") == (None, "")
        raised, shown = run("iam")
        assert raised == "NameError" and ABOVE in shown and "Traceback" not in shown
        assert run(OPENED) == (None, "")
        yield run


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        ("again()", "EntityAlreadyExistsException", "User with name alice already exists."),
        ("iam.delete_user(UserName='bob')", "NoSuchEntityException", "bob cannot be found"),
        ("lab.clock.advance(timedelta(-1))", "ClockError", "only moves forward; -1 day"),
        ("carol", "NameError", "There is no `carol` here."),
        ("assert 1 == 2", "AssertionError", "    assert 1 == 2\n"),
        ("assert not alice, 'still here'", "AssertionError", "does not hold: still here\n"),
        ("alice.client('iam').list_users()", "AccessDenied", "lab.attempt(call, ...) shows why"),
    ],
    ids=lambda value: value if value.endswith(")") else "",
)
def test_such_an_error_says_what_to_do(cell, source, name, said):
    raised, shown = cell(source)
    assert name in (raised, raised.replace("ClientError", "AccessDenied"))
    assert said in shown and ABOVE in shown
    assert "Traceback" not in shown and len(shown.splitlines()) <= 4


def test_the_innermost_line_of_the_notebook_is_named(cell):
    assert '    iam.create_user(UserName="alice")' in cell("again()")[1].splitlines()


def test_another_error_keeps_its_trace(cell):
    raised, shown = cell("raise Broken('so')")
    assert raised == "Broken" and "Traceback" in shown and "Run All" not in shown


def test_make_and_binder_install_what_tells_it_in_a_restarted_kernel():
    where = "etc/ipython/ipython_kernel_config.py"
    for name in ("Makefile", "postBuild"):
        assert where in (ROOT / name).read_text()
    assert "labhelpers.cell_errors" in (ROOT / "labhelpers/kernel_config").read_text()
