"""Reasons: the outcome in words, step by step, and AWS's wording (STS_FACTS 2.8, 3.1)."""

from html.parser import HTMLParser
from itertools import product

import pytest

from labhelpers.policy import (
    POLICY_NAMES,
    Decision,
    Failure,
    Principal,
    Request,
    evaluate,
    evaluate_trust,
    explain,
    parse,
)

A, B = "111122223333", "444455556666"
USER_ARN = f"arn:aws:iam::{A}:user/anna"
ROLE_ARN = f"arn:aws:iam::{A}:role/app"
SESSION_ARN = f"arn:aws:sts::{A}:assumed-role/app/s1"
USER = Principal("user", USER_ARN, A, "AIDA" + "X" * 17)
SESSION = Principal("role-session", SESSION_ARN, A, "AROA" + "Y" * 17, role_arn=ROLE_ARN)
ROOT = Principal("root", f"arn:aws:iam::{A}:root", A)
FED = Principal("federated-user", f"arn:aws:sts::{A}:federated-user/f", A, user_arn=USER_ARN)
SERVICE = Principal("service", "ec2.amazonaws.com", "")
ACTION, OBJECT, TARGET = "s3:GetObject", "arn:aws:s3:::b/k", f"arn:aws:iam::{A}:role/target"
ORDER = ["explicit deny", "rcp", "scp", "resource", "identity", "boundary", "session"]


def policy(kind, effect="Allow", action="*", name="", **elements):
    statement = {"Effect": effect, "Action": action, "Resource": "*", **elements}
    if kind in ("resource", "rcp"):
        statement.setdefault("Principal", "*")
    return parse({"Version": "2012-10-17", "Statement": [statement]}, kind, name)


def trust(effect="Allow", **elements):
    statement = {"Effect": effect, "Principal": {"AWS": USER_ARN}, "Action": "sts:AssumeRole"}
    return parse({"Version": "2012-10-17", "Statement": [statement | elements]}, "trust", "t")


def ask(principal=USER, action=ACTION, resource=OBJECT, context=None, modelled=None, owner=""):
    return Request(principal, action, resource, owner, context or {}, modelled)


ALLOWS = [policy("identity", name="Everything")]
ELSEWHERE = {"action": "ec2:*"}
PASSED = f"because no {{}} allows the {ACTION} action"

# request, policies, the reason in AWS's words
REASONS = {
    "identity, implicit": (ask(), {}, PASSED.format("identity-based policy")),
    "identity, explicit": (
        ask(),
        {"identity": [policy("identity", "Deny")]},
        "with an explicit deny in an identity-based policy",
    ),
    "resource, implicit": (
        ask(owner=B),
        {"identity": ALLOWS, "resource": policy("resource", **ELSEWHERE)},
        PASSED.format("resource-based policy"),
    ),
    "resource, explicit": (
        ask(),
        {"identity": ALLOWS, "resource": policy("resource", "Deny")},
        "with an explicit deny in a resource-based policy",
    ),
    "boundary, implicit": (
        ask(),
        {"identity": ALLOWS, "boundaries": [policy("boundary", **ELSEWHERE)]},
        PASSED.format("permissions boundary"),
    ),
    "boundary, explicit": (
        ask(),
        {"identity": ALLOWS, "boundaries": [policy("boundary", "Deny")]},
        "with an explicit deny in a permissions boundary",
    ),
    "session, implicit": (
        ask(SESSION),
        {"identity": ALLOWS, "session": [policy("session", **ELSEWHERE)]},
        PASSED.format("session policy"),
    ),
    "session, explicit": (
        ask(SESSION),
        {"identity": ALLOWS, "session": [policy("session", "Deny")]},
        "with an explicit deny in a session policy",
    ),
    "SCP, implicit": (
        ask(),
        {"identity": ALLOWS, "scps": [[policy("scp", **ELSEWHERE)]]},
        PASSED.format("service control policy"),
    ),
    "SCP, explicit": (
        ask(),
        {"identity": ALLOWS, "scps": [[policy("scp", "Deny")]]},
        "with an explicit deny in a service control policy",
    ),
    "RCP, explicit": (
        ask(),
        {"identity": ALLOWS, "rcps": [[policy("rcp", "Deny")]]},
        "with an explicit deny in a resource control policy",
    ),
    "allowed: none": (ask(), {"identity": ALLOWS}, ""),
}


