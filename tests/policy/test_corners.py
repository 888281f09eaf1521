"""Corners that a mutation test found unwatched: each test here kills at least one mutant."""

import pytest

from labhelpers.policy import Failure, Principal, Request, evaluate, evaluate_trust, parse
from labhelpers.policy.language.principals import DIRECT, PrincipalElement, names_of

A = "111122223333"
USER = Principal("user", f"arn:aws:iam::{A}:user/anna", A, "AIDA" + "X" * 17)
SESSION = Principal(
    "role-session",
    f"arn:aws:sts::{A}:assumed-role/app/s1",
    A,
    "AROA" + "Y" * 17,
    role_arn=f"arn:aws:iam::{A}:role/app",
)
SAML = Principal("saml", f"arn:aws:iam::{A}:saml-provider/corp", "")
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements, kind="identity"):
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, kind)


def decide(condition, context, effect="Allow", principal=USER, modelled=None):
    """Decide with one condition; a Deny stands beside an Allow."""
    statement = ALL | {"Effect": effect, "Condition": condition}
    statements = [ALL, statement] if effect == "Deny" else [statement]
    request = Request(principal, "s3:GetObject", "arn:aws:s3:::b/k", "", context, modelled)
    return evaluate(request, identity=[policy(*statements)])


def not_known(key):
    return False


@pytest.mark.parametrize(
    "values, effect, outcome",
    [
        (["1", "1"], "Allow", "Allowed"),
        (["1", "2"], "Allow", "ImplicitlyDenied"),
        (["2", "3"], "Allow", "ImplicitlyDenied"),
        (["1", "1"], "Deny", "ExplicitlyDenied"),
        (["1", "2"], "Deny", "ExplicitlyDenied"),
        (["2", "3"], "Deny", "Allowed"),
    ],
)
def test_several_values_without_a_set_operator_are_read_strictly(values, effect, outcome):
    """An Allow needs all of them to fit, a Deny one."""
    decision = decide({"StringEquals": {"a:x": "1"}}, {"a:x": values}, effect)
    assert decision.outcome == outcome


@pytest.mark.parametrize(
    "wanted, got, blocked_by",
    [
        (["${a:y}", "1"], "1", None),
        (["1", "${a:y}"], "1", None),
        (["${a:y}", "1"], "2", "not modelled"),
        (["1", "${a:y}"], "2", "not modelled"),
        (["${a:y}", "${aws:username}"], "anna", None),
    ],
)
def test_a_value_that_is_known_decides_beside_one_that_is_not(wanted, got, blocked_by):
    decision = decide({"StringEquals": {"a:x": wanted}}, {"a:x": got}, modelled=not_known)
    assert decision.blocked_by == blocked_by


@pytest.mark.parametrize(
    "got, blocked_by", [(["1", "1"], None), (["1", "2"], "not modelled"), (["1"], None)]
)
def test_several_values_and_one_variable_that_is_not_known(got, blocked_by):
    condition = {"ForAllValues:StringEquals": {"a:x": ["1", "${a:y}"]}}
    assert decide(condition, {"a:x": got}, modelled=not_known).blocked_by == blocked_by


def test_a_modelled_key_that_is_absent_is_known():
    decision = decide({"StringEquals": {"a:x": "1"}}, {}, modelled=lambda key: True)
    assert decision.blocked_by == "identity"


@pytest.mark.parametrize("key", ["aws:username", "AWS:UserName"])
def test_user_name_of_a_role_session_is_known_to_be_absent(key):
    """Whoever asks for it need not model it: only IAM users have one."""
    condition = {"Null": {key: "true"}}
    assert decide(condition, {}, principal=SESSION, modelled=not_known).allowed
    assert not decide(condition, {}, principal=USER, modelled=lambda key: True).allowed


def test_canonical_user_is_what_nobody_knows():
    statement = ALL | {"Effect": "Deny", "Principal": {"CanonicalUser": "0" * 64}}
    request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k")
    resource = policy(statement, kind="resource")
    decision = evaluate(request, identity=[policy(ALL)], resource=resource)
    assert (decision.blocked_by, decision.unmodelled) == ("not modelled", "CanonicalUser")


def test_saml_callers_and_not_principal():
    element = PrincipalElement({"Federated": SAML.arn})
    assert element.strength(SAML) == DIRECT
    assert element.spares(SAML, has_boundary=False)
    assert not PrincipalElement({"Federated": SAML.arn + "2"}).spares(SAML, has_boundary=False)


def test_names_of_callers():
    """No empty names, and none for callers that the AWS type cannot name."""
    assert names_of(Principal("user", USER.arn, A)) == {USER.arn: DIRECT}
    for kind in ("service", "web-identity", "saml", "anonymous", "root"):
        assert names_of(Principal(kind, "x", "")) == {}


@pytest.mark.parametrize(
    "wanted, got, met",
    [
        ("YWI=", "ab", True),
        ("Y!WI=", "ab", False),
        ("YWI", "ab", False),
        ("YWI=", "\ud800", False),
        ("7aCA", "\ud800", True),
        ("4pyT", "✓", True),
    ],
)
def test_binary_values(wanted, got, met):
    """Only whole base64 counts; text beyond Latin-1 is compared as UTF-8 octets."""
    assert decide({"BinaryEquals": {"a:x": wanted}}, {"a:x": got}).allowed is met


