"""Which policies together allow (STS_FACTS 3.1 to 3.3), against the published set algebra."""

from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labhelpers.policy import Principal, Request, evaluate, parse

A, B = "111122223333", "444455556666"
USER_ARN = f"arn:aws:iam::{A}:user/anna"
ROLE_ARN = f"arn:aws:iam::{A}:role/team/app"
SESSION_ARN = f"arn:aws:sts::{A}:assumed-role/app/s1"
FED_ARN = f"arn:aws:sts::{A}:federated-user/fred"
ROOT_ARN = f"arn:aws:iam::{A}:root"
OIDC = f"arn:aws:iam::{A}:oidc-provider/idp.example.com"

USER = Principal("user", USER_ARN, A, "AIDA" + "X" * 17)
SESSION = Principal("role-session", SESSION_ARN, A, "AROA" + "Y" * 17, role_arn=ROLE_ARN)
FED = Principal("federated-user", FED_ARN, A, USER.unique_id, user_arn=USER_ARN)
FED_OF_ROOT = Principal("federated-user", FED_ARN, A, user_arn=ROOT_ARN)
ROOT = Principal("root", ROOT_ARN, A)
SERVICE = Principal("service", "ec2.amazonaws.com", "")
WEB = Principal("web-identity", OIDC, "")
SAML = Principal("saml", f"arn:aws:iam::{A}:saml-provider/corp", "")
ANONYMOUS = Principal("anonymous", "", "")

ACTION, BUCKET = "s3:GetObject", "arn:aws:s3:::b/k"


@cache
def one(kind, effect, principal=None, action="s3:*"):
    """A policy with one statement; `principal` is a JSON-like tuple (type, value) or "*"."""
    statement = {"Effect": effect, "Action": action, "Resource": "*"}
    if principal:
        statement["Principal"] = principal if principal == "*" else dict([principal])
    return parse({"Version": "2012-10-17", "Statement": statement}, kind)


def of(kind, verdict):
    """The policies of one type for a verdict: allow, deny, or "none" (about something else)."""
    allowing = one(kind, "Allow", "*" if kind == "rcp" else None)
    if verdict == "deny":
        denying = one(kind, "Deny", "*" if kind == "rcp" else None)
        return [allowing, denying]
    return [allowing] if verdict == "allow" else [one(kind, "Allow", action="ec2:*")]


NAMES = {
    "user": ("AWS", USER_ARN),
    "role": ("AWS", ROLE_ARN),
    "session": ("AWS", SESSION_ARN),
    "federated": ("AWS", FED_ARN),
    "account": ("AWS", A),
    "root arn": ("AWS", ROOT_ARN),
    "typed star": ("AWS", "*"),
    "star": "*",
    "stranger": ("AWS", B),
}
CALLERS = {
    "user": USER,
    "role": SESSION,
    "federated": FED,
    "root": ROOT,
    "fed of root": FED_OF_ROOT,
}
DIRECT = {"user": "user", "role": "session", "federated": "federated", "fed of root": "federated"}
CAPPED = {"role": "role", "federated": "user"}


def expected(caller, named, effect, same, identity, boundary, session, scp, rcp):
    """The set algebra of 3.2 for one point: every argument but the first four is a verdict.

    "absent" stands for a type that is not in use. An oracle: it shares nothing with the engine.
    """
    allows = {"allow": True, "absent": True, "none": False, "deny": True}
    direct = named in ("star", "typed star", DIRECT.get(caller, "nobody"))
    capped = named == CAPPED.get(caller, "nobody")
    by_account = named in ("account", "root arn")
    reached = direct or capped or by_account
    if "deny" in (identity, boundary, session, scp, rcp) or (effect == "Deny" and reached):
        return "ExplicitlyDenied"
    own = allows[identity] or caller in ("root", "fed of root")
    passed = allows[session]
    if caller.startswith("fed") and session == "absent":
        passed = False
    caps = allows[scp] and allows[boundary] and passed
    granted = reached and effect == "Allow"
    if same:
        path = (own and caps) or (granted and ((direct and allows[scp]) or (capped and caps)))
    else:
        path = own and caps and granted
    return "Allowed" if path else "ImplicitlyDenied"