@pytest.mark.parametrize("request_, policies, reason", REASONS.values(), ids=REASONS)
def test_aws_reason(request_, policies, reason):
    """The end of AWS's access-denied message, word for word."""
    assert evaluate(request_, **policies).aws_reason == reason


@pytest.mark.parametrize(
    "policies, document, reason",
    [
        (
            {},
            trust(Principal={"AWS": B}),
            "because no role trust policy allows the sts:AssumeRole action",
        ),
        ({}, trust("Deny"), "with an explicit deny in the role trust policy"),
        (
            {},
            trust(Principal={"AWS": A}),
            "because no identity-based policy allows the sts:AssumeRole action",
        ),
        (
            {"identity": [policy("identity", "Deny")]},
            trust(),
            "with an explicit deny in an identity-based policy",
        ),
        ({}, trust(), ""),
    ],
    ids=["implicit", "explicit", "delegated", "the caller's side", "allowed"],
)
def test_aws_reason_of_trust(policies, document, reason):
    request = ask(action="sts:AssumeRole", resource=TARGET)
    assert evaluate_trust(request, document, **policies).aws_reason == reason


def test_one_policy_type_is_named_of_several_that_deny():
    """AWS names one type only."""
    decision = evaluate(
        ask(),
        identity=[policy("identity", "Deny")],
        resource=policy("resource", "Deny"),
        scps=[[policy("scp", "Deny")]],
    )
    named = [name for name in POLICY_NAMES.values() if name in decision.aws_reason]
    assert named == [POLICY_NAMES[decision.blocked_by]]


def text(decision):
    return str(explain(decision))


S = {"s3:prefix": "home/bob"}
PREFIX = {"StringLike": {"s3:prefix": "home/${aws:username}"}}

# request, statement of an identity-based policy called P, the last line of the explanation
FAILURES = {
    "Resource": (
        ask(),
        {"Resource": "arn:aws:s3:::other/*", "Sid": "Read"},
        '  - Statement "Read" of P does not match: Resource names arn:aws:s3:::other/*, '
        "the request has arn:aws:s3:::b/k.",
    ),
    "several resources": (
        ask(),
        {"Resource": ["arn:aws:s3:::x", "arn:aws:s3:::y"]},
        "  - Statement 0 of P does not match: Resource names arn:aws:s3:::x or arn:aws:s3:::y, "
        "the request has arn:aws:s3:::b/k.",
    ),
    "NotResource": (
        ask(),
        {"NotResource": OBJECT},
        "  - Statement 0 of P does not match: NotResource leaves out arn:aws:s3:::b/k, "
        "the request has arn:aws:s3:::b/k.",
    ),
    "resource not known": (
        ask(resource=None),
        {"Resource": OBJECT},
        "  - Statement 0 of P does not match: Resource names arn:aws:s3:::b/k, "
        "the request has none.",
    ),
    "condition, variable filled in": (
        ask(context=S),
        {"Condition": PREFIX},
        "  - Statement 0 of P does not match: Condition StringLike s3:prefix wants home/anna, "
        "the request has home/bob.",
    ),
    "condition, variable without value": (
        ask(SESSION, context=S),
        {"Condition": PREFIX},
        "  - Statement 0 of P does not match: Condition StringLike s3:prefix wants "
        "home/${aws:username}, the request has home/bob.",
    ),
    "condition, key absent": (
        ask(),
        {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": True}}},
        "  - Statement 0 of P does not match: Condition Bool aws:MultiFactorAuthPresent wants "
        "true, the request has none.",
    ),
    "condition, several values": (
        ask(context={"aws:TagKeys": ["a", "b"]}),
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "c"]}}},
        "  - Statement 0 of P does not match: Condition ForAllValues:StringEquals aws:TagKeys "
        "wants a or c, the request has a, b.",
    ),
    "condition, no value wanted": (
        ask(context={"a:x": "1"}),
        {"Condition": {"StringEquals": {"a:x": []}}},
        "  - Statement 0 of P does not match: Condition StringEquals a:x wants nothing, "
        "the request has 1.",
    ),
    "two elements": (
        ask(context={"a:x": "1"}),
        {"Resource": "arn:aws:s3:::x", "Condition": {"StringEquals": {"a:x": "2"}}},
        "  - Statement 0 of P does not match: Resource names arn:aws:s3:::x, the request has "
        "arn:aws:s3:::b/k; Condition StringEquals a:x wants 2, the request has 1.",
    ),
    "another action": (
        ask(),
        {"Action": "ec2:*"},
        "  - No Allow statement there names s3:GetObject.",
    ),
}


