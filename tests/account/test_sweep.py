"""sweep removes what is the lab's, and only that."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import botocore.client
import pytest
from botocore.exceptions import ReadTimeoutError
from leaving import (
    HERE,
    NOT_KNOWN,
    NUMBER,
    PROJECT,
    TRUST,
    forget,
    listed,
    new_bucket,
    new_firewall,
    new_instance,
    new_user,
    of_run,
)
from scene import allow, policy

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.cleanup.sweep import Sweep
from labhelpers.account.creates import Marks
from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal, journals
from labhelpers.account.state.signature import is_signed, signature
from labhelpers.boto_session import isolated_session
from labhelpers.errors import LabError


@pytest.fixture
def learner(copied):
    """Much is left here on purpose."""
    return copied


def fill(lab):
    """One of everything, entangled."""
    iam, s3, ec2 = (lab.client(name) for name in ("iam", "s3", "ec2"))
    iam.create_user(UserName="anna")
    iam.create_access_key(UserName="anna")
    iam.create_group(GroupName="team")
    iam.add_user_to_group(UserName="anna", GroupName="team")
    text = policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    made = iam.create_policy(PolicyName="read", PolicyDocument=text)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=made, PolicyDocument=text, SetAsDefault=True)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    for attach, who in (("user", "anna"), ("group", "team"), ("role", "reader")):
        name = {f"{attach.title()}Name": who}
        getattr(iam, f"attach_{attach}_policy")(**name, PolicyArn=made)
        put = getattr(iam, f"put_{attach}_policy")
        put(**name, PolicyName="own", PolicyDocument=text)
    iam.create_instance_profile(InstanceProfileName="reader")
    iam.add_role_to_instance_profile(InstanceProfileName="reader", RoleName="reader")
    iam.create_virtual_mfa_device(VirtualMFADeviceName="anna")
    s3.create_bucket(Bucket="papers", **HERE)
    theirs = lab._learner.client(lab.settings.account_id, "s3")  # no lesson keeps versions
    versions = {"Status": "Enabled"}
    theirs.put_bucket_versioning(Bucket=lab.real("papers"), VersioningConfiguration=versions)
    for body in (b"1", b"2"):
        s3.put_object(Bucket="papers", Key="k", Body=body)
    s3.delete_object(Bucket="papers", Key="k")
    ec2.create_security_group(GroupName="g", Description="d")


def test_everything_goes_in_an_order_that_works(learner, capsys):
    before = learner.contents()
    lab = open_lab()
    fill(lab)
    forget(lab)
    assert main(["sweep", "--dry-run"]) == 0
    planned = re.findall(
        r"would remove (.+?) sts-lab|would remove (security group)", capsys.readouterr().out
    )
    kinds = [one or other for one, other in planned]
    assert kinds == ["user", "instance profile", "role", "group", "MFA device"] + [
        "managed policy",
        "managed policy",
        "bucket",
        "security group",
    ]
    assert learner.contents() != before
    assert main(["sweep"]) == 0
    assert learner.contents() == before
    said = capsys.readouterr()
    assert "9 found, 0 left" in said.out and "9 of 9" in said.err
    assert main(["sweep"]) == 0 and "0 found, 0 left" in capsys.readouterr().out


def lose_the_state():
    """As if the learner's disk had been wiped."""
    shutil.rmtree(state_directory())


