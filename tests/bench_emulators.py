"""The series on other emulators of AWS: which lessons fail on plain moto and on MiniStack, and why.

    python tests/bench_emulators.py [--lesson 00 …] [--boundary] [--json FILE]

Every notebook runs with LAB_BACKEND=aws against a new plain moto server, a new MiniStack and, as
the control, the sandbox in a process of its own (tests/served_aws.py). Printed are a Markdown
table and the commonest differences. MiniStack comes from the package index, into an environment of
its own (default .venv-ministack), and runs with AUTH=true: it then verifies signatures and
enforces IAM policies; and over TLS, as AWS does, since policies may ask for that. Its certificate
it makes itself, which needs openssl. The learner is an IAM user with AdministratorAccess in each
of two accounts.

MiniStack does not see aws:ResourceTag in a permissions boundary unless an identity policy names it
as well, so the boundary with which the lab guards a real account would refuse nearly everything
there. To see the lessons' own policies at work, that boundary allows everything on MiniStack;
--boundary leaves it as it is.

A difference is a call that the emulator answered otherwise than the sandbox: one allowed and the
other refused it, another error code, or another kind of policy named. No emulator's clock can be
moved, so waits of up to two minutes, which a learner would sit through, move the lab's and the
mirror's clock only; neither emulator looks at the codes of MFA devices, so that costs them nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import nbformat
from botocore.exceptions import BotoCoreError, ClientError
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "account")]

from bench import plain_moto  # noqa: E402
from ministack import ENVIRONMENT, LEARNER, MINISTACK, environment, learner, ministack  # noqa: E402
from series import FOLDER, NOTEBOOKS, STARTUP, environ_of  # noqa: E402
from served_aws import ACCOUNTS, _write_profiles, served_aws  # noqa: E402

from labhelpers.boto_session import isolated_session  # noqa: E402
from labhelpers.lab import DEFAULT_REGION  # noqa: E402

ROWS = ("plain moto", "MiniStack, enforcing", "the sandbox, served")
# With a fault of the server (HTTP 5xx) the lab asks ten times, later and later; here twice.
HOOK = """
import json as _json
import account_clock as _account_clock
_account_clock.LAG = 0
from botocore.config import Config as _Config
from labhelpers import lab as _handles
from labhelpers.account import learner as _learner
_learner._CONFIG = _learner._CONFIG.merge(
    _Config(retries={"mode": "standard", "total_max_attempts": 2}))
_log = []
def _note(result):
    error = result.error_before_exec or result.error_in_exec
    calls = getattr(_handles._open_lab, "_calls", None)
    said = f"{type(error).__name__}: {error}" if error else ""
    _log.append([said, len(calls.differences) if calls else 0, calls.asked if calls else 0])
get_ipython().events.register("post_run_cell", _note)
"""
NO_BOUNDARY = """
from labhelpers.account import lab as _account_lab
_account_lab.boundary = lambda *_: _json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
"""
SUMMARY = """
_lab = _handles._open_lab
print(_json.dumps({"log": _log, "differences": getattr(_lab, "differences", [])}))
if _lab is not None:
    _lab.close()
"""
#: Codes that say: this emulator has no such operation, or none that works.
_MISSING = re.compile(
    r"NotImplemented|InvalidAction|UnknownOperation\w*|Internal\w+|50[013]|404|405"
)
_DIFFERENCE = re.compile(
    r"(?P<service>[\w-]+):(?P<operation>\w+): AWS says (?P<real>\S+)(?: \((?P<told>[^)]*)\))?, "
    r"the sandbox (?P<here>\S+?)(?: \((?P<why>[^)]*)\))?\."
)
#: Errors of a cell that tell nothing of the emulator's fault behind them.
_BEHIND = {"Non-base32 digit found": "the seed of a virtual MFA device is no Base32"}
_POLICIES = {
    "trust": "the trust policy",
    "identity": "the caller's policies",
    "resource": "the bucket policy",
    "boundary": "the permissions boundary",
    "session": "the session policy",
    "scp": "the SCP",
    "rcp": "the RCP",
}


@dataclass
class Emulator:
    """One running server, and what a kernel needs to know of it; see environ_of in series.py."""

    name: str
    endpoint_url: str
    sessions: list[boto3.Session]  # the learner's, of each account
    environ: dict[str, str] = field(default_factory=dict)
    control: list[str] = field(default_factory=list)
    _token: str = ""


# ---------------------------------------------------------------------- the servers


@contextmanager
def emulator(name: str, folder: Path, binaries: Path) -> Iterator[Emulator]:
    """A new server with the learner's users in it, for the length of a `with` block."""
    if name == ROWS[2]:
        with served_aws(folder) as aws:
            sessions = [aws.session(account) for account in aws.accounts]
            found = Emulator(name, aws.endpoint_url, sessions, aws.environ, _token=aws._token)
            yield found
        return
    certificate = folder / "ministack-tls" / "server.crt" if name == ROWS[1] else None
    enforcing = (folder, binaries, ACCOUNTS[0], DEFAULT_REGION)
    process, url = ministack(*enforcing) if certificate else moto()

    def opened(*keys: str) -> boto3.Session:
        session = isolated_session(url, DEFAULT_REGION, *keys)
        if certificate:
            settings = session._session.get_component("config_store")
            settings.set_config_variable("ca_bundle", str(certificate))
        return session

    try:
        keys = [learner(session) for session in administrators(name, opened)]
        sessions = [opened(*key) for key in keys]
        said = [session.client("sts").get_caller_identity() for session in sessions]
        if [one["Arn"] for one in said] != [f"arn:aws:iam::{a}:user/{LEARNER}" for a in ACCOUNTS]:
            raise SystemExit(f"{name} takes the learner for {', '.join(o['Arn'] for o in said)}.")
        with unmoved_clock() as control:
            environ = environ_for(url, folder, dict(zip(("lab", "second"), keys, strict=True)))
            if certificate:
                environ |= dict.fromkeys(("AWS_CA_BUNDLE", "SSL_CERT_FILE"), str(certificate))
            yield Emulator(name, url, sessions, environ, control)
    finally:
        process.terminate()
        process.wait()


