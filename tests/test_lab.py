"""The handle itself: sessions, attempts, closing, and what it says to wrong input."""

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from scene import allow, trusts

from labhelpers import LabError, open_lab

ADMIN = "arn:aws:iam::111122223333:user/lab-admin"


def test_the_handle(lab):
    assert lab.endpoint_url.startswith("http://127.0.0.1:")
    assert lab.account_id == "111122223333"
    assert lab.region == "ap-northeast-2"
    assert lab.endpoint_url in repr(lab)
    assert lab.session() is lab.session()
    assert lab.client("iam").get_user()["User"]["Arn"] == ADMIN


def test_the_administrator_is_a_user_with_a_policy(lab):
    iam = lab.client("iam")
    attached = iam.list_attached_user_policies(UserName="lab-admin")["AttachedPolicies"]
    assert [p["PolicyName"] for p in attached] == ["AdministratorAccess"]
    assert lab.session().get_credentials().token is None


@pytest.mark.parametrize("wrong", ["1", "11112222333x", 111122223333, "١١١١٢٢٢٢٣٣٣٣", ""])
def test_account_ids_are_twelve_digits(lab, wrong):
    with pytest.raises(LabError, match="12 digits"):
        lab.session(wrong)


def test_accounts_are_worlds_apart(lab):
    lab.client("iam").create_user(UserName="anna")
    other = lab.session("444455556666").client("iam")
    assert [u["UserName"] for u in other.list_users()["Users"]] == ["lab-admin"]


def test_aws_managed_policies_are_the_same_and_nobodys(lab):
    """Accounts share them, so nothing that one does may show in another, or in the next lab."""
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    ours, theirs = (lab.session(account).client("iam") for account in (None, "444455556666"))
    ours.create_user(UserName="alice")
    ours.attach_user_policy(UserName="alice", PolicyArn=arn)
    wide = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    changes = (
        (ours.create_policy_version, {"PolicyDocument": wide, "SetAsDefault": True}),
        (ours.tag_policy, {"Tags": [{"Key": "k", "Value": "v"}]}),
        (ours.delete_policy, {}),
    )
    for change, more in changes:
        refused = lab.attempt(change, PolicyArn=arn, **more)
        assert refused.code == "AccessDenied" and not refused.succeeded
    seen = [iam.get_policy(PolicyArn=arn)["Policy"] for iam in (ours, theirs)]
    assert [policy["AttachmentCount"] for policy in seen] == [1, 0]
    assert seen[0]["PolicyId"] == seen[1]["PolicyId"]
    with open_lab("sandbox") as another:
        policy = another.client("iam").get_policy(PolicyArn=arn)["Policy"]
        assert policy["AttachmentCount"] == 0


def test_session_from_takes_every_usual_form(world):
    role = world.role("reader", trusts(ADMIN))
    answer = world.assume(world.lab.session(), role).response
    for given in (answer, answer["Credentials"]):
        who = world.lab.session_from(given).client("sts").get_caller_identity()
        assert who["Arn"].endswith(":assumed-role/reader/session")
    world.iam().create_user(UserName="anna")
    made = world.iam().create_access_key(UserName="anna")
    for given in (made, made["AccessKey"]):
        who = world.lab.session_from(given).client("sts").get_caller_identity()
        assert who["Arn"].endswith(":user/anna")


@pytest.mark.parametrize("wrong", [None, {}, [], "AKIA", {"Credentials": None}])
def test_session_from_says_what_it_wants(lab, wrong):
    with pytest.raises(LabError, match="credentials|Credentials"):
        lab.session_from(wrong)


def test_attempt_reports_and_never_raises_for_a_refusal(world):
    anna = world.user("anna")
    refused = world.lab.attempt(anna.client("iam").list_users)
    assert (refused.outcome, refused.action) == ("ImplicitlyDenied", "iam:ListUsers")
    assert not refused.allowed and not refused.succeeded and refused.response is None
    fine = world.lab.attempt(world.iam().list_users)
    assert fine.allowed and fine.succeeded and fine.response["Users"]


def test_allowed_is_about_iam_not_about_luck(world):
    missing = world.lab.attempt(world.iam().get_role, RoleName="nobody")
    assert (missing.outcome, missing.code, missing.succeeded) == ("Allowed", "NoSuchEntity", False)


def test_a_call_that_boto3_does_not_send(lab):
    got = lab.attempt(lab.client("sts").assume_role, RoleArn="x")
    assert (got.allowed, got.blocked_by, got.code) == (False, "client", "ParamValidationError")
    document = {"Version": "2012-10-17", "Statement": []}
    create = lab.client("iam").create_role
    got = lab.attempt(create, RoleName="r", AssumeRolePolicyDocument=document)
    assert "json.dumps" in got.reason
    with pytest.raises(LabError, match="cannot be called like this"):
        lab.attempt(create, "positional")  # boto3 takes names only


def test_a_call_that_was_made_already_shows_nothing_of_its_answer(lab):
    iam = lab.client("iam")
    iam.create_user(UserName="anna")
    key = iam.create_access_key(UserName="anna")
    with pytest.raises(LabError, match=r"before its brackets: lab\.attempt\(iam") as raised:
        lab.attempt(key)
    assert key["AccessKey"]["SecretAccessKey"] not in str(raised.value)


def test_a_closed_lab_says_so(lab):
    sts = lab.client("sts")
    lab.close()
    lab.close()
    assert "closed" in repr(lab)
    with pytest.raises(LabError, match="open_lab"):
        lab.attempt(sts.get_caller_identity)


