"""The changes that an explanation proposes: each is applied and the request decided again."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_algebra import CALLERS, REQUESTS, SCENES, SERVICE, made

from labhelpers.policy import (
    POLICY_NAMES,
    Principal,
    Request,
    evaluate,
    evaluate_trust,
    explain,
    parse,
)

A, B = "111122223333", "444455556666"
USER_ARN, ROLE_ARN = f"arn:aws:iam::{A}:user/anna", f"arn:aws:iam::{A}:role/app"
USER = Principal("user", USER_ARN, A, "AIDA" + "X" * 17)
SESSION = Principal("role-session", f"arn:aws:sts::{A}:assumed-role/app/s1", A, role_arn=ROLE_ARN)
FED = Principal("federated-user", f"arn:aws:sts::{A}:federated-user/f", A, user_arn=USER_ARN)
ROOT = Principal("root", f"arn:aws:iam::{A}:root", A)
TARGET, FOREIGN = f"arn:aws:iam::{A}:role/target", f"arn:aws:iam::{B}:role/target"
KEY = f"arn:aws:kms:eu-west-1:{A}:key/k"
OBJECT, READ, ASSUME = "arn:aws:s3:::b/k", "s3:GetObject", "sts:AssumeRole"
TAG = "sts:TagSession"


def statement(effect="Allow", action="*", resource="*", **elements):
    made = {"Effect": effect, "Action": action, "Resource": resource, **elements}
    return {name: value for name, value in made.items() if value is not None}


def trusting(principal, **elements):
    return statement(action=ASSUME, resource=None, Principal=principal, **elements)


def decide(request, scene):
    """Decide with policies given as lists of statements, one list a policy."""
    policies = {
        "identity": [made(s, "identity") for s in scene.get("identity", [])],
        "boundaries": [made(s, "boundary") for s in scene.get("boundary", [])],
        "session": [made(s, "session") for s in scene["session"]] if scene.get("session") else None,
        "scps": [[made(s, "scp") for s in level] for level in scene.get("scp", [])],
        "rcps": [[made(s, "rcp") for s in level] for level in scene.get("rcp", [])],
    }
    if "trust" in scene:
        return evaluate_trust(request, made(scene["trust"], "trust"), **policies)
    resource = scene.get("resource")
    return evaluate(request, resource=made(resource, "resource") if resource else None, **policies)


def changed(request, scene, change):
    """Make one change on documents: an implementation of its own, to check the engine's."""
    if change.context:
        sent = {key.lower() for key in change.context}
        context = {k: v for k, v in request.context.items() if k.lower() not in sent}
        request = Request(
            request.principal,
            request.action,
            request.resource,
            request.resource_account,
            context | dict(change.context),
            request.is_modelled,
        )
    if change.statement is None:
        return request, scene
    kind, new = change.policy_type, change.statement
    scene = dict(scene)
    if kind in ("trust", "resource"):
        scene[kind] = [*(scene.get(kind) or []), new]
    elif kind == "boundary":
        boundaries = list(scene["boundary"])
        boundaries[change.place] = [*boundaries[change.place], new]
        scene["boundary"] = boundaries
    elif kind == "scp":
        levels = list(scene["scp"])
        levels[change.place] = [*levels[change.place], [new]]
        scene["scp"] = levels
    else:
        scene[kind] = [*(scene.get(kind) or []), [new]]
    return request, scene


ID = {"StringEquals": {"sts:ExternalId": "42"}}
MFA = "aws:MultiFactorAuthPresent"
NOT_US = {"StringNotEquals": {"aws:RequestTag/team": "red"}}

