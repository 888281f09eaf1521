"""`python -m labhelpers decide`: the fields of a line, every spelling of a principal, errors."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labhelpers.policy import PolicyError, decide_line
from labhelpers.policy.asking.callers import caller
from labhelpers.policy.asking.lines import FIELDS

A, B = "111122223333", "444455556666"
USER = f"arn:aws:iam::{A}:user/anna"
ROLE = f"arn:aws:iam::{A}:role/app"
PATH_ROLE = f"arn:aws:iam::{A}:role/team/app"
SESSION = f"arn:aws:sts::{A}:assumed-role/app/s1"
FED = f"arn:aws:sts::{A}:federated-user/fred"
ROOT = f"arn:aws:iam::{A}:root"
OIDC = f"arn:aws:iam::{A}:oidc-provider/idp.example.com"
SAML = f"arn:aws:iam::{A}:saml-provider/corp"
TARGET = f"arn:aws:iam::{B}:role/target"
OBJECT = "arn:aws:s3:::b/k"


def policy(effect="Allow", action="*", **elements):
    statement = {"Effect": effect, "Action": action, "Resource": "*", **elements}
    statement = {name: value for name, value in statement.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(principal, action="sts:AssumeRole", **elements):
    return policy("Allow", action, Resource=None, Principal=principal, **elements)


def line(**fields):
    return {"action": "s3:GetObject", "resource": OBJECT, "principal": USER, **fields}


def outcome(fields):
    decision = decide_line(json.dumps(fields))
    return decision.outcome if decision.allowed else f"{decision.outcome} {decision.blocked_by}"


def when(**block):
    """An Allow under a condition, written as operator=(key, value)."""
    return policy(Condition={name: {key: value} for name, (key, value) in block.items()})


ALL = policy()
IMPLICIT, EXPLICIT = "ImplicitlyDenied", "ExplicitlyDenied"

LINES = {
    "nothing allows": (line(), f"{IMPLICIT} identity"),
    "identity-based policy": (line(identity_policies=[ALL]), "Allowed"),
    "a policy as its JSON text": (line(identity_policies=[json.dumps(ALL)]), "Allowed"),
    "one policy instead of a list": (line(identity_policies=ALL), "Allowed"),
    "one text instead of a list": (line(identity_policies=json.dumps(ALL)), "Allowed"),
    "a policy with a name": (
        line(identity_policies=[{"name": "P", "document": ALL}]),
        "Allowed",
    ),
    "as IAM's API lists it": (
        line(identity_policies=[{"PolicyName": "P", "PolicyDocument": json.dumps(ALL)}]),
        "Allowed",
    ),
    "another spelling of a field": (line(IdentityPolicies=[ALL]), "Allowed"),
    "the singular of a field": (line(identity_policy=ALL), "Allowed"),
    "a comment": (line(comment="x", id=7, identity_policies=[ALL]), "Allowed"),
    "a longer name is another field": (
        line(identity_policies=[ALL], identity_policies_note="x", resource_policy_kind="none"),
        "Allowed",
    ),
    "a bucket policy by its own name": (
        line(bucket_policy=policy(Principal={"AWS": USER})),
        "Allowed",
    ),
    "null policies": (
        line(
            identity_policies=[ALL],
            resource_policy=None,
            permissions_boundaries=None,
            session_policies=None,
            service_control_policies=None,
            resource_control_policies=None,
            context=None,
            resource_account=None,
        ),
        "Allowed",
    ),
    "empty policies": (
        line(
            identity_policies=[ALL],
            resource_policy={},
            permissions_boundaries=[],
            session_policies=[],
            service_control_policies=[],
            resource_control_policies=[],
            context={},
            resource_account="",
        ),
        "Allowed",
    ),
    "no resource": (line(identity_policies=[ALL], resource=None), "Allowed"),
    "boundary": (
        line(identity_policies=[ALL], permissions_boundaries=[policy(action="ec2:*")]),
        f"{IMPLICIT} boundary",
    ),
    "several boundaries must all allow": (
        line(identity_policies=[ALL], permissions_boundaries=[ALL, policy(action="ec2:*")]),
        f"{IMPLICIT} boundary",
    ),
    "session policy": (
        line(principal=SESSION, identity_policies=[ALL], session_policies=[policy(action="a:*")]),
        f"{IMPLICIT} session",
    ),
    "several session policies are a union": (
        line(
            principal=SESSION, identity_policies=[ALL], session_policies=[policy(action="a:*"), ALL]
        ),
        "Allowed",
    ),
    "every level of SCPs must allow": (
        line(
            identity_policies=[ALL],
            service_control_policies=[[ALL], [policy(action="ec2:*"), policy(action="a:*")]],
        ),
        f"{IMPLICIT} scp",
    ),
    "policies of a level are a union": (
        line(
            identity_policies=[ALL],
            service_control_policies=[[ALL], [policy(action="ec2:*"), policy(action="s3:*")]],
        ),
        "Allowed",
    ),
    "a level written as one policy": (
        line(identity_policies=[ALL], service_control_policies=[ALL, policy(action="ec2:*")]),
        f"{IMPLICIT} scp",
    ),
    "a level without a policy": (
        line(identity_policies=[ALL], service_control_policies=[[ALL], []]),
        f"{IMPLICIT} scp",
    ),
    "RCP denies": (
        line(
            identity_policies=[ALL],
            resource_control_policies=[[policy("Deny", "s3:*", Principal="*")]],
        ),
        f"{EXPLICIT} rcp",
    ),
    "RCP that allows something else subtracts nothing": (
        line(
            identity_policies=[ALL],
            resource_control_policies=[[policy(action="sqs:*", Principal="*")]],
        ),
        "Allowed",
    ),
    "bucket policy names the user": (
        line(resource_policy=policy(Principal={"AWS": USER})),
        "Allowed",
    ),
    "bucket policy in a list of one": (
        line(resource_policy=[policy(Principal={"AWS": USER})]),
        "Allowed",
    ),
    "bucket of another account": (
        line(resource_account=B, identity_policies=[ALL]),
        f"{IMPLICIT} resource",
    ),
    "... with 12 digits as a number": (
        line(resource_account=int(B), identity_policies=[ALL]),
        f"{IMPLICIT} resource",
    ),
    "the account stands in the ARN": (
        line(
            action="sqs:SendMessage",
            resource=f"arn:aws:sqs:eu-west-1:{B}:q",
            identity_policies=[ALL],
        ),
        f"{IMPLICIT} resource",
    ),
    "AWS's own policies belong to no other account": (
        line(
            action="iam:GetPolicy",
            resource="arn:aws:iam::aws:policy/ReadOnlyAccess",
            identity_policies=[ALL],
        ),
        "Allowed",
    ),
    "trust policy": (
        line(
            action="sts:AssumeRole",
            resource=TARGET,
            identity_policies=[ALL],
            resource_policy=trust({"AWS": A}),
        ),
        "Allowed",
    ),
    "trust policy under its own name": (
        line(
            action="sts:AssumeRole",
            resource=TARGET,
            identity_policies=[ALL],
            trust_policy=trust({"AWS": A}),
        ),
        "Allowed",
    ),
    "an identity-based policy alone never suffices": (
        line(action="sts:AssumeRole", resource=ROLE, identity_policies=[ALL]),
        f"{IMPLICIT} trust",
    ),
    "external ID, key in another case": (
        line(
            action="STS:assumerole",
            resource=ROLE,
            resource_policy=trust(
                {"AWS": USER}, Condition={"StringEquals": {"sts:ExternalId": "42"}}
            ),
            context={"STS:EXTERNALID": "42"},
        ),
        "Allowed",
    ),
    "web identity": (
        line(
            principal=OIDC,
            action="sts:AssumeRoleWithWebIdentity",
            resource=ROLE,
            resource_policy=trust({"Federated": OIDC}, "sts:AssumeRoleWithWebIdentity"),
        ),
        "Allowed",
    ),
    "SCPs say nothing about services": (
        line(
            principal="ec2.amazonaws.com",
            resource_policy=policy(Principal={"Service": "ec2.amazonaws.com"}),
            service_control_policies=[[policy("Deny")]],
        ),
        "Allowed",
    ),
    "root and a trust policy": (
        line(
            principal=ROOT,
            action="sts:AssumeRole",
            resource=ROLE,
            resource_policy=trust({"AWS": A}),
        ),
        f"{IMPLICIT} trust",
    ),
    "federated users assume no role": (
        line(
            principal=FED,
            action="sts:AssumeRole",
            resource=ROLE,
            resource_policy=trust({"AWS": FED}),
        ),
        f"{IMPLICIT} trust",
    ),
    "service-linked roles are beyond SCPs": (
        line(
            principal=f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
            identity_policies=[ALL],
            service_control_policies=[[policy("Deny")]],
            resource_control_policies=[[policy("Deny", "s3:*", Principal="*")]],
        ),
        "Allowed",
    ),
    "GetCallerIdentity": (
        line(action="sts:GetCallerIdentity", resource="*", identity_policies=[policy("Deny")]),
        "Allowed",
    ),
    "a number in the context": (
        line(
            identity_policies=[when(NumericLessThan=("aws:MultiFactorAuthAge", "300"))],
            context={"aws:MultiFactorAuthAge": 299},
        ),
        "Allowed",
    ),
    "a boolean in the context": (
        line(
            identity_policies=[when(Bool=("aws:MultiFactorAuthPresent", "true"))],
            context={"aws:multifactorauthpresent": True},
        ),
        "Allowed",
    ),
    "a list in the context": (
        line(
            identity_policies=[
                policy(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}})
            ],
            context={"aws:TagKeys": ["b", "a"]},
        ),
        "Allowed",
    ),
    "null in the context is absent": (
        line(
            identity_policies=[when(Null=("aws:username", "true"))],
            context={"aws:username": None},
        ),
        "Allowed",
    ),
}


@pytest.mark.parametrize("fields, expected", LINES.values(), ids=LINES)
def test_line(fields, expected):
    """The outcome of a line, and what blocked it."""
    assert outcome(fields) == expected


# key that AWS fills in, principal, more fields, the value expected (None: it stays absent)
FILLED = [
    ("aws:PrincipalArn", USER, {}, USER),
    ("aws:PrincipalArn", SESSION, {}, ROLE),
    ("aws:PrincipalArn", {"arn": SESSION, "role_arn": PATH_ROLE}, {}, PATH_ROLE),
    ("aws:PrincipalArn", FED, {}, FED),
    ("aws:PrincipalArn", ROOT, {}, ROOT),
    ("aws:PrincipalArn", "anonymous", {}, None),
    ("aws:PrincipalAccount", SESSION, {}, A),
    ("aws:PrincipalAccount", "anonymous", {}, "anonymous"),
    ("aws:PrincipalType", USER, {}, "User"),
    ("aws:PrincipalType", SESSION, {}, "AssumedRole"),
    ("aws:PrincipalType", ROLE, {}, "AssumedRole"),
    ("aws:PrincipalType", ROOT, {}, "Account"),
    ("aws:PrincipalType", FED, {}, "FederatedUser"),
    ("aws:PrincipalType", "*", {}, "Anonymous"),
    ("aws:username", f"arn:aws:iam::{A}:user/staff/anna", {}, "anna"),
    ("aws:username", SESSION, {}, None),
    ("aws:username", ROOT, {}, None),
    ("aws:userid", ROOT, {}, A),
    ("aws:userid", FED, {}, f"{A}:fred"),
    ("aws:userid", {"arn": USER, "unique_id": "AIDAX"}, {}, "AIDAX"),
    ("aws:userid", {"arn": SESSION, "userid": "AROAX:s1"}, {}, "AROAX:s1"),
    ("aws:userid", {"arn": SESSION, "unique_id": "AROAX"}, {}, "AROAX:s1"),
    ("aws:PrincipalTag/team", {"arn": USER, "tags": {"team": "red"}}, {}, "red"),
    ("aws:PrincipalIsAWSService", USER, {}, "false"),
    ("aws:PrincipalIsAWSService", "s3.amazonaws.com", {}, "true"),
    ("aws:PrincipalServiceName", "s3.amazonaws.com", {}, "s3.amazonaws.com"),
    ("aws:ResourceAccount", USER, {}, A),
    ("aws:ResourceAccount", USER, {"resource_account": B}, B),
    ("aws:RequestedRegion", USER, {"resource": f"arn:aws:sqs:eu-west-1:{A}:q"}, "eu-west-1"),
    ("aws:RequestedRegion", USER, {"action": "iam:GetRole", "resource": ROLE}, "us-east-1"),
    ("aws:RequestedRegion", USER, {}, None),
    ("aws:ViaAWSService", USER, {}, "false"),
    ("aws:SecureTransport", USER, {}, None),
    ("aws:MultiFactorAuthPresent", USER, {}, None),
    ("aws:SourceIp", USER, {}, None),
    ("aws:CurrentTime", USER, {"context": {"aws:EpochTime": 0}}, "1970-01-01T00:00:00Z"),
    ("aws:EpochTime", USER, {"context": {"aws:CurrentTime": "1970-01-01T00:01:00Z"}}, "60"),
    ("aws:PrincipalArn", USER, {"context": {"AWS:principalarn": "x"}}, "x"),
]


@pytest.mark.parametrize("key, principal, more, expected", FILLED)
def test_keys_that_aws_fills_in(key, principal, more, expected):
    decision = decide_line(json.dumps(line(principal=principal, **more)))
    from labhelpers.policy.language.context import merged

    assert merged(decision.request).get(key.lower()) == expected


def test_the_present_time_is_filled_in():
    """A policy that ended in 2020 allows nothing today, one that began then does."""
    past = "2020-01-01T00:00:00Z"
    for operator, allowed in (("DateLessThan", False), ("DateGreaterThan", True)):
        for key in ("aws:CurrentTime", "aws:EpochTime"):
            policies = [policy(Condition={operator: {key: past}})]
            assert (outcome(line(identity_policies=policies)) == "Allowed") is allowed


PRINCIPALS = [
    (USER, "user", A),
    (f" {USER} ", "user", A),
    (USER.replace("aws:", "aws-cn:"), "user", A),
    (ROLE, "role-session", A),
    (SESSION, "role-session", A),
    (FED, "federated-user", A),
    (ROOT, "root", A),
    (A, "root", A),
    ("ec2.amazonaws.com", "service", ""),
    ("ec2.amazonaws.com.cn", "service", ""),
    ("delivery.logs.amazonaws.com", "service", ""),
    ("accounts.google.com", "web-identity", ""),
    ("cognito-identity.amazonaws.com", "web-identity", ""),
    (OIDC, "web-identity", ""),
    (SAML, "saml", ""),
    ("*", "anonymous", ""),
    ("Anonymous", "anonymous", ""),
    ({"type": "user", "arn": USER}, "user", A),
    ({"kind": "IAMUser", "Arn": USER}, "user", A),
    ({"AWS": USER}, "user", A),
    ({"type": "IdentityCenterUser", "arn": SESSION}, "role-session", A),
    ({"type": "AWSAccount", "account": A}, "root", A),
    ({"AWS": [SESSION]}, "role-session", A),
    ({"Service": "ec2.amazonaws.com"}, "service", ""),
    ({"Federated": OIDC}, "web-identity", ""),
    ({"type": "Federated", "arn": SAML}, "saml", ""),
    ({"type": "assumed-role", "arn": SESSION}, "role-session", A),
    ({"type": "AssumedRole", "arn": SESSION, "account": A}, "role-session", A),
    ({"type": "role_session", "arn": SESSION, "account": int(A)}, "role-session", A),
    ({"type": "role", "arn": ROLE}, "role-session", A),
    ({"type": "role-session", "role_arn": PATH_ROLE, "session_name": "s1"}, "role-session", A),
    ({"type": "role-session", "role_arn": PATH_ROLE}, "role-session", A),
    ({"type": "user", "account": A, "name": "anna"}, "user", A),
    ({"type": "federated_user", "account": A, "name": "fred"}, "federated-user", A),
    ({"type": "federated-user", "arn": FED, "user_arn": USER}, "federated-user", A),
    ({"type": "federated-user", "arn": FED, "user_arn": ROOT}, "federated-user", A),
    ({"type": "root", "account_id": A}, "root", A),
    ({"type": "account", "arn": A}, "root", A),
    ({"type": "AWSService", "name": "ec2.amazonaws.com"}, "service", ""),
    ({"type": "oidc", "provider": OIDC}, "web-identity", ""),
    ({"type": "saml", "arn": SAML}, "saml", ""),
    ({"type": "anonymous"}, "anonymous", ""),
]


@pytest.mark.parametrize("value, kind, account", PRINCIPALS, ids=lambda v: str(v)[:60])
def test_principals(value, kind, account):
    principal, _ = caller(value)
    assert (principal.kind, principal.account) == (kind, account)


def test_session_without_more_has_a_role_without_a_path():
    assert caller(SESSION)[0].role_arn == ROLE


def test_context_tells_the_path_of_the_role():
    """aws:PrincipalArn and aws:userid of the context say who the session's role is."""
    fields = line(
        principal=SESSION, context={"aws:PrincipalArn": PATH_ROLE, "aws:userid": "AROAX:s1"}
    )
    principal = decide_line(json.dumps(fields)).request.principal
    assert (principal.role_arn, principal.unique_id) == (PATH_ROLE, "AROAX")
    other = line(principal=SESSION, context={"aws:PrincipalArn": PATH_ROLE + "2"})
    assert decide_line(json.dumps(other)).request.principal.role_arn == ROLE


