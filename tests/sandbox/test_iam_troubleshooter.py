"""IAM's access troubleshooter: denials end with an id, and the id tells what was decided."""

from __future__ import annotations

import re

import pytest
from scene import World, allow, deny, policy, trusts

from labhelpers import open_lab

ACCOUNT = "111122223333"
IAM = f"arn:aws:iam::{ACCOUNT}"
ENDING = re.compile(
    r"\. Go to https://us-east-1\.console\.aws\.amazon\.com/iam/home\?region=us-east-1"
    r"#/authorization-details/([0-9a-z]{25}) for complete details, or call the "
    r"GetRequestAuthorizationDetails API with the following authorization id: \1"
)


@pytest.fixture(scope="module")
def world():
    with open_lab() as lab:
        yield World(lab)


def denied(world, call, **parameters):
    """The authorization id of a denial."""
    got = world.lab.attempt(call, **parameters)
    assert got.code == "AccessDenied", got
    found = ENDING.search(got.message)
    assert found is not None and got.message.endswith(found[1]), got.message
    return found[1]


def toolbox(world, account=None):
    return world.lab.session(account).client("iam-toolbox")


def test_an_implicit_denial_and_its_details(world):
    lea = world.user("lea", allow("iam:ListRoles"), allow("iam:GetUser", f"{IAM}:user/else"))
    number = denied(world, lea.client("iam").get_user, UserName="lea")
    details = toolbox(world).get_request_authorization_details(authorizationId=number)
    [evaluation] = details["evaluations"]
    assert (evaluation["action"], evaluation["resource"]) == ("iam:GetUser", f"{IAM}:user/lea")
    assert evaluation["evaluatedEffect"] == "IMPLICIT_DENY"
    [check] = evaluation["checks"]
    assert (check["checkType"], check["evaluatedEffect"]) == ("PRINCIPAL", "IMPLICIT_DENY")
    assert check["matchedPolicies"] == []
    [held] = details["policies"]
    assert (held["type"], held["inline"]) == ("IDENTITY_BASED_POLICY", True)
    assert held["attachedTo"] == [{"arn": f"{IAM}:user/lea"}]
    assert details["requestContext"]["aws:username"] == "lea"
    assert details["requestContext"]["aws:SourceIp"] == "127.0.0.1"


def test_an_explicit_denial_names_its_statement(world):
    """Managed policies by their ARN, as they were: what happens to them later changes nothing."""
    iam = world.iam()
    statement = {"Sid": "NoRoles", **deny("iam:ListRoles")}
    made = iam.create_policy(PolicyName="fence", PolicyDocument=policy(statement))
    arn = made["Policy"]["Arn"]
    world.role("app", trusts(f"{IAM}:root"), permissions=[allow("*")], PermissionsBoundary=arn)
    root = world.lab.session()
    app = world.lab.session_from(world.assume(root, f"{IAM}:role/app").response)
    number = denied(world, app.client("iam").list_roles)
    iam.delete_role_permissions_boundary(RoleName="app")
    iam.delete_policy(PolicyArn=arn)
    details = toolbox(world).get_request_authorization_details(authorizationId=number)
    [evaluation] = details["evaluations"]
    assert evaluation["evaluatedEffect"] == "EXPLICIT_DENY"
    effects = [(c["checkType"], c["evaluatedEffect"]) for c in evaluation["checks"]]
    assert effects == [("PRINCIPAL", "ALLOW"), ("PERMISSIONS_BOUNDARY", "EXPLICIT_DENY")]
    named = {"sid": "NoRoles", "evaluatedEffect": "DENY"}
    [bounding] = evaluation["checks"][1]["matchedPolicies"]
    assert bounding == {"uri": arn, "matchedStatements": [named]}
    document = toolbox(world).get_request_authorization_policy(
        authorizationId=number, policyUri=arn
    )["policyDocument"]
    assert document["Statement"] == [statement]


def test_who_may_read_the_details(world):
    """Anybody of the account with the permission, nobody of another; ids that are none."""
    number = denied(world, world.user("ann").client("iam").get_user, UserName="ann")
    reader = world.user("reader", allow("iam:GetRequestAuthorizationDetails"))
    attempt = world.lab.attempt
    call = reader.client("iam-toolbox").get_request_authorization_details
    assert attempt(call, authorizationId=number).succeeded
    other = toolbox(world, "444455556666").get_request_authorization_details
    gone = attempt(other, authorizationId=number)
    assert (gone.code, gone.message) == (
        "ResourceNotFoundException",
        "The authorization details were not found.",
    )
    assert attempt(call, authorizationId="0" * 25).code == "ResourceNotFoundException"
    refused = attempt(call, authorizationId="NOT-ONE")
    assert refused.code == "ValidationException"
    nobody = world.user("nobody").client("iam-toolbox").get_request_authorization_details
    refused = attempt(nobody, authorizationId=number)
    assert refused.code == "AccessDeniedException"
    assert "authorization-details" not in refused.message
    policy_of = toolbox(world).get_request_authorization_policy
    assert attempt(policy_of, authorizationId=number, policyUri="x").code == (
        "ResourceNotFoundException"
    )


def test_other_services_have_no_such_id(world):
    got = world.lab.attempt(world.user("bob").client("ec2").describe_instances)
    assert "authorization-details" not in got.message
