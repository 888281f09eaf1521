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
_SERVICES = (
    "A service of AWS acts for everybody: the lab lets one into a bucket only on behalf of its own "
    "accounts (a condition on aws:SourceAccount, or aws:SourceArn with an account in it)."
)
_LOCKED = "After this policy the lab itself could not remove {bucket} any more (s3:{action})."
#: Operators under which a star is tied to the values of its key; "IfExists" would untie it.
_TIES = ("StringEquals", "StringLike", "ArnEquals", "ArnLike")
_NUMBER = re.compile(r"(\d{12})", re.ASCII)
#: What tells who calls, and on whose behalf a service does; with the account as the first group.
_CALLER = {
    "aws:principalaccount": _NUMBER,
    "aws:principalarn": re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):.+", re.ASCII),
}
_SOURCE = {
    "aws:sourceaccount": _NUMBER,
    "aws:sourcearn": re.compile(r"arn:aws:[a-z0-9-]+:[\w*-]*:(\d{12}):.+", re.ASCII),
}
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
    if any(_is_open(s) and not _is_tied(s, accounts, _CALLER) for s in given):
        raise SandboxOnly(_PUBLIC)
    if any(_is_a_services(s) and not _is_tied(s, accounts, _SOURCE) for s in given):
        raise SandboxOnly(_SERVICES)
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


def _is_a_services(statement: Mapping[str, Any]) -> bool:
    return any(kind == "Service" for kind, _ in principals(statement))


def _is_tied(
    statement: Mapping[str, Any], accounts: Collection[str], keys: Mapping[str, re.Pattern[str]]
) -> bool:
    """Whether a condition on one of `keys` ties a statement to these accounts."""
    conditions = statement.get("Condition")
    blocks = conditions if isinstance(conditions, Mapping) else {}
    return any(
        _are_within(listed(values), accounts, keys[str(key).lower()], operator)
        for operator in _TIES
        if isinstance(blocks.get(operator), Mapping)
        for key, values in blocks[operator].items()
        if str(key).lower() in keys
    )


def _are_within(
    values: list[Any], accounts: Collection[str], form: re.Pattern[str], operator: str
) -> bool:
    """A star of StringLike goes over colons: behind one, what stands for an account may be part of
    a name."""
    found = [form.fullmatch(str(value)) for value in values]
    if operator == "StringLike" and any("*" in one.string[: one.start(1)] for one in found if one):
        return False
    return bool(found) and all(one is not None and one[1] in accounts for one in found)


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
