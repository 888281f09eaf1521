"""Shared fixtures; slow files first, so that no worker is left with one at the end; nbval's cells
in order: after a first failure the rest is skipped."""

from __future__ import annotations

import pytest
from scene import World

_failed_notebooks: dict[str, str] = {}


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
