"""Trust policies, stricter than other resource-based policies (STS_FACTS 3.4, 3.5)."""

from functools import cache
from itertools import product

import pytest

from labhelpers.policy import Principal, Request, evaluate, evaluate_trust, parse

A, B = "111122223333", "444455556666"
USER_ARN = f"arn:aws:iam::{A}:user/anna"
ROLE_ARN = f"arn:aws:iam::{A}:role/team/app"
SESSION_ARN = f"arn:aws:sts::{A}:assumed-role/app/s1"
ROOT_ARN = f"arn:aws:iam::{A}:root"
OIDC = f"arn:aws:iam::{A}:oidc-provider/idp.example.com"
SAML_ARN = f"arn:aws:iam::{A}:saml-provider/corp"

USER = Principal("user", USER_ARN, A, "AIDA" + "X" * 17)
SESSION = Principal("role-session", SESSION_ARN, A, "AROA" + "Y" * 17, role_arn=ROLE_ARN)
ROOT = Principal("root", ROOT_ARN, A)
SERVICE = Principal("service", "ec2.amazonaws.com", "")
WEB = Principal("web-identity", OIDC, "")
SAML = Principal("saml", SAML_ARN, "")

TARGET = f"arn:aws:iam::{A}:role/target"
FOREIGN = f"arn:aws:iam::{B}:role/target"
ASSUME = "sts:AssumeRole"


@cache
def policy(kind, effect, action=ASSUME, resource="*"):
    statement = {"Effect": effect, "Action": action, "Resource": resource}
    if kind == "rcp":
        statement["Principal"] = "*"
    return parse({"Version": "2012-10-17", "Statement": statement}, kind)


def trust(*statements):
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, "trust")


def names(value, kind="AWS", effect="Allow", action=ASSUME, **more):
    return {"Effect": effect, "Principal": {kind: value}, "Action": action, **more}


def decide(principal, statement, target=TARGET, action=ASSUME, context=None, **policies):
    request = Request(principal, action, target, "", context or {})
    return evaluate_trust(request, trust(statement), **policies)


IDENTITY = [policy("identity", "Allow")]

# principal, what the trust policy names, role's ARN, has an identity allow, blocked by
GATES = [
    ("user ARN, same account", USER, USER_ARN, TARGET, False, None),
    ("user's unique id, same account", USER, USER.unique_id, TARGET, False, None),
    ("typed star, same account", USER, "*", TARGET, False, None),
    (
        "role ARN, same account, chaining without permissions",
        SESSION,
        ROLE_ARN,
        TARGET,
        False,
        None,
    ),
    ("session ARN, same account", SESSION, SESSION_ARN, TARGET, False, None),
    ("role's unique id, same account", SESSION, SESSION.unique_id, TARGET, False, None),
    ("account delegates: caller lacks permission", USER, ROOT_ARN, TARGET, False, "identity"),
    ("account delegates: caller has permission", USER, ROOT_ARN, TARGET, True, None),
    ("12 digits delegate: caller lacks permission", USER, A, TARGET, False, "identity"),
    ("12 digits delegate: caller has permission", USER, A, TARGET, True, None),
    ("session and account: lacks permission", SESSION, A, TARGET, False, "identity"),
    ("session and account: has permission", SESSION, A, TARGET, True, None),
    ("identity alone never suffices, same account", USER, B, TARGET, True, "trust"),
    ("neither side", USER, B, TARGET, False, "trust"),
    ("another user is named", USER, USER_ARN + "2", TARGET, True, "trust"),
    ("another role is named", SESSION, ROLE_ARN + "2", TARGET, True, "trust"),
    ("another session is named", SESSION, SESSION_ARN + "2", TARGET, True, "trust"),
    (
        "the user's ARN in another case",
        USER,
        USER_ARN.replace("anna", "Anna"),
        TARGET,
        True,
        "trust",
    ),
    ("a deleted user's id", USER, "AIDA" + "Z" * 17, TARGET, True, "trust"),
    ("a deleted role's id", SESSION, "AROA" + "Z" * 17, TARGET, True, "trust"),
    ("cross account: both sides, user ARN", USER, USER_ARN, FOREIGN, True, None),
    ("cross account: both sides, account", USER, A, FOREIGN, True, None),
    ("cross account: both sides, star", USER, "*", FOREIGN, True, None),
    ("cross account: session, role ARN", SESSION, ROLE_ARN, FOREIGN, True, None),
    ("cross account: star without identity", USER, "*", FOREIGN, False, "identity"),
    ("cross account: user ARN without identity", USER, USER_ARN, FOREIGN, False, "identity"),
    (
        "cross account: session ARN without identity",
        SESSION,
        SESSION_ARN,
        FOREIGN,
        False,
        "identity",
    ),
    ("cross account: trust names the wrong account", USER, B, FOREIGN, True, "trust"),
    ("root may not assume roles, although named", ROOT, ROOT_ARN, TARGET, False, "trust"),
    ("root may not assume roles, star", ROOT, "*", TARGET, True, "trust"),
    ("root may not assume roles, cross account", ROOT, A, FOREIGN, True, "trust"),
    ("root and a trust policy that does not name it", ROOT, B, TARGET, False, "trust"),
]


