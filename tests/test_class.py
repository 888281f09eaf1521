"""The short form of tests/check_class.py: labs beside each other, and nothing left of them."""

import sys

import pytest
from check_class import run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Its figures are those of /proc")
def test_labs_beside_each_other():
    found, wrong = run(2, "00_start_here")
    assert wrong == [] and found["labs"] == 2
    assert found["pss"] < 400 * 2**20


def test_what_is_wrong_is_told(capsys):
    found, wrong = run(1, "99_nowhere")
    assert found["labs"] == 0
    assert any("99_nowhere" in line for line in wrong)
