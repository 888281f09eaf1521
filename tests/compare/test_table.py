"""The table of scenarios: a fair share of each answer, and no policy without a purpose."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace

import pytest
from used import is_noted
from variants import OTHER, turned

from labhelpers.compare import SCENARIOS, replay, run, table_hash
from labhelpers.compare.scenario import CALLERS, allow
from labhelpers.compare.setups import setups
from labhelpers.policy.language.operators import OPERATORS

SUBJECTS = sorted({s.id.partition("/")[0] for s in SCENARIOS})


def test_ids_are_unique_and_sentences_are_sentences():
    assert [i for i, n in Counter(s.id for s in SCENARIOS).items() if n > 1] == []
    assert len({s.key for s in SCENARIOS}) == len(SCENARIOS)
    for scenario in SCENARIOS:
        assert scenario.says.endswith((".", "?")), scenario.id
        assert scenario.caller in CALLERS and scenario.accounts in (1, 2)
        assert "\n" not in scenario.id and len(scenario.id) < 160


def test_the_hash_follows_the_table():
    """Another word in one policy makes another table; the same table keeps its hash."""
    changed = [replace(SCENARIOS[0], identity=(allow("s3:*"),)), *SCENARIOS[1:]]
    assert table_hash(SCENARIOS) == table_hash(list(SCENARIOS)) != table_hash(changed)
    assert json.loads(json.dumps([asdict(s) for s in SCENARIOS]))


def test_every_operator_is_asked():
    text = json.dumps([asdict(s) for s in SCENARIOS])
    assert [name for name in (*OPERATORS, "Null") if f'"{name}"' not in text] == []
    for prefix in ("ForAllValues:", "ForAnyValue:"):
        assert prefix in text


def test_nobody_else_is_ever_let_in():
    """An Allow for a star holds a condition on the account, and no foreign account is named."""
    for scenario in SCENARIOS:
        for statement in (*(scenario.trust or ()), *(scenario.bucket or ())):
            named = statement["Principal"]
            entries = named if isinstance(named, str) else [*named.values()]
            if statement["Effect"] == "Allow" and "*" in entries:
                condition = statement["Condition"]["StringEquals"]
                assert condition["aws:PrincipalAccount"] == "<account>", scenario.id
        if scenario.caller == "administrator" and '"Allow"' in json.dumps(asdict(scenario)):
            assert scenario.call != "iam:PutRolePolicy", scenario.id


def test_grouping_keeps_every_scenario_and_saves_writes():
    found = setups(SCENARIOS)
    assert Counter(s.id for setup in found for s in setup.scenarios) == Counter(
        s.id for s in SCENARIOS
    )
    assert len(found) < len(SCENARIOS) / 3


def test_the_sandbox_answers_all_of_them(replayed):
    """Nothing is skipped and nothing is beyond the sandbox, and both answers are frequent."""
    results = replayed.results
    assert [r.id for r in results.values() if r.skipped] == []
    assert set(results) == {s.id for s in SCENARIOS}
    allowed = sum(r.allowed for r in results.values()) / len(results)
    assert 0.35 < allowed < 0.6  # a ground that allows everything fails more than 40 %
    assert {r.step for r in results.values()} <= {"request", "write", "session"}
    assert sum(r.step != "request" for r in results.values()) < 10


def test_a_real_account_lets_through_what_they_ask(replayed, asked):
    is_noted("compare", asked)


def test_a_key_that_an_action_lacks_refuses_its_whole_statement(replayed):
    """AWS_RECORDED A0: four trials on AWS, each mended by a statement of its own."""
    for words, allowed in ((" in one statement with ", False), (" in a statement without ", True)):
        found = [one.allowed for id_, one in replayed.results.items() if words in id_]
        assert found == [allowed] * 4


@pytest.mark.parametrize("subject", SUBJECTS)
def test_each_subject_has_both_answers(replayed, subject):
    answers = {r.allowed for i, r in replayed.results.items() if i.startswith(f"{subject}/")}
    assert answers == {True, False}


def test_each_policy_matters_or_is_meant_not_to(lab, replayed, tmp_path):
    """Turn one policy of a scenario (silent where it was allowed, open where it was refused): the
    answer changes, or the scenario says that this policy is moot."""
    asked = [
        variant
        for scenario in SCENARIOS
        for variant in turned(scenario, replayed.results[scenario.id].allowed)
    ]
    found = replay(lab, asked, tmp_path / "turned.jsonl", other_account=OTHER).results
    unchanged = []
    for variant in asked:
        before, after = replayed.results[variant.id.rsplit(" [", 1)[0]], found[variant.id]
        if (before.allowed, before.code) == (after.allowed, after.code):
            unchanged.append(variant.id)
    assert len(asked) > 300
    assert unchanged == []


def test_sharing_a_document_changes_no_answer(lab, replayed, tmp_path, monkeypatch):
    """Scenarios that stand alone are answered as in the documents that they share."""
    some = [s for s in SCENARIOS if s.is_keyed][::24]
    monkeypatch.setattr(
        run, "setups", lambda asked: [s for all_ in setups(asked) for s in all_.alone()]
    )
    alone = replay(lab, some, tmp_path / "alone.jsonl", other_account=OTHER).results
    for id_, result in alone.items():
        both = replayed.results[id_]
        assert (result.allowed, result.code) == (both.allowed, both.code), id_


def test_everything_is_taken_away(lab, replayed):
    for account in (None, OTHER):
        iam = lab.session(account).client("iam")
        assert [u["UserName"] for u in iam.list_users()["Users"]] == ["lab-admin"]
        assert iam.list_roles()["Roles"] == []
        assert iam.list_policies(Scope="Local")["Policies"] == []
        assert lab.session(account).client("s3").list_buckets()["Buckets"] == []
    [numbers] = replayed.runs
    assert numbers["scenarios"] == len(SCENARIOS)
    assert numbers["calls"] < 3 * len(SCENARIOS)