@pytest.mark.parametrize(
    "principal, named, target, permitted, blocked_by",
    [row[1:] for row in GATES],
    ids=[row[0] for row in GATES],
)
def test_gates(principal, named, target, permitted, blocked_by):
    """Who passes the trust policy, and which side refuses the others."""
    identity = IDENTITY if permitted else []
    decision = decide(principal, names(named), target, identity=identity)
    assert decision.blocked_by == blocked_by
    assert decision.outcome == ("Allowed" if blocked_by is None else "ImplicitlyDenied")


VERDICTS = ("allow", "none", "deny")
NAMED = {"user": USER_ARN, "role": ROLE_ARN, "session": SESSION_ARN, "account": A, "star": "*"}
NAMED["stranger"] = B


def set_of(kind, verdict):
    effect = "Deny" if verdict == "deny" else "Allow"
    action = "s3:*" if verdict == "none" else "sts:*"
    return [policy(kind, "Allow", "sts:*"), policy(kind, effect, action)][verdict != "deny" :]


@pytest.mark.parametrize("target", [TARGET, FOREIGN], ids=["same account", "cross account"])
@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("principal", [USER, SESSION], ids=["user", "session"])
def test_trust_algebra(principal, named, target):
    """Oracle: the sets of 3.2 with the trust policy's own allow always demanded."""
    direct = named in ("star", "user" if principal is USER else "session")
    capped = principal is SESSION and named == "role"
    caps = ("absent", *VERDICTS)
    for identity, boundary, session, scp in product(VERDICTS, caps, caps, caps):
        decision = decide(
            principal,
            names(NAMED[named]),
            target,
            identity=set_of("identity", identity),
            boundaries=[] if boundary == "absent" else set_of("boundary", boundary),
            session=None if session == "absent" else set_of("session", session),
            scps=[] if scp == "absent" else [set_of("scp", scp)],
        )
        own, bound, passed, organization = (
            verdict in ("allow", "absent") for verdict in (identity, boundary, session, scp)
        )
        path = own and bound and passed and organization
        if target == TARGET:
            path |= organization and direct
            path |= organization and capped and bound and passed
        want = (
            "Allowed" if path and (direct or capped or named == "account") else "ImplicitlyDenied"
        )
        if "deny" in (identity, boundary, session, scp):
            want = "ExplicitlyDenied"
        assert decision.outcome == want, (identity, boundary, session, scp)


DENIES = {
    "identity": {"identity": [policy("identity", "Allow"), policy("identity", "Deny")]},
    "boundary": {"boundaries": [policy("boundary", "Deny")]},
    "session": {"session": [policy("session", "Deny")]},
    "scp": {"scps": [[policy("scp", "Allow", "*")], [policy("scp", "Deny")]]},
    "rcp": {"rcps": [[policy("rcp", "Deny")]]},
}


@pytest.mark.parametrize("kind", DENIES)
def test_explicit_deny_on_the_callers_side_wins(kind):
    """A Deny of any policy type outweighs a trust policy that names the user."""
    decision = decide(USER, names(USER_ARN), **DENIES[kind])
    assert (decision.outcome, decision.blocked_by) == ("ExplicitlyDenied", kind)


