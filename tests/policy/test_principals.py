"""The Principal and NotPrincipal elements (STS_FACTS 3.3, 3.5) and the keys that follow from a
principal (1.3, 5.2)."""

import pytest

from labhelpers.policy import Principal, Request, evaluate, parse, principal_context
from labhelpers.policy.language.principals import (
    CAPPED,
    DELEGATED,
    DIRECT,
    NOT_NAMED,
    PrincipalElement,
    account_in,
    entries_of,
)

A, B = "111122223333", "444455556666"
AIDA, AROA = "AIDA" + "X" * 17, "AROA" + "Y" * 17
USER_ARN = f"arn:aws:iam::{A}:user/staff/anna"
ROLE_ARN = f"arn:aws:iam::{A}:role/team/app"
SESSION_ARN = f"arn:aws:sts::{A}:assumed-role/app/s1"
FED_ARN = f"arn:aws:sts::{A}:federated-user/fred"
ROOT_ARN = f"arn:aws:iam::{A}:root"
OIDC = f"arn:aws:iam::{A}:oidc-provider/token.actions.githubusercontent.com"
SAML = f"arn:aws:iam::{A}:saml-provider/corp"

USER = Principal("user", USER_ARN, A, AIDA)
SESSION = Principal("role-session", SESSION_ARN, A, AROA, role_arn=ROLE_ARN)
FED = Principal("federated-user", FED_ARN, A, AIDA, user_arn=USER_ARN)
FED_OF_ROOT = Principal("federated-user", FED_ARN, A, user_arn=ROOT_ARN)
ROOT = Principal("root", ROOT_ARN, A)
SERVICE = Principal("service", "ec2.amazonaws.com", "")
WEB = Principal("web-identity", OIDC, "")
GOOGLE = Principal("web-identity", "accounts.google.com", "")
SAML_USER = Principal("saml", SAML, "")
ANONYMOUS = Principal("anonymous", "", "")


def aws(*values):
    return {"AWS": list(values)}


