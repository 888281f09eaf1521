"""The condition keys that a request holds: who, when, from where, and those of its actions.

Source: STS_FACTS 5.2 (IAM User Guide, "AWS global condition context keys"); which action has
which keys: Service Authorization Reference, with which trials on AWS in 2026 agree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.policy.language.model import RESOURCE
from labhelpers.policy.linting.catalogue import WELL_DESCRIBED, can_hold
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.organizations import organization_of
from labhelpers.sandbox.wire.times import iso

#: Keys that a request of this sandbox holds, or of which it knows that AWS would leave them
#: out. Everything else is unknown: a statement that asks for it decides nothing.
MODELLED_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:FederatedProvider",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID",
        "aws:PrincipalServiceName",
        "aws:PrincipalType",
        "aws:Referer",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:ResourceOrgID",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIdentity",
        "aws:SourceIp",
        "aws:SourceOwner",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:TokenIssueTime",
        "aws:UserAgent",
        "aws:ViaAWSService",
        "aws:VpcSourceIp",
        "aws:userid",
        "aws:username",
        "ec2:CreateAction",
        "ec2:Region",
        "ec2:RoleDelivery",
        "ec2:SourceInstanceARN",
        "iam:PassedToService",
        "iam:PermissionsBoundary",
        "iam:PolicyARN",
        "s3:VersionId",
        "s3:authType",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:signatureversion",
        "sts:DurationSeconds",
        "sts:ExternalId",
        "sts:IdentityTokenAudience",
        "sts:RoleAuthorizedByIdp",
        "sts:RoleSessionName",
        "sts:SigningAlgorithm",
        "sts:SourceIdentity",
        "sts:TaskPolicyArn",
        "sts:TransitiveTagKeys",
    )
)
_GLOBAL_SERVICES = ("iam", "sts")
_TAG_KEYS = (
    "aws:requesttag/",
    "aws:resourcetag/",
    "ec2:resourcetag/",
    "iam:resourcetag/",
    "s3:existingobjecttag/",
    "s3:requestobjecttag/",
)


def keys_of(check: Check) -> dict[str, Any]:
    """What a check holds of its own: the keys of its call that its action has.

    One call may ask for several actions, and each is held against the policies by itself:
    AssumeRole with tags and an external ID asks for sts:TagSession without the external ID.
    """
    return {key: value for key, value in check.context.items() if can_hold(check.action, key)}


def is_modelled(key: str, check: Check) -> bool:
    """Whether an absent key is truly absent from this check's request."""
    if key == RESOURCE:
        return False
    key = key.lower()
    if key in check.unknown:
        return False
    if key.startswith("kms:"):  # interpret/kms knows them all
        return True
    if key in MODELLED_KEYS or key.startswith("aws:principaltag/"):
        return True
    if check.action.partition(":")[0] in WELL_DESCRIBED and not can_hold(check.action, key):
        return True
    if key == "aws:tagkeys" or key.startswith(_TAG_KEYS):
        return check.tags_known
    # Keys of identity providers have a host name, or saml, in front of the colon.
    prefix = key.partition(":")[0]
    return "." in prefix or prefix == "saml" or key.startswith("s3:x-amz-")


def request_context(
    call: Call, caller: Caller, headers: dict[str, str], source_ip: str, lab_now: datetime
) -> dict[str, Any]:
    """The keys that all checks of a call share.

    aws:SecureTransport is "true": the loopback endpoint stands for AWS's HTTPS endpoints.
    """
    region = "us-east-1" if call.service in _GLOBAL_SERVICES else caller.region
    context = {
        "aws:CurrentTime": iso(lab_now),
        "aws:EpochTime": str(int(lab_now.timestamp())),
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true",
        "aws:SourceIp": source_ip,
        "aws:ViaAWSService": "false",
    }
    if "user-agent" in headers:
        context["aws:UserAgent"] = headers["user-agent"]
    if "referer" in headers:
        context["aws:Referer"] = headers["referer"]
    return context


def caller_context(caller: Caller, lab_now: datetime) -> dict[str, Any]:
    """The keys that say who calls, with what kind of credentials."""
    context = {"aws:userid": caller.user_id} if caller.user_id else {}
    if caller.user_name and caller.principal.kind == "user":
        context["aws:username"] = caller.user_name
    context |= org_key("aws:PrincipalOrgID", caller.principal.account)
    tags = iam.principal_tags(caller.principal, caller.user_name)
    session = caller.session
    if session is not None:
        tags |= session.tags
        context |= session.carried
        context["aws:TokenIssueTime"] = iso(session.issued)
        context["aws:MultiFactorAuthPresent"] = "false" if session.mfa_at is None else "true"
        if session.mfa_at is not None:
            age = int((lab_now - session.mfa_at).total_seconds())
            context["aws:MultiFactorAuthAge"] = str(age)
        if session.source_identity:
            context["aws:SourceIdentity"] = session.source_identity
        if session.provider:
            context["aws:FederatedProvider"] = session.provider
    return context | {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}


def org_key(key: str, account_id: str) -> dict[str, str]:
    """The id of an account's organization under this key; nothing outside of one."""
    found = organization_of(account_id)
    return {key: found[1].org.id} if found else {}