# request, policies, advice
CASES = {
    "external ID not passed": (
        Request(USER, ASSUME, TARGET),
        {"trust": [trusting({"AWS": USER_ARN}, Condition=ID)]},
        "Pass ExternalId=42.",
    ),
    "external ID wrong": (
        Request(USER, ASSUME, TARGET, "", {"sts:externalid": "43"}),
        {"trust": [trusting({"AWS": USER_ARN}, Condition=ID)]},
        "Pass ExternalId=42.",
    ),
    "external ID and MFA": (
        Request(USER, ASSUME, TARGET),
        {"trust": [trusting({"AWS": USER_ARN}, Condition=ID | {"Bool": {MFA: "true"}})]},
        "Pass ExternalId=42. Authenticate with MFA: pass SerialNumber and TokenCode.",
    ),
    "session name": (
        Request(USER, ASSUME, TARGET, "", {"sts:RoleSessionName": "x"}),
        {
            "trust": [
                trusting({"AWS": A}, Condition={"StringLike": {"sts:RoleSessionName": "anna-*"}})
            ],
            "identity": [[statement()]],
        },
        "Pass a RoleSessionName like anna-*.",
    ),
    "the account delegates": (
        Request(USER, ASSUME, TARGET),
        {"trust": [trusting({"AWS": A})]},
        f"Add sts:AssumeRole on {TARGET} to the caller's identity-based policy.",
    ),
    "both sides, across accounts": (
        Request(USER, ASSUME, FOREIGN),
        {"trust": [trusting({"AWS": B})]},
        f"Let the trust policy allow sts:AssumeRole to {USER_ARN}. "
        f"Add sts:AssumeRole on {FOREIGN} to the caller's identity-based policy.",
    ),
    "external ID and identity, across accounts": (
        Request(USER, ASSUME, FOREIGN),
        {"trust": [trusting({"AWS": A}, Condition=ID)]},
        f"Pass ExternalId=42. Add sts:AssumeRole on {FOREIGN} to the caller's "
        "identity-based policy.",
    ),
    "the trust policy names somebody else under a condition": (
        Request(USER, ASSUME, TARGET, "", {"sts:ExternalId": "42"}),
        {"trust": [trusting({"AWS": B}, Condition=ID)]},
        f"Let the trust policy allow sts:AssumeRole to {USER_ARN}. "
        "Keep the condition on sts:ExternalId.",
    ),
    "a session is let in by its role": (
        Request(SESSION, ASSUME, TARGET),
        {"trust": [trusting({"AWS": B})]},
        f"Let the trust policy allow sts:AssumeRole to {ROLE_ARN}.",
    ),
    "a service": (
        Request(Principal("service", "ec2.amazonaws.com", ""), ASSUME, TARGET),
        {"trust": [trusting({"Service": "lambda.amazonaws.com"})]},
        "Let the trust policy allow sts:AssumeRole to ec2.amazonaws.com.",
    ),
    "TagSession forgotten": (
        Request(USER, "sts:TagSession", TARGET),
        {"trust": [trusting({"AWS": USER_ARN})]},
        f"Let the trust policy allow sts:TagSession to {USER_ARN}.",
    ),
    "external ID on TagSession": (
        Request(USER, TAG, TARGET),
        {"trust": [trusting({"AWS": USER_ARN}, Condition=ID) | {"Action": [ASSUME, TAG]}]},
        "sts:TagSession is checked with its own keys only, never with sts:ExternalId: split the "
        f"statement. Let the trust policy allow sts:TagSession to {USER_ARN}.",
    ),
    "external ID and MFA on TagSession": (
        Request(USER, TAG, TARGET, "", {MFA: "true"}),
        {
            "trust": [
                trusting({"AWS": USER_ARN}, Condition=ID | {"Bool": {MFA: "true"}})
                | {"Action": [ASSUME, TAG]}
            ]
        },
        "sts:TagSession is checked with its own keys only, never with sts:ExternalId: split the "
        f"statement. Let the trust policy allow sts:TagSession to {USER_ARN}. Keep the condition "
        f"on {MFA}.",
    ),
    "no permission": (
        Request(USER, READ, OBJECT),
        {},
        f"Add s3:GetObject on {OBJECT} to the caller's identity-based policy.",
    ),
    "an action without a resource": (
        Request(USER, "s3:ListAllMyBuckets", "*"),
        {},
        "Add s3:ListAllMyBuckets to the caller's identity-based policy.",
    ),
    "prefix": (
        Request(USER, "s3:ListBucket", "arn:aws:s3:::b"),
        {"identity": [[statement(Condition={"StringEquals": {"s3:prefix": ["a/", "b/"]}})]]},
        "Pass Prefix=a/.",
    ),
    "another bucket of another account": (
        Request(USER, READ, OBJECT, B),
        {"identity": [[statement()]]},
        f"Let the resource-based policy allow s3:GetObject to {USER_ARN}.",
    ),
    "boundary": (
        Request(USER, READ, OBJECT),
        {"identity": [[statement()]], "boundary": [[statement(action="ec2:*")]]},
        f"Add s3:GetObject on {OBJECT} to the permissions boundary.",
    ),
    "session policy": (
        Request(SESSION, READ, OBJECT),
        {"identity": [[statement()]], "session": [[statement(action="ec2:*")]]},
        f"Pass a session policy that allows s3:GetObject on {OBJECT}.",
    ),
    "federated user without a session policy": (
        Request(FED, READ, OBJECT),
        {"identity": [[statement()]]},
        f"Pass a session policy that allows s3:GetObject on {OBJECT}.",
    ),
    "two levels of SCPs": (
        Request(USER, READ, OBJECT),
        {
            "identity": [[statement()]],
            "scp": [[[statement(action="ec2:*")]], [[statement()]], [[statement(action="a:*")]]],
        },
        f"Let the service control policy allow s3:GetObject on {OBJECT} at every level.",
    ),
    "key policy": (
        Request(USER, "kms:Decrypt", KEY),
        {"identity": [[statement()]], "resource": [statement(Principal={"AWS": B})]},
        f"Let the resource-based policy allow kms:Decrypt to {USER_ARN}.",
    ),
    "Deny without MFA": (
        Request(USER, READ, OBJECT),
        {
            "identity": [
                [statement(), statement("Deny", Condition={"BoolIfExists": {MFA: "false"}})]
            ]
        },
        "Authenticate with MFA: pass SerialNumber and TokenCode.",
    ),
    "Deny without the tag": (
        Request(USER, "ec2:CreateVolume", "*"),
        {"identity": [[statement(), statement("Deny", Condition=NOT_US)]]},
        "Pass the tag team = red.",
    ),
    "Deny without HTTPS": (
        Request(USER, READ, OBJECT, "", {"aws:SecureTransport": "false"}),
        {
            "identity": [[statement()]],
            "resource": [
                statement(
                    "Deny", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}
                )
            ],
        },
        "Use HTTPS.",
    ),
    "address": (
        Request(USER, READ, OBJECT, "", {"aws:SourceIp": "192.0.2.1"}),
        {"identity": [[statement(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})]]},
        "Call from 203.0.113.0/24.",
    ),
    "tag of the caller": (
        Request(USER, READ, OBJECT),
        {"identity": [[statement(Condition={"StringEquals": {"aws:PrincipalTag/a": "1"}})]]},
        "Tag the caller with a = 1.",
    ),
    "a condition that no caller can meet leaves the others": (
        Request(USER, READ, OBJECT, "", {"a:x": "1"}),
        {
            "identity": [
                [
                    statement(
                        Condition={
                            "StringEquals": {"a:x": "1"},
                            "DateLessThan": {"aws:CurrentTime": "2020-01-01"},
                        }
                    )
                ]
            ]
        },
        f"Add s3:GetObject on {OBJECT} to the caller's identity-based policy. "
        "Keep the condition on a:x.",
    ),
    "a resource with a star in its name": (
        Request(USER, READ, "arn:aws:s3:::b/*"),
        {},
        "Add s3:GetObject on arn:aws:s3:::b/* to the caller's identity-based policy.",
    ),
}


