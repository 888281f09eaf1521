"""Who a token or an assertion says its bearer is: the userIdentity of web identities and SAML.

Read without verifying anything: a log also shows the calls that were refused.
Source: IAM User Guide, "Logging IAM and AWS STS API calls"; CloudTrail User Guide, "userIdentity".
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

FEDERATED = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
#: Parameters that prove an identity, and therefore stand in no log.
TOKENS = ("WebIdentityToken", "SAMLAssertion")
_ASSERTION_ID = re.compile(rb"<(?:\w+:)?Assertion\b[^>]*?\bID=[\"']([^\"']{1,200})[\"']")
_NAME_ID = re.compile(rb"<(?:\w+:)?NameID\b[^>]*>([^<]{1,200})<")


def federated_identity(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """{"userIdentity": …, "sAMLAssertionID": …}, as far as the token can be read."""
    if operation == "AssumeRoleWithWebIdentity":
        return {"userIdentity": _web_identity(params)}
    return _saml(params)


def _web_identity(params: Mapping[str, Any]) -> dict[str, str]:
    identity = {"type": "WebIdentityUser"}
    claims = _claims(params.get("WebIdentityToken"))
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str):
        return identity
    audience = claims.get("azp") or claims.get("aud")
    if isinstance(audience, list):
        audience = audience[0] if audience else ""
    account = account_of(params.get("RoleArn"))
    provider = f"arn:aws:iam::{account}:oidc-provider/{issuer.removeprefix('https://')}"
    return identity | {
        "principalId": f"{provider}:{audience}:{subject}",
        "userName": subject,
        "identityProvider": provider,
    }


def _saml(params: Mapping[str, Any]) -> dict[str, Any]:
    """NameQualifier and Subject come from the answer (parameters.py): STS makes the former."""
    found: dict[str, Any] = {"userIdentity": {"type": "SAMLUser"}}
    assertion = _decoded(params.get("SAMLAssertion"))
    subject, number = _NAME_ID.search(assertion), _ASSERTION_ID.search(assertion)
    if subject:
        found["userIdentity"]["userName"] = subject[1].decode("utf-8", "replace").strip()
    if number:
        found["sAMLAssertionID"] = number[1].decode("utf-8", "replace")
    return found


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
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _decoded(assertion: Any) -> bytes:
    try:
        return base64.b64decode(assertion) if isinstance(assertion, str) else b""
    except (binascii.Error, ValueError):
        return b""
