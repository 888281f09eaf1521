"""Nothing is done on an account that was not confirmed by its number."""

import pytest

from labhelpers import LabError, open_lab
from labhelpers.account.learner import opened
from labhelpers.account.settings import Settings


def refused(*, match):
    with pytest.raises(LabError, match=match) as error:
        open_lab()
    return str(error.value)


def test_without_the_account_id_the_message_says_what_to_set(learner, monkeypatch):
    monkeypatch.delenv("LAB_AWS_ACCOUNT_ID")
    said = refused(match="set LAB_AWS_ACCOUNT_ID=123456789012")
    assert "Nothing was created" in said


def test_another_account_is_refused(learner, monkeypatch):
    monkeypatch.setenv("LAB_AWS_ACCOUNT_ID", "999999999999")
    before = learner.calls()["seen"]
    refused(match="belong to account 123456789012, but LAB_AWS_ACCOUNT_ID is 999999999999")
    after = learner.calls()["seen"]
    assert {s: n for s, n in after.items() if n != before.get(s, 0)} == {"sts": before["sts"] + 1}


def test_the_root_user_is_refused(learner, monkeypatch):
    monkeypatch.setenv("LAB_AWS_PROFILE", "root")
    refused(match="root user")


def test_a_second_account_has_to_be_confirmed_and_another_one(learner, monkeypatch):
    monkeypatch.setenv("LAB_AWS_SECOND_ACCOUNT_ID", "123456789012")
    refused(match="first account once more")
    monkeypatch.delenv("LAB_AWS_SECOND_ACCOUNT_ID")
    refused(match="set LAB_AWS_SECOND_ACCOUNT_ID=210987654321")
    monkeypatch.setenv("LAB_AWS_SECOND_ACCOUNT_ID", "210987654321")
    monkeypatch.delenv("LAB_AWS_SECOND_PROFILE")
    refused(match="LAB_AWS_SECOND_PROFILE is not")


def test_credentials_that_do_not_work_say_what_to_do(learner, monkeypatch, tmp_path):
    monkeypatch.setenv("LAB_AWS_PROFILE", "nobody")
    refused(match=r"nobody.*list-profiles")
    wrong = tmp_path / "credentials"
    wrong.write_text("[lab]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n")
    monkeypatch.setenv("LAB_AWS_PROFILE", "lab")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(wrong))
    refused(match="InvalidClientTokenId.*Sign in again")
    wrong.write_text("")
    refused(match="cannot use these credentials")


def test_environment_credentials_work_through_botos_own_chain(learner, monkeypatch):
    """No profile named: boto3 finds the keys where it always does."""
    keys = learner.session().get_credentials()
    monkeypatch.delenv("LAB_AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    with open_lab() as lab:
        assert "123456789012" in repr(lab) and "111122223333" in repr(lab)
        assert lab.client("sts").get_caller_identity()["Account"] == "111122223333"


@pytest.mark.parametrize(
    "name, value",
    [("LAB_AWS_ACCOUNT_ID", "12345"), ("LAB_AWS_ACCOUNT_ID", "१२३४५६७८९०१२")]
    + [("LAB_AWS_SECOND_ACCOUNT_ID", "mine"), ("LAB_AWS_PATIENCE", "long")],
)
def test_settings_say_what_is_wrong_with_them(name, value):
    with pytest.raises(LabError, match=name):
        Settings.read({name: value})


@pytest.mark.parametrize("variable", ["LAB_AWS_PROFILE", "LAB_AWS_SECOND_PROFILE"])
def test_a_profile_that_is_not_there_is_named_with_its_variable(learner, monkeypatch, variable):
    monkeypatch.setenv(variable, "no-such-profile")
    refused(match=rf"^{variable}: .*no-such-profile.*list-profiles")


def test_the_refused_lab_leaves_no_sandbox_behind(learner, monkeypatch):
    import threading

    before = [t for t in threading.enumerate() if t.name.startswith("sts-lab-sandbox")]
    monkeypatch.setenv("LAB_AWS_ACCOUNT_ID", "999999999999")
    refused(match="999999999999")
    after = [t for t in threading.enumerate() if t.name.startswith("sts-lab-sandbox")]
    assert len(after) == len(before)


@pytest.mark.parametrize("way", ["environment", "profile"])
def test_what_was_confirmed_stays_whatever_is_set_later(learner, monkeypatch, tmp_path, way):
    """The address and the identity: of clients and sessions made before and after, and at the
    end."""
    if way == "profile":
        config = tmp_path / "config"
        lines = f"[profile lab]\nregion = x\nendpoint_url = {learner.endpoint_url}\n"
        config.write_text(lines + lines.replace("lab", "second"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        monkeypatch.delenv("AWS_ENDPOINT_URL")
    before = learner.contents()
    with open_lab() as lab:
        lab.client("iam").create_user(UserName="alice")
        keys = lab.client("iam").create_access_key(UserName="alice")["AccessKey"]
        if way == "profile":
            config.write_text("")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody else's")
        for session in (lab.session(), lab.session_from(keys)):
            for service in ("sts", "s3", "ec2", "iam"):
                assert session.client(service).meta.endpoint_url == learner.endpoint_url
        assert lab.client("s3").list_buckets()["Buckets"] == []
        assert lab.client("ec2").describe_instances()["Reservations"] == []
        lab.session("444455556666").client("iam").create_user(UserName="bob")
        said = lab.session_from(keys).client("sts").get_caller_identity()
        assert said["Arn"] == "arn:aws:iam::111122223333:user/alice"
    assert learner.contents() == before


def test_a_ceiling_that_nobody_has_made_is_told(learner, monkeypatch):
    monkeypatch.setenv("LAB_AWS_CEILING", "1")
    before = learner.contents()
    with open_lab() as lab, pytest.raises(LabError, match="apply terraform/learner-permissions"):
        lab.client("iam").create_user(UserName="anna")
    assert learner.contents() == before


@pytest.mark.parametrize(
    "name, value",
    [("LAB_AWS_CEILING", "maybe"), ("LAB_AWS_YES", "true"), ("LAB_AWS_REGION", "seoul")]
    + [("LAB_AWS_AMI", "foo"), ("LAB_AWS_PATIENCE", "nan"), ("LAB_AWS_PATIENCE", "-5")],
)
def test_a_variable_that_cannot_be_meant_is_named(learner, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert f"{name}={value!r}" in refused(match=name)


def test_configured_endpoints_are_ignored_where_boto3_is_told_to(learner, monkeypatch):
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    client = opened("lab", "ap-northeast-2").create_client("s3")
    assert client.meta.endpoint_url == "https://s3.ap-northeast-2.amazonaws.com"
    monkeypatch.delenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    assert opened("lab", "ap-northeast-2").create_client("s3").meta.endpoint_url == (
        learner.endpoint_url
    )
