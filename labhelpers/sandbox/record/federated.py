"""Who a token or an assertion says its bearer is: the userIdentity of web identities and SAML.

Where the proof was refused, it is read without verifying anything: a log shows those calls too.
Source: IAM User Guide, "Logging IAM and AWS STS API calls"; CloudTrail User Guide, "userIdentity".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from labhelpers.sandbox.wire.http import json_object

FEDERATED = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
#: Parameters that prove an identity, and therefore stand in no log.
TOKENS = ("WebIdentityToken", "SAMLAssertion")
_ASSERTION_ID = re.compile(rb"<(?:\w+:)?Assertion\b[^<>]*?\bID=[\"']([^\"']{1,200})[\"']")
_NAME_ID = re.compile(rb"<(?:\w+:)?NameID\b[^<>]*>([^<]{1,200})<")


def federated_identity(
    operation: str, params: Mapping[str, Any], proof: Any = None
) -> dict[str, dict[str, Any]]:
    """userIdentity, and what the proof adds to requestParameters and additionalEventData.

    `proof` is the verified one (interpret/sts/proofs.py), None where the call was refused before.
    """
    brought: dict[str, Any] = {}
    more: dict[str, Any] = {}
    if operation == "AssumeRoleWithWebIdentity":
        identity = _web_identity(params, proof)
        more = _connection(proof)
    else:
        identity, brought = _saml(params, proof)
    if proof is not None:
        brought |= _passed_along(proof)
    return {
        "userIdentity": identity,
        "requestParameters": brought,
        "additionalEventData": more,
    }


def _connection(proof: Any) -> dict[str, Any]:
    """How AWS knew the provider's certificate: by its own list of authorities, since 2024.

    A role that the token itself names is told, any other is not (a trial of 2026).
    """
    if proof is None:
        return {}
    found: dict[str, Any] = {"identityProviderConnectionVerificationMethod": "IAMTrustStore"}
    if proof.context.get("sts:RoleAuthorizedByIdp") == "true":
        found["RoleAuthorizedByIdp"] = True
    return found


def _passed_along(proof: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"roleSessionName": proof.session_name}
    if proof.source_identity:
        found["sourceIdentity"] = proof.source_identity
    if proof.tags:
        found["principalTags"] = dict(proof.tags)
    if proof.transitive:
        found["transitiveTagKeys"] = list(proof.transitive)
    return found


def _web_identity(params: Mapping[str, Any], proof: Any) -> dict[str, str]:
    if proof is not None:
        said = proof.members
        audience, subject = said["Audience"], said["SubjectFromWebIdentityToken"]
        return _web_user(proof.provider, audience, subject)
    claims = _claims(params.get("WebIdentityToken"))
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return {"type": "WebIdentityUser"}
    audience = claims.get("azp") or claims.get("aud")
    if isinstance(audience, list):
        audience = audience[0] if audience else ""
    account = account_of(params.get("RoleArn"))
    provider = f"arn:aws:iam::{account}:oidc-provider/{issuer.removeprefix('https://')}"
    return _web_user(provider, str(audience or ""), subject)


def _web_user(provider: str, audience: str, subject: str) -> dict[str, str]:
    return {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:{audience}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }


def _saml(params: Mapping[str, Any], proof: Any) -> tuple[dict[str, str], dict[str, Any]]:
    identity, brought = {"type": "SAMLUser"}, dict[str, Any]()
    assertion = _decoded(params.get("SAMLAssertion"))
    subject, number = _NAME_ID.search(assertion), _ASSERTION_ID.search(assertion)
    if number:
        brought["sAMLAssertionID"] = number[1].decode("utf-8", "replace")
    if proof is not None:
        qualifier, name = proof.members["NameQualifier"], proof.members["Subject"]
        identity |= {"principalId": f"{qualifier}:{name}", "userName": name}
        identity["identityProvider"] = qualifier
    elif subject:
        identity["userName"] = subject[1].decode("utf-8", "replace").strip()
    return identity, brought


def account_of(arn: Any) -> str:
    """The account in an ARN, "" where there is none."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    return parts[4] if len(parts) == 6 and re.fullmatch(r"[0-9]{12}", parts[4]) else ""


def _claims(token: Any) -> dict[str, Any]:
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        return json_object(base64.urlsafe_b64decode(padded))
    except ValueError:  # not even base64
        return {}


def _decoded(assertion: Any) -> bytes:
    try:
        return base64.b64decode(assertion) if isinstance(assertion, str) else b""
    except (binascii.Error, ValueError):
        return b""
