"""Many threads at once: mixed calls with known answers, for as long as you like.

    python tests/soak.py [seconds] [threads]

Every call's right outcome is known beforehand. Counted: calls, wrong outcomes, 5xx answers,
events that CloudTrail lacks, and how much memory grew in the second half.
"""

from __future__ import annotations

import gc
import random
import sys
import threading
from collections import Counter
from time import monotonic, sleep

import psutil
from scene import World, allow, deny, trusts

ACCOUNT = "111122223333"


def scene(lab):
    """(name, call, the outcome that it must have) for a user with a role and a bucket."""
    world = World(lab)
    s3 = world.bucket("soak")
    s3.put_object(Bucket="soak", Key="open/k", Body=b"x")
    lea = world.user(
        "lea",
        allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::soak/open/*"),
        allow("s3:ListBucket", "arn:aws:s3:::soak"),
        allow("iam:GetUser"),
        deny("iam:ListRoles"),
    )
    role = world.role("r", trusts(f"arn:aws:iam::{ACCOUNT}:user/lea"), permissions=[deny("*")])
    shut = world.role("shut", trusts("444455556666"))
    client = {name: lea.client(name) for name in ("sts", "s3", "iam")}
    attempt = lab.attempt

    taken = client["sts"].assume_role(RoleArn=role, RoleSessionName="ses")
    session = lab.session_from(taken).client("iam")

    return {
        "who": (lambda: attempt(client["sts"].get_caller_identity), "Allowed"),
        "assume": (
            lambda: attempt(client["sts"].assume_role, RoleArn=role, RoleSessionName="ses"),
            "Allowed",
        ),
        "session": (lambda: attempt(session.list_users), "ExplicitlyDenied"),
        "shut": (
            lambda: attempt(client["sts"].assume_role, RoleArn=shut, RoleSessionName="ses"),
            "ImplicitlyDenied",
        ),
        "get": (lambda: attempt(client["s3"].get_object, Bucket="soak", Key="open/k"), "Allowed"),
        "put": (
            lambda: attempt(client["s3"].put_object, Bucket="soak", Key="open/new", Body=b"y"),
            "Allowed",
        ),
        "closed": (
            lambda: attempt(client["s3"].put_object, Bucket="soak", Key="closed", Body=b"y"),
            "ImplicitlyDenied",
        ),
        "user": (lambda: attempt(client["iam"].get_user, UserName="lea"), "Allowed"),
        "roles": (lambda: attempt(client["iam"].list_roles), "ExplicitlyDenied"),
    }


def memory() -> int:
    """Bytes of this process; sandbox and clients share it."""
    gc.collect()
    return psutil.Process().memory_info().rss


def soak(lab, seconds: float, threads: int) -> Counter:
    """Run the mix; return what was counted. `wrong`, `failed` and `unrecorded` must be 0."""
    calls, counted, lock = scene(lab), Counter(), threading.Lock()
    recorder = lab._sandbox.gateway.recorder
    before = recorder.total
    end = monotonic() + seconds

    def work(seed: int) -> None:
        chosen = random.Random(seed)
        mine = Counter()
        while monotonic() < end:
            name = chosen.choice(list(calls))
            call, expected = calls[name]
            mine["calls"] += 1
            try:
                outcome = call()
                status = str(outcome.code)
                mine["wrong"] += outcome.outcome != expected
                mine["failed"] += status.startswith("5") or status == "SandboxNotModelled"
            except Exception as error:  # whatever happens to a thread is a result
                mine["failed"] += 1
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        with lock:
            counted.update(mine)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    sleep(seconds / 2)
    half = memory()
    for worker in workers:
        worker.join()
    counted["unrecorded"] = counted["calls"] - (recorder.total - before)
    counted["grown"] = memory() - half
    return counted


def main() -> int:
    from labhelpers import open_lab

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    with open_lab() as lab:
        counted = soak(lab, seconds, threads)
    print(f"{counted['calls']:,} calls of {threads} threads in {seconds:.0f} s")
    for name in ("wrong", "failed", "unrecorded"):
        print(f"{name:12} {counted[name]:6}")
    print(f"memory grown {counted['grown'] / 2**20:6.1f} MB in the second half")
    return 1 if counted["wrong"] or counted["failed"] or counted["unrecorded"] else 0


if __name__ == "__main__":
    sys.exit(main())
