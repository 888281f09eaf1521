"""How pytest runs the notebooks' cells, and which worker takes what.

It stands here because pytest reads it for whatever path it is given; tests/conftest.py holds the
tests' own fixtures. Cells of a notebook share a kernel, so they go to one worker, in order, after
all that stand before them; when one has failed, the rest is skipped.
"""

from __future__ import annotations

import gc

import pytest

#: The files that take longest, in the order in which they begin. Terraform waits most of its time.
_FIRST = (
    "tests/terraform/test_deployment_role.py",
    "tests/test_browser.py",
    "tests/account/test_series.py",
    "tests/terraform/test_corpus.py",
    "tests/test_notebooks.py",
)
#: Of these, whose tests share nothing: several workers may take some at a time.
_SEVERAL = ("tests/account/test_series.py", "tests/test_notebooks.py")
_failed_notebooks: dict[str, str] = {}


@pytest.hookimpl(optionalhook=True)  # nobody asks for it with -p no:xdist
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return nodeid if file in _SEVERAL else file

    config.option.loadscopereorder = False  # the order below, and not by number of tests
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)  # what was deselected and is needed comes back
def pytest_collection_modifyitems(items):
    items[:] = _with_cells_before(items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    rank = {file: number for number, file in enumerate(_FIRST)}

    def turn(item) -> tuple[int, bool]:
        return rank.get(item.nodeid.partition("::")[0], len(rank)), item.path not in slow

    items.sort(key=turn)


def pytest_collection_finish():
    """What has been imported and collected by now stays to the end: to look through it for garbage
    every 700 objects took a fifth of the CPU time of the tests that run in this process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(trylast=True)  # pytest looks once here, and once more when all is over
def pytest_sessionfinish():
    gc.freeze()


def _is_cell(item) -> bool:
    return type(item).__name__ == "IPyNbCell"


def _with_cells_before(items):
    """Whoever asks for a cell, as an IDE does, gets those before it as well."""
    cells: dict = {}
    for item in filter(_is_cell, items):
        cells.setdefault(item.path, {})[item.cell_num] = item
    found = []
    for item in items:
        if not _is_cell(item):
            found.append(item)
        elif asked := cells.pop(item.path, None):
            last = max(asked)
            whole = {cell.cell_num: cell for cell in item.parent.collect()} | asked
            found += [cell for number, cell in whole.items() if number <= last]
    return found


def pytest_runtest_makereport(item, call):
    failed = call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)
    if failed and _is_cell(item):
        _failed_notebooks.setdefault(str(item.path), item.name)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    first = _failed_notebooks.get(str(item.path)) if _is_cell(item) else None
    if first is not None:
        pytest.skip(f"{first} failed before")
