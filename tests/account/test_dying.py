"""Whatever moment a run dies in, sweep leaves the account as it was.

test_series.py asks it of copies of what there was after some creates of each notebook. Here the
process is killed indeed, once in some notebooks; `make check WHAT=crash` (LAB_EVERY_CREATE=1) does
both at every create of every notebook, which is some minutes' work.
"""

import os
import signal

import pytest
from series import NOTEBOOKS, environ_of
from served_aws import served_aws
from warm import start

from labhelpers.__main__ import main
from labhelpers.account.plan import plan_of
from labhelpers.account.state.journal import Journal

EVERY = bool(os.environ.get("LAB_EVERY_CREATE"))
CHOSEN = NOTEBOOKS if EVERY else NOTEBOOKS[::7]
each_notebook = pytest.mark.parametrize("path", CHOSEN, ids=[p.stem for p in CHOSEN])

pytestmark = pytest.mark.slow


def moments(path):
    """Numbers of creates, counted from 1; one of a notebook, another one for each."""
    count = sum(plan_of(path.stem[:2]).values())
    if EVERY:
        return range(1, count + 1)
    return [1 + int(path.stem[:2]) * 7 % count]


@each_notebook
def test_sweep_removes_what_a_dead_run_has_left(path, tmp_path, monkeypatch, capfd):
    with served_aws(tmp_path) as aws:
        before = aws.contents()
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        for number in moments(path):
            died = start("dying run", str(path), str(number), env=environ_of(aws))
            assert died.wait(300) == -signal.SIGKILL, number
            assert aws.contents() != before, number
            journal = next((tmp_path / "state").glob("*.jsonl"))
            creates = [e for e in Journal(journal.stem, journal.parent).entries() if "id" not in e]
            assert len(creates) == number
            assert main(["sweep"]) == 0, capfd.readouterr().err
            assert aws.contents() == before, number
            assert list((tmp_path / "state").glob("*.jsonl")) == []
        assert main(["sweep"]) == 0  # it can be repeated
