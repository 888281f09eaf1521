"""What a learner renames, moves, untags or retags is found all the same, wherever it is."""

import re
from unittest.mock import Mock

import pytest
from leaving import HERE, NUMBER, forget, listed, new_firewall, new_instance, of_run

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.cleanup.removal import terminate
from labhelpers.account.state.journal import Journal, journals
from labhelpers.errors import LabError

AMI = "ami-0fedcba9876543210"
each_way = pytest.mark.parametrize("way", ["close", "sweep"])


def end(lab, way):
    """By one way or the other, nothing is left."""
    if way == "close":
        lab.close()
    else:
        forget(lab)
        assert main(["sweep"]) == 0
    assert list(journals()) == []


@each_way
def test_renamed_and_moved_users_and_groups(copied, raw, way):
    before = copied.contents()
    lab = open_lab()
    iam = lab.client("iam")
    for name in ("anna", "otto"):
        iam.create_user(UserName=name)
        iam.create_access_key(UserName=name)
    iam.create_group(GroupName="team")
    raw("iam").update_user(UserName=lab.real("anna"), NewPath="/team/")
    raw("iam").update_user(UserName=lab.real("otto"), NewUserName="eve", NewPath="/")
    raw("iam").update_group(GroupName=lab.real("team"), NewGroupName="people")
    end(lab, way)
    assert copied.contents() == before


@each_way
@pytest.mark.parametrize("tags", [{"project": "mine"}, {"project": "mine", "sts-lab:run": "mine"}])
def test_retagged_instances_firewalls_and_providers(copied, raw, monkeypatch, way, tags):
    monkeypatch.setenv("LAB_AWS_AMI", AMI)
    before = copied.contents()
    lab = open_lab()
    made = lab.client("ec2").run_instances(MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    group = lab.client("ec2").create_security_group(GroupName="g", Description="d")["GroupId"]
    provider = lab.client("iam").create_open_id_connect_provider(
        Url="https://id.example.com", ClientIDList=["a"], ThumbprintList=["0" * 40]
    )
    raw("ec2").create_tags(Resources=[made, group], Tags=listed(tags))
    arn = lab.real(provider["OpenIDConnectProviderArn"])
    which = {"OpenIDConnectProviderArn": arn}
    raw("iam").untag_open_id_connect_provider(**which, TagKeys=list(tags))
    end(lab, way)
    assert copied.contents() == before


def test_a_provider_that_somebody_made_later_stays(copied, raw):
    """Its ARN is the same; when it was made is not."""
    lab = open_lab()
    wanted = {"Url": "https://id.example.com", "ClientIDList": ["a"], "ThumbprintList": ["0" * 40]}
    made = lab.client("iam").create_open_id_connect_provider(**wanted)
    arn = lab.real(made["OpenIDConnectProviderArn"])
    forget(lab)
    raw("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    raw("iam").create_open_id_connect_provider(**wanted)
    path = lab._journal.path
    path.write_text(re.sub(r'"at": "[^"]*"', '"at": "2026-01-01T00:00:00Z"', path.read_text()))
    assert main(["sweep"]) == 0
    providers = raw("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert [one["Arn"] for one in providers] == [arn]


KEPT = [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 500, "DeleteOnTermination": False}}]


@pytest.mark.parametrize("way", ["close", "sweep", "journal lost", "sweep --run"])
def test_an_instance_that_copies_anothers_tags_is_nobodys(copied, raw, monkeypatch, way, capsys):
    """EC2's "Launch more like this" and "Copy to new security group" copy all tags; the request
    that made an instance has its own token."""
    monkeypatch.setenv("LAB_AWS_AMI", AMI)
    lab, ec2 = open_lab(), raw("ec2")
    made = lab.client("ec2").run_instances(MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    lab.client("iam").create_user(UserName="anna")
    held = ec2.describe_instances(InstanceIds=[made])["Reservations"][0]["Instances"][0]
    theirs = new_instance(ec2, held["Tags"])
    disk = ec2.create_volume(AvailabilityZone="ap-northeast-2a", Size=1)["VolumeId"]
    ec2.create_tags(Resources=[disk], Tags=held["Tags"])
    group = new_firewall(ec2, lab.real("web"), held["Tags"])
    if way != "close":
        forget(lab)
    if way in ("journal lost", "sweep --run"):
        lab._journal.done()
    if way == "close":
        with pytest.raises(LabError, match=f"security group {group} .*remove it by hand"):
            lab.close()
    elif way == "sweep --run":
        assert main(["sweep", "--run", lab._marks.run, "--account", NUMBER]) == 0
    else:
        assert main(["sweep"]) == 1
    there = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    running = [i["InstanceId"] for i in there if i["State"]["Name"] == "running"]
    assert running == [theirs]
    left = copied.contents()[NUMBER]
    assert lab.real("anna") not in left["users"]
    assert (group in left.get("security_groups", ())) == (way != "sweep --run")
    disks = [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]]
    assert (disk in disks) == (way != "sweep --run")
    if way == "journal lost":
        assert f"`python -m labhelpers sweep --run {lab._marks.run}" in capsys.readouterr().out
    Journal(lab._marks.run).done()


def test_volumes_go_with_their_instance_and_after_it(copied, raw, capsys):
    """With it what was made with it, tagged or not. What it has left is told: people copy tags."""
    ec2 = raw("ec2")
    tags = of_run("feed01")
    before = copied.contents()
    started(ec2, tags, "1")
    orphan = started(ec2, tags, "2")
    left = volume_of(ec2, orphan)
    ec2.create_tags(Resources=[left], Tags=tags)
    ec2.terminate_instances(InstanceIds=[orphan])
    data = ec2.create_volume(AvailabilityZone="ap-northeast-2a", Size=1)["VolumeId"]
    assert len(ec2.describe_volumes()["Volumes"]) == 3
    assert main(["sweep"]) == 1
    assert len(ec2.describe_volumes()["Volumes"]) == 2
    assert f"volume {left} (it may be of this run" in capsys.readouterr().err
    Journal("feed01").done()
    assert main(["sweep", "--run", "feed01", "--account", NUMBER]) == 0
    assert [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]] == [data]
    assert copied.contents() == before