def test_the_advice_says_whose_a_run_is_and_since_when(learner, raw, capsys):
    """A colleague's may be a day old, or of this minute. What people write is no terminal's."""
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    forget(lab)
    lose_the_state()
    run = lab._marks.run
    tags = [{"Key": "project", "Value": "sts-lab"}, {"Key": "sts-lab:run", "Value": "abcdef"}]
    tags.append({"Key": "sts-lab:owner", "Value": "\x9b[2Jme"})
    new_bucket(raw("s3"), "sts-lab-abcdef-b", tags)
    main(["sweep"])
    said = capsys.readouterr().out
    owner = f"arn:aws:iam::{NUMBER}:user/lab-admin"
    since = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.search(rf"run {run} \(of {re.escape(owner)}, since {since}\): if all of", said)
    assert re.search(rf"run abcdef \(of \?\[2Jme, since {since}\): if all of", said)
    assert "\x9b" not in said
    assert main(["sweep", "--run", run, "--account", NUMBER]) == 0
    raw("s3").delete_bucket(Bucket="sts-lab-abcdef-b")


def test_what_lacks_the_tags_is_reported_and_left(learner, raw, capsys):
    """Under the path or with the prefix, but made by somebody else."""
    new_user(raw("iam"), "sts-lab-mine")
    raw("iam").create_role(RoleName="other", Path="/sts-lab/", AssumeRolePolicyDocument=TRUST)
    new_bucket(raw("s3"), "sts-lab-of-a-colleague")
    new_firewall(raw("ec2"), "sts-lab-web", [])
    before = learner.contents()
    assert main(["sweep"]) == 0
    said = capsys.readouterr().out
    for name in ("user sts-lab-mine", "role other", "bucket sts-lab-of-a-colleague", "sts-lab-web"):
        assert any(name in line and NOT_KNOWN in line for line in said.splitlines()), name
    assert learner.contents() == before


def test_what_people_have_tagged_with_the_project_is_reported_and_left(learner, raw, capsys):
    """Think of the instance on which somebody runs this lab; of a thesis; of a class's users."""
    iam, s3, ec2 = raw("iam"), raw("s3"), raw("ec2")
    instance = new_instance(ec2, [PROJECT, {"Key": "Name", "Value": "my-jupyter"}])
    group = new_firewall(ec2, "jupyter-sg", [PROJECT])
    new_bucket(s3, "sts-lab-my-results", [PROJECT])
    s3.put_object(Bucket="sts-lab-my-results", Key="thesis.md", Body=b"years")
    new_user(iam, "sts-lab-teacher", [PROJECT])
    iam.create_group(GroupName="sts-lab-students", Path="/sts-lab/")
    iam.add_user_to_group(GroupName="sts-lab-students", UserName="sts-lab-teacher")
    before = learner.contents()
    assert main(["sweep"]) == 0
    said = capsys.readouterr().out.splitlines()
    things = [f"instance {instance} (my-jupyter)", f"security group {group} (jupyter-sg)"]
    things += ["bucket sts-lab-my-results", "user sts-lab-teacher", "group sts-lab-students"]
    for thing in things:
        assert f"{NUMBER}: {thing} {NOT_KNOWN}" in said
    assert not any("--run" in line for line in said)
    assert learner.contents() == before
    assert main(["sweep", "--older-than", "0m"]) == 0
    assert learner.contents() == before


@pytest.mark.parametrize(
    "tags",
    [
        {"project": "mine"},
        {"sts-lab:run": "feed02"},  # another run, which is known as well
        {"sts-lab:run": ""},
        {"sts-lab:run": "FEED01"},
    ],
)
def test_marks_that_do_not_agree_are_no_marks(learner, raw, tags, capsys):
    """Though the run is known by its journal."""
    for run in ("feed01", "feed02"):
        Journal(run).about_to_create(NUMBER, "CreateUser", f"sts-lab-{run}-somebody")
    new_user(raw("iam"), "sts-lab-feed01-x", of_run("feed01", **tags))
    new_bucket(raw("s3"), "sts-lab-feed01-b", of_run("feed01", **tags))
    new_firewall(raw("ec2"), "sts-lab-feed01-g", of_run("feed01", **tags))
    before = learner.contents()
    assert main(["sweep"]) == 1
    assert learner.contents() == before
    said = capsys.readouterr()
    assert said.out.count(NOT_KNOWN) == 3
    assert said.err.count("remove it by hand") == 2  # nobody of a run makes security groups
    assert [one.run for one in journals()] == ["feed01", "feed02"]


