"""Witnesses: a refusal is believed only when its policy is known to be in force."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from botocore.exceptions import ClientError
from stale import StaleGround

from labhelpers.compare import AT_ONCE, SCENARIOS, Patience, replay
from labhelpers.compare.asking import Asking
from labhelpers.compare.pool import Pool
from labhelpers.compare.scenario import (
    ASSUME,
    HERE,
    OWN,
    PUT,
    TARGET,
    VERSION,
    Scenario,
    allow,
    deny,
    grants,
    trusts,
)
from labhelpers.compare.sessions import Sessions
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


def test_stale_policies_are_waited_for(lab, tmp_path):
    """However many calls a policy takes to count, the answers are the same; and no scenario is
    about a witness' object."""
    file = replay(StaleGround(lab, 12), LATE, tmp_path / "r.jsonl", patience=SLOW)
    assert [r.skipped for r in file.results.values() if r.skipped] == []
    assert answers(file) == TRUE
    asked = [e for e in lab.trail if e["eventName"] == "DeleteObject"]
    assert asked and all("witness-" in str(e["requestParameters"]) for e in asked)


def test_without_witnesses_the_answers_would_be_wrong(lab, tmp_path, monkeypatch):
    """The ground of these tests is stale enough to deceive whoever does not wait."""
    monkeypatch.setattr(Witnesses, "wait", lambda *_: None)
    monkeypatch.setattr(Witnesses, "_until", lambda *_, **__: None)
    file = replay(StaleGround(lab, 3), LATE, tmp_path / "r.jsonl", patience=SLOW)
    assert answers(file) != TRUE


def test_a_witness_that_never_answers_leaves_the_scenario_out(lab, tmp_path):
    """No answer is better than a wrong one: the result says why there is none."""
    ground = StaleGround(lab, 10**9)
    asked = [*LATE[:2], *(s for s in LATE if s.blind)]
    file = replay(ground, asked, tmp_path / "r.jsonl", patience=AT_ONCE)
    assert file.finished == set()
    for scenario in asked:
        skipped = file.results[scenario.id].skipped
        assert f"identity-based policy of {scenario.entity}" in skipped
        assert f"{scenario.service} did not decide by it" in skipped


def test_a_principal_is_waited_for_that_is_not_known_everywhere():
    """A user that was just made; any other error is raised at once."""
    told = ['Invalid principal in policy: "AWS":"x"', "The policy failed legacy parsing"]
    said = []

    def write():
        said.append(told[len(said) // 2])
        raise ClientError(
            {"Error": {"Code": "MalformedPolicyDocument", "Message": said[-1]}}, "CreateRole"
        )

    with pytest.raises(ClientError, match="legacy parsing"):
        Asking(None, SLOW).do(write)
    assert len(said) == 3


def test_a_witness_is_asked_several_times_in_a_row(lab, tmp_path):
    few = replay(lab, LATE[:2], tmp_path / "few.jsonl", patience=AT_ONCE).runs[0]["calls"]
    patience = Patience(seconds=5, pause=0, steady=4)
    many = replay(lab, LATE[:2], tmp_path / "many.jsonl", patience=patience).runs[0]["calls"]
    # Two setups with an identity-based and a bucket policy; the latter stays as it is.
    assert many - few == 3 * 3 or many - few == 2 * 3


OF_ALL = allow(["sts:AssumeRole", "iam:GetRole"])
#: Statements that allow what a witness does, under any mark, and the service that is asked.
LAVISH = [
    (("trust", "target"), trusts("<starter arn>"), "sts"),
    (("trust", "target"), trusts("*", Condition=HERE), "sts"),
    (("identity", "user"), OF_ALL, "sts"),
    (("identity", "user"), OF_ALL, "iam"),
]


def test_no_old_document_answers_for_a_new_one(lab):
    """Each mark is of one document: under any other, however much it allows, it is refused; so is
    it under the policies with which a role is made."""
    asking = Asking(lab, AT_ONCE)
    pool = Pool(asking)
    sessions = Sessions(asking, pool)
    witnesses = Witnesses(asking, pool, sessions)
    try:
        pool.open(("user", "target", "long-target"))
        for role in ("target", "long-target"):
            assert witnesses._ask(("trust", role), "witness-of-no-document", "sts").code
        for slot, statement, service in LAVISH:
            witnesses.store(slot, [pool.names.fill(statement)], VERSION, (service,))
            witnesses.wait(slot, (service,))
            assert witnesses._ask(slot, "witness-of-the-next-one", service).code == "AccessDenied"
    finally:
        pool.close()
        asking.close()


def test_no_scenario_is_about_a_witness():
    """Neither its role nor its object; and nobody may delete what is not the scenario's own."""
    for scenario in SCENARIOS:
        assert "witness" not in str(scenario.parameters) + str(scenario.identity), scenario.id
        assert scenario.caller != "target" or not scenario.session, scenario.id
        statements = [s for document in scenario.documents().values() for s in document]
        assert not any(map(may_delete, statements)), scenario.id


def may_delete(statement):
    """Whether it allows to delete objects of all scenarios; only its own are named by <key>."""
    actions, resources = (
        [value] if isinstance(value, str) else value
        for value in (statement.get("Action", "*"), statement.get("Resource", "*"))
    )
    return (
        statement["Effect"] == "Allow"
        and any(fnmatchcase("s3:deleteobject", action.lower()) for action in actions)
        and not all("<key>" in resource for resource in resources)
    )