@pytest.mark.parametrize("request_, elements, line", FAILURES.values(), ids=FAILURES)
def test_what_failed(request_, elements, line):
    """Both values of the element that failed stand in the explanation."""
    statement = {"Effect": "Allow", "Action": "s3:*", **elements}
    if "NotResource" not in statement:
        statement.setdefault("Resource", "*")
    near = parse({"Version": "2012-10-17", "Statement": statement}, "identity", "P")
    shown = text(evaluate(request_, identity=[near])).split("\n")
    assert shown[-1] == line
    assert shown[0].startswith("Denied: no identity-based policy allows ")
    assert len(shown) == 2


def test_what_failed_is_a_value_too():
    """Failures can be tested without reading text."""
    near = policy("identity", Condition={"StringLike": {"s3:prefix": "home/${aws:username}"}})
    [result] = evaluate(ask(context=S), identity=[near]).statements
    expected = Failure("Condition", "StringLike", "s3:prefix", ("home/anna",), ("home/bob",))
    assert result.failures == (expected,)
    assert (result.matched, result.policy_type, result.index) == (False, "identity", 0)


def test_no_policy_at_all():
    shown = text(evaluate(ask())).split("\n")
    assert shown == [
        f"Denied: no identity-based policy allows user anna {ACTION} on {OBJECT}. "
        f"Add {ACTION} on {OBJECT} to the caller's identity-based policy.",
        "  - There is no identity-based policy at all.",
    ]


def test_allowed_names_the_statement():
    shown = text(evaluate(ask(), identity=ALLOWS)).split("\n")
    assert shown == [
        f"Allowed: {ACTION} on {OBJECT}.",
        "  - Statement 0 of Everything matches (Allow).",
    ]


def test_denied_names_only_the_deny():
    denies = policy("identity", "Deny", name="Guard", Sid="NoWay")
    shown = text(evaluate(ask(resource=None), identity=[*ALLOWS, denies])).split("\n")
    assert shown == [
        f"Denied: a Deny statement of the identity-based policy forbids {ACTION}. "
        "No Allow can outweigh a Deny; only a change of that statement would.",
        '  - Statement "NoWay" of Guard matches (Deny).',
    ]


def test_policy_without_a_name_goes_by_its_type():
    shown = text(evaluate(ask(), identity=[policy("identity", "Deny")]))
    assert "Statement 0 of the identity-based policy matches (Deny)." in shown