def test_a_journal_speaks_for_its_own_run_only(learner, raw):
    """A line that names another run's thing, or somebody's, makes it no thing of the lab."""
    for name in ("sts-lab-feed02-x", "sts-lab-mine"):
        Journal("feed01").about_to_create(NUMBER, "CreateUser", name)
        new_user(raw("iam"), name)
    before = learner.contents()
    assert main(["sweep"]) == 0
    assert learner.contents() == before


@pytest.mark.parametrize("way", ["close", "sweep", "journal lost"])
def test_what_lab_identities_have_made_with_other_tools_goes_too(learner, raw, way):
    """In plain boto3, as far as the run's boundary lets them: no tags, no line in the journal."""
    before = learner.contents()
    lab = open_lab()
    iam = lab.client("iam")
    text = policy(allow("*"))
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]
    iam.create_user(UserName="anna", PermissionsBoundary=limit)
    iam.put_user_policy(UserName="anna", PolicyName="all", PolicyDocument=text)
    key = iam.create_access_key(UserName="anna")["AccessKey"]
    anna = isolated_session(
        learner.endpoint_url, lab.region, key["AccessKeyId"], key["SecretAccessKey"]
    )
    own, limit = anna.client("iam"), lab.real(limit)
    for path, name in (("/sts-lab/", "eve"), (f"/sts-lab/{lab.real('x')}/", "")):
        user = {"UserName": lab.real(name) if name else "bob", "Path": path}
        own.create_user(**user, PermissionsBoundary=limit)
        own.create_access_key(UserName=user["UserName"])
    role = {"RoleName": f"my-{lab.real('r')}", "Path": "/sts-lab/", "PermissionsBoundary": limit}
    tags = [{"Key": "project", "Value": "mine"}]
    own.create_role(**role, AssumeRolePolicyDocument=TRUST, Tags=tags)
    anna.client("s3").create_bucket(Bucket=lab.real("loot"), **HERE)
    new_user(raw("iam"), "sts-lab-teacher")  # people's
    new_bucket(raw("s3"), "sts-lab-my-results")
    new_user(raw("iam"), lab.real("people"), Path="/")  # where no lab identity makes anything
    since = len(learner.trail())
    if way == "close":
        lab.close()
    else:
        forget(lab)
        if way == "journal lost":
            lab._journal.done()
        assert main(["sweep"]) == 0
    assert deletions(learner, since)[:3] == ["DeleteAccessKey"] * 3
    assert list(journals()) == []
    for name in ("sts-lab-teacher", lab.real("people")):
        raw("iam").delete_user(UserName=name)
    raw("s3").delete_bucket(Bucket="sts-lab-my-results")
    assert learner.contents() == before


@pytest.mark.parametrize("text", ["", "{}", "no line", '{"account": "999999999999"'])
def test_a_journal_without_a_line_vouches_for_nothing(learner, raw, text):
    tags = of_run("abcdef", **{"sts-lab:signature": "0" * 64})
    new_user(raw("iam"), "sts-lab-abcdef-x", tags)
    new_user(raw("iam"), "sts-lab-abcdef-y")
    raw("iam").create_group(GroupName="sts-lab-abcdef-g", Path="/sts-lab/")
    new_bucket(raw("s3"), "sts-lab-abcdef-b")
    new_firewall(raw("ec2"), "sts-lab-abcdef-f", tags)
    if text.startswith('{"a'):
        text += ', "kind": "CreateUser", "name": "sts-lab-abcdef-x"}'
    Journal("abcdef").path.parent.mkdir(exist_ok=True, parents=True)
    Journal("abcdef").path.write_text(text)
    before = learner.contents()
    assert main(["sweep"]) == 0
    assert learner.contents() == before


# ---------------------------------------------------------------- signatures


