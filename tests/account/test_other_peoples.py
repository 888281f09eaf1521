"""What a lab must not take for its own: another account, files beside its own, things made anew."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from leaving import HERE, NUMBER, forget
from test_whose_keys import keys_of

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.cleanup.remains import remains
from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import journals
from labhelpers.errors import LabError

PROVIDER = {"Url": "https://token.actions.githubusercontent.com", "ThumbprintList": ["0" * 40]}


def test_close_looks_into_each_account_in_which_something_was_made(copied):
    """No lesson has named the second one, so it plays no part; its own keys were used."""
    before = copied.contents()
    with open_lab("aws", mirrored=False) as lab:
        session = lab.session_from(keys_of(copied.session(copied.accounts[1])))
        session.client("iam").create_group(GroupName="team")
        session.client("s3").create_bucket(Bucket="reports", **HERE)
        session.client("ec2").create_security_group(GroupName="g", Description="d")
    assert copied.contents() == before and list(journals()) == []


@pytest.mark.parametrize("name", ["results.jsonl", "compare-aws.jsonl", "ABCDEF.jsonl"])
def test_other_files_in_the_state_folder_stay(copied, name, capsys):
    """LAB_STATE_DIR may be any folder."""
    folder = state_directory()
    folder.mkdir(parents=True, exist_ok=True)
    mine = [folder / name, folder / "notes.sweep.log", folder / "x.lock"]
    for path in mine:
        path.write_text("years of work\n")
    assert remains() == [] and main(["sweep"]) == 0
    with open_lab() as lab:
        lab.client("iam").create_group(GroupName="team")
    assert [path.read_text() for path in mine] == ["years of work\n"] * 3


def test_credentials_that_renew_themselves_stay_those_of_the_account(copied, monkeypatch):
    """As `aws configure export-credentials` writes them for the environment: botocore reads it
    again when they are about to expire, and somebody may have switched to another account."""
    before = copied.contents()
    first, second = (keys_of(copied.session(number)) for number in copied.accounts)

    def switch(keys, minutes):
        ends = datetime.now(UTC) + timedelta(minutes=minutes)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
        monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ends.isoformat())

    monkeypatch.delenv("LAB_AWS_PROFILE")
    switch(first, 12)
    lab = open_lab("aws", mirrored=False)
    lab.client("iam").create_group(GroupName="team")
    switch(second, 12)
    for call in (lab.client("iam").create_group, lab.session().client("iam").create_group):
        with pytest.raises(LabError, match=rf"account {copied.accounts[1]}, .* {NUMBER}"):
            call(GroupName="theirs")
    with pytest.raises(LabError, match=copied.accounts[1]):
        lab.close()
    switch(first, 120)
    lab.close()
    assert copied.contents() == before


def test_a_provider_that_somebody_makes_after_the_labs_own_stays(copied, raw):
    """Its id is its address: the same one."""
    with open_lab() as lab:
        iam = lab.client("iam")
        for _ in range(2):
            arn = iam.create_open_id_connect_provider(**PROVIDER, ClientIDList=["a"])
            iam.delete_open_id_connect_provider(
                OpenIDConnectProviderArn=arn["OpenIDConnectProviderArn"]
            )
        raw("iam").create_open_id_connect_provider(**PROVIDER, ClientIDList=["company"])
    forgotten = open_lab()
    forgotten.client("iam").create_group(GroupName="team")
    forget(forgotten)
    assert main(["sweep"]) == 0
    (left,) = raw("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    raw("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=left["Arn"])


def test_but_the_labs_own_made_again_goes(copied, raw):
    with open_lab() as lab:
        iam = lab.client("iam")
        arn = iam.create_open_id_connect_provider(**PROVIDER, ClientIDList=["a"])
        iam.delete_open_id_connect_provider(
            OpenIDConnectProviderArn=arn["OpenIDConnectProviderArn"]
        )
        arn = iam.create_open_id_connect_provider(**PROVIDER, ClientIDList=["a"])
        for key in ("project", "sts-lab:run"):
            raw("iam").untag_open_id_connect_provider(
                OpenIDConnectProviderArn=arn["OpenIDConnectProviderArn"].replace(
                    "111122223333", NUMBER
                ),
                TagKeys=[key],
            )
    assert raw("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


@pytest.mark.parametrize("journal", ["kept", "lost"])
def test_a_group_that_people_have_put_under_a_runs_name_stays(copied, raw, journal, capsys):
    """AWS keeps no tags of groups, and none but the lab makes a run's: its journal knows."""
    lab = open_lab()
    lab.client("iam").create_user(UserName="anna")
    name = lab.real("people")
    raw("iam").create_group(GroupName=name, Path="/sts-lab/")
    if journal == "kept":
        with pytest.raises(LabError, match=f"group {name} \\(it may be of this run"):
            lab.close()
    else:
        forget(lab)
        lab._journal.done()
        assert main(["sweep"]) == 1
    assert [one["GroupName"] for one in raw("iam").list_groups()["Groups"]] == [name]
    raw("iam").delete_group(GroupName=name)
    lab.close()


def test_a_state_folder_is_where_it_was_when_the_process_began(monkeypatch, tmp_path):
    here = os.getcwd()
    monkeypatch.setenv("LAB_STATE_DIR", "state-of-mine")
    folder = state_directory()
    monkeypatch.chdir(tmp_path)
    assert state_directory() == folder and folder == Path(here, "state-of-mine")
    monkeypatch.setenv("LAB_STATE_DIR", "~/state-of-mine")
    assert "~" not in str(state_directory())
