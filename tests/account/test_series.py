"""The series on the served AWS: slowed, throttled and inconsistent, as AWS is.

After a change of a notebook: LAB_UPDATE=1 pytest tests/account/test_series.py -n 0
"""

import json
import os

import nbformat
import pytest
from learner_permissions import FOLDER as LEARNER
from learner_permissions import asked, files, with_own_boundaries
from moments import kept
from reaching import way_out
from series import NOTEBOOKS, ROOT, environ_of, lesson_record, run
from served_aws import served_aws
from used import is_noted

from labhelpers.__main__ import main
from labhelpers.account.plan import plan_of

LESSONS = ROOT / "labhelpers" / "account" / "lessons.json"
UPDATE = bool(os.environ.get("LAB_UPDATE"))
FAULTS = {"lag": 0.15, "latency": 0.001, "throttle": 0.02}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])


@pytest.mark.slow
@each_notebook
def test_the_same_cells_run_on_aws_and_leave_nothing(path, tmp_path, monkeypatch):
    """No error, no difference to what the sandbox expects, no secret shown, nothing left; and
    all of it with the least permissions. From no identity's keys, at any moment, is there a way
    to anything that is not the lesson's. Had it died after one of its creates, sweep would have
    removed what was there (test_dying.py lets some runs die indeed)."""
    permissions = None if UPDATE else with_own_boundaries()
    with served_aws(tmp_path, **FAULTS, learner_policy=permissions, forks=True) as aws:
        before = aws.contents()
        moments = tmp_path / "moments"
        numbers = dying_after(path.stem[:2])
        moments.mkdir()
        notebook, summary = run(path, environ_of(aws), moments=moments, numbers=numbers)
        assert aws.contents() == before
        assert UPDATE or len(list(moments.iterdir())) == len(numbers)
        for then in kept(moments, aws):
            sweeps_clean(then, before, monkeypatch)
        who = "lab-admin" if UPDATE else "learner"
        first, second = aws.accounts
        learners = (f"arn:aws:iam::{first}:user/{who}", f"arn:aws:iam::{second}:user/lab-admin")
        asks = asked(aws.trail(), learners)
        calls = aws.calls()
        found, searched = way_out(aws.moments(), aws.accounts)
    assert found is None, f"somebody of this lesson could do more than the lesson:\n{found}"
    makes_somebody = {"CreateUser", "CreateRole"} & set(summary["creates"])
    assert bool(searched.powers) == bool(makes_somebody)
    assert summary["differences"] == []
    assert summary["written"]["wrong"] == []
    assert list((tmp_path / "state").glob("*.jsonl")) == []  # the journal has done its work
    everything = nbformat.writes(notebook)
    secrets = [*summary["secrets"], *in_profiles(tmp_path)]
    assert not any(secret in everything for secret in secrets)
    assert sum(calls["throttled"].values()) > 0 or sum(calls["seen"].values()) < 100
    is_recorded(path.stem[:2], lesson_record(summary) | {"asks": asks})
    is_noted(path.stem[:2], summary["used"])


def dying_after(lesson):
    """The last create of the lesson and each fifth before it; with LAB_EVERY_CREATE=1 each."""
    last = sum(plan_of(lesson).values())
    return range(last, 0, -1 if os.environ.get("LAB_EVERY_CREATE") else -5)


def sweeps_clean(aws, before, monkeypatch):
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    assert aws.contents() != before
    assert main(["sweep"]) == 0
    assert aws.contents() == before


def in_profiles(folder):
    lines = (folder / "credentials").read_text().splitlines()
    return [line.partition(" = ")[2] for line in lines if line.startswith("aws_secret")]


def is_recorded(lesson, record):
    """lessons.json, from which come the plan before the first create, the README's table and the
    learner's permissions."""
    known = json.loads(LESSONS.read_text()) if LESSONS.exists() else {}
    if UPDATE:
        known = known | {lesson: record}
        LESSONS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        for name, text in files(one["asks"] for one in known.values()).items():
            (LEARNER / name).write_text(text)
        return
    assert known[lesson] == record, f"LAB_UPDATE=1 pytest {__file__} -n 0"


def test_the_learners_permissions_are_the_least():
    """What the lessons ask for, and nothing that none of them asks for."""
    known = json.loads(LESSONS.read_text())
    assert sorted(known) == [path.stem[:2] for path in NOTEBOOKS]
    for name, text in files(one["asks"] for one in known.values()).items():
        assert (LEARNER / name).read_text() == text, f"LAB_UPDATE=1 pytest {__file__} -n 0"
        assert len("".join(text.split())) <= 6144  # a managed policy's most