@pytest.mark.parametrize("kind", ["boundary", "session", "scp"])
def test_only_the_blocking_type_is_explained(kind):
    """An identity-based policy that allows is no part of why a cap refused."""
    near = policy(kind, Resource="arn:aws:s3:::x", name="Cap")
    caps = {"boundary": {"boundaries": [near]}, "session": {"session": [near]}}
    caps["scp"] = {"scps": [[near]]}
    shown = text(evaluate(ask(SESSION), identity=ALLOWS, **caps[kind])).split("\n")
    assert shown[0].startswith(f"Denied: no {POLICY_NAMES[kind]} allows {ACTION} on {OBJECT}: ")
    assert len(shown) == 2
    assert "of Cap does not match: Resource names arn:aws:s3:::x" in shown[1]


def test_nearest_statements_come_first_and_three_suffice():
    """Statements with fewer failures come first; a long policy does not flood the page."""
    far = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::x", "Sid": "far"}
    far["Condition"] = {"Bool": {"a:x": "true"}}
    near = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::y", "Sid": "near"}
    statements = [{**far, "Sid": f"far{n}"} for n in range(5)] + [near]
    long = parse({"Version": "2012-10-17", "Statement": statements}, "identity", "P")
    details = explain(evaluate(ask(), identity=[long])).details
    assert [line.split('"')[1] for line in details] == ["near", "far0", "far1"]


def test_trust_policy_that_names_somebody_else():
    request = ask(action="sts:AssumeRole", resource=TARGET)
    shown = text(evaluate_trust(request, trust(Principal={"AWS": B}))).split("\n")
    assert shown == [
        f"Denied: the trust policy of role target names {B}, the caller is {USER_ARN}. "
        f"Let the trust policy allow sts:AssumeRole to {USER_ARN}.",
        f"  - Statement 0 of t does not match: Principal names {B}, the caller is {USER_ARN}.",
    ]


def test_trust_policy_that_forgets_tag_session():
    """In a trust policy a statement that fails by its action alone is shown too."""
    shown = text(evaluate_trust(ask(action="sts:TagSession", resource=TARGET), trust()))
    assert "Action names sts:AssumeRole, the request has sts:TagSession." in shown


def test_root_is_told_that_no_policy_helps():
    request = ask(ROOT, "sts:AssumeRole", TARGET)
    decision = evaluate_trust(request, trust(Principal={"AWS": A}))
    assert (
        text(decision)
        == "Denied: roles may not be assumed by root accounts: no policy can allow it."
    )
    assert decision.aws_reason == ""


def test_get_caller_identity_explains_itself():
    decision = evaluate(ask(action="sts:GetCallerIdentity", resource="*"))
    assert text(decision) == "Allowed: every caller may do this; no policy can refuse it."
    [step] = decision.steps
    assert (step.result, step.ended) == ("Allowed", True)
    assert decision.statements == ()


def test_unknown_key_refuses_and_is_named():
    near = policy("identity", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}}, name="P")
    decision = evaluate(ask(modelled=lambda key: False), identity=[near])
    assert (decision.outcome, decision.blocked_by) == ("ImplicitlyDenied", "not modelled")
    assert decision.unmodelled == "aws:SourceVpc"
    assert decision.aws_reason == ""
    shown = text(decision)
    assert "Denied: nobody here knows the value of aws:SourceVpc" in shown
    assert "Condition needs aws:SourceVpc, which is not known here" in shown
    [step] = [step for step in decision.steps if step.ended]
    assert step.name == "not modelled"


