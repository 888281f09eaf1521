"""`compare --resume`: whose answers a file holds and of when, and what a killed run has left."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from datetime import UTC, datetime

import pytest
from served_aws import served_aws

from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal
from labhelpers.compare import AT_ONCE, ResultsFile
from labhelpers.compare import command as commands
from labhelpers.compare.results import Result, in_words
from labhelpers.errors import LabError

FEW = "keys/listing StringLike*"  # two scenarios
FILE = "r.jsonl"
A, B, C = "123456789012", "210987654321", "333322221111"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with served_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(served, tmp_path, monkeypatch):
    """The served AWS, with this process as its learner in a folder of its own."""
    for name in [n for n in os.environ if n.startswith(("AWS_", "LAB_"))]:
        monkeypatch.delenv(name)
    for name, value in served.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(commands, "PATIENCE", AT_ONCE)
    monkeypatch.chdir(tmp_path)
    return served


def compare(**options):
    given = {"report": "r.md", "resume": FILE, "only": FEW, "list": False}
    return commands._run(Namespace(**given | options))


@pytest.fixture(scope="module")
def whole():
    """The text of a file in which AWS has answered everything, once it is known."""
    return []


@pytest.fixture
def finished(aws, whole, tmp_path, capsys):
    """The lines of such a file, which is there."""
    if whole:
        (tmp_path / FILE).write_text(whole[0])
    else:
        assert compare() == 0
        assert "rom before" not in capsys.readouterr().out + (tmp_path / "r.md").read_text()
        whole.append((tmp_path / FILE).read_text())
    return [json.loads(line) for line in whole[0].splitlines()]


def test_a_finished_file_says_that_nothing_was_asked(aws, finished, tmp_path, capsys):
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    before = aws.calls()["seen"]
    assert compare() == 0
    assert {k: n - before.get(k, 0) for k, n in aws.calls()["seen"].items()}.get("iam", 0) == 0
    said = capsys.readouterr().out
    assert "Nothing was asked" in said and day in said and "new file" in said
    text = (tmp_path / "r.md").read_text()
    assert f"AWS was asked nothing; 2 of its answers are from before, answered on {day}" in text


def test_what_was_asked_now_and_what_is_from_before(aws, finished, tmp_path, capsys):
    answers = [line for line in finished if "id" in line]
    others = [line for line in finished if "id" not in line]
    old = answers[0] | {"at": "2026-01-02T03:04:05+00:00"}
    lines = [json.dumps(line) for line in (*others, old)]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n")
    assert compare() == 0
    told = "AWS was asked now: 1. From before: 1, answered on 2026-01-02."
    assert told in capsys.readouterr().out
    assert (
        "asked 1; 1 of its answers are from before, answered on 2026-01-02"
        in (tmp_path / "r.md").read_text()
    )


def test_another_accounts_file_is_refused(aws, finished, tmp_path, monkeypatch, capsys):
    text = (tmp_path / FILE).read_text()
    assert not any(number in text for number in aws.accounts)
    monkeypatch.setenv("LAB_AWS_PROFILE", "second")
    monkeypatch.setenv("LAB_AWS_ACCOUNT_ID", aws.accounts[1])
    for name in ("LAB_AWS_SECOND_PROFILE", "LAB_AWS_SECOND_ACCOUNT_ID"):
        monkeypatch.delenv(name)
    before = aws.calls()["seen"].get("iam", 0)
    assert compare() == 2
    said = capsys.readouterr().err
    assert "answers of another account" in said and said.count("\n") == 1
    assert (tmp_path / FILE).read_text() == text and aws.calls()["seen"].get("iam", 0) == before


def test_what_a_killed_run_has_left_is_told(aws, finished, capsys):
    Journal("0a1b2c").about_to_create(aws.accounts[0], "CreateUser", "sts-lab-0a1b2c-user")
    assert compare() == 0
    said = capsys.readouterr().out
    assert "0a1b2c" in said and "python -m labhelpers sweep" in said
    assert [path.stem for path in state_directory().glob("*.jsonl")] == ["0a1b2c"]


def test_a_file_knows_its_accounts_without_telling_them(tmp_path):
    path = tmp_path / FILE
    ResultsFile(path, "t", "aws", [A])
    ResultsFile(path, "t", "aws", [A, B])  # a second one that it has not had
    ResultsFile(path, "t", "aws", [A])
    with pytest.raises(LabError, match="another account"):
        ResultsFile(path, "t", "aws", [B])
    with pytest.raises(LabError, match="another second account"):
        ResultsFile(path, "t", "aws", [A, C])
    text = path.read_text()
    assert not any(number in text for number in (A, B, C))
    other = tmp_path / "other.jsonl"
    ResultsFile(other, "t", "aws", [A])
    marks = [line for line in text.splitlines() if '"account"' in line]
    assert marks and not set(marks) & set(other.read_text().splitlines())  # each has its own salt


def test_a_file_of_another_version_is_refused(tmp_path):
    (tmp_path / FILE).write_text('{"format": "labhelpers compare 1", "table": "t"}\n')
    with pytest.raises(LabError, match="another version.*name a new file"):
        ResultsFile(tmp_path / FILE, "t", "aws")


def test_days_are_counted(tmp_path):
    file = ResultsFile(tmp_path / FILE, "t", "aws")
    for number in range(3):
        file.add(Result(f"{number}"))
    file.add(Result("not asked", skipped="why"))
    now = datetime.now(UTC)
    assert file.days_before(now, ["0", "2", "not asked"]).total() == 2
    assert not file.days_before(datetime(2020, 1, 1, tzinfo=UTC), ["0"])
    assert in_words({"2026-01-02": 3}) == "answered on 2026-01-02"
    assert in_words({"2026-01-02": 3, "2026-01-04": 1}) == (
        "answered on 2026-01-02 (3), 2026-01-04 (1)"
    )
