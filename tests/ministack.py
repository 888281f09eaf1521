"""MiniStack in an environment of its own, enforcing: with AUTH=true it verifies signatures and
enforces IAM policies. It comes from the package index."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path

import boto3

MINISTACK = "1.5.33"
ENVIRONMENT = Path(__file__).parent.parent / ".venv-ministack"
LEARNER = "lab-learner"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def environment(directory: Path = ENVIRONMENT) -> Path:
    """The folder of programs of an environment that holds MiniStack."""
    binaries = directory / ("Scripts" if sys.platform == "win32" else "bin")
    wanted = f"from importlib.metadata import version; assert version('ministack') == '{MINISTACK}'"
    try:
        subprocess.run([binaries / "python", "-c", wanted], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        venv.create(directory, with_pip=True)
        install = [binaries / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, f"ministack=={MINISTACK}"], check=True)
    return binaries.resolve()


def ministack(
    folder: Path, binaries: Path, account: str, region: str, tls: bool = True
) -> tuple[subprocess.Popen, str]:
    """Started as its image does it. Root is "test" with the secret "test"."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAB_"))}
    ours = {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "TMPDIR": str(folder),
        "LOG_LEVEL": "ERROR",
        **({"USE_SSL": "1"} if tls else {}),
    }
    command = [binaries / "python", "-m", "hypercorn", "-c", "python:ministack.core.hypercorn_conf"]
    command += ["--bind", f"127.0.0.1:{port}", "ministack.app:app"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=kept | ours, cwd=folder, **quiet)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http{'s' if tls else ''}://127.0.0.1:{port}"
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    raise SystemExit("MiniStack did not start.")


def learner(session: boto3.Session) -> tuple[str, str]:
    """(access key id, secret) of a new IAM user who may do everything."""
    iam = session.client("iam")
    iam.create_user(UserName=LEARNER)
    iam.attach_user_policy(UserName=LEARNER, PolicyArn=ADMINISTRATOR)
    key = iam.create_access_key(UserName=LEARNER)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]
