"""Results on disk, resumed runs, the end of a run, the report and the command."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from labhelpers.compare import AT_ONCE, SCENARIOS, Result, differences, replay, report
from labhelpers.compare import command as commands
from labhelpers.compare.names import Names
from labhelpers.compare.pool import Pool
from labhelpers.compare.results import ResultsFile, told
from labhelpers.errors import LabError, SandboxOnly
from labhelpers.outcome import Outcome

SOME = [s for s in SCENARIOS if s.id.startswith("keys/listing")][:5]
FEW = "keys/listing StringLike*"
DIRTY = re.compile(
    r"\d{12}|A[KS]IA[A-Z0-9]{8}|A(?:IDA|ROA)[A-Z0-9]{8}|/(?:home|root|tmp|work)/|cmp[0-9a-f]{4}-"
)


def users(lab):
    return [u["UserName"] for u in lab.client("iam").list_users()["Users"]]


def interrupt_at(number):
    def progress(done, total, step):
        if done >= number:
            raise KeyboardInterrupt

    return progress


@pytest.fixture(scope="module")
def whole(lab, tmp_path_factory):
    """SOME, answered by the sandbox in one run."""
    return replay(lab, SOME, tmp_path_factory.mktemp("whole") / "r.jsonl")


def test_an_interrupted_run_is_resumed_and_leaves_nothing(lab, whole, tmp_path):
    """What was answered is not asked again; the answers are those of one run."""
    path = tmp_path / "r.jsonl"
    with pytest.raises(KeyboardInterrupt):
        replay(lab, SOME, path, interrupt_at(2))
    assert users(lab) == ["lab-admin"] and not lab.client("s3").list_buckets()["Buckets"]
    with open(path, "a") as file:
        file.write('{"id": "torn')  # killed while it wrote
    file = replay(lab, SOME, path)
    first, second = (run["scenarios"] for run in file.runs)
    assert first >= 2 and first + second == len(SOME)
    assert file.results == whole.results
    assert replay(lab, SOME, path).runs == file.runs  # nothing is left to ask
    assert len(json.loads(path.read_text().splitlines()[0])["table"]) == 16


def test_a_file_of_another_table_or_ground_is_refused(lab, tmp_path):
    path = tmp_path / "r.jsonl"
    replay(lab, SOME, path, only=())
    with pytest.raises(LabError, match="another table of scenarios"):
        replay(lab, SOME[1:], path)
    with pytest.raises(LabError, match="of the ground sandbox"):
        replay(lab, SOME, path, name="aws")
    path.write_text("notes\n")
    with pytest.raises(LabError, match="no results of compare"):
        replay(lab, SOME, path)
    with pytest.raises(LabError, match="cannot be written"):
        replay(lab, SOME, tmp_path / "none" / "r.jsonl")


def test_an_error_takes_everything_away_too(lab, tmp_path, monkeypatch):
    """In the middle of a run, and while the pool is being made."""
    for method in ("write", "_make_bucket"):
        with monkeypatch.context() as patched:
            patched.setattr(Pool, method, lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                replay(lab, SOME, tmp_path / f"{method}.jsonl")
        assert users(lab) == ["lab-admin"]
        assert lab.client("iam").list_roles()["Roles"] == []
        assert lab.client("s3").list_buckets()["Buckets"] == []


def test_what_cannot_be_taken_away_is_told(lab, tmp_path):
    def keep(done, total, step):
        if done == total:
            [bucket] = [
                b["Name"]
                for b in lab.client("s3").list_buckets()["Buckets"]
                if "scratch" not in b["Name"]
            ]
            lab.client("s3").put_bucket_policy(
                Bucket=bucket,
                Policy=json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:DeleteBucket",
                            "Resource": f"arn:aws:s3:::{bucket}",
                        },
                    }
                ),
            )

    with pytest.raises(LabError, match=r"could not be taken away \(bucket\).*sweep"):
        replay(lab, SOME[:1], tmp_path / "r.jsonl", keep)


def test_scenarios_of_two_accounts_need_two(lab, tmp_path):
    two = [s for s in SCENARIOS if s.accounts == 2][:2]
    file = replay(lab, two, tmp_path / "r.jsonl")
    assert [r.skipped for r in file.results.values()] == ["needs a second account"] * 2
    assert file.runs == [] and file.finished == set()


class Careful:
    """A ground that will not make a call, as a real account's guard."""

    def __init__(self, lab):
        self._lab = lab

    def __getattr__(self, name):
        return getattr(self._lab, name)

    def attempt(self, call, **parameters):
        if parameters.get("Prefix"):
            raise SandboxOnly("Not on AWS: bucket of 111122223333.")
        return self._lab.attempt(call, **parameters)