def test_role_arn_as_caller_is_capped_as_its_sessions_are():
    """A resource that names the role does not step over a session policy."""
    fields = line(principal=ROLE, resource_policy=policy(Principal={"AWS": ROLE}))
    assert outcome(fields) == "Allowed"
    fields["session_policies"] = [policy(action="ec2:*")]
    assert outcome(fields) == f"{IMPLICIT} session"


# line, place and words of the error
BROKEN = {
    "no JSON": ("{", "", "no JSON"),
    "a list": ([], "", "a line is a JSON object, not a list"),
    "a text": ("x", "", "no JSON"),
    "no action": (line(action=None), "action", "missing"),
    "a pattern as action": (line(action="s3:*"), "action", "is no action"),
    "two actions": (line(action=["s3:a", "s3:b"]), "action", "must be a text, not a list"),
    "no principal": ({"action": "s3:a"}, "principal", "missing"),
    "a group": (line(principal=f"arn:aws:iam::{A}:group/x"), "principal", "a group makes no"),
    "a number as principal": (line(principal=7), "principal", "not a number"),
    "an unknown principal": (line(principal="anna"), "principal", "is no principal"),
    "an unknown type": (line(principal={"type": "x", "account": A}), "principal", "no type"),
    "type against ARN": (line(principal={"type": "root", "arn": USER}), "principal", "is a user"),
    "account against ARN": (line(principal={"arn": USER, "account": B}), "principal", "ARN says"),
    "an empty principal": (line(principal={}), "principal", "who calls"),
    "a foreign role": (
        line(principal={"arn": SESSION, "role_arn": ROLE + "2"}),
        "principal",
        "is not the role",
    ),
    "a role of a user": (line(principal={"arn": USER, "role_arn": ROLE}), "principal", "behind"),
    "tags": (line(principal={"arn": USER, "tags": 1}), "principal", "tags must be an object"),
    "a resource list": (line(resource=[OBJECT, OBJECT]), "resource", "must be a text"),
    "account of 3 digits": (line(resource_account="123"), "resource_account", "no account id"),
    "context list": (line(context=[]), "context", "must be an object"),
    "object in the context": (line(context={"a:b": {}}), "context.a:b", "an object"),
    "null in a list": (line(context={"a:b": [None]}), "context.a:b", "null"),
    "a slip of the pen": (line(identity_polices=[]), "", "no field"),
    "given twice": (line(scps=[[ALL]], service_control_policies=[[ALL]]), "", "given twice"),
    "two resource policies": (
        line(resource_policy=[ALL, ALL]),
        "resource_policy",
        "there are 2 of them",
    ),
    "policies as a number": (line(identity_policies=1), "identity_policies", "must be a list"),
    "a policy as a number": (
        line(identity_policies=[1]),
        "identity_policies[0]",
        "Syntax errors in policy",
    ),
    "a broken policy text": (
        line(identity_policies=[ALL, "{"]),
        "identity_policies[1]",
        "invalid Json",
    ),
    "a broken element": (
        line(identity_policies=[policy("allow")]),
        "identity_policies[0].Statement[0].Effect",
        "The policy failed legacy parsing",
    ),
    "a broken level": (
        line(service_control_policies=[[ALL], [ALL, policy(Principal="*")]]),
        "service_control_policies[1][1].Statement[0].Principal",
        "should not specify a principal",
    ),
    "a bucket policy without a principal": (
        line(resource_policy=ALL),
        "resource_policy.Statement[0]",
        "Missing required field Principal",
    ),
    "a trust policy with a resource": (
        line(
            action="sts:AssumeRole",
            resource=ROLE,
            resource_policy=policy(action="sts:*", Principal={"AWS": A}),
        ),
        "resource_policy.Statement[0].Resource",
        "prohibited field",
    ),
}


