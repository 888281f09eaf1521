"""AWS is asked until it says what the policies say, or patience ends; its word counts."""

import json
import subprocess
import sys
import time
from datetime import timedelta

import pyotp
import pytest
from botocore.exceptions import ClientError
from leaving import NUMBER
from scene import allow, policy, trusts

from labhelpers import LabError, SandboxOnly, open_lab
from labhelpers.account import asking
from labhelpers.account.asking import Question
from labhelpers.account.bodies import Held
from labhelpers.account.clock import AccountClock
from labhelpers.account.mirror import Mirror, Reply

HERE = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-2"}}


@pytest.fixture
def slow(learner, monkeypatch):
    """AWS that believes a change half a second later."""
    monkeypatch.setenv("LAB_AWS_PATIENCE", "5")
    learner.change(lag=0.5)
    yield learner
    learner.change(lag=0.0)


def user(lab, name, *statements):
    iam = lab.client("iam")
    iam.create_user(UserName=name)
    if statements:
        text = policy(*statements)
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=text)
    return lab.session_from(iam.create_access_key(UserName=name))


def test_what_shall_be_allowed_is_waited_for_and_what_shall_be_refused_as_well(slow):
    with open_lab() as lab:
        anna = user(lab, "anna", allow("s3:ListAllMyBuckets"))
        listing = anna.client("s3").list_buckets
        assert lab.attempt(listing).succeeded
        lab.client("iam").delete_user_policy(UserName="anna", PolicyName="own")
        assert lab.attempt(listing).blocked_by == "identity"
        denies = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
        text = policy(allow("*"), denies)
        lab.client("iam").put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=text)
        assert lab.attempt(listing).outcome == "ExplicitlyDenied"
        me = lab.client("sts").get_caller_identity()["Arn"]
        role = lab.client("iam").create_role(
            RoleName="r", AssumeRolePolicyDocument=policy(trusts(me))
        )["Role"]["Arn"]
        assert lab.client("sts").assume_role(RoleArn=role, RoleSessionName="me")
        assert lab.differences == []
    assert sum(slow.calls()["stale"].values()) > 0


def test_an_early_refusal_is_not_believed(learner, monkeypatch, capsys):
    """Both refuse, but AWS for no better reason than that it does not know the role yet."""
    monkeypatch.setenv("LAB_AWS_PATIENCE", "10")
    monkeypatch.setattr(asking, "SETTLES_IN", 3.0)
    with open_lab() as lab:
        anna = user(lab, "anna", allow("sts:AssumeRole"))
        arn = anna.client("sts").get_caller_identity()["Arn"]
        wants = {"Condition": {"StringEquals": {"sts:ExternalId": "case-17"}}}
        ask = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "me"}
        learner.change(lag=2.0, drift="ignore-external-id")
        lab.client("iam").create_role(
            RoleName="r", AssumeRolePolicyDocument=policy(trusts(arn, **wants))
        )
        stale = learner.calls()["stale"]["sts"]
        assert lab.attempt(anna.client("sts").assume_role, **ask).allowed
        assert learner.calls()["stale"]["sts"] > stale  # it was refused at first
        learner.change(lag=0.0, drift=None)
        assert [said.partition(",")[0] for said in lab.differences] == [
            "sts:AssumeRole: AWS says allowed"
        ]
        before = learner.calls()["seen"]["sts"]
        assert lab.attempt(anna.client("sts").assume_role, **ask).code == "AccessDenied"
        assert learner.calls()["seen"]["sts"] == before + 1  # long after the change: once
    assert "AssumeRole: waiting for AWS to catch up" in capsys.readouterr().out


def test_how_late_the_mirror_answers_does_not_matter(slow, monkeypatch):
    """What AWS has said before counts as early, however long the mirror thinks about it."""
    monkeypatch.setattr(asking, "SETTLES_IN", 0.6)
    with open_lab() as lab:
        anna = user(lab, "anna")
        assert lab.attempt(anna.client("s3").list_buckets).blocked_by == "identity"
        text = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
        slow.change(lag=0.5)
        lab.client("iam").put_user_policy(UserName="anna", PolicyName="own", PolicyDocument=text)
        real = Mirror.ask

        def slowly(*arguments):
            time.sleep(1)
            return real(*arguments)

        monkeypatch.setattr(Mirror, "ask", slowly)
        assert lab.attempt(anna.client("s3").list_buckets).outcome == "ExplicitlyDenied"
        assert lab.differences == []


def test_without_patience_the_same_calls_meet_the_past(slow, monkeypatch):
    """The counter-proof: the lag is real."""
    monkeypatch.setenv("LAB_AWS_PATIENCE", "0")
    slow.change(lag=60.0)
    with open_lab() as lab:
        anna = user(lab, "anna")
        assert lab.attempt(anna.client("s3").list_buckets).code == "InvalidAccessKeyId"
        assert lab.differences
        slow.change(lag=0.0)