def decide(caller, named, effect, same, identity, boundary, session, scp, rcp):
    request = Request(CALLERS[caller], ACTION, BUCKET, A if same else B)
    return evaluate(
        request,
        identity=of("identity", identity),
        resource=one("resource", effect, NAMES[named]) if named else None,
        boundaries=[] if boundary == "absent" else of("boundary", boundary),
        session=None if session == "absent" else of("session", session),
        scps=[] if scp == "absent" else [of("scp", scp)],
        rcps=[] if rcp == "absent" else [of("rcp", rcp)],
    )


CAPS = ("absent", "allow", "none", "deny")
POINTS = list(product(("none", "allow", "deny"), CAPS, CAPS, CAPS, ("absent", "allow", "deny")))
RESOURCES = [(None, "Allow"), *product(NAMES, ("Allow", "Deny"))]


@pytest.mark.parametrize("same", [True, False], ids=["same account", "cross account"])
@pytest.mark.parametrize("named, effect", RESOURCES, ids=lambda v: str(v))
@pytest.mark.parametrize("caller", CALLERS)
def test_set_algebra(caller, named, effect, same):
    """All 576 combinations of the other policy types agree with the published algebra.

    Boundary "deny" passes an allowing and a denying boundary; both must allow, one denies.
    """
    wrong = []
    for point in POINTS:
        decision = decide(caller, named, effect, same, *point)
        want = expected(caller, named, effect, same, *point)
        if decision.outcome != want:
            wrong.append((point, decision.outcome, want))
    assert not wrong


@pytest.mark.parametrize("same", [True, False], ids=["same account", "cross account"])
@pytest.mark.parametrize("caller", CALLERS)
def test_blocked_by_names_a_type_that_did_block(caller, same):
    """The type named has the verdict that it is blamed for; nothing is blamed when Allowed."""
    kinds = ("identity", "boundary", "session", "scp", "rcp")
    for (named, effect), point in product(RESOURCES, POINTS):
        decision = decide(caller, named, effect, same, *point)
        verdicts = dict(zip(kinds, point, strict=True))
        if decision.allowed:
            assert decision.blocked_by is None
        elif decision.outcome == "ExplicitlyDenied":
            verdicts["resource"] = effect.lower()
            assert verdicts[decision.blocked_by] == "deny"
        elif decision.blocked_by == "resource":
            assert not same
        else:
            lacking = ("none", "absent") if caller.startswith("fed") else ("none",)
            assert verdicts[decision.blocked_by] in lacking


# 3.3, row by row: what a same-account resource-based policy overrides when nothing else allows.
OVERRIDES = [
    ("user: user ARN", "user", "user", (False, False, None)),
    ("role session: role ARN", "role", "role", (False, True, True)),
    ("role session: session ARN", "role", "session", (False, False, False)),
    ("role session: star", "role", "star", (False, False, False)),
    ("role session: typed star", "role", "typed star", (False, False, False)),
    ("federated user: the user's ARN", "federated", "user", (False, True, True)),
    ("federated user: its own ARN", "federated", "federated", (False, False, False)),
    ("user: account root", "user", "root arn", (True, True, None)),
    ("user: 12 digits", "user", "account", (True, True, None)),
    ("role session: account root", "role", "root arn", (True, True, True)),
    ("role session: 12 digits", "role", "account", (True, True, True)),
    ("federated user: account root", "federated", "root arn", (True, True, True)),
]


@pytest.mark.parametrize(
    "caller, named, needs", [row[1:] for row in OVERRIDES], ids=[row[0] for row in OVERRIDES]
)
def test_overrides(caller, named, needs):
    """(identity allow needed, boundary stops it, session policy stops it), each on its own."""
    full = {"identity": "allow", "boundary": "allow", "session": "allow"}
    for lacking, stops in zip(full, needs, strict=True):
        if stops is None:
            continue
        verdicts = full | {lacking: "none"}
        decision = decide(caller, named, "Allow", True, *verdicts.values(), "absent", "absent")
        assert decision.allowed is not stops, lacking
        assert decision.blocked_by == (lacking if stops else None)


