"""The policy playground: what it shows and says while somebody types, and without a front end."""

import json
import subprocess
import sys

import pytest

from labhelpers import playground
from labhelpers.policy import PolicyError

A = "111122223333"
ALICE, ROLE = f"arn:aws:iam::{A}:user/alice", f"arn:aws:iam::{A}:role/deploy"
ASK = {"principal": ALICE, "action": "sts:AssumeRole", "resource": ROLE}
READ = {"principal": ALICE, "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/q1.csv"}
MAY_ASSUME = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}


def trust(who):
    statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": statement}


def allow(action):
    return {"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}


@pytest.fixture
def door():
    """A trust policy that names the account; bob has no policy of his own, alice has."""
    bob = {**ASK, "principal": ALICE.replace("alice", "bob")}
    return playground(
        {"alice": {**ASK, "identity_policies": MAY_ASSUME}, "bob": bob}, trust=trust(A)
    )


def test_each_request_has_its_outcome_and_its_reason(door):
    assert door.outcomes == {"alice": "Allowed", "bob": "ImplicitlyDenied"}
    assert door.decision.allowed and door.decide("bob").blocked_by == "identity"
    assert str(door).startswith("Allowed           alice\nImplicitlyDenied  bob\n    Denied: no ")


def test_what_is_typed_counts_at_once(door):
    door.box.children[0].children[0].children[1].value = json.dumps(trust("444455556666"))
    assert set(door.outcomes.values()) == {"ImplicitlyDenied"}
    assert door.decide("alice").blocked_by == "trust"
    assert "blocked by" in door.box.children[2].value
    assert "444455556666" in door.policies["trust"]


def test_edit_is_typing(door):
    assert door.edit("trust", trust("*")) is door
    assert set(door.outcomes.values()) == {"Allowed"}
    assert "✓ Allowed" in door.box.children[2].value


def test_the_request_of_the_menu_can_be_edited(door):
    menu, editor = door.box.children[1].children
    assert json.loads(editor.value)["principal"] == ALICE
    menu.value = "bob"
    assert json.loads(editor.value)["principal"].endswith("bob")
    assert door.decision.blocked_by == "identity"
    assert "The evaluation of bob" in door.box.children[2].value
    editor.value = json.dumps({**ASK, "identity_policies": MAY_ASSUME})
    assert door.outcomes["bob"] == "Allowed" == door.outcomes["alice"]
    assert json.loads(door.requests["bob"])["principal"] == ALICE


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "This policy contains invalid Json"),
        (trust("arn:aws:iam::111122223333:user/*"), "Invalid principal in policy"),
        ({"Statement": []}, "Statement is empty"),
    ],
)
def test_a_malformed_policy_is_told_not_raised(door, document, words):
    """Half-typed JSON is what an editor mostly holds: the table says where it is wrong."""
    door.edit("trust", document)
    assert set(door.outcomes.values()) == {"Malformed"}
    assert words in str(door) and words in door.box.children[2].value
    with pytest.raises(PolicyError):
        door.decide()
    assert door.edit("trust", trust("*")).decision.allowed


@pytest.mark.parametrize("text", ["{", "[]", "12", '{"action": "s3"}', '{"principal": 7}', "{}"])
def test_a_malformed_request_is_told_not_raised(door, text):
    door.box.children[1].children[1].value = text
    assert door.outcomes == {"alice": "Malformed", "bob": "ImplicitlyDenied"}


def test_policies_of_every_kind_count():
    """The blocking type that comes first in AWS's order is named."""
    kinds = ("session", "boundary", "identity", "scp")
    play = playground({"read": READ}, **{kind: allow("s3:*") for kind in kinds})
    assert play.decision.allowed
    for kind in kinds:
        play.edit(kind, allow("ec2:*"))
        assert play.decision.blocked_by == kind
    play.edit("identity", allow("s3:*")).edit("session", "").edit("boundary", "").edit("scp", "")
    assert play.decision.allowed


def test_a_resource_based_policy_and_an_rcp():
    named = {**allow("s3:GetObject")["Statement"], "Principal": {"AWS": ALICE}}
    everyone = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    play = playground({"read": READ}, resource={"Statement": named}, rcp="")
    assert play.decision.allowed
    play.edit("rcp", {"Statement": everyone})
    assert (play.decision.outcome, play.decision.blocked_by) == ("ExplicitlyDenied", "rcp")


def test_json_text_is_laid_out_for_editing():
    """One long line of JSON, as json.dumps makes it, cannot be edited in a small box."""
    play = playground({"a": ASK}, trust=json.dumps(trust("*")))
    assert play.policies["trust"] == json.dumps(trust("*"), indent=2)
    assert play.edit("trust", "{ not json").policies["trust"] == "{ not json"


def test_what_it_is_given_is_checked():
    for requests in ({}, [], None, "alice"):
        with pytest.raises(ValueError, match="needs requests"):
            playground(requests, identity=MAY_ASSUME)
    with pytest.raises(ValueError, match="no policy kind 'identiy'"):
        playground({"a": ASK}, identiy=MAY_ASSUME)
    with pytest.raises(ValueError, match="one of them"):
        playground({"a": ASK}, trust=trust("*"), resource=trust("*"))
    play = playground({"a": ASK}, trust=trust("*"))
    with pytest.raises(ValueError, match="no request 'b'"):
        play.decide("b")
    with pytest.raises(ValueError, match="has no 'session'"):
        play.edit("session", "")


def test_labels_and_policies_cannot_inject_html():
    bad = "<img src=x>"
    play = playground({bad: {**ASK, "principal": bad}}, trust=bad)
    assert "<img" not in play.box.children[2].value


def test_it_is_shown_with_and_without_a_front_end(door):
    bundle = door._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == str(door)


def test_ipywidgets_is_loaded_at_first_use_only():
    code = "import sys, labhelpers; labhelpers.open_lab; assert 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
