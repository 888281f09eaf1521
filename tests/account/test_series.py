"""The series on the served AWS: slowed, throttled and inconsistent, as AWS is.

After a change of a notebook: LAB_UPDATE=1 pytest tests/account/test_series.py -n 0
"""

import json
import os

import nbformat
import pytest
from served_aws import served_aws
from series import NOTEBOOKS, ROOT, environ_of, lesson_record, run

FILE = ROOT / "labhelpers" / "account" / "lessons.json"
FAULTS = {"lag": 0.3, "latency": 0.001, "throttle": 0.02}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])

pytestmark = pytest.mark.slow


@each_notebook
def test_the_same_cells_run_on_aws_and_leave_nothing(path, tmp_path):
    """No error, no difference to what the sandbox expects, no secret shown, nothing left."""
    with served_aws(tmp_path, **FAULTS) as aws:
        before = aws.contents()
        notebook, summary = run(path, environ_of(aws))
        calls = aws.calls()
        assert aws.contents() == before
    assert summary["differences"] == []
    assert summary["asked"] > 0 or path.stem.startswith("10")
    assert list((tmp_path / "state").glob("*")) == []  # the journal has done its work
    everything = nbformat.writes(notebook)
    secrets = [*summary["secrets"], *_in_profiles(tmp_path)]
    assert not any(secret in everything for secret in secrets)
    assert sum(calls["throttled"].values()) > 0 or sum(calls["seen"].values()) < 100
    _is_recorded(path.stem[:2], lesson_record(summary))


def _in_profiles(folder):
    lines = (folder / "credentials").read_text().splitlines()
    return [line.partition(" = ")[2] for line in lines if line.startswith("aws_secret")]


def _is_recorded(lesson, record):
    """lessons.json, from which the plan before the first create and the README's table come."""
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    if os.environ.get("LAB_UPDATE"):
        FILE.write_text(json.dumps(known | {lesson: record}, indent=1, sort_keys=True) + "\n")
        return
    assert known[lesson] == record, f"LAB_UPDATE=1 pytest {__file__} -n 0"
