"""IAM's policy simulator, answered by the engine that decides about real requests."""

from __future__ import annotations

import json

import pytest
from scene import World, allow, deny, policy, trusts

from labhelpers import open_lab

ACCOUNT = "111122223333"
IAM = f"arn:aws:iam::{ACCOUNT}"
ADMIN = f"{IAM}:user/lab-admin"
BUCKET = "arn:aws:s3:::reports"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture(scope="module")
def world():
    with open_lab() as lab:
        world = World(lab)
        iam = world.iam()
        world.user("lea", allow("s3:GetObject", f"{BUCKET}/${{aws:username}}/*"))
        iam.create_group(GroupName="readers")
        iam.add_user_to_group(GroupName="readers", UserName="lea")
        no_secrets = policy(deny("s3:*", f"{BUCKET}/secret/*"))
        iam.put_group_policy(
            GroupName="readers", PolicyName="no-secrets", PolicyDocument=no_secrets
        )
        iam.attach_group_policy(GroupName="readers", PolicyArn=READ_ONLY)
        ceiling = iam.create_policy(PolicyName="ceiling", PolicyDocument=policy(allow("s3:*")))
        arn = ceiling["Policy"]["Arn"]
        world.role("app", trusts(ADMIN), permissions=[allow("*")], PermissionsBoundary=arn)
        yield world


@pytest.fixture(scope="module")
def iam(world):
    return world.iam()


def custom(iam, *policies, actions=("s3:GetObject",), **more):
    """The results of SimulateCustomPolicy."""
    answer = iam.simulate_custom_policy(
        PolicyInputList=list(policies), ActionNames=list(actions), **more
    )
    return answer["EvaluationResults"]


def key(name, *values, kind="string"):
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def test_every_action_on_every_resource(iam):
    held = policy(allow("s3:*", f"{BUCKET}/*"), deny("s3:Put*"))
    arns = [f"{BUCKET}/k", "arn:aws:s3:::other/k"]
    results = custom(iam, held, actions=("s3:GetObject", "s3:PutObject"), ResourceArns=arns)
    told = [(r["EvalActionName"], r["EvalResourceName"], r["EvalDecision"]) for r in results]
    assert told == [
        ("s3:GetObject", arns[0], "allowed"),
        ("s3:GetObject", arns[1], "implicitDeny"),
        ("s3:PutObject", arns[0], "explicitDeny"),
        ("s3:PutObject", arns[1], "explicitDeny"),
    ]
    for result in results:
        [specific] = result["ResourceSpecificResults"]
        assert specific["EvalResourceName"] == result["EvalResourceName"]
        assert specific["EvalResourceDecision"] == result["EvalDecision"]
        assert specific["MatchedStatements"] == result["MatchedStatements"]
    [alone] = custom(iam, held)
    assert (alone["EvalResourceName"], alone["EvalDecision"]) == ("*", "implicitDeny")
    assert "ResourceSpecificResults" not in alone


COMPACT = json.dumps({"Version": "2012-10-17", "Statement": [allow("s3:*"), deny("s3:Put*")]})
LINES = """{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow", "Action": "s3:*", "Resource": "*"
    }
  ]
}"""
ALONE = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
POSITIONS = [
    # a policy, an action, where the statement that decides begins and ends (line, column)
    (COMPACT, "s3:GetObject", (1, 41), (1, 41 + len(json.dumps(allow("s3:*"))))),
    (COMPACT, "s3:PutObject", (1, 41 + len(json.dumps(allow("s3:*")))), (1, len(COMPACT) - 1)),
    (LINES, "s3:GetObject", (3, 17), (6, 6)),
    (ALONE, "s3:GetObject", (1, 37), (1, len(ALONE))),
]


@pytest.mark.parametrize(("document", "action", "start", "end"), POSITIONS)
def test_the_statement_that_decided(iam, document, action, start, end):
    """It begins where what stands before it ends, as outputs of AWS show; a deny stands alone."""
    [result] = custom(iam, policy(deny("ec2:*")), document, actions=[action])
    [statement] = result["MatchedStatements"]
    assert statement == {
        "SourcePolicyId": "PolicyInputList.2",
        "SourcePolicyType": "IAM Policy",
        "StartPosition": {"Line": start[0], "Column": start[1]},
        "EndPosition": {"Line": end[0], "Column": end[1]},
    }