STRENGTHS = [
    ("user by its ARN", aws(USER_ARN), USER, DIRECT),
    ("user by its unique id", aws(AIDA), USER, DIRECT),
    ("user by 12 digits", aws(A), USER, DELEGATED),
    ("user by the root ARN: the account, not the root user", aws(ROOT_ARN), USER, DELEGATED),
    ("user by a lone star", "*", USER, DIRECT),
    ("user by a typed star", aws("*"), USER, DIRECT),
    ("user: another account", aws(B, f"arn:aws:iam::{B}:root"), USER, NOT_NAMED),
    ("user: the ARN without its path", aws(f"arn:aws:iam::{A}:user/anna"), USER, NOT_NAMED),
    ("user: same name elsewhere", aws(USER_ARN.replace(A, B)), USER, NOT_NAMED),
    ("user: another case", aws(USER_ARN.replace("anna", "Anna")), USER, NOT_NAMED),
    ("user: a stale unique id", aws("AIDA" + "Z" * 17), USER, NOT_NAMED),
    ("user: a role's unique id", aws(AROA), USER, NOT_NAMED),
    ("user: services only", {"Service": "ec2.amazonaws.com"}, USER, NOT_NAMED),
    ("user: one of several", aws(B, USER_ARN), USER, DIRECT),
    ("user: account and ARN, the more direct counts", aws(A, USER_ARN), USER, DIRECT),
    ("user: one of several types", {"Service": "x.amazonaws.com", **aws(A)}, USER, DELEGATED),
    ("session by its session ARN", aws(SESSION_ARN), SESSION, DIRECT),
    ("session by its role ARN", aws(ROLE_ARN), SESSION, CAPPED),
    ("session by the role's unique id", aws(AROA), SESSION, CAPPED),
    ("session by its account", aws(A), SESSION, DELEGATED),
    ("session by the root ARN", aws(ROOT_ARN), SESSION, DELEGATED),
    ("session by a star", "*", SESSION, DIRECT),
    ("session: role and session ARN", aws(ROLE_ARN, SESSION_ARN), SESSION, DIRECT),
    ("session: role ARN and account", aws(ROLE_ARN, A), SESSION, CAPPED),
    ("session: another session", aws(SESSION_ARN[:-1] + "2"), SESSION, NOT_NAMED),
    ("session: role ARN without path", aws(f"arn:aws:iam::{A}:role/app"), SESSION, NOT_NAMED),
    ("session: a recreated role's id", aws("AROA" + "Z" * 17), SESSION, NOT_NAMED),
    ("session: another account", aws(B), SESSION, NOT_NAMED),
    ("federated user by its ARN", aws(FED_ARN), FED, DIRECT),
    ("federated user by the user's ARN", aws(USER_ARN), FED, CAPPED),
    ("federated user by the user's id", aws(AIDA), FED, CAPPED),
    ("federated user by the account", aws(ROOT_ARN), FED, DELEGATED),
    ("federated user by a star", aws("*"), FED, DIRECT),
    ("federated user: another one", aws(FED_ARN + "a"), FED, NOT_NAMED),
    ("federated user of root by 12 digits", aws(A), FED_OF_ROOT, DELEGATED),
    ("federated user of root by its ARN", aws(FED_ARN), FED_OF_ROOT, DIRECT),
    ("root by the root ARN", aws(ROOT_ARN), ROOT, DELEGATED),
    ("root by 12 digits", aws(A), ROOT, DELEGATED),
    ("root by a star", "*", ROOT, DIRECT),
    ("root: a user of the account", aws(USER_ARN), ROOT, NOT_NAMED),
    ("service by its name", {"Service": "ec2.amazonaws.com"}, SERVICE, DIRECT),
    ("service: one of several", {"Service": ["x.amazonaws.com", SERVICE.arn]}, SERVICE, DIRECT),
    ("service: another", {"Service": "lambda.amazonaws.com"}, SERVICE, NOT_NAMED),
    ("service: an account", aws(A), SERVICE, NOT_NAMED),
    ("OIDC by its provider's ARN", {"Federated": OIDC}, WEB, DIRECT),
    ("OIDC by a well-known name", {"Federated": "accounts.google.com"}, GOOGLE, DIRECT),
    ("OIDC: another provider", {"Federated": OIDC + "/x"}, WEB, NOT_NAMED),
    ("OIDC: the account", aws(A), WEB, NOT_NAMED),
    ("SAML by its provider's ARN", {"Federated": SAML}, SAML_USER, DIRECT),
    ("SAML: an OIDC provider", {"Federated": OIDC}, SAML_USER, NOT_NAMED),
    ("anonymous by a lone star", "*", ANONYMOUS, DIRECT),
    ("anonymous by a typed star", aws("*"), ANONYMOUS, DIRECT),
    ("anonymous: an account", aws(A), ANONYMOUS, NOT_NAMED),
]


@pytest.mark.parametrize(
    "element, principal, expected",
    [row[1:] for row in STRENGTHS],
    ids=[row[0] for row in STRENGTHS],
)
def test_strength(element, principal, expected):
    """How a Principal element names the caller."""
    assert PrincipalElement(element).strength(principal) == expected


def test_root_arn_and_digits_mean_the_same_for_a_federated_user_of_root():
    """`arn:aws:iam::A:root` is the account, not the root user behind the session."""
    by_arn, by_digits = PrincipalElement(aws(ROOT_ARN)), PrincipalElement(aws(A))
    assert by_arn.strength(FED_OF_ROOT) == by_digits.strength(FED_OF_ROOT)


TYPED = [(USER, DIRECT), (SESSION, DIRECT), (FED, DIRECT), (ROOT, DIRECT)]
TYPED += [(who, NOT_NAMED) for who in (SERVICE, WEB, SAML_USER, ANONYMOUS)]


@pytest.mark.parametrize("principal, expected", TYPED, ids=lambda v: getattr(v, "kind", None))
def test_typed_star_means_aws_principals_only(principal, expected):
    assert PrincipalElement(aws("*")).strength(principal, typed=True) == expected


@pytest.mark.parametrize("entry, strength", [(SERVICE.arn, DIRECT), ("s3.amazonaws.com", 0)])
def test_typed_element_still_names_services(entry, strength):
    element = PrincipalElement({"AWS": "*", "Service": entry})
    assert element.strength(SERVICE, typed=True) == strength