def started(ec2, tags, number):
    """An instance of run feed01 whose process died before AWS's answer came."""
    token = f"sts-lab-feed01-{number}"
    Journal("feed01").about_to_create(NUMBER, "RunInstances", token)
    return new_instance(ec2, tags, BlockDeviceMappings=KEPT, ClientToken=token)


def volume_of(ec2, instance):
    held = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    return held["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


@pytest.mark.parametrize(
    "device, run, goes",
    [("/dev/sda1", "", True), ("/dev/sdf", "feed01", True), ("/dev/sdf", "", False)]
    + [("/dev/sdf", "feed02", False)],
)
def test_a_volume_that_somebody_has_attached_stays(device, run, goes):
    """However short a time ago it was made."""
    mark = {"Key": "sts-lab:run", "Value": "feed01"}
    ebs = {"VolumeId": "vol-1", "DeleteOnTermination": False}
    ec2 = Mock()
    volume = {"VolumeId": "vol-1", "Tags": [{**mark, "Value": run}] if run else []}
    ec2.describe_volumes.return_value = {"Volumes": [volume]}
    held = [{"DeviceName": device, "Ebs": ebs}]
    instance = {"InstanceId": "i-1", "RootDeviceName": "/dev/sda1", "Tags": [mark]}
    terminate(ec2, instance | {"BlockDeviceMappings": held})
    ec2.terminate_instances.assert_called_once_with(InstanceIds=["i-1"])
    assert ec2.delete_volume.called == goes


# ---------------------------------------------------------------- other Regions and accounts


def test_other_regions_are_not_forgotten(copied, raw, monkeypatch):
    monkeypatch.setenv("LAB_AWS_AMI", AMI)
    before = copied.contents()
    lab = open_lab()
    lab.client("ec2").create_security_group(GroupName="g", Description="d")
    lab.client("ec2").run_instances(MinCount=1, MaxCount=1)
    lab.client("s3").create_bucket(Bucket="papers", **HERE)
    forget(lab)
    monkeypatch.setenv("LAB_AWS_REGION", "eu-west-1")
    assert main(["sweep"]) == 0
    assert copied.contents() == before and list(journals()) == []


@pytest.mark.parametrize("region", ["not a Region", "../..", "x" * 300])
def test_where_a_region_cannot_be_asked_the_journal_stays(copied, raw, region, capsys):
    before = copied.contents()
    odd = Journal("feed01", region=region)
    odd.about_to_create(NUMBER, "CreateUser", "sts-lab-feed01-anna")
    raw("iam").create_user(UserName="sts-lab-feed01-anna")
    assert main(["sweep"]) == 1
    assert copied.contents() == before
    assert [one.run for one in journals()] == ["feed01"]
    assert "not removed: what could not be asked for" in capsys.readouterr().err
    odd.done()


def test_a_journal_that_names_another_account_is_kept_and_it_is_said(copied, capsys):
    odd = Journal("feed01")
    odd.about_to_create(NUMBER, "CreateUser", "sts-lab-feed01-anna")
    odd.about_to_create("999999999999", "CreateUser", "sts-lab-feed01-anna")
    assert main(["sweep"]) == 0
    said = capsys.readouterr().out
    assert "journal of run feed01 is kept: it also names account 999999999999" in said
    assert [one.run for one in journals()] == ["feed01"]
    odd.done()


# ---------------------------------------------------------------- beside a run at work


def test_a_sweep_beside_a_run_at_work_leaves_that_one_alone(copied, raw, capsys):
    before = copied.contents()
    dead = open_lab()
    dead.client("iam").create_user(UserName="anna")
    forget(dead)
    with open_lab() as lab:
        run = lab._marks.run
        lab.client("iam").create_user(UserName="anna")
        lab.client("iam").create_group(GroupName="team")
        raw("iam").update_user(UserName=lab.real("anna"), NewUserName="eve")
        assert main(["sweep"]) == 0
        assert f"{NUMBER}: 3 of run {run}, which is still at work" in capsys.readouterr().out
        users = copied.contents()[NUMBER]["users"]
        assert "eve" in users and dead.real("anna") not in users
        assert [one.run for one in journals()] == [run]
        assert main(["sweep", "--run", run, "--account", NUMBER]) == 2
        assert f"Run {run} is still at work (process " in capsys.readouterr().err
        lab.client("iam").create_user(UserName="otto")  # its boundary is there
    assert copied.contents() == before