@pytest.mark.parametrize("request_, scene, advice", CASES.values(), ids=CASES)
def test_advice(request_, scene, advice):
    """What is proposed stands in the explanation, and made it allows the request."""
    explanation = explain(decide(request_, scene))
    assert explanation.advice == advice
    assert explanation.sentences.endswith(advice)
    for change in explanation.changes:
        assert not decide(request_, scene).allowed
        request_, scene = changed(request_, scene, change)
    assert decide(request_, scene).allowed


NOTHING = {
    "Allowed": (Request(USER, READ, OBJECT), {"identity": [[statement()]]}, ""),
    "an unconditional Deny": (
        Request(USER, READ, OBJECT),
        {"identity": [[statement(), statement("Deny")]]},
        "No Allow can outweigh a Deny; only a change of that statement would.",
    ),
    "a Deny on what nobody can send": (
        Request(USER, READ, OBJECT),
        {"identity": [[statement("Deny", Condition={"StringNotEquals": {"a:x": "1"}})]]},
        "No Allow can outweigh a Deny; only a change of that statement would.",
    ),
    "the root user and a role": (
        Request(ROOT, ASSUME, TARGET),
        {"trust": [trusting({"AWS": A})]},
        "",
    ),
    "an anonymous caller": (
        Request(Principal("anonymous", "", ""), READ, OBJECT, A),
        {},
        "",
    ),
    "a resource that is not known": (Request(USER, READ, None), {}, ""),
    "a key that is not known": (
        Request(USER, READ, OBJECT, "", {}, lambda key: False),
        {"identity": [[statement(Condition={"StringEquals": {"a:x": "1"}})]]},
        "",
    ),
}


@pytest.mark.parametrize("request_, scene, advice", NOTHING.values(), ids=NOTHING)
def test_where_nothing_can_be_proposed(request_, scene, advice):
    explanation = explain(decide(request_, scene))
    assert explanation.changes == ()
    assert explanation.advice == advice