def test_star_with_principal_arn_condition_is_still_direct():
    """`*` with an aws:PrincipalArn condition on the role skips boundary and session policy."""
    condition = {"ArnEquals": {"aws:PrincipalArn": ROLE_ARN}}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    policy = parse(
        {"Version": "2012-10-17", "Statement": statement | {"Condition": condition}}, "resource"
    )
    for principal, outcome in ((SESSION, "Allowed"), (USER, "ImplicitlyDenied")):
        decision = evaluate(
            Request(principal, ACTION, BUCKET),
            resource=policy,
            boundaries=of("boundary", "none"),
            session=of("session", "none") if principal is SESSION else None,
        )
        assert decision.outcome == outcome


def allow(kind, *actions, principal=None):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    if principal:
        statement["Principal"] = principal
    return parse({"Version": "2012-10-17", "Statement": statement}, kind)


GET, PUT, RUN = "s3:GetObject", "s3:PutObject", "ec2:RunInstances"

# What each set of policies allows of (GET, PUT, RUN) to a role session in its own account.
SETS = [
    ("nothing at all", {}, ""),
    ("identity alone", {"identity": [allow("identity", GET, PUT)]}, "GET PUT"),
    (
        "several identity policies are a union",
        {"identity": [allow("identity", GET), allow("identity", RUN)]},
        "GET RUN",
    ),
    (
        "a boundary is an intersection",
        {"identity": [allow("identity", GET, PUT)], "boundaries": [allow("boundary", PUT, RUN)]},
        "PUT",
    ),
    ("a boundary grants nothing", {"boundaries": [allow("boundary", "*")]}, ""),
    (
        "every boundary must allow",
        {
            "identity": [allow("identity", "*")],
            "boundaries": [allow("boundary", GET, PUT), allow("boundary", PUT, RUN)],
        },
        "PUT",
    ),
    (
        "a session policy is an intersection",
        {"identity": [allow("identity", GET, PUT)], "session": [allow("session", GET, RUN)]},
        "GET",
    ),
    (
        "session policies together are a union",
        {
            "identity": [allow("identity", GET, PUT)],
            "session": [allow("session", GET), allow("session", PUT, RUN)],
        },
        "GET PUT",
    ),
    ("a session policy grants nothing", {"session": [allow("session", "*")]}, ""),
    (
        "an empty list of session policies",
        {"identity": [allow("identity", "*")], "session": []},
        "",
    ),
    (
        "a service control policy is an intersection",
        {"identity": [allow("identity", GET, PUT)], "scps": [[allow("scp", PUT)]]},
        "PUT",
    ),
    ("a service control policy grants nothing", {"scps": [[allow("scp", "*")]]}, ""),
    (
        "every level of service control policies must allow",
        {
            "identity": [allow("identity", "*")],
            "scps": [[allow("scp", "*")], [allow("scp", GET, PUT)], [allow("scp", PUT, RUN)]],
        },
        "PUT",
    ),
    (
        "policies of one level are a union",
        {
            "identity": [allow("identity", "*")],
            "scps": [[allow("scp", GET), allow("scp", PUT)]],
        },
        "GET PUT",
    ),
    (
        "a level without a policy allows nothing",
        {"identity": [allow("identity", "*")], "scps": [[allow("scp", "*")], []]},
        "",
    ),
    (
        "an implicit deny of a resource control policy does not count",
        {"identity": [allow("identity", "*")], "rcps": [[allow("rcp", GET, principal="*")]]},
        "GET PUT RUN",
    ),
    (
        "boundary and session policy and service control policy",
        {
            "identity": [allow("identity", "*")],
            "boundaries": [allow("boundary", GET, PUT)],
            "session": [allow("session", PUT, RUN)],
            "scps": [[allow("scp", "s3:*", "ec2:*")]],
        },
        "PUT",
    ),
    (
        "(session and identity) or (session and resource naming the role)",
        {
            "identity": [allow("identity", GET)],
            "resource": allow("resource", PUT, RUN, principal={"AWS": ROLE_ARN}),
            "session": [allow("session", GET, PUT)],
        },
        "GET PUT",
    ),
    (
        "... or resource naming the session, past the session policy",
        {
            "identity": [allow("identity", GET)],
            "resource": allow("resource", RUN, principal={"AWS": SESSION_ARN}),
            "session": [allow("session", GET, PUT)],
        },
        "GET RUN",
    ),
    (
        "a resource naming the session still meets the service control policy",
        {
            "resource": allow("resource", GET, RUN, principal={"AWS": SESSION_ARN}),
            "scps": [[allow("scp", RUN)]],
        },
        "RUN",
    ),
]


