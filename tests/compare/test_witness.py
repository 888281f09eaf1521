"""Witnesses: a refusal is believed only when its policy is known to be in force."""

from __future__ import annotations

import pytest
from stale import StaleGround

from labhelpers.compare import AT_ONCE, SCENARIOS, Patience, replay
from labhelpers.compare.scenario import (
    ASSUME,
    OWN,
    PUT,
    TARGET,
    Scenario,
    allow,
    deny,
    grants,
    trusts,
)
from labhelpers.compare.witness import Witnesses

SLOW = Patience(seconds=10, pause=0, steady=2)
NO = (deny("*", "*"),)
LATE = [
    Scenario("put allowed", "x.", "s3:PutObject", PUT, identity=(allow("s3:*", OWN),)),
    Scenario("put refused", "x.", "s3:PutObject", PUT, identity=(allow("s3:Get*", OWN),)),
    Scenario("granted", "x.", "s3:PutObject", PUT, "user", bucket=(grants("<user arn>"),)),
    Scenario("trusted", "x.", "sts:AssumeRole", ASSUME, "user", trust=(trusts("<user arn>"),)),
    Scenario("not trusted", "x.", "sts:AssumeRole", ASSUME, "user", trust=(trusts("<role arn>"),)),
    Scenario("itself", "x.", "sts:AssumeRole", ASSUME, "target", trust=(trusts(TARGET),)),
    Scenario("list", "x.", "iam:ListUsers", {}, "user", identity=(allow("iam:ListUsers"),)),
    Scenario(
        "blind",
        "x.",
        "sts:AssumeRole",
        ASSUME,
        "user",
        identity=NO,
        trust=(trusts("<user arn>"),),
        blind=("identity",),
    ),
    Scenario("after it", "x.", "iam:ListUsers", {}, "user", identity=(allow("iam:List*"),)),
    Scenario(
        "federated",
        "x.",
        "s3:PutObject",
        PUT,
        "federated",
        identity=(allow("s3:*", OWN), allow("sts:GetFederationToken")),
        session_policy=(allow("s3:*", OWN),),
    ),
]
TRUE = {
    "put allowed": True,
    "put refused": False,
    "granted": True,
    "trusted": True,
    "not trusted": False,
    "itself": True,
    "list": True,
    "blind": False,
    "after it": True,
    "federated": True,
}


def answers(file):
    return {id_: result.allowed for id_, result in file.results.items()}


@pytest.mark.parametrize("delay", [1, 5, 25])
def test_stale_policies_are_waited_for(lab, tmp_path, delay):
    """However many calls a policy takes to count, the answers are the same."""
    file = replay(StaleGround(lab, delay), LATE, tmp_path / "r.jsonl", patience=SLOW)
    assert [r.skipped for r in file.results.values() if r.skipped] == []
    assert answers(file) == TRUE


def test_without_witnesses_the_answers_would_be_wrong(lab, tmp_path, monkeypatch):
    """The ground of these tests is stale enough to deceive whoever does not wait."""
    monkeypatch.setattr(Witnesses, "wait", lambda *_: None)
    monkeypatch.setattr(Witnesses, "_until", lambda *_, **__: None)
    file = replay(StaleGround(lab, 3), LATE, tmp_path / "r.jsonl", patience=SLOW)
    assert answers(file) != TRUE


def test_a_witness_that_never_answers_leaves_the_scenario_out(lab, tmp_path):
    """No answer is better than a wrong one: the result says why there is none."""
    ground = StaleGround(lab, 10**9)
    file = replay(ground, LATE[:2], tmp_path / "r.jsonl", patience=AT_ONCE)
    assert file.finished == set()
    for result in file.results.values():
        assert "identity-based policy of role" in result.skipped
        assert "s3 did not decide by it" in result.skipped


def test_a_witness_is_asked_several_times_in_a_row(lab, tmp_path):
    few = replay(lab, LATE[:2], tmp_path / "few.jsonl", patience=AT_ONCE).runs[0]["calls"]
    patience = Patience(seconds=5, pause=0, steady=4)
    many = replay(lab, LATE[:2], tmp_path / "many.jsonl", patience=patience).runs[0]["calls"]
    # Two setups with an identity-based and a bucket policy; the latter stays as it is.
    assert many - few == 3 * 3 or many - few == 2 * 3


def test_witnesses_leave_the_scenarios_alone(lab, tmp_path):
    """No scenario is about a witness' object, external ID or role."""
    for scenario in SCENARIOS:
        assert "witness" not in str(scenario.parameters) + str(scenario.identity), scenario.id
    replay(lab, LATE, tmp_path / "r.jsonl")
    asked = [e for e in lab.trail if e["eventName"] == "DeleteObject"]
    assert asked and all("witness-" in str(e["requestParameters"]) for e in asked)
