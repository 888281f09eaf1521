"""Credentials of a container, found by an unmodified boto3 (STS_FACTS 7.4)."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3
from scene import allow, trusts

from labhelpers import LabError

ECS = {"Service": "ecs-tasks.amazonaws.com"}
READ = allow("s3:GetObject", "arn:aws:s3:::container-bucket/*")
CHILD = (
    "import boto3; s = boto3.Session(); "
    "print(s.client('s3').get_object(Bucket='container-bucket', Key='a')['Body'].read()); "
    "print(s.client('sts').get_caller_identity()['Arn']); print(s.get_credentials().method)"
)


@pytest.fixture
def task_role(world):
    world.bucket("container-bucket").put_object(Bucket="container-bucket", Key="a", Body=b"found")
    return world.role("task", trusts(ECS), permissions=[READ], Path="/tasks/")


def run(container):
    return subprocess.run(
        [sys.executable, "-c", CHILD], env=container.environ(), capture_output=True, text=True
    )


def get(container, method="GET", **headers):
    """(status, document)"""
    answer = urllib3.request(method, container.endpoint_url, headers=headers, retries=False)
    return answer.status, json.loads(answer.data)


def keys(container):
    status, document = get(container, Authorization=container.authorization_token)
    assert status == 200
    return document


def test_unmodified_boto3_finds_the_keys(lab, task_role, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    ran = run(lab.container_credentials(task_role))
    body, arn, method = ran.stdout.split()
    assert (body, method) == ("b'found'", "container-role")
    assert ":assumed-role/task/" in arn


def test_the_token_is_in_a_file_as_well(world, task_role):
    """Rust's object_store reads it from there alone. Without the other two variables such a
    client, and one without credentials, would ask an instance of this machine's own."""
    environ = world.lab.container_credentials(task_role).environ()
    file = Path(environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
    assert file.read_text() == environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert file.parent.stat().st_mode & 0o077 == 0
    assert environ["AWS_METADATA_ENDPOINT"] == world.lab.endpoint_url
    assert environ["AWS_EC2_METADATA_DISABLED"] == "true"
    world.lab.close()
    assert not file.parent.exists()


def test_each_container_has_its_own_session(lab, task_role):
    one, two = (keys(lab.container_credentials(task_role)) for _ in range(2))
    assert one["RoleArn"] == two["RoleArn"] == task_role
    assert one["AccessKeyId"] != two["AccessKeyId"]


def test_authorization_token_is_asked_for(lab, task_role):
    """No token, a wrong one, another container's: 401, and no keys."""
    container, other = (lab.container_credentials(task_role) for _ in range(2))
    for shown in ({}, {"Authorization": "x"}, {"Authorization": other.authorization_token}):
        status, document = get(container, **shown)
        assert status == 401 and "AccessKeyId" not in document
    status, document = get(container, "POST", Authorization=container.authorization_token)
    assert status == 405 and "AccessKeyId" not in document
    container.endpoint_url += "0"
    assert get(container, Authorization=container.authorization_token)[0] == 400


def test_boto3_with_a_wrong_token_gets_nothing(lab, task_role):
    environ = lab.container_credentials(task_role).environ()
    Path(environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).write_text("wrong")
    quick = "import botocore.utils as u; u.ContainerMetadataFetcher.SLEEP_TIME = 0; "
    command = [sys.executable, "-c", quick + CHILD]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert "CredentialRetrievalError" in ran.stderr and "401" in ran.stderr


def test_keys_roll_before_they_end(lab, task_role):
    container = lab.container_credentials(task_role)
    first = keys(container)
    assert keys(container) == first
    lab.clock.advance(timedelta(hours=5, minutes=40))
    second = keys(container)
    assert second["AccessKeyId"] != first["AccessKeyId"]
    lab.clock.advance(timedelta(hours=20))
    assert "found" in run(container).stdout


def test_role_has_to_trust_ecs(lab, world):
    """EC2 in the trust policy is not enough, nor is the account."""
    arn = world.role("other", trusts({"Service": "ec2.amazonaws.com"}), trusts(lab.account_id))
    with pytest.raises(LabError, match="ecs-tasks.amazonaws.com"):
        lab.container_credentials(arn)


def test_trust_may_name_the_source_account(lab, world):
    """The condition that AWS advises against a confused deputy."""
    mine = {"Condition": {"StringEquals": {"aws:SourceAccount": lab.account_id}}}
    other = {"Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}}
    good, bad = world.role("good", trusts(ECS, **mine)), world.role("bad", trusts(ECS, **other))
    assert keys(lab.container_credentials(good))["RoleArn"] == good
    with pytest.raises(LabError, match="unable to assume"):
        lab.container_credentials(bad)


def test_revoked_trust_counts_at_the_next_roll(lab, world, task_role):
    container = lab.container_credentials(task_role)
    document = {"Version": "2012-10-17", "Statement": trusts(lab.account_id)}
    world.iam().update_assume_role_policy(RoleName="task", PolicyDocument=json.dumps(document))
    assert keys(container)["RoleArn"] == task_role
    lab.clock.advance(timedelta(hours=6))
    status, refused = get(container, Authorization=container.authorization_token)
    assert status == 400 and refused["code"] == "NoCredentialsAssociated"


@pytest.mark.parametrize("arn", ["task", None, "arn:aws:iam::1:role/task", ""])
def test_what_is_no_role_arn_is_said(lab, arn):
    with pytest.raises(LabError, match="no role ARN"):
        lab.container_credentials(arn)


def test_missing_role_is_said(lab):
    with pytest.raises(LabError, match="There is no role"):
        lab.container_credentials("arn:aws:iam::111122223333:role/nobody")


def test_ecs_assuming_the_role_is_in_the_trail(lab, task_role):
    container = lab.container_credentials(task_role)
    event = lab.trail[-1]
    assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com"}
    assert event["sourceIPAddress"] == "ecs-tasks.amazonaws.com"
    given = event["responseElements"]["credentials"]["accessKeyId"]
    assert given == keys(container)["AccessKeyId"]