@pytest.mark.parametrize("policies, allowed", [r[1:] for r in SETS], ids=[r[0] for r in SETS])
def test_sets(policies, allowed):
    """The actions allowed are exactly those of the set algebra."""
    actions = {"GET": GET, "PUT": PUT, "RUN": RUN}
    got = [n for n, a in actions.items() if evaluate(Request(SESSION, a, "*"), **policies).allowed]
    assert " ".join(got) == allowed


EVERYTHING = [one("identity", "Allow", action="*")]
STAR_S3 = one("resource", "Allow", "*")
FOR_SERVICE = one("resource", "Allow", ("Service", SERVICE.arn))
FOR_WEB = one("resource", "Allow", ("Federated", OIDC))
DENY_RCP = [of("rcp", "deny")]
FOREIGN = {"resource_account": B}

SPECIAL = [
    ("root needs no policy", ROOT, {}, {}, "Allowed"),
    ("root is bound by service control policies", ROOT, {}, {"scps": [of("scp", "none")]}, "scp"),
    ("root is bound by an SCP's Deny", ROOT, {}, {"scps": [of("scp", "deny")]}, "SCP"),
    ("root is bound by an RCP's Deny", ROOT, {}, {"rcps": DENY_RCP}, "RCP"),
    ("root is bound by a bucket's Deny", ROOT, {}, {"resource": one("resource", "Deny", "*")}, "R"),
    ("root elsewhere needs the resource's allow", ROOT, FOREIGN, {}, "resource"),
    ("root elsewhere, resource allows", ROOT, FOREIGN, {"resource": STAR_S3}, "Allowed"),
    ("federated user without session policy", FED, {}, {"identity": EVERYTHING}, "session"),
    ("federated user of root without one", FED_OF_ROOT, {}, {}, "session"),
    (
        "federated user of root with one needs no identity-based policy",
        FED_OF_ROOT,
        {},
        {"session": of("session", "allow")},
        "Allowed",
    ),
    (
        "federated user: identity and session policy",
        FED,
        {},
        {"identity": EVERYTHING, "session": of("session", "allow")},
        "Allowed",
    ),
    (
        "federated user: session policy alone",
        FED,
        {},
        {"session": of("session", "allow")},
        "identity",
    ),
    (
        "service: the resource-based policy alone decides",
        SERVICE,
        {},
        {"resource": FOR_SERVICE},
        "Allowed",
    ),
    ("service elsewhere likewise", SERVICE, FOREIGN, {"resource": FOR_SERVICE}, "Allowed"),
    ("service that is not named", SERVICE, {}, {"resource": FOR_WEB}, "resource"),
    ("service without a policy", SERVICE, {}, {}, "resource"),
    ("service and an RCP's Deny", SERVICE, {}, {"resource": FOR_SERVICE, "rcps": DENY_RCP}, "RCP"),
    ("web identity that is named", WEB, {}, {"resource": FOR_WEB}, "Allowed"),
    ("SAML caller that is not named", SAML, {}, {"resource": FOR_WEB}, "resource"),
    ("anonymous and a star", ANONYMOUS, {}, {"resource": STAR_S3}, "Allowed"),
    ("anonymous and no policy", ANONYMOUS, {}, {}, "resource"),
    (
        "anonymous and an account",
        ANONYMOUS,
        {},
        {"resource": one("resource", "Allow", ("AWS", A))},
        "resource",
    ),
    ("anonymous and an RCP's Deny", ANONYMOUS, {}, {"resource": STAR_S3, "rcps": DENY_RCP}, "RCP"),
    ("star: same account needs nothing else", USER, {}, {"resource": STAR_S3}, "Allowed"),
    (
        "star: another account still needs identity",
        USER,
        FOREIGN,
        {"resource": STAR_S3},
        "identity",
    ),
    (
        "star: another account with identity",
        USER,
        FOREIGN,
        {"resource": STAR_S3, "identity": EVERYTHING},
        "Allowed",
    ),
    ("identity alone does not cross accounts", USER, FOREIGN, {"identity": EVERYTHING}, "resource"),
    (
        "naming the user does not lift its boundary across accounts",
        USER,
        FOREIGN,
        {
            "resource": one("resource", "Allow", ("AWS", USER_ARN)),
            "identity": EVERYTHING,
            "boundaries": of("boundary", "none"),
        },
        "boundary",
    ),
    (
        "naming the session does not lift its session policy across accounts",
        SESSION,
        FOREIGN,
        {
            "resource": one("resource", "Allow", ("AWS", SESSION_ARN)),
            "identity": EVERYTHING,
            "session": of("session", "none"),
        },
        "session",
    ),
]
DENIED = {"SCP": "scp", "RCP": "rcp", "R": "resource"}


