"""The short form of tests/soak.py: no wrong decision, no error, no lost event under load."""

import pytest
from soak import soak


@pytest.mark.slow
def test_many_threads_at_once(lab):
    counted = soak(lab, seconds=3, threads=20)
    assert counted["calls"] > 50
    assert {name: counted[name] for name in ("wrong", "failed", "unrecorded")} == {
        "wrong": 0,
        "failed": 0,
        "unrecorded": 0,
    }
