"""The whole table, replayed once in the sandbox for all tests of a module."""

from __future__ import annotations

import pytest
from used import of_clients
from variants import OTHER

from labhelpers.compare import SCENARIOS, replay


@pytest.fixture(scope="module")
def lab():
    """One lab for all tests of a module: each replay takes away what it made."""
    from labhelpers import open_lab

    with open_lab("sandbox") as opened:
        yield opened


@pytest.fixture(scope="module")
def asked():
    """What clients have asked for to replay the table: operation -> parameters."""
    return {}


@pytest.fixture(scope="module")
def replayed(lab, asked, tmp_path_factory):
    """The ResultsFile of all scenarios in the sandbox."""
    path = tmp_path_factory.mktemp("compare") / "sandbox.jsonl"
    with of_clients() as used:
        found = replay(lab, SCENARIOS, path, other_account=OTHER)
    asked.update(used)
    return found
