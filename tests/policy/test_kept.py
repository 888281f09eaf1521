"""Decisions that hang on who, what and on what alone are kept; nothing else may show it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_algebra import REQUESTS, SCENES, made

from labhelpers.policy import Principal, Request, evaluate, explain, parse
from labhelpers.policy.deciding.evaluate import _KEPT_SIZE, _kept

USER = Principal("user", "arn:aws:iam::111122223333:user/anna", "111122223333")


def policies(scene):
    return {
        "identity": [made(s, "identity") for s in scene["identity"]],
        "resource": made(scene["resource"], "resource") if scene["resource"] else None,
        "boundaries": [made(s, "boundary") for s in scene["boundary"]],
        "session": scene["session"] and [made(s, "session") for s in scene["session"]],
        "scps": [[made(s, "scp") for s in level] for level in scene["scp"]],
        "rcps": [],
    }


@settings(max_examples=80, deadline=None)
@given(st.lists(REQUESTS, min_size=1, max_size=4), SCENES)
def test_a_kept_decision_is_the_one_decided_anew(requests, scene):
    """Oracle: the same evaluation without the memory. Requests come twice, contexts vary."""
    given_ = policies(scene)
    twice = [*requests, *requests]
    for request, kept in [(request, evaluate(request, **given_)) for request in twice]:
        _kept.clear()
        anew = evaluate(request, **given_)
        assert kept == anew
        assert kept.request is request
        assert kept.steps == anew.steps
        assert kept.statements == anew.statements


@pytest.mark.parametrize("value, allowed", [("1", True), ("2", False), ("1", True)])
def test_the_context_still_counts(value, allowed):
    condition = {"StringEquals": {"a:x": "1"}}
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    policy = parse({"Version": "2012-10-17", "Statement": statement}, "identity")
    for _ in range(2):
        request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k", "", {"a:x": value})
        assert evaluate(request, identity=[policy]).allowed is allowed


def test_the_memory_is_bounded():
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = parse({"Version": "2012-10-17", "Statement": statement}, "identity")
    for number in range(_KEPT_SIZE + 10):
        evaluate(Request(USER, "s3:GetObject", f"arn:aws:s3:::b/{number}"), identity=[policy])
    assert len(_kept) <= _KEPT_SIZE


def test_an_explanation_is_about_the_request_asked():
    """Two requests that differ in context alone share the reasons, not the request."""
    first, second = (
        evaluate(Request(USER, "s3:GetObject", "arn:aws:s3:::b/k", "", {"a:x": n})) for n in "12"
    )
    assert first.request.context != second.request.context
    assert str(explain(first)) == str(explain(second))
