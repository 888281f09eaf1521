"""Service-specific credentials, access reports, and the small settings that clients ask for."""

from __future__ import annotations

import pytest
from scene import World, allow, deny, trusts

from labhelpers import open_lab

ACCOUNT = "111122223333"
IAM = f"arn:aws:iam::{ACCOUNT}"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture(scope="module")
def world():
    with open_lab() as lab:
        world = World(lab)
        world.user("lea", allow(["s3:Get*", "ec2:*"]), deny("sqs:*"))
        world.iam().attach_user_policy(UserName="lea", PolicyArn=READ_ONLY)
        yield world


@pytest.fixture(scope="module")
def iam(world):
    return world.iam()


def test_service_specific_credentials(world, iam):
    """Made, listed without their secret, made anew, switched off, deleted before their user."""
    world.iam().create_user(UserName="coder")
    assert (
        iam.list_service_specific_credentials(UserName="coder")["ServiceSpecificCredentials"] == []
    )
    of = {"UserName": "coder", "ServiceName": "codecommit.amazonaws.com"}
    made = iam.create_service_specific_credential(**of)["ServiceSpecificCredential"]
    assert made["ServiceUserName"] == f"coder-at-{ACCOUNT}"
    named = {
        "UserName": "coder",
        "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"],
    }
    new = iam.reset_service_specific_credential(**named)["ServiceSpecificCredential"]
    assert new["ServicePassword"] != made["ServicePassword"]
    iam.update_service_specific_credential(**named, Status="Inactive")
    [listed] = iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    assert (listed["Status"], "ServicePassword" in listed) == ("Inactive", False)
    iam.create_service_specific_credential(**of)
    attempt = world.lab.attempt
    assert attempt(iam.create_service_specific_credential, **of).code == "LimitExceeded"
    other = {**of, "ServiceName": "s3.amazonaws.com"}
    assert attempt(iam.create_service_specific_credential, **other).code == "NotSupportedService"
    assert attempt(iam.delete_user, UserName="coder").code == "DeleteConflict"
    for credential in iam.list_service_specific_credentials(**of)["ServiceSpecificCredentials"]:
        number = credential["ServiceSpecificCredentialId"]
        iam.delete_service_specific_credential(UserName="coder", ServiceSpecificCredentialId=number)
    iam.delete_user(UserName="coder")
    gone = attempt(iam.list_service_specific_credentials, UserName="coder")
    assert (gone.code, gone.message) == (
        "NoSuchEntity",
        "The user with name coder cannot be found.",
    )


def test_api_keys_expire(iam):
    of = {"UserName": "lea", "ServiceName": "bedrock.amazonaws.com", "CredentialAgeDays": 30}
    made = iam.create_service_specific_credential(**of)["ServiceSpecificCredential"]
    assert (made["ExpirationDate"] - made["CreateDate"]).days == 30
    assert "ServiceCredentialSecret" in made
    assert "ServicePassword" not in made


def test_services_that_an_identity_can_reach(world, iam):
    """What its Allow statements name; nobody has been there, for IAM's data is hours old."""
    job = iam.generate_service_last_accessed_details(Arn=f"{IAM}:user/lea")["JobId"]
    details = iam.get_service_last_accessed_details(JobId=job)
    assert (details["JobStatus"], details["JobType"]) == ("COMPLETED", "SERVICE_LEVEL")
    services = {service["ServiceNamespace"] for service in details["ServicesLastAccessed"]}
    assert {"s3", "ec2", "s3-object-lambda"} <= services
    assert "sqs" not in services
    world.role("admin", trusts(f"{IAM}:root"), permissions=[allow("*")])
    job = iam.generate_service_last_accessed_details(Arn=f"{IAM}:role/admin")["JobId"]
    page = iam.get_service_last_accessed_details(JobId=job)
    assert page["IsTruncated"]
    gone = world.lab.attempt(iam.get_service_last_accessed_details, JobId="x" * 36)
    assert gone.code == "NoSuchEntity"


def test_policies_that_open_a_service(iam):
    asked = {"Arn": f"{IAM}:user/lea", "ServiceNamespaces": ["s3", "ec2", "sqs"]}
    found = iam.list_policies_granting_service_access(**asked)["PoliciesGrantingServiceAccess"]
    names = {one["ServiceNamespace"]: [p["PolicyName"] for p in one["Policies"]] for one in found}
    assert names == {"s3": ["inline", "AmazonS3ReadOnlyAccess"], "ec2": ["inline"], "sqs": []}
    inline, managed = found[0]["Policies"]
    assert (inline["PolicyType"], inline["EntityType"]) == ("INLINE", "USER")
    assert (managed["PolicyType"], managed["PolicyArn"]) == ("MANAGED", READ_ONLY)


def test_settings(world, iam):
    """Answered as an account without an organization answers, or refused as not modelled."""
    attempt = world.lab.attempt
    call = iam.set_security_token_service_preferences
    assert attempt(call, GlobalEndpointTokenVersion="v1Token").succeeded
    refused = attempt(call, GlobalEndpointTokenVersion="v2Token")
    assert refused.code == "SandboxNotModelled"
    nobody = attempt(iam.list_organizations_features)
    assert nobody.code == "AccountNotManagementOrDelegatedAdministratorException"
    world.lab.session().client("organizations").create_organization(FeatureSet="ALL")
    iam.enable_organizations_root_sessions()
    assert iam.list_organizations_features()["EnabledFeatures"] == ["RootSessions"]
    iam.disable_organizations_root_sessions()
    assert iam.list_organizations_features()["EnabledFeatures"] == []


def test_tags_of_saml_providers(world, iam):
    tags = [{"Key": "team", "Value": "red"}]
    document = world.lab.saml_provider().metadata
    arn = iam.create_saml_provider(Name="corp", SAMLMetadataDocument=document, Tags=tags)
    provider = {"SAMLProviderArn": arn["SAMLProviderArn"]}
    assert iam.list_saml_provider_tags(**provider)["Tags"] == tags
    iam.untag_saml_provider(**provider, TagKeys=["team"])
    assert iam.list_saml_provider_tags(**provider)["Tags"] == []


def test_who_looks_leaves_nothing_behind(world, iam):
    import moto_state

    iam.create_user(UserName="looked-at")
    iam.create_instance_profile(InstanceProfileName="looked-at")
    before = moto_state.texts(moto_state.things())
    listed = iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    tags = iam.list_instance_profile_tags(InstanceProfileName="looked-at")["Tags"]
    assert moto_state.texts(moto_state.things()) == before
    assert tags == [] and all(one["UserName"] != "looked-at" for one in listed)