def test_everything_that_is_new_is_signed(learner, raw, monkeypatch):
    monkeypatch.setenv("LAB_AWS_AMI", "ami-0fedcba9876543210")
    with open_lab() as lab:
        fill(lab)
        lab.client("ec2").run_instances(MinCount=1, MaxCount=1)
        lab.client("iam").create_open_id_connect_provider(
            Url="https://id.example.com", ClientIDList=["a"], ThumbprintList=["0" * 40]
        )
        sweep = Sweep(raw, NUMBER)
        assert sweep.found() == []  # the run is at work
        found = sweep.needed
        signed = {one.kind for one in found if is_signed(one.tags)}
        assert signed == {one.kind for one in found} - {"group"} and len(signed) == 9
        for one in found:
            assert len(one.tags) <= 10 and all(len(v) <= 256 for v in one.tags.values())


def test_a_signed_run_needs_no_journal(learner, raw, capsys):
    """But for groups: AWS has no tags of IAM's, and people copy security groups', tags and all."""
    before = learner.contents()
    lab = open_lab()
    fill(lab)
    forget(lab)
    lab._journal.done()
    raw("iam").create_group(GroupName="sts-lab-facade-people", Path="/sts-lab/")
    assert main(["sweep"]) == 1
    said = capsys.readouterr()
    assert f"({lab.real('g')}) {NOT_KNOWN}" in said.out
    assert f"({lab.real('g')}) (it may be of this run" in said.err
    assert f"group {lab.real('team')} (it may be of this run" in said.err
    assert main(["sweep", "--run", lab._marks.run, "--account", NUMBER]) == 0
    raw("iam").delete_group(GroupName="sts-lab-facade-people")  # of no run of which more is left
    assert learner.contents() == before


@pytest.mark.parametrize(
    "forged",
    [
        {"sts-lab:signature": "0" * 64},
        {"sts-lab:signature": ""},
        {"sts-lab:signature": "é"},
        {"sts-lab:owner": f"arn:aws:iam::{NUMBER}:user/somebody-else"},
    ],
)
def test_a_forged_signature_is_none(learner, raw, forged):
    tags = Marks.of("feed01", "arn:aws:iam::123456789012:user/lab-admin").tags() | forged
    assert not is_signed(tags)
    new_user(raw("iam"), "sts-lab-feed01-x", listed(tags))
    before = learner.contents()
    assert main(["sweep"]) == 0
    assert learner.contents() == before


def test_another_runs_signature_is_none(learner, raw):
    copied = signature("feed02", f"arn:aws:iam::{NUMBER}:user/lab-admin")
    tags = of_run("feed01", **{"sts-lab:signature": copied})
    new_user(raw("iam"), "sts-lab-feed01-x", tags)
    before = learner.contents()
    assert main(["sweep"]) == 0
    assert learner.contents() == before


def test_the_key_is_made_once_and_for_this_user_alone(tmp_path):
    """Eight processes that need it at the same moment agree on it."""
    code = "from labhelpers.account.state.signature import signature as s; print(s('feed01', 'me'))"
    environ = os.environ | {"LAB_STATE_DIR": str(tmp_path / "state")}
    command = [sys.executable, "-c", code]
    pipe = {"stdout": subprocess.PIPE, "text": True, "env": environ}
    processes = [subprocess.Popen(command, **pipe) for _ in range(8)]
    said = {process.communicate()[0] for process in processes}
    assert len(said) == 1 and re.fullmatch("[0-9a-f]{64}\n", said.pop())
    (key,) = (tmp_path / "state").iterdir()
    assert len(key.read_bytes()) == 32 and stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize("key", [b"", b"short", bytes(33)])
