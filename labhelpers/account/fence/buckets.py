"""What a bucket policy must not do: let in strangers, or lock out whoever has to remove it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from labhelpers.account.fence.trust import (
    allows,
    listed,
    names_everybody,
    names_strangers,
    principals,
)
from labhelpers.errors import SandboxOnly
from labhelpers.policy import Policy, PolicyError, Principal, Request, evaluate, parse

_PUBLIC = "AWS blocks public buckets, and the lab leaves it at that."
_STRANGERS = "The lab lets no other account into a bucket on a real account."
_LOCKED = "After this policy the lab itself could not remove {bucket} any more (s3:{action})."
#: Operators under which a star is tied to the values of its key; "IfExists" would untie it.
_TIES = ("StringEquals", "StringLike", "ArnEquals", "ArnLike")
#: An object's own Deny goes with the policy, which is deleted first.
_NEEDED = (
    "DeleteBucketPolicy",
    "PutBucketPolicy",
    "GetBucketPolicy",
    "DeleteBucket",
    "ListBucketVersions",
    "GetBucketTagging",
    "PutBucketTagging",
)
#: What the request of a sweep carries for certain.
_KNOWN = {"aws:securetransport": "true", "aws:principalisawsservice": "false"}


def check_bucket_policy(
    text: str,
    bucket: str,
    accounts: Collection[str],
    ids: Collection[str],
    learners: Collection[str],
) -> None:
    """Raises SandboxOnly unless the policy, in the account's names, stays among `accounts`, and
    each of `learners` (ARNs) can still take it away."""
    given = allows(text)
    if any(_is_open(s) and not _is_tied(s, accounts) for s in given):
        raise SandboxOnly(_PUBLIC)
    federated = any(kind == "Federated" for s in given for kind, _ in principals(s))
    if federated or names_strangers(text, accounts, ids):
        raise SandboxOnly(_STRANGERS)
    try:
        policy = parse(text, kind="resource")
    except PolicyError:
        return  # S3 says so
    for arn in learners:
        for action in _NEEDED:
            if not _may_still(arn, action, bucket, policy):
                raise SandboxOnly(_LOCKED.format(bucket=bucket, action=action))


def _is_open(statement: Mapping[str, Any]) -> bool:
    return "NotPrincipal" in statement or names_everybody(statement)


def _is_tied(statement: Mapping[str, Any], accounts: Collection[str]) -> bool:
    """Whether a condition ties a star to principals of these accounts."""
    conditions = statement.get("Condition")
    blocks = conditions if isinstance(conditions, Mapping) else {}
    return any(
        _is_within(str(key).lower(), values, accounts)
        for operator in _TIES
        if isinstance(blocks.get(operator), Mapping)
        for key, values in blocks[operator].items()
    )


def _is_within(key: str, values: Any, accounts: Collection[str]) -> bool:
    if key == "aws:principalaccount":
        return bool(listed(values)) and all(value in accounts for value in listed(values))
    if key != "aws:principalarn" or not listed(values):
        return False
    arn = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):.+")
    found = [arn.fullmatch(str(value)) for value in listed(values)]
    return all(one is not None and one[1] in accounts for one in found)


def _may_still(arn: str, action: str, bucket: str, policy: Policy) -> bool:
    """Whether no Deny could keep a learner from it, whatever else a request may carry."""
    request = Request(
        _principal(arn),
        f"s3:{action}",
        f"arn:aws:s3:::{bucket}",
        arn.split(":")[4],
        _KNOWN,
        lambda key: key.lower() in _KNOWN,
    )
    return evaluate(request, identity=(_EVERYTHING,), resource=policy).allowed


def _principal(arn: str) -> Principal:
    account, name = arn.split(":")[4:6]
    if not name.startswith("assumed-role/"):
        return Principal("user", arn, account)
    role = f"arn:aws:iam::{account}:role/{name.split('/')[1]}"
    return Principal("role-session", arn, account, role_arn=role)


_EVERYTHING = parse(
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}',
    kind="identity",
)
