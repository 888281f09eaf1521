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
        ("all", ["browser", "clients", "crash", "fuzz", "reach", "soak", "supply"], 1),
        ("supply", ["supply"], 0),
        ("class", [], 2),
    ],
)
def test_what_is_run(ran, what, names, status):
    assert check.main([what]) == status
    assert [name for name in ran if check.CHECKS[name]] == ran == names


def test_all_says_what_it_does_not_run_yet(ran, capsys):
    check.main(["all"])
    assert "Nothing to run yet for: class" in capsys.readouterr().out


def test_what_there_is_not_yet_is_said_in_a_sentence(ran, capsys):
    for name, command in check.CHECKS.items():
        if not command:
            assert check.main([name]) == 2
            assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], [""], ["everything"]])
def test_an_unknown_check_gets_the_choices(ran, capsys, arguments):
    assert check.main(arguments) == 2 and ran == []
    said = capsys.readouterr().out
    assert (
        said.count("\n") == 1
        and "make check WHAT=all|browser|clients|crash|fuzz|reach|soak|supply" in said
    )
    assert all(name in said for name in check.CHECKS)


def test_every_check_runs_a_file_that_exists_and_make_names_them_all():
    for command in filter(None, check.CHECKS.values()):
        assert Path(command[-1]).exists()
    comment = re.search(r"WHAT=(\S+) \(to come: (\S+)\)", (ROOT / "Makefile").read_text())
    there = [name for name, command in check.CHECKS.items() if command]
    assert comment[1].split("|") == ["all", *there]
    assert comment[2].split("|") == [name for name in check.CHECKS if name not in there]
