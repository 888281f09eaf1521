"""Shared fixtures."""

from __future__ import annotations

import pytest
import warm
from quick_botocore import keep_what_never_changes
from scene import World

keep_what_never_changes()


def pytest_unconfigure():
    warm.end()


@pytest.fixture
def lab():
    from labhelpers import open_lab

    with open_lab("sandbox") as opened:
        yield opened


@pytest.fixture
def world(lab):
    return World(lab)