@pytest.mark.parametrize("fields, path, words", BROKEN.values(), ids=BROKEN)
def test_broken_lines(fields, path, words):
    """Every error says what, where and what to do."""
    text = fields if isinstance(fields, str) else json.dumps(fields)
    with pytest.raises(PolicyError) as caught:
        decide_line(text)
    assert words in str(caught.value)
    assert caught.value.path == path
    assert caught.value.hint


def test_key_named_twice_in_a_policy():
    """JSON would keep the last of the two unseen, also inside a line."""
    text = json.dumps(line(identity_policies=[ALL]))
    twice = text.replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    with pytest.raises(PolicyError) as caught:
        decide_line(twice)
    assert caught.value.path == "identity_policies[0].Statement[0].Effect"


def run(text, *arguments):
    command = [sys.executable, "-m", "labhelpers", "decide", *arguments]
    data = text if isinstance(text, bytes) else text.encode()
    return subprocess.run(command, input=data, capture_output=True, timeout=60)


def test_command_line(tmp_path):
    """Outcomes on standard output, errors with line numbers beside, the status tells."""
    good, denied = json.dumps(line(identity_policies=[ALL])), json.dumps(line())
    text = "\n".join([good, "", "{", denied, json.dumps(line(principal="\ud800")), good])
    done = run(text)
    assert done.stdout.decode().split("\n") == ["Allowed", IMPLICIT, "Allowed", ""]
    errors = done.stderr.decode().splitlines()
    assert [error.partition(":")[0] for error in errors] == ["line 3", "line 5"]
    assert done.returncode == 1
    file = tmp_path / "lines.jsonl"
    file.write_text(good + "\n" + denied)
    done = run("", str(file))
    assert (done.stdout.decode().split(), done.stderr, done.returncode) == (
        ["Allowed", IMPLICIT],
        b"",
        0,
    )
    explained = run(denied, "-", "--explain").stdout.decode()
    assert explained.startswith(f"{IMPLICIT}\n  ")
    assert "identity-based policy" in explained


