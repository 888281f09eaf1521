"""The journal survives what happens to files, and speaks for what its run has made only."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from leaving import HERE, NUMBER, forget, new_user

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.cleanup.remains import remains
from labhelpers.account.cleanup.sweep import Sweep
from labhelpers.account.state import lock
from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal, journals
from labhelpers.errors import LabError

USER = (NUMBER, "CreateUser", "sts-lab-feed01-anna")


@pytest.fixture
def journal(tmp_path):
    made = Journal("feed01", tmp_path / "state", region="ap-northeast-2", at_work=True)
    yield made
    made.release()


def names(journal):
    """What a new reader finds in it."""
    return [e["name"] for e in Journal(journal.run, journal.path.parent).entries()]


@pytest.mark.parametrize("torn", [b'{"account": "1234', b"\xff\xfe", b"null"])
def test_after_a_torn_line_a_new_one_begins(journal, torn):
    """And the torn one costs itself only."""
    journal.about_to_create(*USER)
    with open(journal.path, "ab") as file:
        file.write(torn)
    journal.about_to_create(NUMBER, "CreateRole", "sts-lab-feed01-r")
    assert names(journal) == ["sts-lab-feed01-anna", "sts-lab-feed01-r"]


def test_a_line_that_the_disk_does_not_take_is_no_line(journal, monkeypatch):
    """What was written of it is taken back, and the next one is whole."""
    journal.about_to_create(*USER)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(LabError, match=r"feed01.jsonl .*No space left on device"):
            journal.about_to_create(NUMBER, "CreateRole", "sts-lab-feed01-r")
        journal.created(*USER, {"User": {"UserId": "AIDAX"}})  # says nothing: it is made
    assert names(journal) == ["sts-lab-feed01-anna"]
    journal.about_to_create(NUMBER, "CreateBucket", "sts-lab-feed01-b")
    assert names(journal)[-1] == "sts-lab-feed01-b" and "sts-lab-feed01-r" not in names(journal)
    assert [e["id"] for e in journal.entries() if "id" in e] == ["AIDAX"]


@pytest.mark.parametrize("way", ["removed", "emptied", "replaced", "folder"])
def test_what_the_file_has_lost_is_written_again(journal, way):
    journal.about_to_create(*USER)
    journal.created(*USER, {"User": {"UserId": "AIDAX"}})
    if way == "emptied":
        journal.path.write_text("")
    else:
        journal.path.unlink()
    if way == "replaced":
        journal.path.write_text("something else, which is longer than what was there\n" * 10)
    if way == "folder":
        shutil.rmtree(journal.path.parent)
    assert [e["name"] for e in journal.entries()] == ["sts-lab-feed01-anna"] * 2
    assert not journal.lost
    journal.about_to_create(NUMBER, "CreateRole", "sts-lab-feed01-r")
    assert names(journal) == ["sts-lab-feed01-anna"] * 2 + ["sts-lab-feed01-r"]
    assert journal.lost and Journal("feed01", journal.path.parent).is_alive()


def test_ids_and_regions_are_noted(journal):
    answers = {
        "CreateUser": {"User": {"UserId": "AIDAX", "UserName": "x"}},
        "CreateAccessKey": {"AccessKey": {"AccessKeyId": "AKIAX", "SecretAccessKey": "hidden"}},
        "CreateOpenIDConnectProvider": {"OpenIDConnectProviderArn": "arn:aws:iam::1:x"},
        "RunInstances": {"Instances": [{"InstanceId": "i-1"}, {"InstanceId": "i-2"}]},
        "CreateSecurityGroup": {"GroupId": "sg-1"},
        "CreateBucket": {"Location": "/"},
        "CreateRole": {},
    }
    for kind, answer in answers.items():
        journal.created(NUMBER, kind, "x", answer)
    found = [json.loads(line) for line in journal.path.read_text().splitlines()]
    ids = ["AIDAX", "AKIAX", "arn:aws:iam::1:x", "i-1", "i-2", "sg-1"]
    assert [entry["id"] for entry in found] == ids
    assert {entry["region"] for entry in found} == {"ap-northeast-2"}
    assert "hidden" not in journal.path.read_text()


def test_a_run_lives_as_long_as_its_process(tmp_path):
    """However that ends."""
    code = (
        "import sys; from labhelpers.account.state.journal import Journal\n"
        "journal = Journal('feed01', at_work=True)\n"
        "journal.about_to_create('1', 'CreateUser', 'x'); print(flush=True); sys.stdin.read()"
    )
    environ = os.environ | {"LAB_STATE_DIR": str(tmp_path)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], env=environ, **pipes) as process:
        process.stdout.readline()
        reader = Journal("feed01", tmp_path)
        assert reader.is_alive() and reader.process == str(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not reader.is_alive()


# ---------------------------------------------------------------- with an account


def test_where_the_disk_is_full_nothing_is_created_and_the_lab_goes_on(copied, monkeypatch):
    before = copied.contents()
    with open_lab() as lab:
        iam = lab.client("iam")
        iam.create_group(GroupName="first")
        there = copied.contents()

        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(LabError, match="Nothing was created: .*No space left"):
                iam.create_group(GroupName="second")
        assert copied.contents() == there
        iam.create_group(GroupName="second")
    assert copied.contents() == before


@pytest.mark.parametrize("way", ["removed", "emptied"])
def test_close_says_that_the_journal_was_lost(copied, raw, way, capsys):
    """And finds all, of what was untagged and moved meanwhile too: this process remembers."""
    before = copied.contents()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    path = lab._journal.path
    path.unlink() if way == "removed" else path.write_text("")
    name = lab.real("anna")
    keys = [tag["Key"] for tag in raw("iam").list_user_tags(UserName=name)["Tags"]]
    raw("iam").untag_user(UserName=name, TagKeys=keys)
    raw("iam").update_user(UserName=name, NewUserName="otto", NewPath="/team/")
    lab.close()
    assert f"{path} was lost meanwhile" in capsys.readouterr().out
    assert copied.contents() == before and not path.exists()


def test_the_next_create_mends_the_journal(copied):
    """So that a crash after that is swept like any other."""
    before = copied.contents()
    lab = open_lab()
    lab.client("iam").create_group(GroupName="team")
    lab._journal.path.unlink()
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    forget(lab)
    assert main(["sweep"]) == 0
    assert copied.contents() == before and list(journals()) == []


def test_another_thing_that_got_the_name_later_is_not_the_runs(copied, raw, capsys):
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    lab.client("iam").create_group(GroupName="team")
    for kind, name in (("user", lab.real("anna")), ("group", lab.real("team"))):
        which = {f"{kind.title()}Name": name}
        getattr(raw("iam"), f"delete_{kind}")(**which)
        getattr(raw("iam"), f"create_{kind}")(**which)
    there = copied.contents()
    forget(lab)
    assert main(["sweep"]) == 0
    users = copied.contents()[NUMBER]["users"]
    assert lab.real("anna") in users and users == there[NUMBER]["users"]
    assert f"user {lab.real('anna')} looks like the lab's" in capsys.readouterr().out


def test_what_was_there_before_the_line_is_not_the_runs(copied, raw):
    """A line without an id speaks for what came after it."""
    new_user(raw("iam"), USER[2])
    path = state_directory() / "feed01.jsonl"
    path.parent.mkdir(exist_ok=True)
    before = copied.contents()
    for hours, left in ((1, before), (0, {})):
        at = datetime.now(UTC) + timedelta(hours=hours)
        entry = {"account": USER[0], "kind": USER[1], "name": USER[2]}
        entry["at"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        path.write_text(json.dumps(entry) + "\n")
        assert main(["sweep"]) == 0
        users = copied.contents()[NUMBER]["users"]
        assert (USER[2] in users) == bool(left)


def dead_group(lab):
    """A run that has died and left a group, which nothing but its journal proves."""
    lab.client("iam").create_group(GroupName="team")
    forget(lab)
    return lab._journal.path


def test_a_journal_that_cannot_be_read_is_kept(copied, monkeypatch, capsys):
    """Another user's, where two share the folder, or a disk that fails for a moment."""
    before = copied.contents()
    path = dead_group(open_lab())
    read = Path.read_bytes

    def refusing(self):
        if self == path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read(self)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refusing)
        assert main(["sweep"]) == 0
        assert f"{path} cannot be read (Permission denied)" in capsys.readouterr().out
        assert remains() == []
    assert path.exists()
    assert main(["sweep"]) == 0
    assert copied.contents() == before and not path.exists()


