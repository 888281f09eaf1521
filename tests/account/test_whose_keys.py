"""Keys, addresses and sessions that are not this lab's: told at once, and nothing is asked."""

import pytest
from botocore.config import Config
from scene import allow, policy

from labhelpers import LabError, open_lab
from labhelpers.terraform import load


@pytest.fixture(scope="module")
def lab(aws):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**aws.environ, "LAB_AWS_PATIENCE": "0"}.items():
            patch.setenv(name, value)
        with open_lab("aws", mirrored=False) as opened:
            yield opened


def keys_of(session):
    found = session.get_credentials()
    return {"AccessKeyId": found.access_key, "SecretAccessKey": found.secret_key}


@pytest.fixture
def unasked(aws):
    """unasked(call, …): LabError in a sentence or two, before anybody is asked."""

    def check(call, *args, **parameters):
        seen = aws.calls()["seen"]
        with pytest.raises(LabError) as raised:
            call(*args, **parameters)
        assert aws.calls()["seen"] == seen and "\n" not in str(raised.value)
        return str(raised.value)

    return check


def test_keys_that_no_call_of_this_lab_has_handed_out(aws, lab, unasked):
    raw = aws.session()
    raw.client("iam").create_user(UserName="person")
    mine = keys_of(raw)
    for keys in (
        raw.client("iam").create_access_key(UserName="person"),
        raw.client("sts").get_session_token(),
        raw.client("sts").get_federation_token(Name="fed", Policy=policy(allow("*"))),
        {**mine, "SecretAccessKey": "x" * 40},
        {**mine, "SessionToken": "a-token-of-somebody-else"},
    ):
        assert "has handed out" in unasked(lab.session_from, keys)


def test_the_learners_own_keys_of_each_account(aws, lab):
    for number, real in zip(("111122223333", "444455556666"), aws.accounts, strict=True):
        session = lab.session_from(keys_of(aws.session(real)))
        assert session.client("sts").get_caller_identity()["Account"] in (number, real)
        session.client("iam").create_user(UserName=f"made-in-{number}")
        kinds = aws.contents()[real]["users"]
        assert any(name.endswith(f"made-in-{number}") for name in kinds)


OWN = {
    "keys": {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x" * 40},
    "a token": {"aws_session_token": "t"},
    "an address": {"endpoint_url": "http://127.0.0.1:9/company-data"},
    "a proxy": {"config": Config(proxies={"http": "http://127.0.0.1:9"})},
}


@pytest.mark.parametrize("more", OWN.values(), ids=list(OWN))
def test_a_client_asks_as_its_session_does_and_where(aws, lab, unasked, more):
    for session in (lab.session(), lab.session_from(keys_of(aws.session()))):
        unasked(session.client, "s3", **more)
        unasked(session.resource, "s3", **more)


def test_deploy_takes_sessions_of_this_lab_only(aws, lab, unasked, tmp_path):
    (tmp_path / "main.tf").write_text('resource "aws_iam_user" "u" {\n  name = "deployed"\n}\n')
    configuration = load(tmp_path, account_id=lab.account_id)
    unasked(lab.deploy, configuration, session=aws.session())
    for session in (lab.session(), lab.session_from(keys_of(aws.session()))):
        lab.deploy(configuration, session=session).destroy()


def test_one_without_a_second_account_has_no_keys_of_it(aws, monkeypatch, unasked):
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    for name in ("LAB_AWS_SECOND_PROFILE", "LAB_AWS_SECOND_ACCOUNT_ID"):
        monkeypatch.delenv(name)
    with open_lab("aws", mirrored=False) as alone:
        unasked(alone.session_from, keys_of(aws.session(aws.accounts[1])))
