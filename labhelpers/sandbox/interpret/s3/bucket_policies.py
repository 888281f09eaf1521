"""The documents that PutBucketPolicy takes."""

from __future__ import annotations

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.sandbox.state.stored_principals import refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal, malformed_policy


def bucket_policy(body: bytes) -> Policy:
    """The policy in a request, or a Refusal."""
    try:
        policy = parse(body.decode("utf-8"), kind="resource")
        refuse_strangers(policy, "MalformedPolicy")
        return policy
    except UnicodeDecodeError:
        raise Refusal("MalformedPolicy", "Policies must be valid JSON", 400) from None
    except PolicyError as error:
        raise malformed_policy(error, "MalformedPolicy") from None
