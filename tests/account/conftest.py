"""One served AWS for a module, without faults, and this process set up as its learner."""

import os

import pytest
from served_aws import served_aws

from labhelpers.account import lab
from labhelpers.account.cleanup.occasions import Occasions


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with served_aws(tmp_path_factory.mktemp("aws")) as served:
        yield served


@pytest.fixture
def learner(aws, monkeypatch):
    """The environment of the learner of the served AWS; returns the served AWS."""
    for name in [n for n in os.environ if n.startswith(("AWS_", "LAB_", "ACTIONS_"))]:
        monkeypatch.delenv(name)
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LAB_AWS_PATIENCE", "2")  # nothing lags here unless a test wants it
    watching = []

    def watched(*given):
        watching.append(Occasions(*given))
        return watching[-1]

    monkeypatch.setattr(lab, "Occasions", watched)
    yield aws
    for one in watching:
        one.remove()  # after a test that failed, no lab asks at the end where it should not


@pytest.fixture
def account(learner):
    """An open lab on the served AWS, closed and clean afterwards."""
    from labhelpers import open_lab

    with open_lab() as lab:
        yield lab


@pytest.fixture
def copied(learner, tmp_path, monkeypatch):
    """A copy of the served AWS and a state folder of its own, for what leaves much behind."""
    with learner.forked(learner._ask("fork"), tmp_path / "state") as mine:
        for name, value in mine.environ.items():
            monkeypatch.setenv(name, value)
        yield mine


@pytest.fixture
def raw(copied):
    """The learner's plain boto3."""
    return copied.session().client