def test_what_a_ground_will_not_do_is_left_out(lab, tmp_path):
    """A ground's own refusal is no answer, and ends no run."""
    file = replay(Careful(lab), SOME, tmp_path / "r.jsonl")
    skipped = {r.skipped for r in file.results.values()}
    assert skipped == {"", "Not on AWS: bucket of <account>."}
    assert len(file.results) == len(SOME) > len(file.finished)


TOLD = [
    ("because no identity-based policy allows the s3:GetObject action", "Implicitly", "identity"),
    ("because no permissions boundary allows the s3:GetObject action", "Implicitly", "boundary"),
    ("because no session policy allows the s3:GetObject action", "Implicitly", "session"),
    ("with an explicit deny in a resource-based policy", "Explicitly", "resource"),
    ("with an explicit deny in an identity-based policy: arn:x", "Explicitly", "identity"),
    ("with an explicit deny in the role trust policy", "Explicitly", "trust"),
    ("with an explicit deny in a permissions boundary", "Explicitly", "boundary"),
    ("User: x is not authorized to perform: sts:AssumeRole on resource: y", None, None),
]


@pytest.mark.parametrize("words, outcome, blocked_by", TOLD)
def test_what_a_message_tells(words, outcome, blocked_by):
    decided, by = told(f"User: x is not authorized to perform: y {words}")
    assert by == blocked_by
    assert decided == (outcome and f"{outcome}Denied")


def test_differences_are_of_answers_not_of_words():
    no = Result("a", False, "AccessDenied", None, None, "no")
    same = [no, replace(no, message="other"), replace(no, outcome="ImplicitlyDenied")]
    for other in same:
        assert differences({"a": no}, {"a": other}) == []
    yes = Result("a", True)
    explicit = replace(no, outcome="ExplicitlyDenied", blocked_by="resource")
    implicit = replace(no, outcome="ImplicitlyDenied", blocked_by="identity")
    for one, other in ((no, yes), (no, replace(no, code="X")), (explicit, implicit)):
        [found] = differences({"a": one}, {"a": other})
        assert found.id == "a" and found.first != found.second
    assert differences({"a": no}, {"a": replace(yes, skipped="why")}) == []


def test_masks():
    """Names become placeholders, and nothing that could tell an account stays."""
    names = Names({"<account>": "111122223333", "<user name>": "cmp0000-user"})
    text = (
        "User: arn:aws:iam::111122223333:user/cmp0000-user with ASIAABCDEFGHIJKLMNOP of "
        "999988887777 from 198.51.100.7 at https://sts.amazonaws.com/ in /home/anna/.aws/config, "
        "with the following authorization id: 25h3par0wmlhocwbigbhdxdp5"
    )
    masked = names.mask(text)
    assert masked == (
        "User: arn:aws:iam::<account>:user/<user name> with <key id> of "
        "<account> from <address> at <url> in <path>, with the following authorization id: <id>"
    )


@pytest.fixture
def some(whole, tmp_path):
    """Two files: what the sandbox says, and the same with three changes, as AWS's."""
    mine = whole
    theirs = ResultsFile(tmp_path / "aws.jsonl", "t", "aws")
    for result in mine.results.values():
        theirs.add(result)
    first, second, third = list(mine.results)[:3]
    theirs.add(replace(mine.results[first], allowed=False, code="Other|Code"))
    theirs.add(replace(mine.results[second], message="in other words"))
    theirs.add(Result(third, skipped="the service did not answer: SlowDown"))
    theirs.end_of_run(scenarios=3, calls=70, seconds=9.0)
    return theirs, mine


