"""S3 Block Public Access: what a bucket's settings refuse before any policy is asked.

A policy is public if an Allow names everybody and no condition ties the caller to fixed values.
Source: S3 User Guide, "Blocking public access to your Amazon S3 storage". The words of the
refusals are not verified on AWS. Not modelled: ACLs, and the settings of a whole account.
"""

from __future__ import annotations

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
_POSITIVE = ("StringEquals", "StringLike", "ArnEquals", "ArnLike", "IpAddress")
_BLOCKED = "because public policies are blocked by the BlockPublicPolicy setting of the bucket"


def is_public(policy: Policy) -> bool:
    """Whether a bucket policy lets strangers in."""
    statements = policy.document["Statement"]
    listed = [statements] if isinstance(statements, dict) else statements
    return any(_opens(statement) for statement in listed)


def _opens(statement: dict) -> bool:
    if statement["Effect"] != "Allow":
        return False
    named = statement.get("Principal", "*")
    if isinstance(named, dict):
        named = named.get("AWS", ())
    if "*" not in ([named] if isinstance(named, str) else named):
        return False
    return not any(_ties(*item) for item in statement.get("Condition", {}).items())


def _ties(operator: str, keys: dict) -> bool:
    if operator not in _POSITIVE:
        return False
    for key, values in keys.items():
        values = values if isinstance(values, list) else [values]
        fixed = all(str(value) not in ("*", "0.0.0.0/0", "::/0") for value in values)
        if key.lower() in _TYING and fixed:
            return True
    return False


def refuse_public_policy(bucket: str, policy: Policy, caller_arn: str) -> None:
    """BlockPublicPolicy: a public policy cannot be put on the bucket."""
    if buckets.public_access_block(bucket).get("BlockPublicPolicy") and is_public(policy):
        who = f"User: {caller_arn} is not authorized to perform: s3:PutBucketPolicy"
        text = f'{who} on resource: "arn:aws:s3:::{bucket}" {_BLOCKED}.'
        why = "The bucket blocks public access. Name the principals, or tie them by a condition."
        raise Refusal("AccessDenied", text, blocked_by="request", reason=why)


def refuse_strangers(bucket: str, owner: str, principal: Principal) -> None:
    """RestrictPublicBuckets: a public policy serves the owner's account only."""
    if principal.account == owner or not buckets.public_access_block(bucket).get(
        "RestrictPublicBuckets"
    ):
        return
    policy = buckets.bucket_policy(bucket)
    if policy is not None and is_public(policy):
        why = "The bucket's policy is public, and its RestrictPublicBuckets setting is on."
        raise Refusal("AccessDenied", "Access Denied", blocked_by="request", reason=why)
