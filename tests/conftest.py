"""Shared fixtures."""

from __future__ import annotations

import pytest
from scene import World


@pytest.fixture
def lab():
    from labhelpers import open_lab

    with open_lab("sandbox") as opened:
        yield opened


@pytest.fixture
def world(lab):
    return World(lab)
