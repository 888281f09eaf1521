"""The documents that PutBucketPolicy takes, and S3's words for those that it does not.

S3 is stricter than IAM: a statement speaks of this bucket only, each action has to apply to one of
its resources, and each condition key to each action. Sources: recorded on AWS for what is no JSON;
logs for the other words (AWS_RECORDED A5, C7). Conditions come before resources in trials on AWS;
the rest of the order, `Detail`, and that "*" is no bucket's ARN are not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.policy.linting import catalogue
from labhelpers.policy.linting.keys import GLOBAL
from labhelpers.sandbox.state.stored_principals import refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal

_CODE = "MalformedPolicy"
_MAX_SIZE = 20 * 1024  # bytes
_ELEMENTS = frozenset(("Version", "Id", "Statement", "Sid", "Effect", "Condition")) | {
    prefix + name for prefix in ("", "Not") for name in ("Principal", "Action", "Resource")
}
_NO_JSON = "Policies must be valid JSON and the first byte must be '{'"
_PRINCIPAL = "Invalid principal in policy"
_RESOURCE = "Policy has invalid resource"
_ACTION = "Policy has invalid action"
_NOT_ITS_RESOURCE = "Action does not apply to any resource(s) in statement"
_NO_KEY = "Policy has an invalid condition key"
_NOT_ITS_KEY = "Conditions do not apply to combination of actions and resources in statement"
_LAST = re.compile(r"(\w+)(?:\[\d+\])?$")


def bucket_policy(bucket: str, body: bytes) -> Policy:
    """The policy in a request, or a Refusal."""
    if len(body) > _MAX_SIZE:
        raise _malformed("Policy exceeds the maximum allowed document size.", "")
    if not body.startswith(b"{"):
        raise _malformed(_NO_JSON, "A bucket policy is a JSON object.")
    try:
        policy = parse(body.decode("utf-8"), kind="resource")
    except UnicodeDecodeError:
        raise _malformed(_NO_JSON, "It is no UTF-8.") from None
    except PolicyError as error:
        where = f"At {error.path}: " if error.path else ""
        raise _malformed(_words(error), f"{where}{error.hint}") from None
    try:
        refuse_strangers(policy, _CODE)
    except Refusal as error:
        named = error.message.partition(": ")[2]
        raise _malformed(_PRINCIPAL, error.reason, named) from None
    listed = policy.document["Statement"]
    for statement in listed if isinstance(listed, list) else [listed]:
        _check(statement, bucket)
    return policy


def _malformed(text: str, why: str, detail: str = "") -> Refusal:
    details = {"Detail": detail[:400]} if detail else {}
    return Refusal(_CODE, text, 400, reason=why, details=details)


def _words(error: PolicyError) -> str:
    """S3's words for a defect that IAM words otherwise."""
    text, path = str(error), error.path
    if text == "This policy contains invalid Json":
        return _NO_JSON
    if ".Condition" in path and text.startswith("Actions/Conditions must be prefaced"):
        return _NO_KEY
    if path == "Version":
        return "The policy must contain a valid version string"
    for name in ("Action", "Resource"):
        if text == f"Policy statement must contain {name.lower()}s.":
            return f"Missing required field {name}"
    found = _LAST.search(path)
    last = found[1] if found else ""
    if re.search(r"\.(Not)?Principal\b", path):
        return _PRINCIPAL
    if getattr(error, "at_name", False) and last not in _ELEMENTS and ".Condition." not in path:
        return f"Unknown field {last}"
    for name, words in (("Action", _ACTION), ("Resource", _RESOURCE)):
        if last in (name, f"Not{name}") and not getattr(error, "at_name", False):
            empty = error.hint.startswith("It is empty")
            return f"Missing required field {name} cannot be empty!" if empty else words
    return text.replace("Syntax errors in policy.", "Invalid policy syntax.")


def _check(statement: Mapping[str, Any], bucket: str) -> None:
    actions, resources = _texts(statement, "Action"), _texts(statement, "Resource")
    for action in (*actions, *_texts(statement, "NotAction")):
        if action != "*" and not (action.lower().startswith("s3:") and catalogue.expand(action)):
            raise _malformed(_ACTION, f"{action} is no action of S3.", action)
    for arn in (*resources, *_texts(statement, "NotResource")):
        if not _kinds(arn, bucket):
            why = (
                f"{arn} is not this bucket: write arn:aws:s3:::{bucket} or arn:aws:s3:::{bucket}/*."
            )
            raise _malformed(_RESOURCE, why, arn)
    for key in _condition_keys(statement):
        _check_key(key, actions)
    kinds = {kind for arn in resources for kind in _kinds(arn, bucket)}
    for action in actions if resources else ():
        if action != "*" and not kinds & _kinds_of(action):
            why = (
                f"{action} works on {' and '.join(sorted(_kinds_of(action))) or 'no bucket'}s, and "
                f"none of the resources is one: arn:aws:s3:::{bucket} is the bucket, "
                f"arn:aws:s3:::{bucket}/* are its objects."
            )
            raise _malformed(_NOT_ITS_RESOURCE, why)


def _check_key(key: str, actions: list[str]) -> None:
    lower = key.lower()
    service = lower.partition(":")[0]
    known = GLOBAL if service == "aws" else catalogue.keys_of_service("s3")
    elsewhere = "." in service or service == "saml" or lower in catalogue.ANYWHERE
    if not elsewhere and not catalogue.listed(lower, known):
        raise _malformed(_NO_KEY, f"There is no key {key}.", key)
    for action in actions if service == "s3" else ():
        if action != "*" and not catalogue.can_hold(action, lower):
            why = f"A request for {action} has no {key}: give it a statement of its own."
            raise _malformed(_NOT_ITS_KEY, why)


def _texts(statement: Mapping[str, Any], name: str) -> list[str]:
    found = statement.get(name, [])
    return [found] if isinstance(found, str) else list(found)


def _condition_keys(statement: Mapping[str, Any]) -> Iterator[str]:
    for keys in statement.get("Condition", {}).values():
        yield from keys


def _kinds(arn: str, bucket: str) -> set[str]:
    """What an ARN names of this bucket: the bucket, objects of it, or nothing."""
    own = f"arn:aws:s3:::{bucket}"
    rest = arn.removeprefix(own)
    if rest == arn:
        return set()
    if not rest:
        return {"bucket"}
    if rest.startswith("*"):
        return {"bucket", "object"}
    return {"object"} if rest.startswith("/") else set()


def _kinds_of(action: str) -> set[str]:
    """The kinds of resources that an action, or what a pattern matches, works on."""
    ends = {"${BucketName}": "bucket", "${ObjectName}": "object"}
    return {
        ends[pattern.rsplit("/")[-1].rsplit(":")[-1]]
        for one in catalogue.expand(action)
        for pattern in catalogue.arn_patterns(one)
        if ":s3:::${BucketName}" in pattern
    }
