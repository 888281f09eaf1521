"""A run ends: by close(), again if need be, or in spite of itself; the next one says so."""

import os
import signal
import stat
import threading
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from leaving import HERE, NUMBER, forget
from scene import policy

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.cleanup import farewell
from labhelpers.account.cleanup.occasions import Occasions
from labhelpers.account.cleanup.remains import remains
from labhelpers.account.cleanup.sweep import Sweep
from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal, journals
from labhelpers.errors import LabError, SandboxOnly

SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def deny(action, bucket):
    one = {"Effect": "Deny", "Principal": "*", "Action": action}
    return policy(one | {"Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]})


def stuck(raw, *, is_on=True):
    """Whether the learner may take bucket policies away."""
    which = {"UserName": "lab-admin", "PolicyName": "no"}
    if is_on:
        no = {"Effect": "Deny", "Action": "s3:DeleteBucketPolicy", "Resource": "*"}
        raw("iam").put_user_policy(**which, PolicyDocument=policy(no))
    else:
        raw("iam").delete_user_policy(**which)


@pytest.fixture
def half(copied, raw, monkeypatch):
    """A lab with three buckets, of which one cannot be removed yet."""
    monkeypatch.setattr("labhelpers.account.cleanup.removal.time.sleep", lambda _: None)
    lab = open_lab()
    for name in ("aaa", "bbb", "ccc"):
        lab.client("s3").create_bucket(Bucket=name, **HERE)
    real = lab.real("bbb")
    raw("s3").put_bucket_policy(Bucket=real, Policy=deny("s3:DeleteBucket", real))
    stuck(raw)
    yield lab


def left(raw):
    return [bucket["Name"] for bucket in raw("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize("first", ["close", "with", "interrupt", "exit", "again"])
def test_what_was_left_goes_the_next_time(half, raw, first, capsys):
    """However the first time came: the others are gone then, and the one is named."""
    name = f"bucket {half.real('bbb')} \\(AccessDenied"
    if first == "exit":
        half._occasions._close_telling()
        assert "could not clean up: Not removed: bucket" in capsys.readouterr().out
    elif first == "interrupt":
        half._occasions._after_cell(SimpleNamespace(error_in_exec=KeyboardInterrupt()))
        assert "could not clean up: Not removed: bucket" in capsys.readouterr().out
    elif first == "with":
        with pytest.raises(LabError, match=name), half:
            pass
    else:
        for _ in range(2 if first == "again" else 1):
            with pytest.raises(LabError, match=f"Not removed: {name}.*sweep"):
                half.close()
    assert left(raw) == [half.real("bbb")] and half.is_closed
    stuck(raw, is_on=False)
    half.close()
    assert left(raw) == [] and list(journals()) == []
    half.close()  # now there is nothing to do


def test_what_aws_refused_for_its_name_was_never_made(copied):
    lab = open_lab()
    with pytest.raises(ClientError, match="ValidationError"):
        lab.client("iam").create_user(UserName="alice ")
    with pytest.raises(ClientError, match="InvalidBucketName"):
        lab.client("s3").create_bucket(Bucket="a_b", **HERE)
    with pytest.raises(ParamValidationError, match='Invalid bucket name "a b"'):
        lab.client("s3").create_bucket(Bucket="a b", **HERE)
    with pytest.raises(SandboxOnly, match="UserName='team/alice' has letters that AWS takes in no"):
        lab.client("iam").create_user(UserName="team/alice")
    lab.client("iam").create_user(UserName="anna")
    assert lab.differences == []
    lab.close()
    assert list(journals(state_directory())) == []


def test_an_interrupted_close_goes_on_when_it_is_called_again(copied, monkeypatch):
    before = copied.contents()
    lab = open_lab()
    lab.client("iam").create_group(GroupName="team")
    with monkeypatch.context() as patched:
        patched.setattr(Sweep, "remove", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            lab.close()
    lab.close()
    assert copied.contents() == before


def test_a_closed_lab_creates_nothing_more(copied):
    before = copied.contents()
    lab = open_lab()
    iam = lab.client("iam")
    iam.create_group(GroupName="team")
    lab.close()
    for _ in range(2):
        with pytest.raises(LabError, match=r"closed.*open_lab\(\) opens a new one"):
            iam.create_group(GroupName="team")
    assert copied.contents() == before


@pytest.mark.parametrize("action", ["s3:*", "s3:GetBucketTagging", "s3:GetBucketPolicy"])
@pytest.mark.parametrize("way", ["close", "sweep"])
def test_a_bucket_that_denies_keeps_no_other(copied, raw, monkeypatch, action, way, capsys):
    """What it denies and does not need is no matter; else it is named."""
    monkeypatch.setattr("labhelpers.account.cleanup.removal.time.sleep", lambda _: None)
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    for name in ("aaa", "bbb", "ccc"):
        lab.client("s3").create_bucket(Bucket=name, **HERE)
    real = lab.real("bbb")
    raw("s3").put_bucket_policy(Bucket=real, Policy=deny(action, real))
    said = ""
    if way == "sweep":
        forget(lab)
        assert main(["sweep"]) == (action == "s3:*")
        said = capsys.readouterr().err
    elif action == "s3:*":
        with pytest.raises(LabError) as raised:
            lab.close()
        said = str(raised.value)
    else:
        lab.close()
    assert left(raw) == ([real] if action == "s3:*" else [])
    assert (f"bucket {real} (AccessDenied" in said) == (action == "s3:*")
    assert lab.real("anna") not in copied.contents()[NUMBER]["users"]
    lab._occasions.remove()


# ---------------------------------------------------------------- signals and shutdown


@pytest.fixture
def handled():
    """What the signals did before; a test process is not to end."""
    seen = []
    before = {number: signal.signal(number, lambda n, _: seen.append(n)) for number in SIGNALS}
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def handed_over(monkeypatch):
    """The sweeps that would be started."""
    started = Mock()
    monkeypatch.setattr(farewell.subprocess, "Popen", started)
    return started


def with_keys(copied):
    """A lab with three users, each with a key, one of them made by another tool."""
    lab = open_lab()
    for name in ("anna", "otto", "eve"):
        lab.client("iam").create_user(UserName=name)
        if name != "eve":
            lab.client("iam").create_access_key(UserName=name)
    copied.session().client("iam").create_access_key(UserName=lab.real("eve"))
    return lab


def keys(copied):
    users = copied.contents()[NUMBER]["users"]
    return [key for name, user in users.items() if name != "lab-admin" for key in user["keys"]]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_cleans_up_and_does_then_what_it_did(copied, handled, handed_over, number):
    before = copied.contents()
    lab = with_keys(copied)
    run = lab._marks.run
    assert len(keys(copied)) == 3
    signal.raise_signal(number)
    assert handled == [number]
    assert copied.contents() == before and lab.is_closed
    (command,), streams = handed_over.call_args
    wanted = ["-m", "labhelpers", "sweep", "--ending", "--run", run, "--account", NUMBER]
    assert command[2:] == wanted
    assert streams["env"]["LAB_AWS_PROFILE"] == "lab"
    assert "SecretAccessKey" not in str(command)


def test_signals_are_as_before_once_the_lab_is_closed(copied, handled, handed_over):
    before = [signal.getsignal(number) for number in SIGNALS]
    with open_lab() as lab:
        assert [signal.getsignal(number) for number in SIGNALS] != before
        lab.client("iam").create_group(GroupName="team")
    assert [signal.getsignal(number) for number in SIGNALS] == before
    for number in SIGNALS:
        signal.raise_signal(number)
    assert handled == SIGNALS and not handed_over.called


def test_what_ends_nothing_cleans_nothing_up(copied, handled, handed_over):
    """Under nohup the terminal's end is ignored."""
    signal.signal(SIGNALS[-1], signal.SIG_IGN)
    with open_lab() as lab:
        lab.client("iam").create_group(GroupName="team")
        signal.raise_signal(SIGNALS[-1])
        assert not lab.is_closed and not handed_over.called


def test_the_second_signal_does_not_wait(handled):
    """Somebody is in a hurry."""
    calls = []

    def slow():
        calls.append("farewell")
        signal.raise_signal(signal.SIGTERM)

    watch = Occasions(Mock(say=slow), lambda: calls.append("close"))
    signal.raise_signal(signal.SIGTERM)
    watch.remove()
    assert sorted(calls) == ["close", "farewell"] and len(handled) == 2


def test_a_lab_that_another_thread_opens_sets_no_signals(copied, handled):
    before = [signal.getsignal(number) for number in SIGNALS]
    thread = threading.Thread(target=open_lab)
    thread.start()
    thread.join()
    assert [signal.getsignal(number) for number in SIGNALS] == before
    open_lab("sandbox").close()


def test_at_a_kernels_shutdown_the_keys_die_first(copied, handed_over):
    """Before close() has listed anything, and however busy the main thread is."""
    lab = with_keys(copied)
    there = len(copied.contents()[NUMBER]["users"])
    thread = threading.Thread(target=lab._occasions._at_shutdown, args=({"new": True},))
    thread.start()
    thread.join()
    assert keys(copied) == [] and len(copied.contents()[NUMBER]["users"]) == there
    assert handed_over.call_count == 1
    with pytest.raises(LabError, match="nothing more is created"):
        lab.client("iam").create_user(UserName="late")
    lab.close()
    assert handed_over.call_count == 1


@pytest.mark.parametrize("goes_on", [True, False])
def test_one_sweep_is_told_of_only(half, raw, monkeypatch, goes_on, capsys):
    """While one in a process of its own is at work, close() does not say that nobody is, nor that
    the journal was lost, which that one throws away in the end."""
    monkeypatch.setattr(half._farewell, "goes_on", lambda: goes_on)
    half._journal.path.unlink()
    half._occasions._close_telling()
    said = capsys.readouterr().out
    assert ("could not clean up" in said) == ("was lost meanwhile" in said) == (not goes_on)
    with pytest.raises(LabError, match="A sweep in a process of its" if goes_on else "goes on"):
        half.close()
    stuck(raw, is_on=False)
    half.close()


@pytest.mark.parametrize("goes_on", [True, False])
def test_jupyters_signal_after_its_message_ends_a_kernel_that_has_handed_over(handled, goes_on):
    """If the sweep in a process of its own has failed, there are some seconds more here."""
    parting, close = Mock(), Mock()
    parting.goes_on.return_value = goes_on
    watch = Occasions(parting, close)
    watch._at_shutdown({"new": True})
    signal.raise_signal(signal.SIGTERM)
    watch.remove()
    assert handled == [signal.SIGTERM] and close.called == (not goes_on)


def test_where_no_thread_can_be_started_the_keys_die_all_the_same(copied, monkeypatch):
    """At the interpreter's end, since Python 3.12."""
    lab = with_keys(copied)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError))
        lab._farewell.end_keys()
        assert len(keys(copied)) == 1  # the one of another tool
    lab.close()


def test_a_renamed_users_key_dies_as_well(copied, raw, handed_over):
    lab = with_keys(copied)
    raw("iam").update_user(UserName=lab.real("anna"), NewUserName="someone")
    lab._farewell.say()
    assert keys(copied) == []
    lab.close()


def test_the_sweep_that_goes_on_removes_the_rest(copied):
    """It sweeps at once, and again when the process that has started it is gone."""
    before = copied.contents()
    lab = with_keys(copied)
    lab._farewell.say()
    sweeper = lab._farewell._sweeper
    log = state_directory() / f"{lab._marks.run}.sweep.log"
    assert remains() == [f"Being swept at this moment: run {lab._marks.run}."]
    sweeper.stdin.close()
    lab._journal.release()  # as its process' end would
    assert sweeper.wait(60) == 0, log.read_text()
    assert copied.contents() == before and list(journals()) == []
    assert log.read_text().splitlines()[-1] == f"{NUMBER}: 0 found, 0 left"
    assert remains() == [f"Swept after its end, nothing is left: run {lab._marks.run}."]
    assert remains() == [] and not log.exists()
    lab.close()


# ---------------------------------------------------------------- the next opening


def test_the_next_opening_says_what_dead_runs_have_left(copied, capsys):
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    forget(lab)
    capsys.readouterr()
    open_lab().close()
    said = capsys.readouterr().out
    run = lab._marks.run
    assert f"Ended without cleaning up: run {run} (2 creates noted since 20" in said
    assert "`python -m labhelpers sweep` removes what is left." in said
    assert main(["sweep"]) == 0
    capsys.readouterr()
    open_lab().close()
    assert run not in capsys.readouterr().out


def test_five_lines_are_enough(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_STATE_DIR", str(tmp_path))
    assert remains() == []
    for number in range(20):
        Journal(f"dead{number:02}").about_to_create(NUMBER, "CreateUser", "x")
        (tmp_path / f"dead{number:02}.sweep.log").write_bytes(b"no \xff credentials\n\n")
        (tmp_path / f"fade{number:02}.sweep.log").touch()
    (tmp_path / "fedcba.jsonl").write_bytes(b"null\n")
    lines = remains()
    assert len(lines) == 4 and all(len(line) < 250 for line in lines)
    assert "dead00 (1 create noted since" in lines[0] and "and 18 more" in lines[0]
    assert lines[1].startswith("The sweep of run dead19 said last: no ")
    assert "and 17 more" in lines[3]


def test_a_lab_at_work_is_none_that_has_left_something(copied, capsys):
    lab = open_lab()
    lab.client("iam").create_group(GroupName="team")
    assert remains() == []
    lab.close()
    assert list(state_directory().iterdir()) == []


def test_nobody_else_reads_the_state_folder(copied):
    """Whatever the umask says."""
    before = os.umask(0o002)
    try:
        lab = with_keys(copied)
        lab._farewell.say()
        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode) for path in state_directory().iterdir()
        }
        assert len(modes) >= 3 and set(modes.values()) == {0o600}, modes
        assert stat.S_IMODE(state_directory().stat().st_mode) == 0o700
    finally:
        os.umask(before)
        lab._farewell._sweeper.stdin.close()
        lab._farewell._sweeper.wait(60)
        lab.close()
