"""S3 Block Public Access: what a bucket's settings refuse before any policy is asked.

A policy is public if an Allow names everybody and no condition ties the caller to fixed values:
values without wildcards and variables, and addresses of at most a /8 (IPv6: /32).
Sources: S3 User Guide, "Blocking public access to your Amazon S3 storage", whose words logs
confirm (AWS_RECORDED C6); that aws:PrincipalArn with wildcards ties nobody: the same, and a report
of 2026-04-18. Not modelled: the settings of a whole account.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_network
from typing import Any

from labhelpers.policy import Policy, Principal
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal

#: Condition keys that make an Allow for everybody an Allow for somebody (S3 User Guide).
_TYING = frozenset(
    (
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    )
)
_POSITIVE = (
    "ArnEquals",
    "ArnLike",
    "IpAddress",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
)
_WIDEST = {4: 8, 6: 32}  # bits of a prefix: whatever is broader is everybody
_PREVENTED = "because public {} are prevented by the {} setting in S3 Block Public Access."


def is_public(policy: Policy) -> bool:
    """Whether a bucket policy lets strangers in."""
    statements = policy.document["Statement"]
    listed = [statements] if isinstance(statements, dict) else statements
    return any(_opens(statement) for statement in listed)


def _opens(statement: Mapping[str, Any]) -> bool:
    if statement["Effect"] != "Allow":
        return False
    named = statement.get("Principal", "*")
    if isinstance(named, dict):
        named = named.get("AWS", ())
    if "*" not in ([named] if isinstance(named, str) else named):
        return False
    return not any(_ties(*item) for item in statement.get("Condition", {}).items())


def _ties(operator: str, keys: Mapping[str, Any]) -> bool:
    # …IfExists and ForAllValues are satisfied by requests without the key.
    if operator.removeprefix("ForAnyValue:") not in _POSITIVE:
        return False
    for key, values in keys.items():
        listed = [str(value) for value in (values if isinstance(values, list) else [values])]
        if key.lower() in _TYING and _fixed(key.lower(), listed):
            return True
    return False


def _fixed(key: str, values: Collection[str]) -> bool:
    if key == "aws:sourceip":
        return _narrow(values)
    if key == "s3:dataaccesspointarn":  # its account has to be fixed, its name need not
        values = [value.split(":")[4] if value.count(":") > 4 else "*" for value in values]
    elif key == "aws:principalorgpaths":  # so has the organization
        values = [value.partition("/")[0] for value in values]
    return not any("*" in value or "?" in value or "${" in value for value in values)


def _narrow(values: Collection[str]) -> bool:
    """Whether addresses are few: the two halves of all are no more fixed than the whole."""
    try:
        networks = [ip_network(value, strict=False) for value in values]
    except ValueError:  # a variable
        return False
    return all(network.prefixlen >= _WIDEST[network.version] for network in networks)


def refuse_public_policy(bucket: str, owner: str, policy: Policy, caller: Principal) -> None:
    """BlockPublicPolicy: a public policy cannot be put on the bucket."""
    if "BlockPublicPolicy" in buckets.public_access_block(bucket) and is_public(policy):
        arn = f"arn:aws:s3:::{bucket}"
        why = (
            "The bucket blocks public access, as every new one does. Name the principals, or tie "
            "them by a condition; to open the bucket all the same, switch the setting off first: "
            "DeletePublicAccessBlock or PutPublicAccessBlock."
        )
        raise prevented(
            ("policies", "BlockPublicPolicy"), "PutBucketPolicy", arn, owner, caller, why
        )


def prevented(
    what: tuple[str, str], action: str, arn: str, owner: str, caller: Principal, why: str
) -> Refusal:
    """`what` is blocked by which setting; strangers to the account are not told."""
    text = "Access Denied"
    if caller.account == owner:
        who = f"User: {caller.arn} is not authorized to perform: s3:{action}"
        text = f'{who} on resource: "{arn}" {_PREVENTED.format(*what)}'
    return Refusal("AccessDenied", text, blocked_by="request", reason=why)


def refuse_strangers(bucket: str, owner: str, principal: Principal) -> None:
    """RestrictPublicBuckets: a public policy serves the owner's account only."""
    if principal.account == owner:
        return
    if "RestrictPublicBuckets" not in buckets.public_access_block(bucket):
        return
    policy = buckets.bucket_policy(bucket)
    if policy is not None and is_public(policy):
        why = "The bucket's policy is public, and its RestrictPublicBuckets setting is on."
        raise Refusal("AccessDenied", "Access Denied", blocked_by="request", reason=why)