@pytest.mark.parametrize("drift", ["ignore-external-id", "allow-everything"])
def test_a_difference_is_told_and_awss_word_counts(learner, monkeypatch, capsys, drift):
    monkeypatch.setenv("LAB_AWS_PATIENCE", "0.5")
    with open_lab() as lab:
        anna = user(lab, "anna")
        arn = anna.client("sts").get_caller_identity()["Arn"]
        wants = {"Condition": {"StringEquals": {"sts:ExternalId": "case-17"}}}
        role = lab.client("iam").create_role(
            RoleName="r", AssumeRolePolicyDocument=policy(trusts(arn, **wants))
        )["Role"]["Arn"]
        learner.change(drift=drift)
        ask = anna.client("sts").assume_role
        got = lab.attempt(ask, RoleArn=role, RoleSessionName="me")
        learner.change(drift=None)
        assert got.allowed
        (said,) = lab.differences
        assert said.startswith("sts:AssumeRole: AWS says allowed, the sandbox AccessDenied")
    assert "A difference" in capsys.readouterr().out


def test_every_kind_of_credentials_has_a_twin(account):
    """Users, sessions, sessions of sessions, tokens, and MFA with two different seeds."""
    iam = account.client("iam")
    anna = user(account, "anna", allow(["sts:*", "iam:*", "s3:*"]))
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="anna")["VirtualMFADevice"]
    phone = pyotp.TOTP(made["Base32StringSeed"].decode())
    now = account.clock.now()
    codes = [phone.at(now + timedelta(seconds=s)) for s in (-30, 0)]
    iam.enable_mfa_device(
        UserName="anna",
        SerialNumber=made["SerialNumber"],
        AuthenticationCode1=codes[0],
        AuthenticationCode2=codes[1],
    )
    needs_mfa = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    arn = anna.client("sts").get_caller_identity()["Arn"]
    door = policy(trusts(arn, **needs_mfa))
    first = iam.create_role(RoleName="first", AssumeRolePolicyDocument=door)["Role"]["Arn"]
    next_door = policy(trusts(first))
    second = iam.create_role(RoleName="second", AssumeRolePolicyDocument=next_door)["Role"]["Arn"]
    iam.put_role_policy(RoleName="first", PolicyName="p", PolicyDocument=policy(allow("sts:*")))
    code = {
        "SerialNumber": made["SerialNumber"],
        "TokenCode": phone.at(now + timedelta(seconds=30)),
    }
    assume = anna.client("sts").assume_role
    assert not account.attempt(assume, RoleArn=first, RoleSessionName="anna").allowed
    one = account.attempt(assume, RoleArn=first, RoleSessionName="anna", **code)
    assert one.allowed, one
    onward = account.session_from(one.response).client("sts").assume_role
    two = account.attempt(onward, RoleArn=second, RoleSessionName="on")
    who = account.session_from(two.response).client("sts").get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::111122223333:assumed-role/second/on"
    token = anna.client("sts").get_session_token()
    temporary = account.session_from(token)
    assert account.attempt(temporary.client("iam").get_user).code == "InvalidClientTokenId"
    mixed = {**token["Credentials"], "SessionToken": one.response["Credentials"]["SessionToken"]}
    assert not account.attempt(account.session_from(mixed).client("s3").list_buckets).allowed
    assert account.differences == []
    assert [s.session_name for s in account.sessions()] == ["anna", "on"]


def test_keys_that_this_lab_never_handed_out_are_not_put_to_the_mirror(account):
    """They might be somebody's real ones."""
    stranger = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "x" * 40}
    before = len(account._mirror.sandbox.trail)
    with pytest.raises(LabError, match="a call of this lab has handed out"):
        account.session_from(stranger)
    assert len(account._mirror.sandbox.trail) == before
    held = json.dumps([str(v) for v in vars(account._mirror.sandbox._sandbox.gateway.registry)])
    assert "AKIAIOSFODNN7EXAMPLE" not in held


def test_what_a_real_account_has_not(account):
    for step in (
        account.root_session,
        account.saml_provider,
        account.environ,
        lambda: account.trail,
        lambda: account.identity_provider("https://idp.example.com"),
        lambda: account.instance_metadata("i-1"),
        lambda: account.container_credentials("arn"),
        lambda: account.clock.advance(timedelta(hours=1)),
    ):
        with pytest.raises(SandboxOnly) as told:
            step()
        assert len(told.value._render_traceback_()) == 1


