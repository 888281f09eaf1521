"""Which condition keys a caller can influence, and how: the parameter or deed behind a key."""

from __future__ import annotations

import binascii

from labhelpers.policy.language.conditions import parts_of
from labhelpers.policy.language.model import Failure, Request

_PARAMETERS = {
    "sts:externalid": "ExternalId",
    "sts:rolesessionname": "RoleSessionName",
    "sts:sourceidentity": "SourceIdentity",
    "s3:prefix": "Prefix",
    "s3:delimiter": "Delimiter",
    "s3:max-keys": "MaxKeys",
    "s3:versionid": "VersionId",
    "s3:x-amz-acl": "ACL",
    "s3:x-amz-server-side-encryption": "ServerSideEncryption",
    "ec2:instancetype": "InstanceType",
}
#: Keys whose values STS allows no star and no question mark in.
_NO_STARS = ("sts:externalid", "sts:rolesessionname", "sts:sourceidentity")
_DEEDS = {
    "aws:multifactorauthpresent": "Authenticate with MFA: pass SerialNumber and TokenCode.",
    "aws:securetransport": "Use HTTPS.",
}


def sample(failure: Failure) -> str | None:
    """Return a value that would meet a condition, None where one cannot be told."""
    prefix, base, _ = parts_of(failure.operator)
    if not failure.wanted or prefix == "ForAllValues:":
        return None
    value = failure.wanted[0]
    if "${" in value:
        return None
    if base in ("StringLike", "ArnLike", "ArnEquals"):
        return value.replace("*", "x").replace("?", "x")
    if base == "BinaryEquals":
        return binascii.a2b_base64(value).decode("latin-1")
    if base == "IpAddress":
        return value.partition("/")[0]
    if failure.key.lower() in _NO_STARS and ("*" in value or "?" in value):
        return None  # StringEquals takes a star literally, and no request can hold one
    if base in ("StringEquals", "StringEqualsIgnoreCase", "Bool", "NumericEquals"):
        return value
    if base in ("NumericLessThanEquals", "NumericGreaterThanEquals"):
        return value
    return None


def advice_to_send(request: Request, failure: Failure, value: str) -> str:
    """Say how a request comes to carry a key, "" where its caller has no say in it."""
    key = failure.key.lower()
    base = parts_of(failure.operator)[1]
    wild = base in ("StringLike", "ArnLike", "ArnEquals") and value != failure.wanted[0]
    shown = failure.wanted[0] if wild or base == "IpAddress" else value
    if key in _DEEDS:
        return _DEEDS[key] if value.lower() == "true" else ""
    if key in _PARAMETERS:
        name = _PARAMETERS[key]
        return f"Pass a {name} like {shown}." if wild else f"Pass {name}={shown}."
    name = failure.key.partition("/")[2]
    if key.startswith("aws:requesttag/"):
        return f"Pass the tag {name} {'like' if wild else '='} {shown}."
    if key.startswith("aws:principaltag/"):
        return f"Tag the caller with {name} {'like' if wild else '='} {shown}."
    if key.startswith(("aws:resourcetag/", "iam:resourcetag/", "ec2:resourcetag/")):
        return f"Tag the resource with {name} {'like' if wild else '='} {shown}."
    if key == "aws:sourceip":
        return f"Call from {shown}."
    if key == "aws:requestedregion":
        return f"Call the Region {shown}."
    return ""
