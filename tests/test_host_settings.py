"""No file of ~/.aws is looked at and nobody but loopback is called, whatever the host's settings.

Watched by strace from outside; where it is missing, nothing is known and the tests are skipped.
LAB_EVERY_ACTION=1 (`make check WHAT=reach`) watches nbval, too.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STRACE = shutil.which("strace")
pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not on this machine")
#: What asks nobody but the sandbox; `sweep` and `compare` were not told of an account.
SCRIPT = """
import io, json, sys
from contextlib import redirect_stdout, redirect_stderr
from pathlib import Path
from labhelpers import open_lab
from labhelpers.__main__ import main
said = io.StringIO()
with redirect_stdout(said), redirect_stderr(said):
    with open_lab() as lab:
        session = lab.session()
        for name in ("sts", "iam", "s3", "ec2", "kms", "sqs", "sns", "lambda", "dynamodb"):
            session.client(name)
        session.client("sts").get_caller_identity()
        session.client("ec2").describe_instances()
        session.client("sqs").list_queues()
        session.client("dynamodb").list_tables()
        session.client("s3").generate_presigned_url("get_object", {"Bucket": "b", "Key": "k"})
        session.resource("iam").CurrentUser().arn
        lab.attempt(session.client("s3").list_buckets)
    policy = Path(sys.argv[1], "policy.json")
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    for arguments in (["audit", "terraform/ec2-s3-role"], ["lint", str(policy)], ["decide"],
                      ["sweep", "--dry-run"], ["sweep"], ["compare", "--list"], ["compare"]):
        try:
            main(arguments)
        except SystemExit:
            pass
print(said.getvalue())
"""


@pytest.fixture
def trap():
    """A port that must not be called, and the list of who called it."""
    called = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        over = threading.Event()

        def listen():
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    called.append(listener.accept()[1])

        thread = threading.Thread(target=listen)
        thread.start()
        yield listener.getsockname()[1], called
        over.set()
        thread.join()


def hostile(home, port):
    """The environment of somebody with an AWS account, all of whose settings lead to the trap."""
    url, aws = f"http://127.0.0.1:{port}", home / ".aws"
    (aws / "models" / "sts" / "2011-06-15").mkdir(parents=True)
    (aws / "models" / "sts" / "2011-06-15" / "service-2.json").write_text("{}")
    (aws / "cli" / "cache").mkdir(parents=True)
    (aws / "sso" / "cache").mkdir(parents=True)
    process = f"credential_process = touch {home}/was-run\nendpoint_url = {url}\nca_bundle = /x\n"
    (aws / "config").write_text(f"[default]\n{process}[profile work]\n{process}")
    (aws / "credentials").write_text("[default]\naws_access_key_id = AKIAREAL\nbroken\n")
    (home / ".boto").write_text("[Credentials]\naws_access_key_id = AKIAREAL\n")
    services = ("", "_STS", "_S3", "_IAM", "_EC2", "_SQS", "_DYNAMODB", "_SSO", "_SIGNIN")
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    return {
        **dict.fromkeys((f"AWS_ENDPOINT_URL{name}" for name in services), url),
        **dict.fromkeys(proxies, url),
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real" * 10,
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_PROFILE": "work",
        "AWS_CONFIG_FILE": str(aws / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(aws / "credentials"),
        "AWS_DATA_PATH": str(aws / "models"),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CA_BUNDLE": "/nowhere/ca.pem",
        "REQUESTS_CA_BUNDLE": "/nowhere/ca.pem",
        "CURL_CA_BUNDLE": "/nowhere/ca.pem",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": url,
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(aws / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
        "AWS_ROLE_SESSION_NAME": "real",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
        "AWS_MAX_ATTEMPTS": "1",
        "BOTO_CONFIG": str(home / ".boto"),
        "MOTO_ACCOUNT_ID": "999999999999",
        "MOTO_PORT": str(port),
        "TEST_SERVER_MODE": "true",
        "TEST_SERVER_MODE_ENDPOINT": url,
        "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "false",
    }


def watched(command, home, port):
    """(status, output, looked at in ~/.aws, addresses beyond loopback) of a process and its
    children."""
    log = home / "strace"
    trace = [STRACE, "-f", "-qq", "-o", str(log), "-e", "trace=%file,connect,sendto,sendmsg"]
    done = subprocess.run(
        [*trace, *command],
        cwd=ROOT,
        env=hostile(home, port),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    lines = log.read_text(errors="replace").splitlines()
    looked = [line for line in lines if f"{home}/.aws" in line or f"{home}/.boto" in line]
    away = [
        line
        for line in lines
        if "sin_addr" in line or "sin6_addr" in line
        if '"127.0.0.1"' not in line and '"::1"' not in line
    ]
    assert any("connect(" in line and '"127.0.0.1"' in line for line in lines), "Nothing was seen."
    return done.returncode, done.stdout + done.stderr, looked, away


def test_a_lab_and_the_commands(tmp_path, trap):
    port, called = trap
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    status, said, looked, away = watched(command, tmp_path, port)
    assert status == 0, said
    assert (looked, away, called) == ([], [], [])
    assert said.count("AWS was not asked, and no credentials were read") == 3
    assert not (tmp_path / "was-run").exists()


@pytest.mark.skipif(not os.environ.get("LAB_EVERY_ACTION"), reason="`make check WHAT=reach`")
@pytest.mark.parametrize("notebook", ["00_start_here", "07_live_with_expiry"])
def test_nbval(tmp_path, trap, notebook):
    port, called = trap
    path = f"notebooks/{notebook}.ipynb"
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", path]
    status, said, looked, away = watched(command, tmp_path, port)
    assert status == 0, said
    assert re.search(r"\d+ passed", said)
    assert (looked, away, called) == ([], [], [])