def moto() -> tuple[subprocess.Popen, str]:
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    return plain_moto()


def administrators(name: str, opened: Callable[..., boto3.Session]) -> Iterator[boto3.Session]:
    """Whoever makes the learner's user, in each account."""
    if name == ROWS[1]:
        yield opened("test", "test")
        yield opened(ACCOUNTS[1], "test")  # twelve digits are the root key of that account
        return
    first = opened("AKIAEXAMPLE", "secret")
    yield first
    role = f"arn:aws:iam::{ACCOUNTS[1]}:role/any"  # plain moto hands out any, there or not
    made = first.client("sts").assume_role(RoleArn=role, RoleSessionName="bench")["Credentials"]
    yield opened(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def environ_for(url: str, folder: Path, profiles: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        **_write_profiles(folder, profiles),
        "LAB_BACKEND": "aws",
        "LAB_AWS_PROFILE": "lab",
        "LAB_AWS_ACCOUNT_ID": ACCOUNTS[0],
        "LAB_AWS_SECOND_PROFILE": "second",
        "LAB_AWS_SECOND_ACCOUNT_ID": ACCOUNTS[1],
        "LAB_AWS_YES": "1",
        "LAB_STATE_DIR": str(folder / "state"),
    }


@contextmanager
def unmoved_clock() -> Iterator[list[str]]:
    """LAB_TEST_CONTROL for a server whose clock cannot be moved: remembers how far it would be."""
    ahead = [timedelta(0)]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            ahead[0] += timedelta(seconds=wanted["seconds"])
            body = json.dumps((datetime.now(UTC) + ahead[0]).isoformat()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield [f"http://127.0.0.1:{server.server_port}/", "X-Bench", "1"]
        server.shutdown()


# ---------------------------------------------------------------------- one lesson


def lesson(name: str, path: Path, binaries: Path, boundary: bool) -> dict[str, Any]:
    """What became of a notebook on a new server; `boundary`: with the lab's own as it is."""
    startup = HOOK if boundary or name != ROWS[1] else HOOK + NO_BOUNDARY
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with emulator(name, folder, binaries) as found:
            more = {"LAB_AWS_PATIENCE": "0"}
            if found.control:
                more["LAB_TEST_CONTROL"] = json.dumps(found.control)
            environ = environ_of(found, **more)
            before = contents(found)
            record = outcome(*run(path, environ, startup))
            record["left"] = sorted(contents(found) - before)
            if record["left"]:
                command = [sys.executable, "-m", "labhelpers", "sweep"]
                swept = subprocess.run(command, env=environ, capture_output=True, text=True)
                record["left after sweep"] = sorted(contents(found) - before)
                errors = re.findall(r"^[\w.]+(?:Error|Exception): .*", swept.stderr, re.M)
                record["sweep said"] = (errors or [""])[-1][:200]
    seconds = round(time.monotonic() - started, 1)
    return {"emulator": name, "lesson": path.stem, "seconds": seconds, **record}


def run(path: Path, environ: dict[str, str], more: str) -> tuple[list, dict[str, Any], str]:
    """(code cells of the notebook as it ran, what the kernel noted, what ended it early)."""
    notebook = nbformat.read(path, as_version=4)
    own = [(n, c) for n, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source]
    new = nbformat.v4.new_code_cell
    startup = new(STARTUP.format(here=str(HERE / "account"), tests=str(HERE)) + more)
    notebook.cells = [startup, *notebook.cells, new(SUMMARY)]
    where = {"metadata": {"path": FOLDER}}
    client = NotebookClient(notebook, timeout=60, allow_errors=True, resources=where)
    ended = ""
    try:
        client.execute(env=environ, stderr=subprocess.DEVNULL)
    except (CellTimeoutError, DeadKernelError) as error:
        ended = type(error).__name__
    outputs = notebook.cells[-1].outputs
    said = "".join(o["text"] for o in outputs if o.get("name") == "stdout")
    lines = [line for line in said.splitlines() if line.startswith("{")]
    return own, json.loads(lines[0]) if lines else {}, ended


def outcome(own: list, summary: dict[str, Any], ended: str) -> dict[str, Any]:
    """The first cell that failed and the differences up to it and over all of the notebook."""
    log = summary.get("log", [])[1:]  # the first is the startup's
    record = {
        "passed": bool(log) and not ended,
        "differences": summary.get("differences", []),
        "asked": log[-1][2] if log else 0,
        "failed cells": 0,
    }
    if ended or not log:
        record["error"] = ended or "the kernel noted nothing"
    earlier = 0
    for (number, cell), (error, differences, _) in zip(own, log, strict=False):
        if error and "raises-exception" not in cell.metadata.get("tags", []):
            record["failed cells"] += 1
            if record["failed cells"] == 1:
                record |= {"passed": False, "cell": number, "before": differences}
                record |= {"error": one_line(error, cell), "in the cell": differences - earlier}
        earlier = differences
    return record


def one_line(error: str, cell: Any) -> str:
    """The error; of a bare assert, the line that did not hold."""
    text = " ".join(error.split())
    if text.rstrip() != "AssertionError:":
        return text[:300]
    for output in cell.get("outputs", ()):
        trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.get("traceback", ())))
        lines = re.findall(r"^-+> *\d+ (.*)$", trace, re.M)
        if lines:
            return f"AssertionError: {lines[-1].strip()}"[:300]
    return text


