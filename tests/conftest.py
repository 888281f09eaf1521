"""Shared fixtures, and who runs what: a worker takes a file as a whole, slow ones first, and of
some files a test. nbval's cells go in order: after a first failure the rest is skipped."""

from __future__ import annotations

import pytest
from scene import World

#: Of slow tests that share nothing, which several workers may take at a time.
_SEVERAL = ("tests/account/test_series.py", "tests/test_notebooks.py")
_failed_notebooks: dict[str, str] = {}


def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return nodeid if file in _SEVERAL else file

    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_makereport(item, call):
    if type(item).__name__ == "IPyNbCell" and call.excinfo is not None:
        _failed_notebooks.setdefault(str(item.path), item.name)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    first = _failed_notebooks.get(str(item.path)) if type(item).__name__ == "IPyNbCell" else None
    if first is not None:
        pytest.skip(f"{first} failed before")


@pytest.fixture
def lab():
    from labhelpers import open_lab

    with open_lab("sandbox") as opened:
        yield opened


@pytest.fixture
def world(lab):
    return World(lab)