@pytest.mark.parametrize(
    "principal, where, policies, want", [r[1:] for r in SPECIAL], ids=[r[0] for r in SPECIAL]
)
def test_special_callers(principal, where, policies, want):
    """`want` is Allowed, the type that implicitly denies, or (capitals) that denies explicitly."""
    decision = evaluate(Request(principal, ACTION, BUCKET, **where), **policies)
    if want == "Allowed":
        assert (decision.outcome, decision.blocked_by) == ("Allowed", None)
    elif want in DENIED:
        assert (decision.outcome, decision.blocked_by) == ("ExplicitlyDenied", DENIED[want])
    else:
        assert (decision.outcome, decision.blocked_by) == ("ImplicitlyDenied", want)


@pytest.mark.parametrize(
    "arn, given_account, same",
    [
        (f"arn:aws:sqs:eu-west-1:{A}:q", "", True),
        (f"arn:aws:sqs:eu-west-1:{B}:q", "", False),
        (f"arn:aws:sqs:eu-west-1:{B}:q", A, True),
        (BUCKET, "", True),
        (BUCKET, B, False),
        (None, "", True),
        ("*", B, False),
    ],
)
def test_account_of_the_resource(arn, given_account, same):
    """The account given counts first, then that of the ARN, then the principal's."""
    request = Request(USER, "sqs:SendMessage", arn, given_account)
    assert evaluate(request, identity=EVERYTHING).allowed is same


@pytest.mark.parametrize("action", ["sts:GetCallerIdentity", "STS:getcalleridentity"])
@pytest.mark.parametrize("caller", CALLERS)
def test_get_caller_identity_cannot_be_denied(caller, action):
    denied = [one("identity", "Deny", action="*")]
    scps = [[one("scp", "Deny", action="*")]]
    decision = evaluate(Request(CALLERS[caller], action, "*"), identity=denied, scps=scps)
    assert decision.allowed


def test_get_session_token_is_not_governed_by_policy():
    denied = [one("identity", "Deny", action="*")]
    assert evaluate(Request(USER, "sts:GetSessionToken", "*"), identity=denied).allowed
    assert not evaluate(Request(USER, "sts:GetFederationToken", "*"), identity=denied).allowed


KEY_ARN = f"arn:aws:kms:eu-west-1:{A}:key/k"


@pytest.mark.parametrize(
    "named, identity, outcome",
    [
        (("AWS", USER_ARN), [], "Allowed"),
        (("AWS", A), [], "ImplicitlyDenied"),
        (("AWS", A), EVERYTHING, "Allowed"),
        (("AWS", ROLE_ARN), EVERYTHING, "ImplicitlyDenied"),
        (("AWS", "*"), [], "Allowed"),
    ],
    ids=["user ARN", "account alone", "account and identity", "somebody else", "star"],
)
def test_key_policy_must_itself_allow(named, identity, outcome):
    """KMS key policies are as strict as trust policies, also in the same account."""
    key_policy = one("resource", "Allow", named, action="kms:*")
    request = Request(USER, "kms:Decrypt", KEY_ARN)
    assert evaluate(request, identity=identity, resource=key_policy).outcome == outcome


