"""Credentials that renew themselves as another account's, or as somebody whom the lab refuses."""

import boto3
import pytest
from attacks import WHERE
from leaving import NUMBER, forget

from labhelpers import LabError, open_lab
from labhelpers.__main__ import main
from labhelpers.account.cleanup import command
from labhelpers.account.learner import _Steady
from labhelpers.account.state.journal import journals

SECOND = "444455556666"


class Switched:
    """What somebody has switched to another account's keys."""

    def __init__(self, found, others):
        self._found, self._others, self.is_on = found, others, False

    def get_frozen_credentials(self):
        return (self._others if self.is_on else self._found).get_frozen_credentials()

    def __getattr__(self, name):
        return getattr(self._found, name)


@pytest.fixture
def switched(copied, monkeypatch):
    """The learner's credentials, which become those of the second account when it is on."""
    made, others = [], copied.session(copied.accounts[1]).get_credentials()
    begin = _Steady.__init__

    def switching(self, found, check_same):
        made.append(Switched(found, others))
        begin(self, made[-1], check_same)

    monkeypatch.setattr(_Steady, "__init__", switching)
    return made


def test_the_other_account_is_left_clean(copied, switched):
    """close() says what is left where, and removes what it can."""
    before = copied.contents()
    lab = open_lab()
    for number in (lab.account_id, SECOND):
        lab.session(number).client("s3").create_bucket(Bucket=f"b-{number}", **WHERE)
    switched[0].is_on = True
    with pytest.raises(LabError, match="Not removed: .*have become those of account 2109"):
        lab.close()
    assert copied.contents()[copied.accounts[1]] == before[copied.accounts[1]]
    assert lab.is_closed
    switched[0].is_on = False
    lab.close()
    assert copied.contents() == before


def test_sweep_says_so_in_a_sentence(copied, switched, monkeypatch, capsys):
    before = copied.contents()
    lab = open_lab()
    for number in (lab.account_id, SECOND):
        lab.session(number).client("iam").create_user(UserName="anna")
    forget(lab)
    switched.clear()
    chosen = command._chosen

    def late(*given):
        switched[0].is_on = True
        return chosen(*given)

    with monkeypatch.context() as patched:
        patched.setattr(command, "_chosen", late)
        assert main(["sweep"]) == 1
    assert f"{NUMBER}: not removed: " in capsys.readouterr().err
    assert copied.contents()[copied.accounts[1]] == before[copied.accounts[1]]
    assert len(list(journals())) == 1
    assert main(["sweep"]) == 0
    assert copied.contents() == before


def test_the_root_user_is_refused_later_too(copied, switched, monkeypatch):
    with open_lab(mirrored=False) as lab:
        monkeypatch.setenv("LAB_AWS_PROFILE", "root")
        switched[0]._others = boto3.Session(profile_name="root").get_credentials()
        before, switched[0].is_on = copied.contents(), True
        with pytest.raises(LabError, match="root user"):
            lab.client("iam").create_user(UserName="anna")
        assert copied.contents() == before
        switched[0].is_on = False
