"""The comparison against an AWS that is another process: slow to believe, throttled, drifted."""

from __future__ import annotations

import json
import os
from argparse import Namespace

import pytest
from botocore.retries.standard import ExponentialBackoff
from served_aws import DRIFTS, served_aws
from variants import OTHER

from labhelpers.compare import SCENARIOS, Patience, differences, replay
from labhelpers.compare import command as commands

QUICK = Patience(seconds=5, pause=0.02, steady=3)
#: What each fault is found by; the last of each row is answered alike in spite of it.
FOUND_BY = {
    "allow-everything": [
        "operators/Allow StringEquals 'Anna' with 'anna'",
        "layers/user: the bucket policy names another user, and nothing else allows",
        "operators/Allow StringEquals 'Anna' with 'Anna'",
    ],
    "case-insensitive-stringequals": [
        "operators/Allow StringEquals 'Anna' with 'anna'",
        "keys/trust StringEquals sts:ExternalId 'Tenant-7' with {'ExternalId': 'tenant-7'}",
        "operators/Allow StringEquals 'Anna' with 'Anna'",
    ],
    "ignore-boundary": [
        "layers/user: identity allows, boundary is silent",
        "layers/user: identity allows, boundary denies",
        "layers/user: identity is silent, boundary allows",
    ],
    "ignore-external-id": [
        "keys/trust StringEquals sts:ExternalId 'Tenant-7' with {'ExternalId': 'tenant-7'}",
        "keys/identity ExternalId '42' with {}",
        "keys/identity ExternalId '42' with {'ExternalId': '42'}",
    ],
    "ignore-session-policy": [
        "layers/role: identity allows, session policy is silent",
        "layers/role: identity allows, session policy denies",
        "layers/role: identity allows, session policy allows",
    ],
    "no-explicit-deny": [
        "matching/Deny before the Allow",
        "layers/role: the bucket policy denies its own ARN",
        "matching/Deny of another action",
    ],
    "wildcard-crosses-colon-in-arnlike": [
        "operators/Allow ArnLike 'arn:aws:sqs:*' with "
        "'arn:aws:sqs:eu-west-1:123456789012:team/queue'",
        "operators/Allow StringEquals 'Anna' with 'Anna'",
    ],
}
#: Documents that let starter or every role in before others that do not: a witness for which the
#: old one would answer is deceived. And each other kind of policy, caller and account once.
DECEIVING = [
    "trust/user: the trust policy names a star, its own policy is silent",
    "trust/user: the trust policy names two, of which one is it, its own policy is silent",
    "trust/user: the trust policy names the account's root ARN, its own policy allows",
    "trust/token: the trust policy names its own ARN, its own policy is silent",
    "trust/user: the account is trusted, its own policy is about everything",
    "trust/user: the account is trusted, its own policy is about the role",
    "trust/target: the role trusts itself",
    "trust/user: its own policy denies everything, the trust policy names it",
    "sessions/user: too many seconds of a role that does not trust",
    "sessions/user: an empty tag value",
    "matching/Resource arn:*:s3:::<bucket>/*",
    "keys/role: another account, StringEquals",
    "layers/federated: the bucket names the user's ARN, the session policy allows",
    "layers/across accounts, user: named by its own ARN, its own policy allows",
    "calls/user: iam:GetUser, allowed for any user",
    "documents/bucket policy: a user that does not exist",
]
USED = {*DECEIVING, *(id_ for ids in FOUND_BY.values() for id_ in ids)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """What the sandbox says. It is closed again before AWS is opened."""
    from labhelpers import open_lab

    path = tmp_path_factory.mktemp("sandbox") / "r.jsonl"
    with open_lab("sandbox") as lab:
        return replay(lab, SCENARIOS, path, only=USED, other_account=OTHER)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with served_aws(tmp_path_factory.mktemp("aws")) as served, pytest.MonkeyPatch.context() as m:
        for name in [n for n in os.environ if n.startswith(("AWS_", "LAB_"))]:
            m.delenv(name)
        for name, value in served.environ.items():
            m.setenv(name, value)
        yield served


@pytest.fixture(scope="module")
def account(sandbox, aws):
    """One lab on the served AWS, which is clean again at its end."""
    from labhelpers import open_lab

    before = aws.contents()
    with open_lab("aws", lesson="compare", mirrored=False) as lab:
        yield lab
    assert aws.contents() == before


@pytest.fixture
def found(account, sandbox, tmp_path):
    """Ask AWS some scenarios; returns the ids that it answers otherwise than the sandbox."""

    def ask(ids):
        file = replay(
            account, SCENARIOS, tmp_path / "r.jsonl", patience=QUICK, only=ids, other_account=OTHER
        )
        assert file.finished == set(ids)
        return [one.id for one in differences(file.results, sandbox.results)]

    return ask


def test_an_interrupted_command_goes_on(aws, sandbox, monkeypatch, tmp_path, capsys):
    """Without faults there is no difference; what AWS has answered is not asked again, and the
    account is clean both times. It comes first: its lab ends the one that the others share."""
    some = DECEIVING[::3]
    monkeypatch.setattr(commands, "PATIENCE", QUICK)
    monkeypatch.setattr(commands, "_matching", lambda _, ids: [i for i in ids if i in some])
    monkeypatch.chdir(tmp_path)
    before, asked = aws.contents(), commands._replay

    def ask(open_ground, path, name, **more):
        return sandbox if name == "sandbox" else asked(open_ground, path, name, **more)

    monkeypatch.setattr(commands, "_replay", ask)

    def interrupted(done, total, step):
        if done >= total / 2:
            raise KeyboardInterrupt

    options = {"report": "r.md", "resume": None, "only": "some", "list": False}
    with monkeypatch.context() as patched:
        patched.setattr(commands, "_progress", lambda _: interrupted)
        assert commands._run(Namespace(**options)) == 2
    assert "--resume compare-aws.jsonl" in capsys.readouterr().err
    assert aws.contents() == before
    answered = (tmp_path / "compare-aws.jsonl").read_text()
    assert commands._run(Namespace(**options | {"resume": "compare-aws.jsonl"})) == 0
    assert f"0 differences in {len(some)} scenarios." in capsys.readouterr().out
    assert aws.contents() == before
    text = (tmp_path / "compare-aws.jsonl").read_text()
    assert text.startswith(answered)
    ids = [line["id"] for line in map(json.loads, text.splitlines()) if "id" in line]
    assert sorted(ids) == sorted(some)


def test_slow_and_throttled_it_answers_as_the_sandbox(aws, found, monkeypatch):
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)  # seconds for nothing
    before = aws.calls()
    aws.change(lag=0.2, throttle=0.05)
    try:
        assert found(DECEIVING) == []
    finally:
        aws.change(lag=0, throttle=0)
    for what in ("stale", "throttled"):
        assert sum(aws.calls()[what].values()) > sum(before[what].values())


@pytest.mark.parametrize("drift", DRIFTS)
def test_a_drift_is_found(aws, found, drift):
    """By the scenarios that are about it, and by no others."""
    *expected, alike = FOUND_BY[drift]
    aws.change(drift=drift)
    try:
        assert sorted(found([*expected, alike])) == sorted(expected)
    finally:
        aws.change(drift=None)