OTHERS = [
    Request(principal, action, resource)
    for principal in (*CALLERS.values(), SERVICE)
    for action in ("s3:GetObject", "s3:PutObject", "ec2:RunInstances", "iam:GetRole")
    for resource in ("arn:aws:s3:::b/k", "arn:aws:s3:::b/k2", "arn:aws:s3:::anna")
]


@settings(max_examples=80, deadline=None)
@given(REQUESTS, SCENES, st.lists(st.sampled_from(OTHERS), max_size=8))
def test_changes_allow_and_are_no_wider_than_needed(request_, scene, others):
    """Together the changes allow; each is needed; nothing but this request becomes allowed."""
    decision = decide(request_, scene)
    changes = explain(decision).changes
    if not changes:
        return
    assert not decision.allowed
    after = request_, scene
    for change in changes:
        after = changed(*after, change)
    assert decide(*after).allowed
    for left_out in changes:
        some = request_, scene
        for change in changes:
            if change is not left_out:
                some = changed(*some, change)
        assert not decide(*some).allowed
    for other in others:
        same = (other.action, other.resource) == (request_.action, request_.resource)
        if not same and not decide(other, scene).allowed:
            assert not decide(other, after[1]).allowed


def test_every_statement_proposed_is_a_policy():
    """What is proposed has the grammar of its policy type."""
    for request_, scene, _ in CASES.values():
        for change in explain(decide(request_, scene)).changes:
            if change.statement is not None:
                document = {"Version": "2012-10-17", "Statement": [change.statement]}
                assert parse(document, change.policy_type)
                assert change.policy_type in POLICY_NAMES


SENTENCES = {
    "trust, condition": (
        CASES["external ID not passed"],
        "Denied: the trust policy of role target asks for sts:ExternalId = 42, the request "
        "carries none. Pass ExternalId=42.",
    ),
    "no statement about the action": (
        CASES["boundary"],
        f"Denied: no permissions boundary allows s3:GetObject on {OBJECT}. "
        f"Add s3:GetObject on {OBJECT} to the permissions boundary.",
    ),
}


@pytest.mark.parametrize("case, sentences", SENTENCES.values(), ids=SENTENCES)
def test_sentences(case, sentences):
    request_, scene, _ = case
    assert explain(decide(request_, scene)).sentences == sentences


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_two_or_three_sentences(case):
    request_, scene, _ = case
    sentences = explain(decide(request_, scene)).sentences
    assert 2 <= len(re.findall(r"\.(?= |$)", sentences)) <= 4


DEMANDS = [
    ({"StringNotEquals": {"a:x": "1"}}, "a:x other than 1, the request carries 1"),
    ({"StringEquals": {"a:y": ["1", "2"]}}, "a:y = 1 or 2, the request carries none"),
    ({"StringLike": {"a:y": "1*"}}, "a:y like 1*, the request carries none"),
    ({"ArnLike": {"aws:PrincipalArn": "arn:*:x"}}, f"like arn:*:x, the request carries {USER_ARN}"),
    ({"NumericLessThan": {"a:x": "1"}}, "a:x below 1, the request carries 1"),
    ({"NumericGreaterThanEquals": {"a:x": "2"}}, "a:x of at least 2, the request carries 1"),
    ({"DateGreaterThan": {"a:x": "2030"}}, "a:x above 2030, the request carries 1"),
    ({"IpAddress": {"a:x": "10.0.0.0/8"}}, "a:x in 10.0.0.0/8, the request carries 1"),
    ({"NotIpAddress": {"a:i": "10.0.0.0/8"}}, "outside 10.0.0.0/8, the request carries 10.0.0.1"),
    ({"Null": {"a:x": "true"}}, "no a:x, the request carries 1"),
    ({"Null": {"a:y": "false"}}, "some a:y, the request carries none"),
    (
        {"ForAllValues:StringEquals": {"a:x": ["2"]}},
        "only values of a:x among 2, the request carries 1",
    ),
    (
        {"ForAnyValue:StringNotEquals": {"a:x": ["1"]}},
        "a value of a:x other than 1, the request carries 1",
    ),
]


@pytest.mark.parametrize("condition, words", DEMANDS, ids=lambda v: str(v)[:50])
def test_what_a_condition_asks_for(condition, words):
    request = Request(USER, READ, OBJECT, "", {"a:x": "1", "a:i": "10.0.0.1"})
    scene = {"identity": [[statement(Condition=condition)]]}
    headline = explain(decide(request, scene)).headline
    assert headline.endswith(words + ".")