# Random policies of a small world, so that statements often meet requests.
ACTIONS = st.sampled_from(["s3:GetObject", "s3:Put*", "s3:*", "*", "ec2:RunInstances"])
RESOURCE_VALUES = st.sampled_from(["*", BUCKET, "arn:aws:s3:::b/*", "arn:aws:s3:::${aws:username}"])
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "StringEquals": st.just({"a:x": ["1", "2"]}),
        "StringNotEqualsIfExists": st.just({"a:x": "1"}),
        "ForAllValues:StringLike": st.just({"a:y": "v*"}),
        "Bool": st.just({"aws:MultiFactorAuthPresent": "true"}),
        "Null": st.just({"a:y": "true"}),
    },
)
BODY = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Allow", "Deny"]), "Condition": CONDITIONS}
)
WHAT = st.tuples(
    st.sampled_from(["Action", "NotAction"]),
    st.lists(ACTIONS, min_size=1, max_size=2),
    st.sampled_from(["Resource", "Resource", "NotResource"]),
    st.lists(RESOURCE_VALUES, min_size=1, max_size=2),
).map(lambda what: {what[0]: what[1], what[2]: what[3]})
STATEMENTS = st.lists(st.builds(lambda a, b: a | b, BODY, WHAT), min_size=1, max_size=4)
WHO = st.sampled_from(
    ["*", *({"AWS": arn} for arn in (USER_ARN, ROLE_ARN, SESSION_ARN, FED_ARN, A))]
)
RESOURCE_STATEMENTS = st.lists(
    st.builds(lambda a, b, who: a | b | {"Principal": who}, BODY, WHAT, WHO), max_size=3
)
REQUESTS = st.builds(
    Request,
    st.sampled_from([*CALLERS.values(), ANONYMOUS, SERVICE]),
    st.sampled_from(["s3:GetObject", "s3:PutObject", "ec2:RunInstances", "iam:GetRole"]),
    st.sampled_from([BUCKET, "arn:aws:s3:::anna", "arn:aws:ec2:::i/1", None]),
    st.sampled_from(["", A, B]),
    st.fixed_dictionaries(
        {},
        optional={
            "a:x": st.sampled_from(["1", "2", "3"]),
            "A:Y": st.lists(st.sampled_from(["v1", "w"]), max_size=2),
            "aws:MultiFactorAuthPresent": st.sampled_from(["true", "false"]),
        },
    ),
    st.sampled_from([None, None, lambda key: key != "a:x"]),
)
SCENES = st.fixed_dictionaries(
    {
        "identity": st.lists(STATEMENTS, max_size=2),
        "resource": RESOURCE_STATEMENTS,
        "boundary": st.lists(STATEMENTS, max_size=1),
        "session": st.none() | st.lists(STATEMENTS, max_size=2),
        "scp": st.lists(st.lists(STATEMENTS, max_size=2), max_size=2),
    }
)


def made(statements, kind):
    return parse({"Version": "2012-10-17", "Statement": statements}, kind)


def run(request, scene):
    return evaluate(
        request,
        identity=[made(s, "identity") for s in scene["identity"]],
        resource=made(scene["resource"], "resource") if scene["resource"] else None,
        boundaries=[made(s, "boundary") for s in scene["boundary"]],
        session=scene["session"] and [made(s, "session") for s in scene["session"]],
        scps=[[made(s, "scp") for s in level] for level in scene["scp"]],
    )