@pytest.mark.parametrize(
    "entry, account",
    [
        (A, A),
        (ROOT_ARN, A),
        (f"arn:aws-cn:iam::{A}:root", A),
        (f"arn:aws-us-gov:iam::{A}:root", A),
        (USER_ARN, ""),
        ("*", ""),
        (A + "4", ""),
        (A[:-1], ""),
        (f"arn:aws:sts::{A}:root", ""),
        (f"arn:aws:iam::{A}:user/root", ""),
        ("", ""),
    ],
)
def test_account_in(entry, account):
    """Twelve digits and the root ARN mean the same account."""
    assert account_in(entry) == account


@pytest.mark.parametrize(
    "element, pairs",
    [
        ("*", [("*", "*")]),
        ({"AWS": "*"}, [("AWS", "*")]),
        ({"AWS": [A, B]}, [("AWS", A), ("AWS", B)]),
        ({"AWS": A, "Service": ["a", "b"]}, [("AWS", A), ("Service", "a"), ("Service", "b")]),
    ],
)
def test_entries_of(element, pairs):
    assert entries_of(element) == pairs


SPARED = [
    ("user: account and ARN listed", aws(ROOT_ARN, USER_ARN), USER, True),
    ("user: 12 digits do for the account", aws(A, USER_ARN), USER, True),
    ("user: unique id does for the ARN", aws(A, AIDA), USER, True),
    ("user: account missing", aws(USER_ARN), USER, False),
    ("user: only the account", aws(A), USER, False),
    ("user: another account", aws(B, USER_ARN), USER, False),
    ("session: account, role and session listed", aws(A, ROLE_ARN, SESSION_ARN), SESSION, True),
    ("session: the role's id does for its ARN", aws(A, AROA, SESSION_ARN), SESSION, True),
    ("session: session missing", aws(A, ROLE_ARN), SESSION, False),
    ("session: role missing", aws(A, SESSION_ARN), SESSION, False),
    ("session: account missing", aws(ROLE_ARN, SESSION_ARN), SESSION, False),
    ("session: another session", aws(A, ROLE_ARN, SESSION_ARN + "x"), SESSION, False),
    ("federated user: all listed", aws(A, USER_ARN, FED_ARN), FED, True),
    ("federated user: user missing", aws(A, FED_ARN), FED, False),
    ("federated user: own ARN missing", aws(A, USER_ARN), FED, False),
    ("root: account listed", aws(ROOT_ARN), ROOT, True),
    ("root: another account", aws(B), ROOT, False),
    ("service: listed", {"Service": SERVICE.arn}, SERVICE, True),
    ("service: another", {"Service": "s3.amazonaws.com"}, SERVICE, False),
    ("OIDC: listed", {"Federated": OIDC}, WEB, True),
    ("OIDC: accounts only", aws(A), WEB, False),
    ("anonymous: accounts only", aws(A), ANONYMOUS, False),
    ("anyone: a star spares all", "*", SESSION, True),
]


def denied_except(element, principal, boundaries=()):
    """Evaluate with a resource-based policy that allows all but denies with NotPrincipal."""
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    deny = {"Effect": "Deny", "NotPrincipal": element, "Action": "s3:*", "Resource": "*"}
    policy = parse({"Version": "2012-10-17", "Statement": [allow, deny]}, "resource")
    request = Request(principal, "s3:GetObject", "arn:aws:s3:::b/k", A)
    return evaluate(request, resource=policy, boundaries=boundaries)


@pytest.mark.parametrize(
    "element, principal, spared", [row[1:] for row in SPARED], ids=[row[0] for row in SPARED]
)
def test_not_principal(element, principal, spared):
    """Deny with NotPrincipal spares who is listed with all its names."""
    decision = denied_except(element, principal)
    assert decision.outcome == ("Allowed" if spared else "ExplicitlyDenied")