@pytest.mark.parametrize(
    "denied, outcome",
    [
        (USER_ARN, "ExplicitlyDenied"),
        (A, "ExplicitlyDenied"),
        (ROOT_ARN, "ExplicitlyDenied"),
        ("*", "ExplicitlyDenied"),
        (B, "Allowed"),
    ],
)
def test_deny_in_the_trust_policy(denied, outcome):
    """A Deny in the trust policy beats its Allow; naming the account there reaches its users."""
    document = trust(names(USER_ARN), names(denied, effect="Deny"))
    decision = evaluate_trust(Request(USER, ASSUME, TARGET), document, identity=IDENTITY)
    assert decision.outcome == outcome
    assert decision.blocked_by == (None if outcome == "Allowed" else "trust")


def test_service_control_policy_binds_although_the_trust_policy_names_the_user():
    decision = decide(USER, names(USER_ARN), scps=[[policy("scp", "Allow", "s3:*")]])
    assert (decision.outcome, decision.blocked_by) == ("ImplicitlyDenied", "scp")


@pytest.mark.parametrize(
    "named, blocked_by",
    [(ROLE_ARN, "session"), (SESSION_ARN, None), ("*", None), (A, "session")],
    ids=["role ARN", "session ARN", "star", "account"],
)
def test_session_policy_that_forgets_assume_role(named, blocked_by):
    """Chaining from a session with a session policy: only its ARN or a star steps over it."""
    session = [policy("session", "Allow", "s3:*")]
    decision = decide(SESSION, names(named), identity=IDENTITY, session=session)
    assert decision.blocked_by == blocked_by


def test_role_does_not_trust_itself():
    """Since 2023 a role needs itself in its trust policy to assume itself."""
    everything = [policy("identity", "Allow", "*")]
    alone = decide(SESSION, names("ec2.amazonaws.com", "Service"), ROLE_ARN, identity=everything)
    assert alone.blocked_by == "trust"
    assert decide(SESSION, names(ROLE_ARN), ROLE_ARN).allowed


WEB_ASSUME, SAML_ASSUME = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
OTHERS = [
    ("service named", SERVICE, names("ec2.amazonaws.com", "Service"), ASSUME, True),
    ("service in another case", SERVICE, names("lambda.amazonaws.com", "Service"), ASSUME, False),
    ("typed star names no service", SERVICE, names("*"), ASSUME, False),
    ("provider named", WEB, names(OIDC, "Federated", action=WEB_ASSUME), WEB_ASSUME, True),
    ("another provider", WEB, names(OIDC + "x", "Federated", action=WEB_ASSUME), WEB_ASSUME, False),
    ("the wrong action", WEB, names(OIDC, "Federated"), WEB_ASSUME, False),
    ("typed star names no provider", WEB, names("*", action="sts:*"), WEB_ASSUME, False),
    ("all sts actions", WEB, names(OIDC, "Federated", action="sts:*"), WEB_ASSUME, True),
    ("pattern", WEB, names(OIDC, "Federated", action="sts:AssumeRole*"), WEB_ASSUME, True),
    ("the provider's account", WEB, names(A, action="sts:*"), WEB_ASSUME, False),
    ("SAML named", SAML, names(SAML_ARN, "Federated", action=SAML_ASSUME), SAML_ASSUME, True),
    ("SAML, OIDC named", SAML, names(OIDC, "Federated", action=SAML_ASSUME), SAML_ASSUME, False),
    ("SAML, typed star", SAML, names("*", action="sts:*"), SAML_ASSUME, False),
]


@pytest.mark.parametrize("target", [TARGET, FOREIGN], ids=["here", "elsewhere"])
@pytest.mark.parametrize(
    "principal, statement, action, allowed", [r[1:] for r in OTHERS], ids=[r[0] for r in OTHERS]
)
def test_services_and_providers(principal, statement, action, allowed, target):
    """For callers without an account the trust policy alone decides."""
    decision = decide(principal, statement, target, action)
    assert decision.allowed is allowed
    assert decision.blocked_by == (None if allowed else "trust")


def test_typed_star_in_a_deny_reaches_services():
    """The narrow reading of the star helps an Allow only; a Deny with it stops everyone."""
    document = trust(names("ec2.amazonaws.com", "Service"), names("*", effect="Deny"))
    decision = evaluate_trust(Request(SERVICE, ASSUME, TARGET), document)
    assert decision.outcome == "ExplicitlyDenied"