def contents(found: Emulator) -> set[str]:
    """Everything of the kinds that the lab makes, in both accounts."""
    return {
        f"{number} {kind} {name}"
        for number, session in enumerate(found.sessions)
        for kind, listed in _LISTS.items()
        for name in listing(session, listed)
    }


def listing(session: boto3.Session, listed: Callable[[Any], Any]) -> list[str]:
    try:
        return list(listed(session))
    except (ClientError, BotoCoreError):  # no such operation: nothing to see
        return []


def _iam(operation: str, key: str, name: str, **given: str) -> Callable[[Any], Any]:
    def listed(session: boto3.Session) -> list[str]:
        return [one[name] for one in getattr(session.client("iam"), operation)(**given)[key]]

    return listed


def _instances(session: boto3.Session) -> Iterator[str]:
    for reservation in session.client("ec2").describe_instances()["Reservations"]:
        for one in reservation["Instances"]:
            if one["State"]["Name"] not in ("terminated", "shutting-down"):
                yield one["InstanceId"]


_LISTS: dict[str, Callable[[Any], Any]] = {
    "user": _iam("list_users", "Users", "Arn"),
    "role": _iam("list_roles", "Roles", "Arn"),
    "group": _iam("list_groups", "Groups", "Arn"),
    "policy": _iam("list_policies", "Policies", "Arn", Scope="Local"),
    "instance profile": _iam("list_instance_profiles", "InstanceProfiles", "Arn"),
    "MFA device": _iam("list_virtual_mfa_devices", "VirtualMFADevices", "SerialNumber"),
    "OIDC provider": _iam("list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    "bucket": lambda s: [one["Name"] for one in s.client("s3").list_buckets()["Buckets"]],
    "instance": _instances,
    "security group": lambda s: [
        one["GroupName"] for one in s.client("ec2").describe_security_groups()["SecurityGroups"]
    ],
}


# ---------------------------------------------------------------------- words


def why(record: dict[str, Any]) -> str:
    """In a few words, why a lesson fails: the first difference of the cell that failed, else the
    error of that cell where it is the emulator's own, else the first difference before. One that
    let in or shut out comes before one in a refusal's reason."""
    differences = record["differences"][: record.get("before", 0)]
    if record.get("in the cell"):
        return in_words(first(differences[-record["in the cell"] :]))
    for text, fault in _BEHIND.items():
        if text in record["error"]:
            return fault
    service = re.search(r"\((\S+)\) when calling the (\w+) operation", record["error"])
    if service:
        return refused(service[2], service[1])
    return in_words(first(differences)) if differences else record["error"].replace("|", "\\|")


def first(differences: list[str]) -> str:
    return next((d for d in differences if "allowed" in d), differences[0])


def in_words(difference: str) -> str:
    found = _DIFFERENCE.match(difference)
    if not found:
        return difference
    operation, real, here = found["operation"], found["real"], found["here"]
    kind = (found["why"] or "").rpartition(" by ")[2]
    blamed = (found["told"] or "").rpartition(" by ")[2]
    if here == "allowed":
        return refused(operation, real, _POLICIES.get(blamed, ""))
    if real == "allowed":
        verb = "refuse" if kind == "identity" else "refuses"
        by_aws = "" if kind in _POLICIES else f" ({here})"
        return f"{operation} allowed that {_POLICIES.get(kind, 'AWS')} {verb}{by_aws}"
    if real == here:
        return f"{operation} refused by {_POLICIES.get(blamed)}, not by {_POLICIES.get(kind, kind)}"
    return f"{operation} refused with {real}, not {here}"


def refused(operation: str, code: str, by: str = "") -> str:
    if _MISSING.fullmatch(code):
        return f"{operation} not implemented ({code})"
    return f"{operation} refused by {by}, AWS allows it" if by else f"{operation} fails ({code})"


def table(records: list[dict[str, Any]]) -> str:
    by = {(r["emulator"], r["lesson"]): r for r in records}
    lessons = sorted({r["lesson"] for r in records})
    lines = [f"| Lesson | {' | '.join(heading(name) for name in ROWS[:2])} |", "|---|---|---|"]
    for stem in lessons:
        cells = [cell(by[name, stem]) for name in ROWS[:2] if (name, stem) in by]
        lines.append(f"| {stem[:2]} | {' | '.join(cells)} |")
    for name in ROWS:
        ours = [record for record in records if record["emulator"] == name]
        lines += ["", f"{heading(name)}: {total(ours)}."] if ours else []
    # Emulators differ from one Python to another: some answer calls on 3.11 with a fault.
    lines += ["", f"All on Python {platform.python_version()}."]
    return "\n".join(lines)


def heading(name: str) -> str:
    from importlib.metadata import version

    return name.replace("moto", f"moto {version('moto')}").replace("Stack", f"Stack {MINISTACK}")


def cell(record: dict[str, Any]) -> str:
    return "passes" if record["passed"] else f"fails: {why(record)}"


def total(records: list[dict[str, Any]]) -> str:
    passed = sum(record["passed"] for record in records)
    asked = sum(record["asked"] for record in records)
    found = [_DIFFERENCE.match(d) for record in records for d in record["differences"]]
    kinds = Counter(
        "allowed" if f["real"] == "allowed" else "refused" if f["here"] == "allowed" else "other"
        for f in filter(None, found)
    )
    said = f"{passed} of {len(records)} lessons pass, {len(found)} of {asked} calls were answered "
    said += "otherwise than by the sandbox"
    if found:
        said += f" ({kinds['allowed']} allowed that it refuses, {kinds['refused']} refused that it "
        said += f"allows, {kinds['other']} refused for another reason)"
    return said


def report(records: list[dict[str, Any]]) -> Iterator[str]:
    """The table, what it leaves out, and the commonest differences."""
    yield table(records)
    for name in ROWS:
        ours = [record for record in records if record["emulator"] == name]
        if not ours:
            continue
        left = [r for r in ours if r.get("left after sweep")]
        yield f"\n{name}: {len(ours) - len(left)} of {len(ours)} left nothing behind"
        for record in ours:
            if not record["passed"]:
                where = f"cell {record.get('cell')}, {record.get('before')} differences by then"
                yield f"  {record['lesson'][:2]} {where}: {record['error']}"
            if record.get("left after sweep"):
                many = len(record["left after sweep"])
                yield f"  {record['lesson'][:2]} left {many} things: {record['sweep said']}"
        kinds = Counter(d for record in ours for d in record["differences"])
        for difference, count in kinds.most_common(12):
            yield f"{count:>5} × {difference}"


# ---------------------------------------------------------------------- all of it


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, metavar="DIRECTORY")
    parser.add_argument("--boundary", action="store_true", help="the lab's own, on MiniStack too")
    parser.add_argument("--lesson", action="append", metavar="NUMBER", help="e.g. 00; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was found")
    options = parser.parse_args()
    binaries = environment(options.environment)
    paths = [p for p in NOTEBOOKS if not options.lesson or p.stem[:2] in options.lesson]
    with ProcessPoolExecutor(2) as pool:
        each = [(name, path) for path in paths for name in ROWS]
        jobs = [pool.submit(lesson, *one, binaries, options.boundary) for one in each]
        records = [job.result() for job in jobs]
    if options.json:
        options.json.write_text(json.dumps(records, indent=1) + "\n")
    print("\n".join(report(records)))
    return 0 if all(r["passed"] for r in records if r["emulator"] == ROWS[2]) else 1


if __name__ == "__main__":
    sys.exit(main())
