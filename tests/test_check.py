"""`make check WHAT=…`: which checks there are, and what is said about the others."""

import re
from pathlib import Path

import check
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def ran(monkeypatch):
    """The names of the checks that were run; "soak" fails."""
    names = []
    monkeypatch.setattr(check, "passes", lambda name: names.append(name) or name != "soak")
    return names


@pytest.mark.parametrize(
    ("what", "names", "status"),
    [
        ("crash", ["crash"], 0),
        ("clients", ["clients"], 0),
        ("soak", ["soak"], 1),
        ("fuzz", ["fuzz"], 0),
        ("all", list(check.CHECKS), 1),
        ("supply", ["supply"], 0),
        ("class", ["class"], 0),
    ],
)
def test_what_is_run(ran, what, names, status):
    assert check.main([what]) == status
    assert ran == names


@pytest.mark.parametrize("arguments", [[], [""], ["everything"]])
def test_an_unknown_check_gets_the_choices(ran, capsys, arguments):
    assert check.main(arguments) == 2 and ran == []
    said = capsys.readouterr().out
    assert (
        said.count("\n") == 1
        and "make check WHAT=all|again|browser|class|clients|crash|fuzz|reach|soak|supply" in said
    )
    assert all(name in said for name in check.CHECKS)


def test_every_check_runs_a_file_that_exists_and_make_names_them_all():
    for command in check.CHECKS.values():
        assert Path(command[-1]).exists()
    comment = re.search(r"WHAT=([a-z|]+)", (ROOT / "Makefile").read_text())
    assert comment[1].split("|") == ["all", *check.CHECKS]