@pytest.mark.parametrize(
    "element, principal",
    [(aws(A, USER_ARN), USER), (aws(A, ROLE_ARN, SESSION_ARN), SESSION), ("*", USER)],
    ids=["user", "session", "star"],
)
def test_not_principal_never_spares_a_boundary(element, principal):
    """Whoever has a permissions boundary is denied, whatever is listed."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    boundary = parse({"Version": "2012-10-17", "Statement": everything}, "boundary")
    decision = denied_except(element, principal, [boundary])
    assert decision.outcome == "ExplicitlyDenied"
    assert decision.blocked_by == "resource"


@pytest.mark.parametrize(
    "names, spared",
    [((A, AIDA, FED_ARN), True), ((A, USER_ARN, AIDA), False)],
    ids=["id and session", "session not listed"],
)
def test_user_id_in_not_principal_means_the_user_behind(names, spared):
    """The AIDA id stands for the IAM user, never for the federated-user session."""
    assert PrincipalElement(aws(*names)).spares(FED, False) is spared


def test_canonical_user_id_in_a_deny_is_not_ignored():
    """A canonical id cannot be compared with an ARN: an Allow misses, a Deny refuses."""
    canonical = {"CanonicalUser": "0" * 64}
    request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    identity = [parse({"Version": "2012-10-17", "Statement": everything}, "identity")]
    for effect, allowed in (("Allow", True), ("Deny", False)):
        statement = {"Effect": effect, "Principal": canonical, "Action": "*", "Resource": "*"}
        policy = parse({"Version": "2012-10-17", "Statement": statement}, "resource")
        decision = evaluate(request, identity=identity, resource=policy)
        assert decision.allowed is allowed
        assert evaluate(request, resource=policy).allowed is False


CONTEXTS = [
    (
        "user",
        USER,
        {
            "aws:PrincipalArn": USER_ARN,
            "aws:PrincipalAccount": A,
            "aws:PrincipalType": "User",
            "aws:userid": AIDA,
            "aws:username": "anna",
            "aws:PrincipalIsAWSService": "false",
        },
    ),
    (
        "role session: the role's ARN with its path",
        SESSION,
        {
            "aws:PrincipalArn": ROLE_ARN,
            "aws:PrincipalAccount": A,
            "aws:PrincipalType": "AssumedRole",
            "aws:userid": f"{AROA}:s1",
            "aws:PrincipalIsAWSService": "false",
        },
    ),
    (
        "federated user",
        FED,
        {
            "aws:PrincipalArn": FED_ARN,
            "aws:PrincipalAccount": A,
            "aws:PrincipalType": "FederatedUser",
            "aws:userid": f"{A}:fred",
            "aws:PrincipalIsAWSService": "false",
        },
    ),
    (
        "root",
        ROOT,
        {
            "aws:PrincipalArn": ROOT_ARN,
            "aws:PrincipalAccount": A,
            "aws:PrincipalType": "Account",
            "aws:userid": A,
            "aws:PrincipalIsAWSService": "false",
        },
    ),
    (
        "service",
        SERVICE,
        {
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": "ec2.amazonaws.com",
        },
    ),
    (
        "anonymous",
        ANONYMOUS,
        {
            "aws:PrincipalAccount": "anonymous",
            "aws:PrincipalType": "Anonymous",
            "aws:userid": "anonymous",
        },
    ),
]


@pytest.mark.parametrize(
    "principal, keys", [row[1:] for row in CONTEXTS], ids=[row[0] for row in CONTEXTS]
)
def test_principal_context(principal, keys):
    """The keys of 1.3; a key that the principal lacks is left out, not empty."""
    assert principal_context(principal) == keys


@pytest.mark.parametrize("principal", [SERVICE, WEB, SAML_USER], ids=lambda p: p.kind)
def test_unsigned_callers_have_no_principal_arn(principal):
    assert "aws:PrincipalArn" not in principal_context(principal)
    assert "aws:username" not in principal_context(principal)


def test_context_is_a_fresh_dict():
    """Callers may add keys without touching the next caller's."""
    principal_context(USER)["aws:username"] = "mallory"
    assert principal_context(USER)["aws:username"] == "anna"


def test_given_keys_win_over_derived_ones():
    """A key in the request's context replaces the derived one, in any spelling."""
    condition = {"StringEquals": {"aws:username": "bob"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    policy = parse({"Version": "2012-10-17", "Statement": statement}, "identity")
    for context, allowed in (({}, False), ({"AWS:UserName": "bob"}, True)):
        request = Request(USER, "s3:GetObject", "arn:aws:s3:::b/k", "", context)
        assert evaluate(request, identity=[policy]).allowed is allowed
