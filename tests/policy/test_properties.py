"""Properties of the engine that hold for every policy and request (issue: Proof)."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from test_algebra import REQUESTS, SCENES, SESSION_ARN, made, run

from labhelpers.policy import PolicyError, Request, evaluate, parse
from labhelpers.policy.language.model import KINDS

SWAPS = st.sampled_from([str.upper, str.lower, str.swapcase])


def renamed(statement, swap):
    """Write a statement's actions and condition keys in another case."""
    changed = dict(statement)
    for element in ("Action", "NotAction"):
        if element in changed:
            changed[element] = [swap(action) for action in changed[element]]
    changed["Condition"] = {
        operator: {swap(key): value for key, value in keys.items()}
        for operator, keys in statement["Condition"].items()
    }
    return changed


def everywhere(scene, change):
    """Change every statement of a scene."""

    def deep(value):
        if isinstance(value, list):
            return [deep(item) for item in value]
        return change(value) if isinstance(value, dict) else value

    return {kind: deep(value) for kind, value in scene.items()}


@settings(max_examples=80, deadline=None)
@given(REQUESTS, SCENES, SWAPS, SWAPS)
def test_case_of_actions_and_keys_means_nothing(request_, scene, in_policies, in_request):
    context = {in_request(key): value for key, value in request_.context.items()}
    modelled = request_.is_modelled and (lambda key: key.lower() != "a:x")
    other = Request(
        request_.principal,
        in_request(request_.action),
        request_.resource,
        request_.resource_account,
        context,
        modelled,
    )
    before = run(request_, scene)
    after = run(other, everywhere(scene, lambda s: renamed(s, in_policies)))
    assert (after.outcome, after.blocked_by) == (before.outcome, before.blocked_by)


@settings(max_examples=80, deadline=None)
@given(REQUESTS, SCENES)
def test_removing_every_deny_never_denies(request_, scene):
    """What is allowed stays allowed without any Deny statement."""

    def kept(value):
        if not isinstance(value, list):
            return value
        return [kept(x) for x in value if not isinstance(x, dict) or x["Effect"] == "Allow"]

    if not run(request_, scene).allowed:
        return
    without = {kind: kept(value) for kind, value in scene.items()}
    # AWS takes no policy without statements; one of denies only cannot be emptied.
    policies = [*without["identity"], *without["boundary"], *(without["session"] or [])]
    if [] in policies + [policy for level in without["scp"] for policy in level]:
        return
    assert run(request_, without).allowed


@settings(max_examples=80, deadline=None)
@given(REQUESTS, SCENES)
def test_session_policy_never_widens(request_, scene):
    """Whatever a session policy says, nothing is allowed that is not without it.

    A federated user is the exception by rule: without a session policy it may do nothing.
    """
    if request_.principal.kind == "federated-user":
        return
    if run(request_, scene).allowed:
        assert run(request_, scene | {"session": None}).allowed


@settings(max_examples=80, deadline=None)
@given(REQUESTS, SCENES)
def test_only_a_direct_grant_reaches_past_a_session_policy(request_, scene):
    """With a session policy that allows nothing, the resource must name the session or all."""
    empty = [[{"Effect": "Allow", "Action": "none:None", "Resource": "*"}]]
    if request_.principal.arn != SESSION_ARN:
        return
    if run(request_, scene | {"session": empty}).allowed:
        principals = [s["Principal"] for s in scene["resource"] if s["Effect"] == "Allow"]
        assert any(p == "*" or p.get("AWS") == SESSION_ARN for p in principals)


@settings(max_examples=80, deadline=None)
@given(REQUESTS, SCENES)
def test_accepted_documents_round_trip(request_, scene):
    """A policy read from what another one kept is the same and decides the same."""
    for policy in scene["identity"]:
        first = made(policy, "identity")
        second = parse(json.dumps(first.document), "identity")
        assert second.document == first.document
        assert second.version == first.version
        pair = [evaluate(request_, identity=[one]) for one in (first, second)]
        assert pair[0].outcome == pair[1].outcome


TEXTS = st.text(max_size=8) | st.sampled_from(["*", "arn:aws:s3:::b", "${aws:username}", "${", ":"])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), TEXTS, TEXTS, TEXTS, TEXTS)
def test_any_text_in_any_place(kind, action, resource, principal, value):
    """Texts of any kind in a well-formed document: accepted, or refused with a PolicyError."""
    statement = {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        "Principal": {"AWS": principal},
        "Condition": {"StringLike": {"a:x": value}},
    }
    if kind in ("identity", "session", "boundary", "scp"):
        del statement["Principal"]
    if kind == "trust":
        del statement["Resource"]
    document = {"Version": "2012-10-17", "Statement": statement}
    try:
        policy = parse(document, kind)
    except PolicyError as error:
        assert error.hint
        return
    assert json.loads(json.dumps(policy.document)) == document
