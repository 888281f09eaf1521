"""The policy that sits on a resource, as moto holds it at this moment.

Source for what a policy opens to other accounts: SQS Developer Guide, "Overview of managing access"
(actions that only the owner's account may do).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labhelpers.policy import Policy, parse
from labhelpers.sandbox.state import buckets, kms
from labhelpers.sandbox.state.policy_holders import every_holder, holders, holders_of

#: Services, beside S3 and KMS, whose resource-based policies are asked; by the prefix of ARNs.
SERVICES = ("dynamodb", "ecr", "events", "lambda", "secretsmanager", "sns", "sqs")
#: It speaks of AWS:SourceOwner, which no request of a caller holds.
_DEFAULT_OF_TOPICS = "__default_statement_ID"
#: Actions that no policy opens to another account.
_OWNERS = frozenset(
    f"sqs:{name}".lower()
    for name in (
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListMessageMoveTasks",
        "ListQueues",
        "ListQueueTags",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    )
)


def policy_on(action: str, arn: str | None, foreign: bool) -> Policy | None:
    """The resource-based policy that is asked about an action on the resource of this ARN.

    `foreign`: the caller's account is not the resource's.
    """
    if arn is None or arn == "*":
        return None
    service = action.partition(":")[0]
    if service == "s3":
        return buckets.bucket_policy(arn.split(":::", 1)[1].partition("/")[0])
    if service == "kms" and ":key/" in arn:
        return kms.key_policy(arn)
    parts = arn.split(":", 5)
    if service not in SERVICES or len(parts) < 6 or parts[2] != service:
        return None
    if foreign and action.lower() in _OWNERS:
        return None
    _, _, _, region, account, name = parts
    found = [
        json.loads(text)
        for holder, attribute in holders(service, region, account, name.removeprefix("secret:"))
        if (text := getattr(holder, attribute))
    ]
    if not found:
        return None
    # Only the versions of a function have several, all of the same language.
    statements = [statement for document in found for statement in _statements(document)]
    return _policy({**found[0], "Statement": statements}, f"policy of {name}")


def _policy(document: dict[str, Any], name: str) -> Policy | None:
    statements = _statements(document)
    if not statements:
        return None
    return parse(json.dumps({**document, "Statement": statements}), kind="resource", name=name)


def may_be_bound(action: str, account: str) -> bool:
    """Whether some policy of an account's resources speaks of an action, where nobody knows which
    resource a request is for; one that comes to be has none yet."""
    service, _, name = action.partition(":")
    if service not in SERVICES or name.startswith("Create"):
        return False
    texts = (getattr(*holder) for holder in holders_of(service, account))
    policies = (_policy(json.loads(text), "a resource's policy") for text in texts if text)
    return any(
        statement.sid != _DEFAULT_OF_TOPICS
        for policy in policies
        if policy is not None
        for statement in policy.about(action.lower())
    )


def documents() -> Iterator[tuple[Any, str, str]]:
    """(object, attribute, text) of every policy on a resource of every account, but buckets'."""
    for key in kms.all_keys():
        yield key, "policy", key.policy
    for holder, attribute in every_holder():
        text = getattr(holder, attribute)
        if text:
            yield holder, attribute, text


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    """ECR's policies may do without a Resource: theirs is the repository."""
    listed = document["Statement"]
    raw = listed if isinstance(listed, list) else [listed]
    return [s if "NotResource" in s else {"Resource": "*", **s} for s in raw]