def test_a_damaged_key_signs_nothing(tmp_path, monkeypatch, key):
    monkeypatch.setenv("LAB_STATE_DIR", str(tmp_path))
    tags = Marks.of("feed01", "me").tags()
    assert is_signed(tags)
    (tmp_path / "signing.key").write_bytes(key)
    assert not is_signed(tags)
    with pytest.raises(LabError, match="signing.key is no key of 32 bytes"):
        signature("feed01", "me")
    (tmp_path / "signing.key").unlink()
    assert not is_signed(tags) and list(tmp_path.iterdir()) == []  # looking makes no key


def test_where_the_state_folder_cannot_be_written_nothing_is_created(learner, monkeypatch):
    before = learner.contents()
    file = Path(learner.environ["LAB_STATE_DIR"]).with_name("no-folder")
    file.touch()
    monkeypatch.setenv("LAB_STATE_DIR", str(file))
    with open_lab() as lab:
        for create, name in (("create_user", "UserName"), ("create_instance_profile", None)):
            with pytest.raises(LabError, match="Nothing was created.*no-folder.*LAB_STATE_DIR"):
                getattr(lab.client("iam"), create)(**{name or "InstanceProfileName": "anna"})
    assert learner.contents() == before


# ---------------------------------------------------------------- the state folder is lost


def test_a_run_that_nobody_vouches_for_is_told_and_taken_on_demand(learner, raw, capsys):
    before = learner.contents()
    first, second = open_lab(), None
    fill(first)
    forget(first)
    second = open_lab()
    second.client("iam").create_user(UserName="otto")
    forget(second)
    (device,) = raw("iam").list_virtual_mfa_devices()["VirtualMFADevices"]
    raw("iam").delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    lose_the_state()
    all_of_it = learner.contents()
    assert main(["sweep"]) == 0
    said = capsys.readouterr().out
    assert learner.contents() == all_of_it and said.count(NOT_KNOWN) == 8 + 2
    runs = [lab._marks.run for lab in (first, second)]
    for run in runs:
        assert f"`python -m labhelpers sweep --run {run} --account {NUMBER}` takes it" in said
    for wrong in (["--run", runs[0]], ["--account", NUMBER]):
        assert main(["sweep", *wrong]) == 2
        assert "--run and --account go together" in capsys.readouterr().err
    assert main(["sweep", "--run", runs[0], "--account", "999999999999"]) == 2
    assert "999999999999 is not confirmed" in capsys.readouterr().err
    chosen = ["sweep", "--run", runs[0], "--account"]
    assert main([*chosen, "210987654321"]) == 0  # confirmed, but nothing of it is there
    assert main([*chosen, NUMBER, "--dry-run"]) == 0
    assert "8 to remove" in capsys.readouterr().out
    assert learner.contents() == all_of_it
    assert main([*chosen, NUMBER]) == 0
    users = learner.contents()[NUMBER]["users"]
    assert second.real("otto") in users and first.real("anna") not in users
    assert main(["sweep", "--run", runs[1], "--account", NUMBER]) == 0
    assert learner.contents() == before


def test_a_demand_takes_only_what_agrees(learner, raw, capsys):
    new_user(raw("iam"), "sts-lab-feed01-mine", [PROJECT])
    new_user(raw("iam"), "sts-lab-feed02-x", of_run("feed01"))
    new_bucket(raw("s3"), "sts-lab-feed01-b")
    new_firewall(raw("ec2"), "my-own", of_run("feed01"))
    lose_the_state()
    before = learner.contents()
    assert main(["sweep", "--run", "feed01", "--account", NUMBER]) == 0
    said = capsys.readouterr().out
    assert "0 found, 0 left" in said and said.count(NOT_KNOWN) == 3
    assert learner.contents() == before


@pytest.mark.parametrize("wrong", ["", "feed0", "feed011", "FEED01", "feed0*", "sts-lab", "१२३४५६"])
def test_runs(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["sweep", f"--run={wrong}", "--account", NUMBER])
    assert ended.value.code == 2 and "six hex digits" in capsys.readouterr().err


