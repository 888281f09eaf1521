"""Nothing of the host leaks in, nothing of the lab leaks out (each case in its own process)."""

import json
import subprocess
import sys

import pytest
from botocore.endpoint import URLLib3Session

SCRIPT = """
import json
from labhelpers import open_lab
lab = open_lab()
session = lab.session()
out = {
    "arn": session.client("sts").get_caller_identity()["Arn"],
    "other": lab.session("444455556666").client("sts").get_caller_identity()["Arn"],
    "region": session.region_name,
    "endpoint": session.client("s3").meta.endpoint_url == lab.endpoint_url,
    "ec2": len(session.client("ec2").describe_regions()["Regions"]) > 5,
    "resource": session.resource("iam").CurrentUser().arn,
    "key": session.get_credentials().access_key,
    "profiles": session.available_profiles,
}
lab.close()
print(json.dumps(out))
"""
REAL = {"AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL", "AWS_SECRET_ACCESS_KEY": "real" * 10}
PROXY = "http://127.0.0.1:9"
#: What does not hide one another stands together: a process takes almost two seconds.
HOSTS = {
    "nothing set": {},
    "real keys": {
        **REAL,
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "ALL_PROXY"), PROXY),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_CA_BUNDLE": "/nowhere/ca.pem",
        "MOTO_ACCOUNT_ID": "999999999999",
    },
    "real session": {
        **REAL,
        "AWS_SESSION_TOKEN": "token",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "INITIAL_NO_AUTH_ACTION_COUNT": "0",
    },
    "absent profile": {
        "AWS_PROFILE": "nowhere",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
    },
    "absent default profile": {
        "AWS_DEFAULT_PROFILE": "nowhere",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
    },
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_the_host_does_not_matter(host, tmp_path):
    files = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": ""}
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "credentials").write_text("[default]\naws_access_key_id=AKIAFILE\nbroken")
    (aws / "config").write_text("[default]\nregion=eu-central-1\nendpoint_url=http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**files, **host}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    assert out["arn"] == "arn:aws:iam::111122223333:user/lab-admin"
    assert out["other"] == "arn:aws:iam::444455556666:user/lab-admin"
    assert out["region"] == "ap-northeast-2"
    assert out["resource"] == out["arn"]
    assert out["endpoint"] is True and out["ec2"] is True
    assert done.stderr == ""
    assert out["key"].startswith("AKIA") and out["key"] not in REAL.values()
    assert out["profiles"] == []


def test_an_import_is_light_and_reads_nothing():
    code = (
        "import sys, labhelpers; "
        "heavy = {'boto3', 'moto', 'matplotlib', 'hcl2', 'flask'} & set(sys.modules); "
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_dead_kernel_leaves_nothing_behind(tmp_path):
    """The endpoint lives in a daemon thread: the process ends although nobody closed the lab."""
    code = "from labhelpers import open_lab; lab = open_lab(); print(lab.endpoint_url)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    port = int(done.stdout.rsplit(":", 1)[1])
    import socket

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["list_sessions", "get_resource_policy"])
def test_what_botocore_sends_to_aws_whatever_the_endpoint_stays_here(lab, monkeypatch, call):
    """Sign-in's control plane has no other endpoint; signed by keys of the lab, nothing leaves."""
    sent = []
    monkeypatch.setattr(URLLib3Session, "send", lambda self, request: sent.append(request.url))
    got = lab.attempt(getattr(lab.client("signin"), call))
    assert (got.code, got.blocked_by) == ("LeavesTheLab", "client")
    assert "signin" in got.message and "api.aws: botocore gives it no other" in got.message
    assert not sent