@pytest.mark.parametrize(
    "data, status, words",
    [
        (b"", 0, b""),
        (b"\n \n", 0, b""),
        (b"\xff\n", 1, b"line 1: byte 1 is no UTF-8"),
        (b"[" * 100_000 + b"\n", 1, b"line 1: this is no JSON"),
        (b'{"action": NaN}', 1, b"line 1: this is no JSON"),
    ],
    ids=["nothing", "blanks", "no UTF-8", "deep", "NaN"],
)
def test_odd_input(data, status, words):
    done = run(data)
    assert done.returncode == status
    assert words in done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


def test_file_that_is_not_there():
    done = run("", "/does/not/exist")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("labhelpers decide: /does/not/exist: ")


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([USER, A])
)
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=2) | st.dictionaries(st.text(max_size=3), v, max_size=2)
)
GOOD = {
    "principal": st.sampled_from([USER, SESSION, {"type": "user", "arn": USER}, "*"]),
    "identity_policies": st.just([ALL]),
    "resource_policy": st.just(policy(Principal="*")),
    "context": st.dictionaries(st.text(max_size=5), SCALARS, max_size=2),
}


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {}, optional={name: VALUES | GOOD.get(name, st.just("s3:GetObject")) for name in FIELDS}
    )
)
def test_any_line_is_answered_or_refused(fields):
    """Whatever stands in the fields, PolicyError is the only way to fail."""
    try:
        decision = decide_line(json.dumps(fields))
    except PolicyError as error:
        assert str(error)
        assert error.hint
    else:
        assert decision.outcome in ("Allowed", IMPLICIT, EXPLICIT)
