"""Nothing is done on an account that was not confirmed by its number."""

import pytest

from labhelpers import LabError, open_lab
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


def test_the_refused_lab_leaves_no_sandbox_behind(learner, monkeypatch):
    import threading

    before = [t for t in threading.enumerate() if t.name.startswith("sts-lab-sandbox")]
    monkeypatch.setenv("LAB_AWS_ACCOUNT_ID", "999999999999")
    refused(match="999999999999")
    after = [t for t in threading.enumerate() if t.name.startswith("sts-lab-sandbox")]
    assert len(after) == len(before)
