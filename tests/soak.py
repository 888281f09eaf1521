"""Many threads at once: mixed calls with known answers, for as long as you like.

    python tests/soak.py [seconds] [threads]      LAB_SOAK_MINUTES, an hour without

Every call's right outcome is known beforehand, while the lab's clock jumps and sessions end under
their holders' hands. Counted: calls, wrong outcomes, 5xx answers, events that CloudTrail lacks; and
memory after 10,000 calls and after each 100,000.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
from collections import Counter
from datetime import datetime
from time import monotonic
from typing import Any, NamedTuple

import psutil
from scene import World, allow, deny, trusts

ACCOUNT = "111122223333"


class Held(NamedTuple):
    """A session in use."""

    client: Any
    expires: datetime


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

    held: list[Held] = []

    def take():
        """A new session; in the place of the one that everybody uses if that is over."""
        outcome = attempt(
            client["sts"].assume_role, RoleArn=role, RoleSessionName="ses", DurationSeconds=900
        )
        if outcome.succeeded and (not held or lab.clock.now() >= held[0].expires):
            keys = outcome.response["Credentials"]
            held[:] = [Held(lab.session_from(keys).client("iam"), keys["Expiration"])]
        return outcome

    def use():
        """What a session of the role is told: that it may not, or that it is over."""
        session = held[0]
        before = lab.clock.now()
        outcome = attempt(session.client.list_users)
        over = outcome.code == "ExpiredToken"
        too_early = over and lab.clock.now() < session.expires
        too_late = not over and before >= session.expires
        return None if too_early or too_late else outcome

    take()

    return {
        "who": (lambda: attempt(client["sts"].get_caller_identity), "Allowed"),
        "assume": (take, "Allowed"),
        "session": (use, ("ExplicitlyDenied", "ImplicitlyDenied")),
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
                if outcome is None:
                    mine["wrong"] += 1
                    continue
                status = str(outcome.code)
                mine["ended"] += status == "ExpiredToken"
                right = (expected,) if isinstance(expected, str) else expected
                mine["wrong"] += outcome.outcome not in right
                mine["failed"] += status.startswith("5") or status == "SandboxNotModelled"
            except Exception as error:  # whatever happens to a thread is a result
                mine["failed"] += 1
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        with lock:
            counted.update(mine)

    def jump() -> None:
        """The clock moves on by minutes, again and again."""
        dice = random.Random(threads)
        while not over.wait(0.5):
            lab.clock.advance(seconds=dice.randrange(1200))

    def watch() -> None:
        """Memory at 10,000 calls, at 100,000, and so on."""
        marks = [10_000, *range(100_000, 10**9, 100_000)]
        while not over.wait(0.2):
            if recorder.total - before >= marks[0]:
                memories.append((marks.pop(0), memory()))

    over, memories = threading.Event(), list[tuple[int, int]]()
    others = [threading.Thread(target=target) for target in (jump, watch)]
    for other in others:
        other.start()
    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    over.set()
    for other in others:
        other.join()
    counted["unrecorded"] = counted["calls"] - (recorder.total - before)
    for calls_made, size in memories:
        counted[f"bytes after {calls_made:,} calls"] = size
    return counted


def main() -> int:
    from labhelpers import open_lab

    minutes = float(os.environ.get("LAB_SOAK_MINUTES", 60))
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60 * minutes
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    with open_lab() as lab:
        counted = soak(lab, seconds, threads)
    print(f"{counted['calls']:,} calls of {threads} threads in {seconds:.0f} s")
    for name in ("wrong", "failed", "unrecorded"):
        print(f"{name:12} {counted[name]:6}")
    print(f"{'ended':12} {counted['ended']:6} sessions that were used a moment too late")
    sizes = {name: size for name, size in counted.items() if name.startswith("bytes")}
    for name, size in sizes.items():
        print(f"{size / 2**20:8.1f} MB {name.removeprefix('bytes ')}")
    first, *later = sizes.values() or (0,)
    if later and later[-1] > 1.1 * first:
        print(f"Memory has grown to {later[-1] / first:.2f} of what it was after 10,000 calls.")
        return 1
    return 1 if counted["wrong"] or counted["failed"] or counted["unrecorded"] else 0


if __name__ == "__main__":
    sys.exit(main())