def test_report(some):
    """Date, versions, counts, each difference with its sentence, words, and what was left out."""
    import boto3

    first, second, third = SOME[:3]
    when, where = date(2026, 1, 2), "ap-northeast-2, sts.ap-northeast-2.amazonaws.com"
    text = report(*some, SCENARIOS, only=[s.id for s in SOME], again=1, today=when, where=where)
    assert f"real AWS account ({where})" in text
    assert f"| Scenarios | {len(SOME)} of {len(SCENARIOS)} |" in text
    assert "2026-01-02" in text and f"boto3 {boto3.__version__}" in text
    assert f"| Compared | {len(SOME) - 1} |" in text and "| Different | 1 |" in text
    assert "| Calls to AWS | 70 in 9 s |" in text
    [row] = [line for line in text.splitlines() if "refused, Other\\|Code" in line]
    assert "allowed |" in row and first.says.split("'")[0].split("_")[0] in row.replace("\\", "")
    assert "in other words" in text
    assert "AWS: the service did not answer: SlowDown" in text
    assert text.count("\n## ") == 3 and text.endswith("\n") and "\n\n\n" not in text


def test_no_report_and_no_result_tells_whose_account_it_was(lab, tmp_path):
    asked = [*SOME, *[s for s in SCENARIOS if s.id.startswith(("trust/", "documents/"))][::8]]
    file = replay(lab, asked, tmp_path / "r.jsonl")
    text = report(file, file, asked)
    for line in [*text.splitlines(), *file.path.read_text().splitlines()[1:]]:
        line = line.replace("123456789012", "")  # the documentation's, in a scenario's policy
        assert not DIRTY.search(line), line


class Drifted:
    """A lab that lets one call through whatever the policies say."""

    def __init__(self, lab, times):
        self._lab, self.times = lab, times

    def __getattr__(self, name):
        return getattr(self._lab, name)

    def attempt(self, call, **parameters):
        outcome = self._lab.attempt(call, **parameters)
        if outcome.code == "AccessDenied" and parameters.get("Prefix") == "Folder/a" and self.times:
            self.times.pop()
            return Outcome("Allowed", outcome.action)
        return outcome


@pytest.fixture
def compare(lab, monkeypatch, tmp_path):
    """Run the command on two grounds that are one lab, in a directory of its own."""
    opened = []

    def run(times=(), **options):
        left = list(times)

        @contextmanager
        def ground(name, handle):
            assert "open" not in opened  # one ground at a time
            opened.append("open")
            yield handle
            opened[-1] = name

        grounds = (lambda: ground("aws", Drifted(lab, left)), lambda: ground("sandbox", lab))
        monkeypatch.setattr(commands, "_grounds", lambda: grounds)
        given = {"report": None, "resume": None, "only": FEW, "list": False}
        return commands._run(Namespace(**given | options))

    run.opened = opened
    monkeypatch.setattr(commands, "PATIENCE", AT_ONCE)
    monkeypatch.chdir(tmp_path)
    return run


def test_command_asks_a_difference_again(compare, tmp_path, capsys):
    """A difference that was the old state's is gone the second time; another one stays."""
    assert compare(times=[1], report="out.md") == 0
    assert "0 differences in 2 scenarios." in capsys.readouterr().out
    text = (tmp_path / "out.md").read_text()
    assert "| Alike | 2 (100.0%) |" in text and "because they differed | 1 |" in text
    assert compare.opened == ["aws", "sandbox", "aws"]
    (tmp_path / "compare-aws.jsonl").unlink()
    assert compare(times=[1] * 9) == 1
    assert "AWS: allowed\n  sandbox: refused, AccessDenied" in capsys.readouterr().out


def test_command_says_in_one_line_what_is_wrong(compare, monkeypatch, tmp_path, capsys):
    (tmp_path / "compare-aws.jsonl").touch()
    assert compare() == 2
    assert compare(only="nothing like it") == 2
    assert compare(resume="new.jsonl", report="no/such/out.md") == 2

    with monkeypatch.context() as patched:
        patched.setattr(commands, "_second_account", lambda _: None)
        assert compare(only="trust/user: across*", resume="two.jsonl") == 2

    def no_account():
        raise LabError("Set LAB_AWS_ACCOUNT_ID\nto the account.")

    monkeypatch.setattr(commands, "_grounds", no_account)
    given = {"report": None, "resume": "new.jsonl", "only": None, "list": False}
    assert commands._run(Namespace(**given)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5 and all(line.startswith("labhelpers compare: ") for line in lines)
    assert "--resume compare-aws.jsonl" in lines[0]
    assert "Nothing was compared: AWS: needs a second account." in lines[3]


def test_list(compare, capsys):
    assert compare(list=True, only="trust/*") == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed == [s.id for s in SCENARIOS if s.id.startswith("trust/")]
