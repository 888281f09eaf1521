"""sweep removes what is the lab's, and only that."""

import json
import re
from datetime import timedelta

import pytest
from scene import policy, trusts

from labhelpers import open_lab
from labhelpers.__main__ import main
from labhelpers.account.journal import Journal, journals
from labhelpers.account.sweep import Sweep

HERE = {"CreateBucketConfiguration": {"LocationConstraint": "ap-northeast-2"}}
TRUST = policy(trusts({"Service": "ec2.amazonaws.com"}))


def forget(lab):
    """As if its process had died: nothing is cleaned up."""
    lab._journal.entries = list
    lab.close()


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
    s3.put_bucket_versioning(Bucket="papers", VersioningConfiguration={"Status": "Enabled"})
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


def test_what_lacks_the_tags_is_reported_and_left(learner, capsys):
    """Under the path or with the prefix, but made by somebody else."""
    raw = learner.session()
    raw.client("iam").create_user(UserName="sts-lab-mine", Path="/sts-lab/")
    raw.client("iam").create_role(
        RoleName="other", Path="/sts-lab/", AssumeRolePolicyDocument=TRUST
    )
    raw.client("s3").create_bucket(Bucket="sts-lab-of-a-colleague", **HERE)
    before = learner.contents()
    assert main(["sweep"]) == 0
    said = capsys.readouterr().out
    assert "sts-lab-mine looks like the lab's" in said and "sts-lab-of-a-colleague" in said
    assert learner.contents() == before
    raw.client("iam").delete_user(UserName="sts-lab-mine")
    raw.client("iam").delete_role(RoleName="other")
    raw.client("s3").delete_bucket(Bucket="sts-lab-of-a-colleague")


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
    assert capsys.readouterr().out.count("0 found, 0 left") == 2
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
