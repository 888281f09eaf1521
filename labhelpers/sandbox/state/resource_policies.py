"""The policy that sits on a resource, as moto holds it at this moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labhelpers.policy import Policy
from labhelpers.sandbox.state import buckets, kms


def policy_on(action: str, arn: str | None) -> Policy | None:
    """The resource-based policy that is asked about an action on the resource of this ARN."""
    if arn is None or arn == "*":
        return None
    service = action.partition(":")[0]
    if service == "s3":
        return buckets.bucket_policy(arn.split(":::", 1)[1].partition("/")[0])
    if service == "kms" and ":key/" in arn:
        return kms.key_policy(arn)
    return None


def documents() -> Iterator[tuple[Any, str, str]]:
    """(object, attribute, text) of every policy on a resource of every account, but buckets'."""
    for key in kms.all_keys():
        yield key, "policy", key.policy