ID = "sts:ExternalId"
AUD, SUB = "idp.example.com:aud", "idp.example.com:sub"
CONDITIONS = [
    ("external ID right", {"StringEquals": {ID: "s3cret"}}, {ID: "s3cret"}, True),
    ("external ID wrong", {"StringEquals": {ID: "s3cret"}}, {ID: "S3cret"}, False),
    ("external ID not passed", {"StringEquals": {ID: "s3cret"}}, {}, False),
    ("external ID not asked for", {}, {ID: "any"}, True),
    (
        "MFA used",
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"aws:multifactorauthpresent": "true"},
        True,
    ),
    ("MFA absent", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, False),
    (
        "MFA age",
        {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}},
        {"aws:MultiFactorAuthAge": "299"},
        True,
    ),
    (
        "session name is the user's",
        {"StringLike": {"sts:RoleSessionName": "${aws:username}"}},
        {"sts:RoleSessionName": "anna"},
        True,
    ),
    (
        "session name is another's",
        {"StringLike": {"sts:RoleSessionName": "${aws:username}"}},
        {"sts:RoleSessionName": "bob"},
        False,
    ),
    ("aws:PrincipalArn", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{A}:user/*"}}, {}, True),
    (
        "never sent: sts:DurationSeconds",
        {"NumericLessThan": {"sts:DurationSeconds": "900"}},
        {},
        False,
    ),
    (
        "source identity",
        {"StringLike": {"sts:SourceIdentity": "a*"}},
        {"sts:SourceIdentity": "anna"},
        True,
    ),
    (
        "tag keys",
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
        {"aws:TagKeys": ["team", "x"]},
        False,
    ),
]


@pytest.mark.parametrize(
    "block, context, allowed", [r[1:] for r in CONDITIONS], ids=[r[0] for r in CONDITIONS]
)
def test_conditions_in_trust_policies(block, context, allowed):
    decision = decide(USER, names(USER_ARN, Condition=block), context=context)
    assert decision.blocked_by == (None if allowed else "trust")


def test_username_shuts_out_role_sessions():
    """`${aws:username}` exists for IAM users only."""
    block = {"StringLike": {"sts:RoleSessionName": "${aws:username}"}}
    for name in ("app", "s1", "", "${aws:username}"):
        decision = decide(
            SESSION, names(ROLE_ARN, Condition=block), context={"sts:RoleSessionName": name}
        )
        assert decision.blocked_by == "trust"


@pytest.mark.parametrize(
    "actions, action, allowed",
    [
        ([ASSUME], "sts:TagSession", False),
        ([ASSUME, "sts:TagSession"], "sts:TagSession", True),
        ([ASSUME, "sts:TagSession"], "sts:SetSourceIdentity", False),
        (["sts:*"], "sts:SetSourceIdentity", True),
        (["STS:assumerole"], ASSUME, True),
    ],
)
def test_permission_only_actions(actions, action, allowed):
    """Session tags and source identities need their own action; a direct name is enough."""
    assert decide(USER, names(USER_ARN, action=actions), action=action).allowed is allowed


@pytest.mark.parametrize("target, allowed", [(TARGET, True), (FOREIGN, False)])
def test_tag_session_in_both_policies_across_accounts(target, allowed):
    """Across accounts the identity-based policy must name sts:TagSession too."""
    statement = names(USER_ARN, action=[ASSUME, "sts:TagSession"])
    decision = decide(USER, statement, target, "sts:TagSession", identity=IDENTITY)
    assert decision.allowed is allowed


def test_identity_policy_must_cover_the_role_asked_for():
    """Delegation needs an identity allow on this very role, matched with regard to case."""
    only = [policy("identity", "Allow", ASSUME, TARGET)]
    for target, allowed in ((TARGET, True), (TARGET + "2", False), (TARGET.upper(), False)):
        request = Request(USER, ASSUME, target, A)
        assert evaluate_trust(request, trust(names(A)), identity=only).allowed is allowed


def test_other_resource_policies_are_laxer():
    """The contrast: a bucket policy about somebody else leaves the identity allow alone."""
    identity = [policy("identity", "Allow", "s3:*")]
    statement = {**names(B, action="s3:*"), "Resource": "*"}
    bucket = parse({"Version": "2012-10-17", "Statement": statement}, "resource")
    assert evaluate(Request(USER, "s3:GetObject", "*"), identity=identity, resource=bucket).allowed


def test_missing_trust_policy_is_a_programming_error():
    with pytest.raises(TypeError, match="trust policy"):
        evaluate_trust(Request(USER, ASSUME, TARGET), None, identity=IDENTITY)
