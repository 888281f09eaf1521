"""`python -m labhelpers serve` with the AWS CLI as its client, unmodified."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from scene import allow, policy, trusts

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """(process, environment of the printed export lines)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "labhelpers", "serve"], stdout=subprocess.PIPE, text=True
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "get-caller-identity" in line:
            break
    exports = dict(re.findall(r"^export (\w+)=(\S+)$", "".join(lines), re.MULTILINE))
    home = tmp_path_factory.mktemp("home")
    yield process, {**exports, "HOME": str(home), "PATH": "/usr/bin:/bin", "AWS_PAGER": ""}
    process.kill()
    process.wait()


def aws(environment, *arguments, **more):
    done = subprocess.run(
        [sys.executable, AWS, *arguments, "--output", "json"],
        env={**environment, **more},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_aws_cli_works_unmodified(served, tmp_path):
    _, environment = served
    status, out, _ = aws(environment, "sts", "get-caller-identity")
    assert status == 0 and json.loads(out)["Arn"].endswith(":user/lab-admin")
    trust = policy(trusts("arn:aws:iam::111122223333:user/lab-admin"))
    role = ["iam", "create-role", "--role-name", "reader", "--assume-role-policy-document", trust]
    status, out, error = aws(environment, *role)
    assert status == 0, error
    arn = json.loads(out)["Role"]["Arn"]
    permissions = policy(allow("s3:GetObject", "arn:aws:s3:::reports/*"))
    put = ["iam", "put-role-policy", "--role-name", "reader", "--policy-name", "p"]
    assert aws(environment, *put, "--policy-document", permissions)[0] == 0
    assert aws(environment, "s3", "mb", "s3://reports")[0] == 0
    (tmp_path / "f").write_text("hello")
    assert aws(environment, "s3", "cp", str(tmp_path / "f"), "s3://reports/f")[0] == 0

    assume = ["sts", "assume-role", "--role-session-name", "cli", "--role-arn"]
    status, out, _ = aws(environment, *assume, arn)
    keys = json.loads(out)["Credentials"]
    session = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
    copy = ["s3", "cp", "s3://reports/f", str(tmp_path / "g")]
    assert aws(environment, *copy, **session)[0] == 0
    assert (tmp_path / "g").read_text() == "hello"
    status, _, error = aws(environment, "s3", "ls", "s3://reports", **session)
    assert status != 0 and "(AccessDenied)" in error
    status, _, error = aws(environment, *assume, arn.replace("reader", "writer"))
    assert status != 0 and "(AccessDenied)" in error and "sts:AssumeRole" in error


def test_terraforms_roles_stay_here(served):
    """It assumes them by this variable, not by the general one."""
    _, environment = served
    assert environment["AWS_ENDPOINT_URL_STS"] == environment["AWS_ENDPOINT_URL"]


def test_a_taken_port_is_said_in_one_line(served):
    _, environment = served
    port = environment["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]
    done = subprocess.run(
        [sys.executable, "-m", "labhelpers", "serve", "--port", port],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "is taken" in done.stderr and done.stderr.count("\n") == 1


def test_ctrl_c_ends_it_cleanly(served):
    process, environment = served
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    port = int(environment["AWS_ENDPOINT_URL"].rsplit(":", 1)[1])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_shell_lines_are_shell(tmp_path):
    """The printed lines can be pasted as they are."""
    if shutil.which("bash") is None:
        pytest.skip("no bash on this machine")
    process = subprocess.Popen(
        [sys.executable, "-m", "labhelpers", "serve", "--account", "444455556666"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "get-caller-identity" in line:
                break
        block = "".join(lines).split("\n\n", 2)[2].replace("aws ", f"{sys.executable} {AWS} ")
        done = subprocess.run(
            ["bash", "-c", block], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}
        )
        assert json.loads(done.stdout)["Account"] == "444455556666", done.stderr
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0
