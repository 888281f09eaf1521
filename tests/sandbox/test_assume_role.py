"""AssumeRole through boto3: who may, who may not, and in whose words (STS_FACTS 2.2, 3.4)."""

import pytest
from scene import allow, deny, policy, trusts

HERE, THERE = "111122223333", "444455556666"
ADMIN = f"arn:aws:iam::{HERE}:user/lab-admin"


def root(account):
    return f"arn:aws:iam::{account}:root"


def user_arn(name, account=HERE):
    return f"arn:aws:iam::{account}:user/{name}"


ASSUME = allow("sts:AssumeRole")
EXTERNAL = {"Condition": {"StringEquals": {"sts:ExternalId": "tenant-7"}}}
NAMED = {"Condition": {"StringLike": {"sts:RoleSessionName": "anna-*"}}}
LOCAL = {"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}
ELSEWHERE = {"Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}
BY_ARN = {"Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{HERE}:user/an*"}}}
PAST = {"Condition": {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}}
FUTURE = {"Condition": {"DateLessThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}}}
NO_MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
MFA_IF = {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}}
ABSENT = {"Condition": {"Null": {"sts:ExternalId": "true"}}}

CASES = [
    # id, caller's statements, trust statements, parameters, expected outcome, blocked by
    ("user named, no identity policy", [], [trusts(user_arn("anna"))], {}, "Allowed", None),
    ("account named, no identity policy", [], [trusts(HERE)], {}, "ImplicitlyDenied", "identity"),
    ("account named, identity allows", [ASSUME], [trusts(HERE)], {}, "Allowed", None),
    ("root ARN is the account", [ASSUME], [trusts(root(HERE))], {}, "Allowed", None),
    ("star in the same account", [], [trusts("*")], {}, "Allowed", None),
    ("identity alone", [ASSUME], [trusts(user_arn("lab-admin"))], {}, "ImplicitlyDenied", "trust"),
    ("another account named", [ASSUME], [trusts(THERE)], {}, "ImplicitlyDenied", "trust"),
    (
        "a service named",
        [ASSUME],
        [trusts({"Service": "ec2.amazonaws.com"})],
        {},
        "ImplicitlyDenied",
        "trust",
    ),
    (
        "explicit deny of the caller",
        [deny("sts:*")],
        [trusts(user_arn("anna"))],
        {},
        "ExplicitlyDenied",
        "identity",
    ),
    (
        "explicit deny in the trust policy",
        [ASSUME],
        [trusts(HERE), trusts(user_arn("anna"), "Deny")],
        {},
        "ExplicitlyDenied",
        "trust",
    ),
    (
        "right external id",
        [ASSUME],
        [trusts(HERE, **EXTERNAL)],
        {"ExternalId": "tenant-7"},
        "Allowed",
        None,
    ),
    (
        "wrong external id",
        [ASSUME],
        [trusts(HERE, **EXTERNAL)],
        {"ExternalId": "tenant-8"},
        "ImplicitlyDenied",
        "trust",
    ),
    ("no external id", [ASSUME], [trusts(HERE, **EXTERNAL)], {}, "ImplicitlyDenied", "trust"),
    ("external id nobody asked", [ASSUME], [trusts(HERE)], {"ExternalId": "xy"}, "Allowed", None),
    (
        "external id must be absent",
        [ASSUME],
        [trusts(HERE, **ABSENT)],
        {"ExternalId": "xy"},
        "ImplicitlyDenied",
        "trust",
    ),
    ("session name wrong", [ASSUME], [trusts(HERE, **NAMED)], {}, "ImplicitlyDenied", "trust"),
    (
        "session name right",
        [ASSUME],
        [trusts(HERE, **NAMED)],
        {"name": "anna-1"},
        "Allowed",
        None,
    ),
    ("source ip right", [ASSUME], [trusts(HERE, **LOCAL)], {}, "Allowed", None),
    ("source ip wrong", [ASSUME], [trusts(HERE, **ELSEWHERE)], {}, "ImplicitlyDenied", "trust"),
    ("principal arn", [ASSUME], [trusts("*", **BY_ARN)], {}, "Allowed", None),
    ("time is over", [ASSUME], [trusts(HERE, **PAST)], {}, "ImplicitlyDenied", "trust"),
    ("time is right", [ASSUME], [trusts(HERE, **FUTURE)], {}, "Allowed", None),
    ("MFA wanted", [ASSUME], [trusts(HERE, **NO_MFA)], {}, "ImplicitlyDenied", "trust"),
    ("MFA wanted if known", [ASSUME], [trusts(HERE, **MFA_IF)], {}, "Allowed", None),
]


@pytest.mark.parametrize(
    ("statements", "trust", "parameters", "outcome", "blocked_by"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_who_may_assume(world, statements, trust, parameters, outcome, blocked_by):
    anna = world.user("anna", *statements)
    role = world.role("reader", *trust)
    got = world.assume(anna, role, **parameters)
    assert (got.outcome, got.blocked_by) == (outcome, blocked_by)
    if not got.allowed:
        assert got.code == "AccessDenied"
        assert got.message == (
            f"User: {user_arn('anna')} is not authorized to perform: sts:AssumeRole "
            f"on resource: {role}"
        )
        assert got.reason


CROSS = [
    ("both sides", [ASSUME], [trusts(HERE)], "Allowed", None),
    ("trust only, user named", [], [trusts(user_arn("anna"))], "ImplicitlyDenied", "identity"),
    ("trust only, star", [], [trusts("*")], "ImplicitlyDenied", "identity"),
    ("identity only", [ASSUME], [trusts(THERE)], "ImplicitlyDenied", "trust"),
]


@pytest.mark.parametrize(
    ("statements", "trust", "outcome", "blocked_by"),
    [case[1:] for case in CROSS],
    ids=[case[0] for case in CROSS],
)
def test_across_accounts_both_sides_must_allow(world, statements, trust, outcome, blocked_by):
    anna = world.user("anna", *statements)
    role = world.role("partner", *trust, account=THERE)
    got = world.assume(anna, role)
    assert (got.outcome, got.blocked_by) == (outcome, blocked_by)
    if got.allowed:
        arn = world.lab.session_from(got.response).client("sts").get_caller_identity()["Arn"]
        assert arn == f"arn:aws:sts::{THERE}:assumed-role/partner/session"


def test_a_missing_role_sounds_like_a_role_without_trust(world):
    anna = world.user("anna", ASSUME)
    got = world.assume(anna, f"arn:aws:iam::{HERE}:role/nobody")
    assert (got.outcome, got.code) == ("ImplicitlyDenied", "AccessDenied")
    assert got.message.endswith(f"on resource: arn:aws:iam::{HERE}:role/nobody")
    assert "There is no role" in got.reason


def test_the_path_belongs_to_the_arn(world):
    role = world.role("reader", trusts(ADMIN), Path="/team/a/")
    admin = world.lab.session()
    assert world.assume(admin, role).allowed
    assert not world.assume(admin, role.replace("/team/a/", "/")).allowed
    session = world.lab.session_from(world.assume(admin, role).response)
    arn = session.client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{HERE}:assumed-role/reader/session"


def test_the_answer_has_the_shapes_of_aws(world):
    role = world.role("reader", trusts(ADMIN))
    answer = world.assume(world.lab.session(), role, "ses-1", DurationSeconds=900).response
    keys = answer["Credentials"]
    assert keys["AccessKeyId"].startswith("ASIA") and len(keys["AccessKeyId"]) == 20
    assert len(keys["SecretAccessKey"]) == 40
    assert len(keys["SessionToken"]) > 300
    lifetime = keys["Expiration"] - world.lab.clock.now()
    assert 890 < lifetime.total_seconds() <= 900
    user = answer["AssumedRoleUser"]
    role_id = world.iam().get_role(RoleName="reader")["Role"]["RoleId"]
    assert role_id.startswith("AROA")
    assert user["AssumedRoleId"] == f"{role_id}:ses-1"
    assert user["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/reader/ses-1"


DURATIONS = [
    (899, 3600, "ValidationError"),
    (900, 3600, ""),
    (3600, 3600, ""),
    (3601, 3600, "ValidationError"),
    (7200, 7200, ""),
    (43200, 43200, ""),
    (43201, 43200, "ValidationError"),
]


@pytest.mark.parametrize(("seconds", "maximum", "code"), DURATIONS)
def test_duration_limits(world, seconds, maximum, code):
    role = world.role("reader", trusts(ADMIN), MaxSessionDuration=maximum)
    session = world.lab.session()
    from botocore.config import Config

    client = session.client("sts", config=Config(parameter_validation=False))
    got = world.lab.attempt(
        client.assume_role, RoleArn=role, RoleSessionName="ses", DurationSeconds=seconds
    )
    assert got.code == code
    if not code:
        left = got.response["Credentials"]["Expiration"] - world.lab.clock.now()
        assert seconds - 5 < left.total_seconds() <= seconds


def test_the_default_is_one_hour_whatever_the_role_allows(world):
    role = world.role("reader", trusts(ADMIN), MaxSessionDuration=43200)
    answer = world.assume(world.lab.session(), role).response
    left = answer["Credentials"]["Expiration"] - world.lab.clock.now()
    assert 3595 < left.total_seconds() <= 3600


def test_chaining_is_capped_at_one_hour(world):
    first = world.role("first", trusts(ADMIN), permissions=[ASSUME], MaxSessionDuration=43200)
    second = world.role("second", trusts(first), MaxSessionDuration=43200)
    session = world.lab.session_from(world.assume(world.lab.session(), first).response)
    refused = world.assume(session, second, DurationSeconds=3601)
    assert refused.code == "ValidationError"
    assert "role chaining" in refused.message
    assert world.assume(session, second, DurationSeconds=3600).allowed
    assert world.lab.sessions()[-1].chained


def test_a_role_does_not_trust_itself(world):
    role = world.role("reader", trusts(ADMIN), permissions=[ASSUME])
    session = world.lab.session_from(world.assume(world.lab.session(), role).response)
    got = world.assume(session, role)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "trust")


def test_a_session_may_be_trusted_by_role_and_by_session_arn(world):
    first = world.role("first", trusts(ADMIN))
    by_role = world.role("by-role", trusts(first))
    session_arn = f"arn:aws:sts::{HERE}:assumed-role/first/anna"
    by_session = world.role("by-session", trusts(session_arn))
    admin = world.lab.session()
    anna = world.lab.session_from(world.assume(admin, first, "anna").response)
    other = world.lab.session_from(world.assume(admin, first, "other").response)
    assert world.assume(anna, by_role).allowed and world.assume(anna, by_session).allowed
    assert world.assume(other, by_role).allowed
    assert world.assume(other, by_session).blocked_by == "trust"


def test_a_changed_trust_policy_counts_at_once_and_ends_no_session(world):
    role = world.role("reader", trusts(ADMIN))
    session = world.lab.session_from(world.assume(world.lab.session(), role).response)
    world.iam().update_assume_role_policy(
        RoleName="reader", PolicyDocument=policy(trusts({"Service": "ec2.amazonaws.com"}))
    )
    assert world.assume(world.lab.session(), role).blocked_by == "trust"
    assert world.lab.attempt(session.client("sts").get_caller_identity).succeeded


def test_permissions_of_a_session_are_read_at_every_request(world):
    role = world.role("reader", trusts(ADMIN))
    session = world.lab.session_from(world.assume(world.lab.session(), role).response)
    listing = session.client("s3").list_buckets
    assert world.lab.attempt(listing).blocked_by == "identity"
    world.iam().put_role_policy(
        RoleName="reader", PolicyName="p", PolicyDocument=policy(allow("s3:ListAllMyBuckets"))
    )
    assert world.lab.attempt(listing).succeeded
    world.iam().delete_role_policy(RoleName="reader", PolicyName="p")
    assert world.lab.attempt(listing).blocked_by == "identity"


def test_deleting_the_role_ends_its_sessions(world):
    role = world.role("reader", trusts(ADMIN))
    session = world.lab.session_from(world.assume(world.lab.session(), role).response)
    world.iam().delete_role(RoleName="reader")
    world.role("reader", trusts(ADMIN))  # a namesake does not revive them
    got = world.lab.attempt(session.client("sts").get_caller_identity)
    assert (got.code, got.blocked_by) == ("InvalidClientTokenId", "authentication")


def test_after_assuming_the_callers_own_policies_do_not_count(world):
    role = world.role("bare", trusts(ADMIN))
    session = world.lab.session_from(world.assume(world.lab.session(), role).response)
    assert world.lab.attempt(session.client("iam").list_users).blocked_by == "identity"


def test_get_caller_identity_cannot_be_denied(world):
    anna = world.user("anna", deny("*"))
    assert world.lab.attempt(anna.client("sts").get_caller_identity).succeeded
    assert world.lab.attempt(anna.client("s3").list_buckets).outcome == "ExplicitlyDenied"


UNMODELLED = {"Condition": {"StringEquals": {"aws:PrincipalOrgPaths": "o-1/*"}}}


def test_what_is_not_modelled_is_refused_and_said(world):
    role = world.role("reader", trusts(ADMIN, **UNMODELLED))
    got = world.assume(world.lab.session(), role)
    assert (got.outcome, got.blocked_by) == ("ImplicitlyDenied", "not modelled")
    assert got.code == "SandboxNotModelled" and "aws:PrincipalOrgPaths" in got.message
    plain = world.role("open", trusts(ADMIN, **UNMODELLED), trusts(ADMIN))
    assert world.assume(world.lab.session(), plain).allowed


MALFORMED = [
    ({"RoleArn": "reader"}, "ValidationError"),
    ({"RoleArn": "arn:aws:iam::1:role/x"}, "ValidationError"),
    ({"RoleSessionName": "a b"}, "ValidationError"),
    ({"RoleSessionName": "x"}, "ValidationError"),
    ({"ExternalId": "a"}, "ValidationError"),
    ({"DurationSeconds": "soon"}, None),
]


@pytest.mark.parametrize(("change", "code"), MALFORMED, ids=[str(c[0]) for c in MALFORMED])
def test_malformed_parameters(world, change, code):
    from botocore.config import Config

    role = world.role("reader", trusts(ADMIN))
    client = world.lab.session().client("sts", config=Config(parameter_validation=False))
    given = {"RoleArn": role, "RoleSessionName": "ses", **change}
    got = world.lab.attempt(client.assume_role, **given)
    assert not got.allowed and got.blocked_by == "request"
    assert code is None or got.code == code
    assert got.code != "InternalFailure"