def test_policies_of_a_user_and_its_groups(iam):
    """Inline policies are named after their holder, managed ones by their name."""
    arns = [f"{BUCKET}/lea/k", f"{BUCKET}/secret/k"]
    results = iam.simulate_principal_policy(
        PolicySourceArn=f"{IAM}:user/lea", ActionNames=["s3:GetObject"], ResourceArns=arns
    )["EvaluationResults"]
    told = [
        (r["EvalDecision"], [s["SourcePolicyId"] for s in r["MatchedStatements"]]) for r in results
    ]
    assert told == [
        ("allowed", ["user_lea_inline", "AmazonS3ReadOnlyAccess"]),
        ("explicitDeny", ["group_readers_no-secrets"]),
    ]


def test_a_group_and_what_is_left_out(iam):
    """PolicyExclusionList takes policies out, by ARN, by name or by type."""
    group = {"PolicySourceArn": f"{IAM}:group/readers", "ActionNames": ["s3:GetObject"]}
    inline = {"PolicyName": "no-secrets", "AttachmentType": "group", "AttachmentName": "readers"}
    excluded = [
        ([], "explicitDeny"),
        ([{"InlinePolicyIdentifier": inline}], "allowed"),
        ([{"PolicyType": "inline"}, {"PolicyArn": READ_ONLY}], "implicitDeny"),
    ]
    for out, decision in excluded:
        [result] = iam.simulate_principal_policy(
            **group, ResourceArns=[f"{BUCKET}/secret/k"], PolicyExclusionList=out
        )["EvaluationResults"]
        assert result["EvalDecision"] == decision


def test_permissions_boundaries(iam):
    """The role's own one counts, unless others take its place."""
    role = {
        "PolicySourceArn": f"{IAM}:role/app",
        "ActionNames": ["s3:GetObject", "ec2:RunInstances"],
    }
    results = iam.simulate_principal_policy(**role)["EvaluationResults"]
    told = [
        (r["EvalDecision"], r["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"])
        for r in results
    ]
    assert told == [("allowed", True), ("implicitDeny", False)]
    wider = [policy(allow("ec2:*"), deny("s3:*"))]
    results = iam.simulate_principal_policy(**role, PermissionsBoundaryPolicyInputList=wider)
    first, second = results["EvaluationResults"]
    assert (first["EvalDecision"], second["EvalDecision"]) == ("explicitDeny", "allowed")
    [denying] = first["MatchedStatements"]
    assert denying["SourcePolicyId"] == "PermissionsBoundaryPolicyInputList.1"


CONTEXT = [
    # condition, context entry that meets it, one that does not
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ("true", "boolean"), ("false", "boolean")),
    ({"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}, ("5", "numeric"), ("99", "numeric")),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, ("10.1.2.3", "ip"), ("11.1.2.3", "ip")),
    ({"DateLessThan": {"aws:CurrentTime": "2026-01-02"}}, ("2026-01-01T00:00:00Z", "date"))
    + (("2027-01-01T00:00:00Z", "date"),),
    ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}, "Null": {"aws:TagKeys": "false"}},)
    + (("a", "stringList"), ("c", "stringList")),
    ({"BinaryEquals": {"x:blob": "QUJD"}}, ("QUJD", "binary"), ("QUJE", "binary")),
]


@pytest.mark.parametrize(("condition", "met", "unmet"), CONTEXT)
def test_context_entries(iam, condition, met, unmet):
    """Each type of key; a key that a statement asks for and nobody gives is missing."""
    held = policy(allow("s3:GetObject", Condition=condition))
    [name] = {name for block in condition.values() for name in block}
    for (value, kind), decision in ((met, "allowed"), (unmet, "implicitDeny")):
        [result] = custom(iam, held, ContextEntries=[key(name, value, kind=kind)])
        assert (result["EvalDecision"], result["MissingContextValues"]) == (decision, [])
    [result] = custom(iam, held)
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", [name])