def test_a_run_on_demand_forgets_its_own_journal_only(learner):
    for run in ("feed01", "feed02"):
        Journal(run).about_to_create(NUMBER, "CreateUser", f"sts-lab-{run}-x")
    assert main(["sweep", "--run", "feed01", "--account", NUMBER]) == 0
    assert [journal.path.stem for journal in journals()] == ["feed02"]
    Journal("feed02").done()


# ---------------------------------------------------------------- order, age and trouble


def deletions(learner, since):
    """What was deleted or removed since so many events, in order."""
    events = learner.trail()[since:]
    return [e["eventName"] for e in events if re.match("Delete|Remove|Detach", e["eventName"])]


@pytest.mark.parametrize("way", ["close", "sweep", "sweep --run"])
def test_live_keys_go_before_all_else(learner, raw, way, monkeypatch):
    """Even before the instances, which come first otherwise."""
    monkeypatch.setenv("LAB_AWS_AMI", "ami-0fedcba9876543210")
    lab = open_lab()
    fill(lab)
    lab.client("ec2").run_instances(MinCount=1, MaxCount=1)
    for name in ("otto", "eve"):
        lab.client("iam").create_user(UserName=name)
        lab.client("iam").create_access_key(UserName=name)
    since = len(learner.trail())
    if way == "close":
        lab.close()
    else:
        forget(lab)
        more = ["--run", lab._marks.run, "--account", NUMBER] if "--run" in way else []
        assert main(["sweep", *more]) == 0
    changes = [
        e["eventName"]
        for e in learner.trail()[since:]
        if re.match("Delete|Remove|Detach|Terminate", e["eventName"])
    ]
    assert changes[:4] == ["DeleteAccessKey"] * 3 + ["TerminateInstances"]
    assert "DeleteAccessKey" not in changes[4:]


def test_what_has_no_age_is_not_older_than_anything(learner, raw, capsys):
    """An MFA device without a user and without tags; a date that is none."""
    before = learner.contents()
    lab = open_lab()
    device = lab.client("iam").create_virtual_mfa_device(VirtualMFADeviceName="anna")
    serial = lab.real(device["VirtualMFADevice"]["SerialNumber"])
    tags = [tag["Key"] for tag in raw("iam").list_mfa_device_tags(SerialNumber=serial)["Tags"]]
    raw("iam").untag_mfa_device(SerialNumber=serial, TagKeys=tags)
    for name, ends in (("a", "never"), ("b", ""), ("c", "9999-99-99"), ("d", "0001-01-01")):
        lab.client("ec2").create_security_group(GroupName=name, Description="d")
        which = {"GroupNames": [lab.real(name)]}
        id_ = raw("ec2").describe_security_groups(**which)["SecurityGroups"][0]["GroupId"]
        raw("ec2").create_tags(Resources=[id_], Tags=listed({"sts-lab:expires": ends}))
    forget(lab)
    there = learner.contents()
    assert main(["sweep", "--older-than", "0m"]) == 0
    assert learner.contents() == there
    said = capsys.readouterr().out
    assert said.count("is of unknown age: not touched") == 5
    assert f"MFA device {lab.real('anna')} is of unknown age: not touched" in said
    assert main(["sweep"]) == 0  # asked for all, it takes all: a date that is none ends nothing
    assert learner.contents() == before


def test_close_minds_no_date_either(learner, raw):
    before = learner.contents()
    lab = open_lab()
    made = lab.client("ec2").create_security_group(GroupName="g", Description="d")
    tags = listed({"sts-lab:expires": "never"})
    raw("ec2").create_tags(Resources=[made["GroupId"]], Tags=tags)
    lab.close()
    assert learner.contents() == before