def test_an_interrupted_cell_removes_everything(learner, capsys):
    from IPython.core.interactiveshell import InteractiveShell

    before = learner.contents()
    shell = InteractiveShell.instance()
    try:
        shell.run_cell("from labhelpers import open_lab\nlab = open_lab()")
        shell.run_cell("made = lab.client('iam').create_user(UserName='anna')")
        assert learner.contents() != before
        shell.run_cell("raise KeyboardInterrupt")
    finally:
        InteractiveShell.clear_instance()
    assert learner.contents() == before
    assert "Interrupted: removing" in capsys.readouterr().out


def test_a_process_that_ends_removes_everything(learner, tmp_path):
    before = learner.contents()
    code = (
        "from labhelpers import open_lab\nlab = open_lab()\n"
        "lab.client('iam').create_user(UserName='anna')\nprint('made')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "made" in done.stdout and done.returncode == 0, done.stderr
    assert learner.contents() == before


def test_a_presigned_link_leads_to_the_bucket_of_the_account(account):
    import urllib.request

    s3 = account.client("s3")
    s3.create_bucket(Bucket="papers", **HERE)
    s3.put_object(Bucket="papers", Key="k", Body=b"hello")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "papers", "Key": "k"})
    assert account.real("papers") in link
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"hello"


def test_a_new_instance_profile_is_waited_for(account):
    """EC2 hears of it seconds after IAM; nothing tells the mirror that it will."""
    late, started = Reply(None, "InvalidParameterValue"), {"Instances": []}
    run = Question("RunInstances", "RunInstances", {}, lambda *_: started)
    look = Question("DescribeInstances", "DescribeInstances", {}, lambda *_: started)
    may_change = account._asking._may_change
    assert may_change(run, late, None, waited=1)
    assert not may_change(run, late, None, waited=account.settings.patience + 1)
    assert not may_change(look, late, None, waited=1)
    got, _ = account._asking.settle(run, late, None, None)
    assert got.parsed == started  # asked again


def a_late_answer(status):
    """A write that AWS refuses twice with this status; how often it was asked, and with what."""
    seen = []

    def send(operation, parameters):
        seen.append(parameters["Body"].read() if hasattr(parameters["Body"], "read") else None)
        seen[-1] = seen[-1] or parameters.pop("Body")
        if len(seen) < 3:
            said = {"Code": "AccessDenied", "Message": "no"}
            told = {"Error": said, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(told, operation)
        return {}

    return seen, Question("PutObject", "PutObject", {"Body": Held(b"text"), "Key": "k"}, send)


@pytest.mark.parametrize("status, asked", [(403, 3), (503, 1)])
def test_a_write_that_did_nothing_is_asked_again_and_one_that_nobody_knows_of_is_not(
    monkeypatch, status, asked
):
    """AWS may have carried out what it answers with a failure of its own."""
    monkeypatch.setattr(asking, "_PAUSES", (0.0,))
    asks = asking.Asking(None, patience=5)
    seen, question = a_late_answer(status)
    allowed = Reply({})
    asks.settle(question, *asks.ask(question), allowed)
    assert seen == [b"text"] * asked


def test_a_write_that_shall_be_refused_is_not_risked_again():
    """Refused for another reason, it did nothing; asked again, it could."""
    asks = asking.Asking(None, patience=5)
    write = Question("CreateAccessKey", "CreateAccessKey", {}, lambda *_: {})
    read = Question("GetUser", "GetUser", {}, lambda *_: {})
    full, refused = Reply(None, "LimitExceeded"), Reply(None, "AccessDenied")
    assert not asks._may_change(write, full, refused, waited=0)
    assert asks._may_change(read, full, refused, waited=0)
    unknown = Reply(None, "InvalidClientTokenId")  # a new key: who is refused is still to come
    assert asks._may_change(write, unknown, refused, waited=0)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_put_right_makes_nobody_wait(monkeypatch, hours):
    """Nor forget how long ago a policy was changed."""
    asks = asking.Asking(None, patience=60)
    asks.ask(Question("PutUserPolicy", "PutUserPolicy", {}, lambda *_: {}, changes=True))
    now, moved = time.time, timedelta(hours=hours)
    monkeypatch.setattr(time, "time", lambda: now() + moved.total_seconds())
    real = AccountClock.now
    monkeypatch.setattr(AccountClock, "now", lambda self: real(self) + moved)
    assert asking.SETTLES_IN - 1 < asks._unsettled() <= asking.SETTLES_IN


def test_the_accounts_own_names_mean_the_same(account):
    """A learner may write the account's number, or what lab.real() says."""
    iam, sts = account.client("iam"), account.client("sts")
    me = sts.get_caller_identity()["Arn"].replace("111122223333", NUMBER)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trusts(me)))
    for arn in (
        f"arn:aws:iam::{NUMBER}:role/reader",
        account.real("arn:aws:iam::111122223333:role/reader"),
    ):
        assert account.attempt(sts.assume_role, RoleArn=arn, RoleSessionName="me").allowed
    assert account.differences == []
