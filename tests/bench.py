"""How fast is the sandbox, beside a plain moto server that enforces nothing, and MiniStack?

Each call goes through boto3, in turns to all servers so that they share the machine's moods.
Printed are medians in milliseconds and the ratios to MiniStack (which enforces, see ministack.py)
and to plain moto. "in process" is the sandbox as a notebook runs it, in a thread beside the client;
"served" is `python -m labhelpers serve`; "the floor" answers from memory (canned.py): below it
nobody can come. The goals are for a machine that does nothing else.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from ministack import environment, learner, ministack
from served_aws import ACCOUNTS, served_aws

from labhelpers import open_lab
from labhelpers.boto_session import isolated_session

ROUNDS = 250
_OURS = ("served", "in process")
#: Of MiniStack's median: served, in process; of plain moto's: both.
GOALS = {
    "GetCallerIdentity": (0.75, 0.85, 0.6),
    "AssumeRole": (0.75, 0.85, 0.6),
    "S3 GetObject": (1.0, 1.0, 0.6),
    "IAM GetRole": (1.0, 1.0, 0.6),
}
STARTS = {
    "import labhelpers": ("import labhelpers", 0.3),
    "open_lab() after it": ("lab = labhelpers.open_lab(); lab.session()", 1.0),
}


def main() -> None:
    starting_up()
    plain, moto_url = plain_moto()
    served, keys = served_sandbox()
    key = (keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    floor, floor_url = canned(keys["AWS_ENDPOINT_URL"])
    with open_lab("sandbox") as lab, tempfile.TemporaryDirectory() as folder:
        started = (Path(folder), environment(), ACCOUNTS[0], lab.region)
        mini, mini_url = ministack(*started, tls=False)
        root = isolated_session(mini_url, lab.region, "test", "test")
        sessions = {
            "plain moto": isolated_session(moto_url, lab.region, "AKIAEXAMPLE", "secret"),
            "MiniStack": isolated_session(mini_url, lab.region, *learner(root)),
            "served": isolated_session(keys["AWS_ENDPOINT_URL"], lab.region, *key),
            "in process": lab.session(),
            "the floor": isolated_session(floor_url, lab.region, *key),
        }
        time.sleep(10)  # let every server finish loading in the background
        compare(sessions)
        own_share(calls_of(lab.session()))
        for process in (plain, served, floor, mini):
            process.terminate()
            process.wait()
    on_an_account()


def starting_up() -> None:
    """Best of five fresh processes each; disk caches are warm."""
    for what, (code, goal) in STARTS.items():
        before = "" if "import" in code else "import labhelpers; "
        timed = f"{before}import time; t = time.perf_counter(); {code}; "
        timed += "print(time.perf_counter() - t)"
        times = [
            float(subprocess.run([sys.executable, "-c", timed], capture_output=True).stdout)
            for _ in range(5)
        ]
        print(f"{what:<22} {min(times):.3f} s   (goal {goal} s)")


def plain_moto() -> tuple[subprocess.Popen, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    raise SystemExit("The moto server did not start.")


def served_sandbox() -> tuple[subprocess.Popen, dict[str, str]]:
    command = [sys.executable, "-m", "labhelpers", "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "get-caller-identity" in line:
            break
    return process, dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))


def canned(behind: str) -> tuple[subprocess.Popen, str]:
    command = [sys.executable, Path(__file__).with_name("canned.py"), behind]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, f"http://127.0.0.1:{int(process.stdout.readline())}"


def own_share(calls: dict) -> None:
    """What the gateway itself takes of a request: all of it but the answer."""
    from labhelpers.sandbox import gateway
    from labhelpers.sandbox.answer import replies

    spent = {"whole": 0.0, "answer": 0.0}

    def timed(what, function):
        def wrapper(*args):
            start = time.perf_counter()
            try:
                return function(*args)
            finally:
                spent[what] = time.perf_counter() - start

        return wrapper

    kept = gateway.Gateway.__call__, replies.answer
    gateway.Gateway.__call__ = timed("whole", kept[0])
    replies.answer = timed("answer", kept[1])
    print("\nthe gateway's own share (authenticate, interpret, authorize, record)")
    for what, call in calls.items():
        shares = []
        for _ in range(ROUNDS):
            call()
            shares.append(spent["whole"] - spent["answer"])
        print(f"{what:<21}{1000 * median(shares):>12.2f}   (goal 0.5)")
    gateway.Gateway.__call__, replies.answer = kept


def on_an_account() -> None:
    """What LAB_BACKEND=aws adds to a call: names, journal, the mirror's decision."""
    with tempfile.TemporaryDirectory() as folder, served_aws(folder) as aws:
        os.environ.update(aws.environ)
        print(f"\nmedians of {ROUNDS}, ms{'plain boto3':>16}{'the lab':>12}")
        with open_lab("aws") as lab:
            sessions = {"plain boto3": aws.session(), "the lab": lab.session()}
            for name, session in sessions.items():
                set_up(session, "bench-" + name[-3:])
            calls = {n: calls_of(s, "bench-" + n[-3:]) for n, s in sessions.items()}
            for what in GOALS:
                times = {name: [] for name in calls}
                for _ in range(ROUNDS):
                    for name, known in calls.items():
                        start = time.perf_counter()
                        known[what]()
                        times[name].append(time.perf_counter() - start)
                figures = "".join(f"{1000 * median(values):>14.2f}" for values in times.values())
                print(f"{what:<21}{figures}")


def set_up(session, name: str) -> None:
    """A role and a bucket of this name, for calls_of()."""
    account = session.client("sts").get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": account},
            "Action": "sts:AssumeRole",
        },
    }
    session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    s3 = session.client("s3")
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": session.region_name}
    )
    s3.put_object(Bucket=name, Key="k", Body=b"x" * 1000)


def calls_of(session, name: str = "bench") -> dict:
    """The four calls."""
    sts, iam, s3 = (session.client(service) for service in ("sts", "iam", "s3"))
    arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    return {
        "GetCallerIdentity": sts.get_caller_identity,
        "AssumeRole": lambda: sts.assume_role(RoleArn=arn, RoleSessionName="bench"),
        "S3 GetObject": lambda: s3.get_object(Bucket=name, Key="k")["Body"].read(),
        "IAM GetRole": lambda: iam.get_role(RoleName=name),
    }


def compare(sessions: dict) -> None:
    for name, session in sessions.items():
        if name != "the floor":  # behind which is the served one
            set_up(session, "bench")
    known = {name: calls_of(session) for name, session in sessions.items()}
    load = f", load {os.getloadavg()[0]:.1f} of {os.cpu_count()}" if os.name == "posix" else ""
    print(f"\nmedians of {ROUNDS}, ms{load}\n{'':<18}" + "".join(f"{n:>12}" for n in sessions))
    for what, goals in GOALS.items():
        times = {name: [] for name in sessions}
        for number in range(ROUNDS + 20):
            for name in sessions:
                start = time.perf_counter()
                known[name][what]()
                if number >= 20:  # the first ones fill caches
                    times[name].append(time.perf_counter() - start)
        ms = {name: 1000 * median(values) for name, values in times.items()}
        print(f"{what:<18}" + "".join(f"{value:>12.2f}" for value in ms.values()))
        for ours, goal in zip(_OURS, goals, strict=False):
            of_mini, of_moto = ms[ours] / ms["MiniStack"], ms[ours] / ms["plain moto"]
            print(
                f"    {ours:<14}{of_mini:.2f} of MiniStack (goal {goal}), "
                f"{of_moto:.2f} of plain moto (goal {goals[2]})"
            )


if __name__ == "__main__":
    main()
