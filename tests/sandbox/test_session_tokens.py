"""The size of session tokens, in every operation of STS that tells it (AWS_RECORDED G)."""

import pytest
from botocore.session import Session
from federation_scene import SamlWorld, WebWorld
from scene import allow, policy, trusts

from labhelpers import open_lab

ACCOUNT = "111122223333"
ADMIN = f"arn:aws:iam::{ACCOUNT}:user/lab-admin"
TASK = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
STS = Session().get_service_model("sts")
SIZED = [
    name
    for name in STS.operation_names
    if "MinimumSessionTokenSize" in STS.operation_model(name).input_shape.members
]


@pytest.fixture(scope="module")
def calls():
    """One call of each operation, ready to be made."""
    with open_lab("sandbox") as lab:
        web, saml = WebWorld(lab), SamlWorld(lab)
        organizations = lab.client("organizations")
        organizations.create_organization(FeatureSet="ALL")
        made = organizations.create_account(Email="m@example.com", AccountName="member")
        web.iam().enable_organizations_root_sessions()
        role = web.role("r", trusts(ADMIN), permissions=[allow("*")])
        given = {"RoleArn": role, "RoleSessionName": "me"}
        by_web, by_saml = web.behind("web"), saml.behind("saml")
        sts = lab.client("sts")
        session = lab.session_from(sts.assume_role(**given)).client("sts")
        yield {
            "AssumeRole": (sts.assume_role, given),
            "AssumeRoleWithSAML": (
                sts.assume_role_with_saml,
                {
                    "RoleArn": by_saml,
                    "PrincipalArn": saml.arn,
                    "SAMLAssertion": saml.idp.assertion(by_saml, saml.arn),
                },
            ),
            "AssumeRoleWithWebIdentity": (
                sts.assume_role_with_web_identity,
                {
                    "RoleArn": by_web,
                    "RoleSessionName": "me",
                    "WebIdentityToken": web.idp.github_actions(),
                },
            ),
            "AssumeRoot": (
                sts.assume_root,
                {
                    "TargetPrincipal": made["CreateAccountStatus"]["AccountId"],
                    "TaskPolicyArn": {"arn": TASK},
                },
            ),
            "GetFederationToken": (sts.get_federation_token, {"Name": "guest"}),
            "GetScopedCredentials": (session.get_scoped_credentials, {"DurationSeconds": 60}),
            "GetSessionToken": (sts.get_session_token, {}),
        }


@pytest.mark.parametrize("operation", SIZED)
def test_every_token_is_as_large_as_asked_for(calls, operation):
    call, given = calls[operation]
    plain = call(**given)
    size = len(plain["Credentials"]["SessionToken"])
    assert plain["SessionTokenSize"] == size > 0
    assert plain["SessionTokenUtilization"] == 100 * size // 4096
    for least in (0, size - 1, 1001, 4096):
        told = call(**given, MinimumSessionTokenSize=least)
        assert told["SessionTokenSize"] == len(told["Credentials"]["SessionToken"])
        assert max(least, size) <= told["SessionTokenSize"] < max(least, size) + 4
    assert told["SessionTokenUtilization"] == 100


def test_policies_and_tags_take_room(calls):
    call, given = calls["AssumeRole"]
    more = call(**given, Policy=policy(allow("s3:GetObject")))
    assert more["SessionTokenSize"] > call(**given)["SessionTokenSize"]


def test_a_federation_token_tells_a_packed_size_of_nothing(calls):
    """Recorded on AWS; AssumeRole leaves it out."""
    call, given = calls["GetFederationToken"]
    assert call(**given)["PackedPolicySize"] == 0
    call, given = calls["AssumeRole"]
    assert "PackedPolicySize" not in call(**given)