def test_opening_another_lab_gives_a_clean_one_and_says_so(lab, capsys):
    lab.client("iam").create_user(UserName="anna")
    lab.session().client("s3").create_bucket(
        Bucket="reports", CreateBucketConfiguration={"LocationConstraint": lab.region}
    )
    old_keys = lab.session().get_credentials()
    with open_lab() as clean:
        assert "closed" in capsys.readouterr().out
        names = [u["UserName"] for u in clean.client("iam").list_users()["Users"]]
        assert names == ["lab-admin"]
        assert clean.client("s3").list_buckets()["Buckets"] == []
        stale = {"AccessKeyId": old_keys.access_key, "SecretAccessKey": old_keys.secret_key}
        got = clean.attempt(clean.session_from(stale).client("sts").get_caller_identity)
        assert got.code == "InvalidClientTokenId"
        assert clean.sessions() == []


def test_the_sandbox_tells_who_held_what(world):
    role = world.role("reader", trusts(ADMIN), MaxSessionDuration=7200)
    world.assume(world.lab.session(), role, "one", DurationSeconds=7200)
    world.assume(world.lab.session(), role, "x")  # refused by boto3: not a session
    (held,) = world.lab.sessions()
    assert (held.role_arn, held.session_name, held.caller_arn) == (role, "one", ADMIN)
    assert held.expires - held.issued == timedelta(hours=2)
    assert (held.chained, held.max_session_duration) == (False, 7200)
    assert held.secret_access_key not in repr(held) and held.session_token not in repr(held)


def test_the_lab_clock(lab):
    first = lab.clock.now()
    assert abs(first - datetime.now(UTC)) < timedelta(seconds=30) and first.tzinfo
    lab.clock.advance(timedelta(minutes=5), seconds=30)
    lab.clock.advance(seconds=30)
    assert timedelta(minutes=6) <= lab.clock.now() - first < timedelta(minutes=7)


@pytest.mark.parametrize("wrong", [{"seconds": "10"}, {"seconds": float("nan")}])
def test_the_lab_clock_says_what_it_takes(lab, wrong):
    with pytest.raises((ValueError, TypeError)):
        lab.clock.advance(**wrong)


def test_an_unknown_backend(monkeypatch):
    with pytest.raises(LabError, match="no backend 'azure'"):
        open_lab("azure")
    monkeypatch.setenv("LAB_BACKEND", "nirvana")
    with pytest.raises(LabError, match="LAB_BACKEND"):
        open_lab()


def test_a_taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LabError, match="is taken"):
            open_lab(port=taken.getsockname()[1])
    with pytest.raises(LabError, match="no port"):
        open_lab(port=70000)


def test_a_lab_error_is_one_line_in_a_notebook():
    lines = LabError("This is closed.")._render_traceback_()
    assert lines == ["LabError: This is closed."]


def test_outcomes_are_readable(world):
    anna = world.user("anna", allow("s3:GetObject", "arn:aws:s3:::<b>/*"))
    get = anna.client("s3").get_object
    world.bucket("other")
    got = world.lab.attempt(get, Bucket="other", Key="k")
    text, html = str(got), got._repr_html_()
    assert text == repr(got)
    for part in ("ImplicitlyDenied", "s3:GetObject", "AccessDenied", "identity", "inline"):
        assert part in text and part in html
    assert "<b>/*" in text and "<b>/*" not in html and "&lt;b&gt;/*" in html


def test_every_name_of_the_package_loads():
    import labhelpers

    for name in labhelpers.__all__:
        assert getattr(labhelpers, name) is not None
    with pytest.raises(AttributeError, match="it offers"):
        labhelpers.nothing  # noqa: B018


@pytest.mark.parametrize("arguments", [[], ["dance"], ["serve", "--port", "x"]])
def test_the_command_line_says_what_it_takes(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "labhelpers", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", ["administrator", "role session"])
def test_environ_leads_other_tools_to_the_sandbox(world, kind):
    """A child process that knows these variables only is who it should be."""
    session = None
    if kind == "role session":
        admin = world.lab.client("sts").get_caller_identity()["Arn"]
        session = world.lab.session_from(
            world.assume(world.lab.session(), world.role("r", trusts(admin))).response
        )
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | world.lab.terraform_environ(session),
        capture_output=True,
        text=True,
        timeout=60,
    )
    who = (session or world.lab.session()).client("sts").get_caller_identity()["Arn"]
    assert done.stdout.strip() == who, done.stderr


def test_deploy_and_destroy_a_configuration(lab, tmp_path):
    """What deploy creates is there, and gone after destroy; who lacks a permission is told."""
    from labhelpers.terraform import TerraformError, load

    (tmp_path / "main.tf").write_text('resource "aws_iam_user" "u" {\n  name = "lea"\n}\n')
    configuration = load(tmp_path, account_id=lab.account_id, region=lab.region)
    made = lab.deploy(configuration)
    assert list(made.created) == ["aws_iam_user.u"]
    iam = lab.client("iam")
    assert iam.get_user(UserName="lea")["User"]["UserName"] == "lea"
    key = iam.create_access_key(UserName="lea")
    lea = lab.session_from(key)
    iam.delete_access_key(UserName="lea", AccessKeyId=key["AccessKey"]["AccessKeyId"])
    made.destroy()
    assert not lab.attempt(iam.get_user, UserName="lea").succeeded
    with pytest.raises(TerraformError, match="aws_iam_user.u"):
        lab.deploy(configuration, lea)


def test_the_progress_bar_is_silent_outside_of_notebooks(capsys):
    from labhelpers.progress import progress_bar

    show = progress_bar("Working")
    show(0, 2, "one")
    show(2, 2, "")
    assert capsys.readouterr().out == ""
