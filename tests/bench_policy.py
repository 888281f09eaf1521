"""Decisions per second of the policy engine, and what importing it costs.

    python tests/bench_policy.py [seconds for each measurement]

The goals: 20,000 decisions a second for a role with 5 policies of 10 statements each, and as
many for 3 policies of 5 statements that all have conditions; 200,000 for a request already seen
where no statement about it looks at the context; 1 ms to validate a policy of 6 KB; less than
2.5 times the time for twice the text.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from time import perf_counter, process_time

GOAL = 20_000
GOAL_SEEN = 200_000
GOAL_VALIDATE = 1.0  # ms
GOAL_GROWTH = 2.5  # times, for twice the input
ACCOUNT, KIND = "111122223333", "identity"
SERVICES = ("s3", "ec2", "sqs", "dynamodb", "logs")


def statement(service: str, number: int) -> dict:
    """One of ten statements, from a plain one to one with variables and conditions."""
    arn = f"arn:aws:{service}:eu-west-1:{ACCOUNT}:thing{number}"
    made = {
        "Sid": f"{service}{number}",
        "Effect": "Deny" if number in (4, 9) else "Allow",
        "Action": [f"{service}:Get*", f"{service}:List{number}", f"{service}:Put{number}"],
        "Resource": [arn, f"{arn}/*", f"arn:aws:{service}:*:{ACCOUNT}:shared/*"],
    }
    conditions = {
        2: {"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}},
        4: {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}},
        5: {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}},
        7: {"StringLike": {f"{service}:prefix": "home/${aws:userid}/*"}},
        8: {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        9: {"Bool": {"aws:SecureTransport": "false"}},
    }
    if number in conditions:
        made["Condition"] = conditions[number]
    if number == 6:
        made["Resource"] = (
            f"arn:aws:{service}:eu-west-1:{ACCOUNT}:team/${{aws:PrincipalTag/team}}/*"
        )
    return made


def scene():
    """A role session, its five policies and a mix of requests."""
    from labhelpers.policy import Principal, Request, parse

    policies = [
        parse(
            {"Version": "2012-10-17", "Statement": [statement(service, n) for n in range(10)]},
            "identity",
            service,
        )
        for service in SERVICES
    ]
    session = Principal(
        "role-session",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/app/s1",
        ACCOUNT,
        "AROAEXAMPLEEXAMPLEEXA",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/app",
    )
    context = {
        "aws:PrincipalTag/team": "red",
        "aws:RequestedRegion": "eu-west-1",
        "aws:SourceIp": "10.1.2.3",
        "aws:CurrentTime": "2026-01-02T03:04:05Z",
        "aws:SecureTransport": "true",
    }
    asked = [
        ("Get", "thing0"),
        ("GetItem", "thing8/x"),
        ("GetItem", "team/red/x"),
        ("Put3", "thing3"),
        ("Put3", "thing7"),
        ("Delete", "thing1"),
    ]
    requests = [
        # Every request has a context of its own, as in a server.
        Request(
            session,
            f"{service}:{name}",
            f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{thing}",
            context=dict(context),
        )
        for service in SERVICES
        for name, thing in asked
    ]
    return policies, requests


def conditional():
    """Three policies of five statements, conditions everywhere, and requests that meet some."""
    from labhelpers.policy import Principal, Request, parse

    blocks = [
        {"StringEquals": {"aws:PrincipalTag/team": ["red", "blue"]}},
        {"StringLike": {"s3:prefix": ["home/${aws:username}/*", "shared/*"]}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"Bool": {"aws:SecureTransport": "false"}, "ArnLike": {"aws:PrincipalArn": "arn:*:x/*"}},
    ]
    statements = [
        {
            "Effect": "Deny" if n == 4 else "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": [f"arn:aws:s3:::bucket{n}", f"arn:aws:s3:::bucket{n}/*"],
            "Condition": block,
        }
        for n, block in enumerate(blocks)
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    policies = [parse(document, "identity", f"p{n}") for n in range(3)]
    user = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/anna", ACCOUNT)
    context = {
        "aws:PrincipalTag/team": "green",
        "s3:prefix": "home/anna/x",
        "aws:SourceIp": "192.0.2.1",
        "aws:CurrentTime": "2026-01-02T03:04:05Z",
        "aws:SecureTransport": "true",
    }
    return policies, [
        Request(user, "s3:GetObject", f"arn:aws:s3:::bucket{n}/key", context=dict(context))
        for n in range(5)
    ]


def seen():
    """A request without conditions, and the same policies again."""
    from labhelpers.policy import Principal, Request, parse

    policies = [
        parse(
            {"Version": "2012-10-17", "Statement": [plain(f"{service}:{n}") for n in range(5)]},
            "identity",
            service,
        )
        for service in SERVICES[:3]
    ]
    user = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/anna", ACCOUNT)
    return policies, [
        Request(user, f"{service}:{n}", f"arn:aws:{service}:::x", context={"a:x": "1"})
        for service in SERVICES[:3]
        for n in range(5)
    ]


def plain(action: str) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": "*"}


def six_kilobytes() -> str:
    """An identity-based policy with conditions, as text."""
    block = {"StringLike": {"s3:prefix": ["home/a/*", "home/b/*"]}}
    body = plain("s3:ListBucket") | {"Condition": block}
    made = [body | {"Sid": f"Statement{n}"} for n in range(41)]
    return json.dumps({"Version": "2012-10-17", "Statement": made})


def rate(work, count: int, seconds: float) -> float:
    """Repeat `work` (of `count` decisions) for some seconds; return decisions a second."""
    work()
    done, start = 0, perf_counter()
    while perf_counter() - start < seconds:
        work()
        done += count
    return done / (perf_counter() - start)


def growth(job, size: int) -> float:
    """How many times longer a job takes for twice the size, by the best of several runs each."""

    def best(size: int) -> float:
        times = []
        for number in range(7):
            start = process_time()
            job(size, number)
            times.append(process_time() - start)
        return min(times)

    gc.disable()  # it looks at more objects more often, which is not the job's doing
    try:
        return best(2 * size) / best(size)
    finally:
        gc.enable()


def growths() -> dict[str, float]:
    """What could grow with the square of a text: regular expressions, searches, places."""
    from labhelpers.policy import parse, validate
    from labhelpers.policy.language.arn import arn_matcher
    from labhelpers.policy.language.wildcard import tokens_of

    def blanks(size: int, number: int) -> None:
        resource = f"arn:aws:s3:::{number}${{{' ' * size}}}"  # each a text not parsed before
        parse({"Version": "2012-10-17", "Statement": plain("s3:*") | {"Resource": resource}}, KIND)

    def stars(size: int, number: int) -> None:
        arn_matcher(tokens_of("arn:aws:x:::" + "*a" * size + "b*"))("arn:aws:x:::" + "a" * 9 * size)

    def statements(size: int, action: str) -> None:
        made = [plain(action) | {"Sid": f"s{n}"} for n in range(size)]
        validate(json.dumps({"Version": "2012-10-17", "Statement": made}, indent=1), KIND)

    return {
        "blanks in a variable": growth(blanks, 40_000),
        "stars of a pattern": growth(stars, 5_000),
        "statements": growth(lambda size, _: statements(size, "s3:*"), 300),
        "statements with defects": growth(lambda size, _: statements(size, "nonsense"), 300),
    }


def import_seconds(module: str, times: int = 5) -> float:
    """The best of several fresh interpreters, without the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(times)
    )
    return min(float(run.stdout) for run in runs)


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    print(f"import labhelpers.policy  {import_seconds('labhelpers.policy') * 1000:10.1f} ms")

    from labhelpers.policy import evaluate, explain, parse, validate

    policies, requests = scene()
    outcomes = [evaluate(request, identity=policies).outcome for request in requests]
    allowed = outcomes.count("Allowed")
    print(f"statements                {sum(len(p.statements) for p in policies):10d}")
    print(f"requests                  {len(requests):10d}   ({allowed} of them Allowed)")

    def decide():
        for request in requests:
            evaluate(request, identity=policies)

    def decide_capped():
        for request in requests:
            evaluate(request, identity=policies, boundaries=policies[:1], session=policies)

    def tell():
        for request in requests:
            str(explain(evaluate(request, identity=policies)))

    def read():
        for policy in policies:
            parse(policy.document, policy.kind, policy.name)

    def many(policies, requests):
        def decide_all():
            for request in requests:
                evaluate(request, identity=policies)

        return rate(decide_all, len(requests), seconds)

    text = six_kilobytes()
    decisions = rate(decide, len(requests), seconds)
    print(f"evaluate                  {decisions:10,.0f} /s")
    print(f"... boundary and session  {rate(decide_capped, len(requests), seconds):10,.0f} /s")
    print(f"... and explain           {rate(tell, len(requests), seconds):10,.0f} /s")
    conditions = many(*conditional())
    print(f"3 x 5 with conditions     {conditions:10,.0f} /s")
    again = many(*seen())
    print(f"seen, without conditions  {again:10,.0f} /s")
    print(f"parse again (known text)  {rate(read, len(policies), seconds):10,.0f} /s")
    validation = 1000 / rate(lambda: validate(text, "identity"), 1, seconds)
    print(f"validate {len(text):,} characters {validation:10.2f} ms")
    goals = {
        f"{GOAL:,} /s": decisions >= GOAL,
        f"{GOAL:,} /s with conditions": conditions >= GOAL,
        f"{GOAL_SEEN:,} /s seen": again >= GOAL_SEEN,
        f"{GOAL_VALIDATE:.0f} ms to validate": validation <= GOAL_VALIDATE,
    }
    for what, times in growths().items():
        print(f"twice the {what:23} {times:4.2f} times the time")
        goals[f"{GOAL_GROWTH} times the time for twice the {what}"] = times < GOAL_GROWTH
    for goal, met in goals.items():
        print(f"goal of {goal} {'met' if met else 'NOT met'}")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