def denying(statement):
    return statement | {"Effect": "Deny"}


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES, STATEMENTS, st.sampled_from(["identity", "boundary", "scp", "session"]))
def test_added_deny_never_allows_more(request_, scene, extra, kind):
    """A Deny statement appended to any existing policy set only takes away."""
    more = [denying(statement) for statement in extra]
    added = {"identity": [more], "boundary": [], "scp": [], "session": []}[kind]
    changed = dict(scene)
    if kind == "identity":
        changed["identity"] = scene["identity"] + added
    elif kind == "scp":
        changed["scp"] = [level + [more] for level in scene["scp"]]
    elif scene[kind]:
        changed[kind] = [scene[kind][0] + more, *scene[kind][1:]]
    if run(request_, changed).allowed:
        assert run(request_, scene).allowed


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES, RESOURCE_STATEMENTS)
def test_deny_added_to_the_resource_never_allows_more(request_, scene, extra):
    more = [denying(statement) for statement in extra]
    if run(request_, scene | {"resource": scene["resource"] + more}).allowed:
        assert run(request_, scene).allowed


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES, STATEMENTS)
def test_added_cap_never_allows_more(request_, scene, extra):
    """A further boundary, level of SCPs or (for a role session) session policy only takes away."""
    caps = [scene | {"boundary": scene["boundary"] + [extra]}]
    caps.append(scene | {"scp": scene["scp"] + [[extra]]})
    if scene["session"] is None and request_.principal.kind != "federated-user":
        caps.append(scene | {"session": [extra]})
    before = run(request_, scene)
    for changed in caps:
        assert before.allowed or not run(request_, changed).allowed


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES, STATEMENTS)
def test_added_identity_allow_never_allows_less(request_, scene, extra):
    more = [statement | {"Effect": "Allow"} for statement in extra]
    if request_.is_modelled is None and run(request_, scene).allowed:
        assert run(request_, scene | {"identity": scene["identity"] + [more]}).allowed


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES, st.randoms(use_true_random=False))
def test_order_is_irrelevant(request_, scene, random):
    """Neither statements nor policies nor levels have an order."""

    def shuffled(value):
        if not isinstance(value, list):
            return value
        return random.sample([shuffled(item) for item in value], len(value))

    before = run(request_, scene)
    after = run(request_, {kind: shuffled(value) for kind, value in scene.items()})
    assert after.outcome == before.outcome
    if request_.is_modelled is None:
        assert after.blocked_by == before.blocked_by


def test_order_is_irrelevant_for_what_blocked():
    """Where identity allows and the SCP does not, a spare Allow nobody can judge is no cause."""
    plain = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    unknown = plain | {"Condition": {"StringEquals": {"a:x": "1"}}}
    request = Request(USER, ACTION, BUCKET, "", {}, lambda key: False)
    for statements in ([plain, unknown], [unknown, plain]):
        identity = [made(statements, "identity")]
        decision = evaluate(request, identity=identity, scps=[of("scp", "none")])
        assert decision.blocked_by == "scp"


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES)
def test_policies_of_one_type_are_one_long_policy(request_, scene):
    """Several identity-based policies decide as one policy with all their statements."""
    joined = [[statement for policy in scene["identity"] for statement in policy]]
    merged = scene | {"identity": joined if joined != [[]] else []}
    assert run(request_, merged).outcome == run(request_, scene).outcome


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES)
def test_a_list_of_values_is_a_list_of_statements(request_, scene):
    """Action: [a, b] says the same as two statements with one action each."""

    def split(statement):
        if "Action" not in statement:
            return [statement]
        return [statement | {"Action": action} for action in statement["Action"]]

    pulled = [[part for s in policy for part in split(s)] for policy in scene["identity"]]
    assert run(request_, scene | {"identity": pulled}).outcome == run(request_, scene).outcome


@settings(max_examples=60, deadline=None)
@given(REQUESTS, SCENES)
def test_what_is_not_known_never_allows(request_, scene):
    """A decision with unknown keys allows only if it holds for every value they may have."""
    if request_.is_modelled is None or "a:x" in request_.context:
        return
    if run(request_, scene).allowed:
        for context in ({}, {"a:x": "1"}, {"a:x": "2"}, {"a:x": "3"}):
            known = Request(
                request_.principal,
                request_.action,
                request_.resource,
                request_.resource_account,
                {**request_.context, **context},
            )
            assert run(known, scene).allowed