def test_unknown_key_of_a_deny_refuses():
    guard = policy("identity", "Deny", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    decision = evaluate(ask(modelled=lambda key: False), identity=[*ALLOWS, guard])
    assert (decision.blocked_by, decision.unmodelled) == ("not modelled", "aws:SourceVpc")


def test_unknown_key_does_not_matter_where_another_statement_decides():
    spare = policy("identity", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    for identity in ([spare, *ALLOWS], [*ALLOWS, spare]):
        assert evaluate(ask(modelled=lambda key: False), identity=identity).allowed
    denied = [spare, policy("identity", "Deny")]
    decision = evaluate(ask(modelled=lambda key: False), identity=denied)
    assert decision.outcome == "ExplicitlyDenied"


ENDS = {
    "identity allows": (USER, {"identity": ALLOWS}, "identity", "Allowed"),
    "nothing allows": (USER, {}, "identity", "ImplicitlyDenied"),
    "a Deny": (
        USER,
        {"identity": ALLOWS, "resource": policy("resource", "Deny")},
        "explicit deny",
        "ExplicitlyDenied",
    ),
    "the bucket names the user": (
        USER,
        {"resource": policy("resource", Principal={"AWS": USER_ARN})},
        "resource",
        "Allowed",
    ),
    "the bucket names the account": (
        USER,
        {"identity": ALLOWS, "resource": policy("resource", Principal={"AWS": A})},
        "identity",
        "Allowed",
    ),
    "the bucket names the role, the session policy passes": (
        SESSION,
        {
            "resource": policy("resource", Principal={"AWS": ROLE_ARN}),
            "session": [policy("session")],
        },
        "session",
        "Allowed",
    ),
    "the bucket names the session": (
        SESSION,
        {
            "resource": policy("resource", Principal={"AWS": SESSION_ARN}),
            "session": [policy("session", **ELSEWHERE)],
        },
        "resource",
        "Allowed",
    ),
    "a boundary": (
        USER,
        {"identity": ALLOWS, "boundaries": [policy("boundary", **ELSEWHERE)]},
        "boundary",
        "ImplicitlyDenied",
    ),
    "a level of SCPs": (
        USER,
        {"identity": ALLOWS, "scps": [[policy("scp")], [policy("scp", **ELSEWHERE)]]},
        "scp",
        "ImplicitlyDenied",
    ),
    "a federated user without session policy": (
        FED,
        {"identity": ALLOWS},
        "session",
        "ImplicitlyDenied",
    ),
    "a service that is named": (
        SERVICE,
        {"resource": policy("resource", Principal={"Service": SERVICE.arn})},
        "resource",
        "Allowed",
    ),
    "root": (ROOT, {}, "identity", "Allowed"),
}


@pytest.mark.parametrize("principal, policies, name, result", ENDS.values(), ids=ENDS)
def test_step_that_decided(principal, policies, name, result):
    """Exactly one step is marked as the one that decided."""
    decision = evaluate(ask(principal), **policies)
    assert [step.name for step in decision.steps] == ORDER
    [step] = [step for step in decision.steps if step.ended]
    assert (step.name, step.result) == (name, result)
    assert decision.outcome == result


def test_steps_of_a_trust_policy():
    """The trust policy takes the place of the resource-based policy, under its own name."""
    decision = evaluate_trust(ask(action="sts:AssumeRole", resource=TARGET), trust())
    assert [step.name for step in decision.steps] == [n.replace("resource", "trust") for n in ORDER]
    [step] = [step for step in decision.steps if step.ended]
    assert (step.name, step.result) == ("trust", "Allowed")


def test_every_decision_has_one_last_step_and_words():
    """All combinations of verdicts, callers and accounts: each can be told."""
    effects = {"allow": ("Allow", "*"), "none": ("Allow", "ec2:*"), "deny": ("Deny", "*")}
    chosen = {
        kind: [policy(kind, *effect) for effect in effects.values()]
        for kind in ("identity", "resource", "session", "boundary", "scp", "rcp")
    }
    absent = [None]
    for who, owner, identity, resource, session, boundary, scp, rcp in product(
        (USER, SESSION, ROOT, FED, SERVICE),
        (A, B),
        chosen["identity"],
        absent + chosen["resource"],
        absent + chosen["session"],
        absent + chosen["boundary"][1:],
        absent + chosen["scp"][1:],
        absent + chosen["rcp"][2:],
    ):
        decision = evaluate(
            ask(who, owner=owner),
            identity=[identity],
            resource=resource,
            session=session and [session],
            boundaries=[boundary] if boundary else [],
            scps=[[scp]] if scp else [],
            rcps=[[rcp]] if rcp else [],
        )
        [last] = [step for step in decision.steps if step.ended]
        if not decision.allowed:
            explicit = decision.outcome == "ExplicitlyDenied"
            assert last.name == ("explicit deny" if explicit else decision.blocked_by)
        if resource or decision.blocked_by != "resource":
            assert last.result == decision.outcome
        assert explain(decision).headline.endswith(".")
        assert bool(decision.aws_reason) is not decision.allowed


def test_missing_resource_policy_of_another_account_is_an_implicit_deny():
    """Across accounts a resource-based policy must exist; its lack is what decides."""
    decision = evaluate(ask(owner=B), identity=ALLOWS)
    assert decision.blocked_by == "resource"
    [step] = [step for step in decision.steps if step.ended]
    assert (step.name, step.result) == ("resource", "ImplicitlyDenied")


def test_federated_user_of_root_is_not_credited_with_a_policy():
    """Without any identity-based policy no statement can have allowed it."""
    principal = Principal("federated-user", FED.arn, A, user_arn=ROOT.arn)
    decision = evaluate(ask(principal), session=[policy("session")])
    assert decision.allowed
    [step] = [step for step in decision.steps if step.name == "identity"]
    assert "A statement of the identity-based policy" not in step.detail


class Reader(HTMLParser):
    """Collects tags and text of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


EVIL = "<script>alert('x')</script>&amp;\"<b>"


@pytest.mark.parametrize("allowed", [True, False])
def test_html_escapes_what_policies_and_requests_say(allowed):
    """No name, Sid, value or key of a policy becomes markup in a notebook."""
    block = {"StringEquals": {f"a:{EVIL}": EVIL}}
    near = policy("identity", name=EVIL, Condition=block)
    context = {f"a:{EVIL}": EVIL if allowed else EVIL + "<i>"}
    decision = evaluate(ask(resource=f"arn:aws:s3:::{EVIL}", context=context), identity=[near])
    assert decision.allowed is allowed
    page = explain(decision)._repr_html_()
    reader = Reader(page)
    assert set(reader.tags) == {"div", "p", "ul", "li", "table", "tr", "th", "td", "strong"}
    assert EVIL in reader.text
    for line in (explain(decision).headline, *explain(decision).details):
        assert line in reader.text


def test_html_of_an_unknown_key_is_escaped():
    near = policy("identity", Condition={"StringEquals": {f"a:{EVIL}": "x"}})
    decision = evaluate(ask(modelled=lambda key: False), identity=[near])
    page = explain(decision)._repr_html_()
    assert "<script" not in page
    assert EVIL in Reader(page).text


def test_html_marks_the_deciding_step():
    """Bold and in words, so that it can be read without styles."""
    page = explain(evaluate(ask(), identity=ALLOWS))._repr_html_()
    heads, *rows = page.split("<tr>")[1:]
    assert heads.count("<th ") == 3
    assert len(rows) == len(ORDER)
    [marked] = [row for row in rows if "<strong>" in row]
    assert Reader(marked).text.startswith("identityAllowed")
    assert "Decided here." in marked


def test_table_of_steps():
    """The steps in AWS's order as text, the deciding one marked."""
    lines = explain(evaluate(ask(), identity=ALLOWS)).table.split("\n")
    assert [line[2:].split("  ")[0].strip() for line in lines] == ["step", *ORDER]
    [marked] = [line for line in lines if line.startswith(">")]
    assert marked.split()[1:3] == ["identity", "Allowed"]


def test_text_and_repr_are_the_same():
    """A notebook without HTML and a traceback show the same words."""
    explanation = explain(evaluate(ask()))
    assert repr(explanation) == str(explanation)
    assert explanation.decision.blocked_by == "identity"


def test_decisions_compare_by_what_was_decided():
    one, other = evaluate(ask(), identity=ALLOWS), evaluate(ask(), identity=ALLOWS)
    assert one == other
    assert isinstance(one, Decision)
    assert one != evaluate(ask())