def test_a_bucket_that_will_not_be_looked_at_keeps_no_other(learner, raw, capsys):
    """Nor does it end anything where the journal names it; where it does not, it is told."""
    lab = open_lab()
    for name in ("aaa", "bbb", "ccc"):
        lab.client("s3").create_bucket(Bucket=name, **HERE)
    real = lab.real("bbb")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetBucketTagging"}
    deny |= {"Resource": f"arn:aws:s3:::{real}"}
    text = json.dumps({"Version": "2012-10-17", "Statement": deny})
    raw("s3").put_bucket_policy(Bucket=real, Policy=text)
    forget(lab)
    kept = lab._journal.path.read_text()
    lab._journal.done()
    assert main(["sweep"]) == 1
    said = capsys.readouterr().err
    assert f"what GetBucketTagging would show (AccessDenied) of {real}" in said
    assert [b["Name"] for b in raw("s3").list_buckets()["Buckets"]] == [real]
    lab._journal.path.write_text(kept)
    assert main(["sweep"]) == 0
    assert raw("s3").list_buckets()["Buckets"] == []


SPOILED = [
    b"\xff\xfe\x00 no text\n",
    b"null\n",
    b'[1, 2]\n3\n"account"\n',
    b"{}\n",
    b'{"account": 5, "kind": null, "name": []}\n',
    b"[" * 100_000 + b"\n",
    b"\x00\n",
]


@pytest.mark.parametrize("spoiled", SPOILED, ids=[line[:12].hex() for line in SPOILED])
def test_a_spoiled_journal_ends_nothing(learner, spoiled):
    """Neither its own run's sweep nor another's, nor close()."""
    before = learner.contents()
    lab = open_lab()
    lab.client("iam").create_group(GroupName="team")
    with open(lab._journal.path, "ab") as file:
        file.write(spoiled)
    lab.client("iam").create_user(UserName="anna")
    (state_directory() / "another.jsonl").write_bytes(spoiled)
    lab.close()
    assert learner.contents() == before and not lab._journal.path.exists()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    forget(lab)
    with open(lab._journal.path, "ab") as file:
        file.write(spoiled)
    assert main(["sweep"]) == 0
    assert learner.contents() == before and list(journals()) == []


@pytest.mark.parametrize("gone", ["journal", "all"])
def test_close_needs_nothing_of_the_state_folder(learner, gone):
    before = learner.contents()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    lab.client("iam").create_group(GroupName="team")
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    if gone == "all":
        lose_the_state()
    else:
        lab._journal.path.write_text("")
    lab.close()
    assert learner.contents() == before


def test_what_a_learner_has_moved_is_found_by_its_name(learner, raw):
    before = learner.contents()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    raw("iam").update_user(UserName=lab.real("anna"), NewPath="/team/")
    lab.close()
    assert learner.contents() == before


def test_a_thing_of_a_crash_between_create_and_tag_is_known_from_the_journal(learner):
    raw, before = learner.session(), learner.contents()
    journal = Journal("feed01")
    journal.about_to_create("123456789012", "CreateBucket", "sts-lab-feed01-b")
    raw.client("s3").create_bucket(Bucket="sts-lab-feed01-b", **HERE)
    journal.about_to_create("123456789012", "CreateRole", "sts-lab-feed01-r")
    raw.client("iam").create_role(
        RoleName="sts-lab-feed01-r", Path="/sts-lab/", AssumeRolePolicyDocument=TRUST
    )
    with open(journal.path, "a") as file:
        file.write('{"account": "1234')  # the disk was full, the power went
    assert main(["sweep"]) == 0
    assert learner.contents() == before and list(journals()) == []


def test_only_what_is_old_enough(learner, capsys):
    before = learner.contents()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    lab.client("ec2").create_security_group(GroupName="g", Description="d")
    forget(lab)
    assert main(["sweep", "--older-than", "2h"]) == 0
    said = capsys.readouterr().out
    assert said.count("0 found, 0 left") == 2
    assert "3 younger than --older-than says: not touched" in said
    assert len(list(journals())) == 1
    learner_client = learner.session().client
    everything = Sweep(learner_client, "123456789012", older_than=timedelta(seconds=-60))
    assert len(everything.found()) == 3
    assert main(["sweep", "--older-than", "0m"]) == 0
    assert main(["sweep"]) == 0
    assert learner.contents() == before