def test_missing_are_only_keys_that_count(iam):
    """Keys of other actions and resources are not asked for; variables are."""
    home = f"{BUCKET}/${{aws:username}}/*"
    held = policy(
        allow("s3:GetObject", home),
        allow("s3:PutObject", Condition={"Bool": {"aws:SecureTransport": "true"}}),
    )
    [result] = custom(iam, held, ResourceArns=[f"{BUCKET}/lea/k"])
    assert result["MissingContextValues"] == ["aws:username"]
    [result] = custom(iam, held, ResourceArns=[f"{BUCKET}/lea/k"], CallerArn=f"{IAM}:user/lea")
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])
    named = [key("aws:username", "lea")]
    [result] = custom(iam, held, ResourceArns=[f"{BUCKET}/lea/k"], ContextEntries=named)
    assert result["EvalDecision"] == "allowed"


def test_resource_policies(iam):
    """The caller is in the Principal element; another account's resource wants both policies."""
    bucket = policy({**allow("s3:GetObject", f"{BUCKET}/*"), "Principal": {"AWS": ADMIN}})
    asked = {"ResourceArns": [f"{BUCKET}/k"], "CallerArn": ADMIN, "ResourcePolicy": bucket}
    nothing, everything = policy(allow("ec2:*")), policy(allow("s3:*"))
    [result] = custom(iam, nothing, **asked)
    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"][0]["SourcePolicyType"] == "Resource Policy"
    [result] = custom(iam, nothing, **asked, ResourceOwner="444455556666")
    assert result["EvalDecision"] == "implicitDeny"
    details = {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    assert result["EvalDecisionDetails"] == details
    [result] = custom(iam, everything, **asked, ResourceOwner="arn:aws:iam::444455556666:root")
    assert result["EvalDecision"] == "allowed"


def test_what_the_engine_does_not_know(world, iam):
    """A canonical user cannot be told from an ARN: only a Deny must not miss it."""
    owner = {"Principal": {"CanonicalUser": "0a" * 32}}
    bucket = policy({**deny("s3:GetObject", f"{BUCKET}/*"), **owner})
    got = world.lab.attempt(
        iam.simulate_custom_policy,
        PolicyInputList=[policy(allow("s3:*"))],
        ActionNames=["s3:GetObject"],
        ResourceArns=[f"{BUCKET}/k"],
        CallerArn=ADMIN,
        ResourcePolicy=bucket,
    )
    assert got.code == "SandboxNotModelled"


def test_service_control_policies(iam):
    levels = [{"ServiceControlPolicyInputList": [policy(allow("s3:Get*"))]}]
    actions = ("s3:GetObject", "s3:PutObject")
    results = custom(
        iam, policy(allow("*")), actions=actions, OrderedOrganizationPolicyInputList=levels
    )
    told = [
        (r["EvalDecision"], r["OrganizationsDecisionDetail"]["AllowedByOrganizations"])
        for r in results
    ]
    assert told == [("allowed", True), ("implicitDeny", False)]


def test_context_keys(iam):
    """Keys and variables, once each, as they were first written."""
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    team = {"StringEquals": {"ec2:ResourceTag/team": "${aws:PrincipalTag/team, 'x'}"}}
    held = [
        policy(
            allow("s3:*", f"{BUCKET}/${{aws:username}}/*", Condition=secure),
            allow("ec2:*", Condition=team),
        ),
        policy(deny("*", Condition={"Null": {"AWS:securetransport": "true"}})),
    ]
    found = iam.get_context_keys_for_custom_policy(PolicyInputList=held)["ContextKeyNames"]
    wanted = ["aws:SecureTransport", "aws:username", "ec2:ResourceTag/team"]
    assert found == [*wanted, "aws:PrincipalTag/team"]
    lea = iam.get_context_keys_for_principal_policy(PolicySourceArn=f"{IAM}:user/lea")
    assert lea["ContextKeyNames"] == ["aws:username"]


def test_pages(iam):
    asked = {"PolicyInputList": [policy(allow("*"))], "ActionNames": ["s3:Get", "s3:Put"]}
    first = iam.simulate_custom_policy(**asked, MaxItems=1)
    assert (len(first["EvaluationResults"]), first["IsTruncated"]) == (1, True)
    paginator = iam.get_paginator("simulate_custom_policy")
    pages = paginator.paginate(**asked, PaginationConfig={"PageSize": 1})
    assert len([r for page in pages for r in page["EvaluationResults"]]) == 2


def test_what_is_refused(world, iam):
    """NoSuchEntity for whom there is not, InvalidInput for what the simulator does not take."""
    good = {"PolicyInputList": [policy(allow("*"))], "ActionNames": ["s3:GetObject"]}
    lea = {"PolicySourceArn": f"{IAM}:user/lea", "ActionNames": ["s3:GetObject"]}
    one, other = iam.simulate_custom_policy, iam.simulate_principal_policy
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"
    cases = [
        (other, {**lea, "PolicySourceArn": f"{IAM}:user/nobody"}, "NoSuchEntity"),
        (other, {**lea, "PolicySourceArn": session}, "InvalidInput"),
        (other, {**lea, "PolicySourceArn": "arn:aws:iam::444455556666:user/lea"}, "InvalidInput"),
        (one, {**good, "PolicyInputList": ["{"]}, "InvalidInput"),
        (one, {**good, "ActionNames": ["s3:Get*"]}, "InvalidInput"),
        (one, {**good, "ActionNames": ["GetObject"]}, "InvalidInput"),
        (one, {**good, "CallerArn": session}, "InvalidInput"),
        (one, {**good, "ResourceOwner": "x"}, "InvalidInput"),
        (one, {**good, "ContextEntries": [key("a:number", "x", kind="numeric")]}, "InvalidInput"),
        (one, {**good, "ResourcePolicy": "{"}, "InvalidInput"),
        (one, {**good, "ResourcePolicy": policy(allow("*") | {"Principal": "*"})}, "InvalidInput"),
        (iam.get_context_keys_for_custom_policy, {"PolicyInputList": ["[]"]}, "InvalidInput"),
    ]
    for call, parameters, code in cases:
        got = world.lab.attempt(call, **parameters)
        assert (got.code, got.allowed) == (code, True), parameters


def test_who_may_simulate_whom(world):
    """iam:SimulatePrincipalPolicy is asked on the user, group or role."""
    only_lea = allow("iam:SimulatePrincipalPolicy", f"{IAM}:user/lea")
    session = world.user("tester", only_lea).client("iam")
    asked = {"ActionNames": ["s3:GetObject"]}
    call = session.simulate_principal_policy
    assert world.lab.attempt(call, PolicySourceArn=f"{IAM}:user/lea", **asked).succeeded
    refused = world.lab.attempt(call, PolicySourceArn=f"{IAM}:role/app", **asked)
    assert refused.code == "AccessDenied"
    assert f"{IAM}:role/app" in refused.message


def test_the_simulator_agrees_with_real_requests(world, iam):
    """Oracle: the calls themselves, made by the user whose policies are simulated."""
    statements = [
        allow("iam:List*"),
        deny("iam:ListRoles"),
        allow("iam:GetUser", f"{IAM}:user/lea"),
    ]
    session = world.user("real", *statements).client("iam")
    calls = {
        "iam:ListUsers": (session.list_users, {}, f"{IAM}:user/"),
        "iam:ListRoles": (session.list_roles, {}, f"{IAM}:role/"),
        "iam:GetUser": (session.get_user, {"UserName": "lea"}, f"{IAM}:user/lea"),
        "iam:GetRole": (session.get_role, {"RoleName": "app"}, f"{IAM}:role/app"),
    }
    words = {"Allowed": "allowed", "ImplicitlyDenied": "implicitDeny"}
    words["ExplicitlyDenied"] = "explicitDeny"
    for action, (call, parameters, arn) in calls.items():
        [result] = iam.simulate_principal_policy(
            PolicySourceArn=f"{IAM}:user/real", ActionNames=[action], ResourceArns=[arn]
        )["EvaluationResults"]
        assert result["EvalDecision"] == words[world.lab.attempt(call, **parameters).outcome]
