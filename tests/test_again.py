"""Each cell of a notebook is run twice in a row, as learners do who change a line and look.

LAB_EVERY_NOTEBOOK runs all of them (`make check WHAT=again`), otherwise it is a few of them:
LAB_AGAIN_SEED chooses others.
"""

import os
import random

import nbformat
import pytest
import warm
from test_notebooks import FOLDER, NOTEBOOKS, START, code_cells, read

from labhelpers.errors import RUN_ALL_ABOVE

SAMPLE = 3
#: Cells that count what a night left in the trail: there is more of it when its cells ran twice.
COUNTED = {
    "11_elevate_for_an_hour": {"cell-79"},
    "12_watch_with_cloudtrail": {"cell-45", "cell-56", "cell-64"},
}


def chosen():
    if os.environ.get("LAB_EVERY_NOTEBOOK"):
        return NOTEBOOKS
    return sorted(random.Random(os.environ.get("LAB_AGAIN_SEED", "18")).sample(NOTEBOOKS, SAMPLE))


@pytest.mark.parametrize("path", chosen(), ids=lambda path: path.stem)
def test_each_cell_can_run_twice_or_says_what_to_do(path):
    """The second run may say, without a trace, that everything above has to run again. The cell
    after it runs all the same: a second run leaves nothing behind that breaks the lesson."""
    notebook = read(path)
    counted = COUNTED.get(path.stem, set())
    where = {"metadata": {"path": FOLDER}}
    client = warm.client(notebook, timeout=60, allow_errors=True, resources=where)
    cells, runs = code_cells(notebook), []
    for cell in cells:
        first = nbformat.v4.new_code_cell(cell.source)
        runs += [(cell.id, True, first), (cell.id, False, nbformat.v4.new_code_cell(cell.source))]
    notebook.cells = [nbformat.v4.new_code_cell(START), *(cell for _, _, cell in runs)]
    client.execute()
    for name, is_first, cell in runs:
        for error in (o for o in cell.outputs if o.output_type == "error"):
            told = "\n".join(error.traceback)
            assert not is_first or name in counted, f"{name}: {told}"
            assert RUN_ALL_ABOVE in told, f"{name} again: {told}"
            assert "Traceback" not in told