def test_a_run_that_dies_while_others_are_swept_keeps_its_journal(copied, monkeypatch):
    """It was left alone for it was at work; nobody has looked for its things since."""
    before = copied.contents()
    dead_group(open_lab())
    lab = open_lab()
    lab.client("iam").create_group(GroupName="team")
    remove = Sweep.remove

    def killed_meanwhile(self, *given):
        lab._journal.release()
        return remove(self, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "remove", killed_meanwhile)
        assert main(["sweep"]) == 0
    assert [one.run for one in journals()] == [lab._marks.run]
    forget(lab)
    assert main(["sweep"]) == 0
    assert copied.contents() == before and list(journals()) == []


def test_a_run_that_begins_and_dies_while_others_are_swept_keeps_its_journal(copied, monkeypatch):
    before = copied.contents()
    dead_group(open_lab())
    remove = Sweep.remove

    def begun_meanwhile(self, *given):
        patched.undo()
        dead_group(open_lab())
        return remove(self, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "remove", begun_meanwhile)
        assert main(["sweep"]) == 0
    assert len(list(journals())) == 1
    assert main(["sweep"]) == 0
    assert copied.contents() == before and list(journals()) == []


def test_the_state_folder_stays_where_it_is(monkeypatch, tmp_path):
    """A cell that goes elsewhere takes it nowhere."""
    monkeypatch.delenv("LAB_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    before = state_directory().absolute()
    monkeypatch.chdir(tmp_path)
    assert state_directory().absolute() == before


def test_a_lock_is_held_where_the_disk_takes_no_number(journal, monkeypatch):
    """The run is at work all the same."""
    opened = lock.appended

    def full(path):
        file = opened(path)
        return SimpleNamespace(
            write=Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")),
            **{name: getattr(file, name) for name in ("fileno", "truncate", "close")},
        )

    monkeypatch.setattr(lock, "appended", full)
    journal.about_to_create(*USER)
    assert Journal("feed01", journal.path.parent).is_alive()


def test_what_was_swept_is_told_where_the_folder_cannot_be_written(monkeypatch, tmp_path):
    """And opening a lab goes on to say so."""
    monkeypatch.setenv("LAB_STATE_DIR", str(tmp_path))
    (tmp_path / "feed01.sweep.log").touch()

    def unwritable(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", unwritable)
    assert remains() == ["Swept after its end, nothing is left: run feed01."]