@pytest.mark.parametrize(
    "text, same",
    [
        ("2026-01-02T03:04:05+05:30", "2026-01-01T21:34:05Z"),
        ("2026-01-02T03:04:05-05:30", "2026-01-02T08:34:05Z"),
        ("2026-01-02T03:04:05+0100", "2026-01-02T02:04:05Z"),
        ("2026-01-02T13:04:05+10:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05z", "2026-01-02T03:04:05Z"),
    ],
)
def test_offsets_with_minutes(text, same):
    assert decide({"DateEquals": {"a:x": text}}, {"a:x": same}).allowed


def test_failures_have_no_key_outside_conditions():
    document = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    request = Request(USER, "sts:TagSession", f"arn:aws:iam::{A}:role/target")
    [result] = evaluate_trust(request, policy(document, kind="trust")).statements
    [failure] = result.failures
    assert (failure.element, failure.operator, failure.key) == ("Action", "", "")
    assert failure.wanted == ("sts:AssumeRole",)
    assert failure.got == ("sts:TagSession",)


def test_failures_of_principal_and_resource():
    """Element, wanted and got; no operator and no key. Anonymous callers go by their kind."""
    statement = ALL | {"Principal": {"AWS": A}, "Resource": "arn:aws:s3:::c"}
    request = Request(Principal("anonymous", "", ""), "s3:GetObject", "arn:aws:s3:::b/k")
    [result] = evaluate(request, resource=policy(statement, kind="resource")).statements
    assert result.failures == (
        Failure("Principal", "", "", (A,), ("anonymous",)),
        Failure("Resource", "", "", ("arn:aws:s3:::c",), ("arn:aws:s3:::b/k",)),
    )


def test_resource_control_policy_that_says_nothing_takes_nothing_away():
    """The step says Allowed: RCPFullAWSAccess is always attached."""
    other = policy(ALL | {"Principal": "*", "Action": "sqs:*"}, kind="rcp")
    request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k")
    decision = evaluate(request, identity=[policy(ALL)], rcps=[[other]])
    [step] = [step for step in decision.steps if step.name == "rcp"]
    assert (decision.allowed, step.result) == (True, "Allowed")


def test_key_policy_counts_for_every_name_of_a_key():
    """A colon in the last part of the ARN does not hide that it is a key."""
    named = policy(ALL | {"Principal": {"AWS": "444455556666"}}, kind="resource")
    for name in ("key/k", "key/a:b"):
        request = Request(USER, "kms:Decrypt", f"arn:aws:kms:eu-west-1:{A}:{name}")
        decision = evaluate(request, identity=[policy(ALL)], resource=named)
        assert decision.blocked_by == "resource"


def test_what_hangs_on_no_context_is_kept():
    """Two requests that differ in context alone share one evaluation."""
    identity = [policy(ALL)]
    first, second = (
        evaluate(
            Request(USER, "s3:GetObject", "arn:aws:s3:::b/corner", "", {"a:x": n}),
            identity=identity,
        )
        for n in "12"
    )
    assert first.case is second.case


HOME = ALL | {"Resource": "arn:aws:s3:::b/${a:Y}"}


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_resource_with_a_variable_that_is_not_known(effect):
    """Neither met nor unmet: an Allow does not allow, a Deny refuses; the key is named."""
    statement = HOME | {"Effect": effect}
    asked = []
    request = Request(
        USER, "s3:GetObject", "arn:aws:s3:::b/1", "", {}, lambda key: bool(asked.append(key))
    )
    identity = [policy(*([ALL, statement] if effect == "Deny" else [statement]))]
    decision = evaluate(request, identity=identity)
    assert (decision.blocked_by, decision.unmodelled) == ("not modelled", "a:Y")
    assert set(asked) == {"a:Y"}
    [failure] = [f for result in decision.statements for f in result.failures]
    assert (failure.element, failure.key, failure.unmodelled) == ("Resource", "a:Y", True)


def test_condition_with_a_variable_that_is_not_known_shows_it_as_written():
    condition = {"StringEquals": {"a:x": ["${a:Y}", "${aws:username}"]}}
    decision = decide(condition, {"a:x": "1"}, modelled=not_known)
    [result] = decision.statements
    assert result.failures[0].wanted == ("${a:Y}", "anna")
    assert result.failures[0].unmodelled


def test_what_nobody_knows_is_kept_with_its_name():
    """Asked again, the answer names the canonical user as before, also in the failure."""
    statement = ALL | {"Effect": "Deny", "Principal": {"CanonicalUser": "1" * 64}}
    resource = policy(statement, kind="resource")
    request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/canonical")
    for _ in range(2):
        decision = evaluate(request, resource=resource, identity=[policy(ALL)])
        assert decision.unmodelled == "CanonicalUser"
        [failure] = [f for result in decision.statements for f in result.failures]
        assert (failure.element, failure.unmodelled) == ("Principal", True)


def test_service_star_names_every_service():
    element = PrincipalElement({"Service": "*"})
    assert element.strength(Principal("service", "ec2.amazonaws.com", "")) == DIRECT
    assert element.strength(USER) != DIRECT


def test_root_user_and_a_role_still_has_steps():
    """What no policy can allow is told at the trust policy's step."""
    root = Principal("root", f"arn:aws:iam::{A}:root", A)
    document = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole"}
    request = Request(root, "sts:AssumeRole", f"arn:aws:iam::{A}:role/target")
    decision = evaluate_trust(request, policy(document, kind="trust"))
    [ended] = [step for step in decision.steps if step.ended]
    assert (ended.name, ended.result) == ("trust", "ImplicitlyDenied")
    assert "root accounts" in ended.detail
    assert len(decision.steps) > 1