def test_close_leaves_other_runs_alone(learner):
    first = open_lab()
    first.client("iam").create_user(UserName="anna")
    forget(first)
    with open_lab() as second:
        second.client("iam").create_user(UserName="anna")
    users = learner.session().client("iam").list_users(PathPrefix="/sts-lab/")["Users"]
    assert [u["UserName"] for u in users] == [first.real("anna")]
    assert main(["sweep"]) == 0


def test_what_cannot_be_removed_is_told_and_close_can_go_on(learner, capsys):
    lab = open_lab()
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    guard = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket"}
    guard |= {"Resource": f"arn:aws:s3:::{lab.real('papers')}"}
    raw = learner.session().client("s3")
    raw.put_bucket_policy(Bucket=lab.real("papers"), Policy=json.dumps({"Statement": guard}))
    stuck = {"Effect": "Deny", "Action": "s3:DeleteBucketPolicy", "Resource": "*"}
    iam = learner.session().client("iam")
    iam.put_user_policy(UserName="lab-admin", PolicyName="no", PolicyDocument=policy(stuck))
    with pytest.raises(Exception, match="Not removed: bucket .*AccessDenied.*sweep"):
        lab.close()
    iam.delete_user_policy(UserName="lab-admin", PolicyName="no")
    assert main(["sweep"]) == 0
    assert "papers" not in str(learner.contents())


@pytest.mark.parametrize("wrong", ["2", "h", "2w", "-1h", "two hours"])
def test_ages(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["sweep", f"--older-than={wrong}"])
    assert ended.value.code == 2 and "30m, 2h or 1d" in capsys.readouterr().err


def test_an_account_that_is_not_confirmed_is_not_swept(learner, monkeypatch, capsys):
    monkeypatch.setenv("LAB_AWS_ACCOUNT_ID", "999999999999")
    assert main(["sweep"]) == 2
    assert "LAB_AWS_ACCOUNT_ID is 999999999999" in capsys.readouterr().err


def test_where_aws_does_not_let_us_look_the_rest_is_removed(learner, capsys):
    """And the exit status says that something may be left."""
    before = learner.contents()
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    forget(lab)
    blind = {"Effect": "Deny", "Action": ["ec2:Describe*", "iam:ListRoles"], "Resource": "*"}
    iam = learner.session().client("iam")
    iam.put_user_policy(UserName="lab-admin", PolicyName="no", PolicyDocument=policy(blind))
    assert main(["sweep"]) == 1
    iam.delete_user_policy(UserName="lab-admin", PolicyName="no")
    said = capsys.readouterr().err
    assert "what DescribeInstances would show" in said and "what ListRoles" in said
    assert learner.contents() == before
    assert main(["sweep"]) == 0


def test_tags_that_did_not_arrive_are_not_no_tags(learner, raw, monkeypatch, capsys):
    """Whatever bears a run's name may bear another one's tags."""
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    forget(lab)
    theirs = lab.real("theirs")
    new_user(raw("iam"), theirs, listed({"project": "sts-lab", "sts-lab:run": "abcdef"}))
    ask = botocore.client.BaseClient._make_api_call

    def losing(self, operation, given):
        if operation == "ListUserTags" and given["UserName"] == theirs:
            raise ReadTimeoutError(endpoint_url="http://aws")
        return ask(self, operation, given)

    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", losing)
        assert main(["sweep"]) == 1
    assert f"not removed: the tags of {theirs} (Read timeout" in capsys.readouterr().err
    assert theirs in learner.contents()[NUMBER]["users"]
    raw("iam").delete_user(UserName=theirs)
    assert main(["sweep"]) == 0
