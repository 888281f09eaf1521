"""Everything that AWS would refuse about a policy document, with places: one function a kind.

parse.py stops at the first defect and knows no places; this collects them all, and looks at
sizes and characters too. Sources: STS_FACTS 2.7; IAM User Guide, "IAM and AWS STS quotas";
botocore's service models (patterns and lengths).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from labhelpers.policy.language.model import PolicyError, require_kind
from labhelpers.policy.writing.findings import ERROR, Finding, placed
from labhelpers.policy.writing.grammar import RULES, defects
from labhelpers.policy.writing.parse import read
from labhelpers.policy.writing.sizes import sizes

MALFORMED = "MalformedPolicyDocument"
_WHY = "AWS refuses the document with MalformedPolicyDocument."


def validate(document: str | Mapping, kind: str) -> list[Finding]:
    """Return every defect of a policy of one of model.KINDS, in the order of the text.

    `document` is JSON text, or a dict (lines and columns are then those of
    `json.dumps(document, indent=2)`). Bad documents are reported, never raised; ValueError for
    a kind that does not exist.
    """
    require_kind(kind)
    text, value, problem = opened(document, kind)
    return [problem] if problem else placed(refused(text, value, kind), text)


def validate_identity(document: str | Mapping) -> list[Finding]:
    """Validate an identity-based policy, inline or managed."""
    return validate(document, "identity")


def validate_trust(document: str | Mapping) -> list[Finding]:
    """Validate the trust policy of a role."""
    return validate(document, "trust")


def validate_resource(document: str | Mapping) -> list[Finding]:
    """Validate a resource-based policy, such as a bucket's."""
    return validate(document, "resource")


def validate_session(document: str | Mapping) -> list[Finding]:
    """Validate a session policy, as passed to AssumeRole*."""
    return validate(document, "session")


def validate_boundary(document: str | Mapping) -> list[Finding]:
    """Validate a permissions boundary."""
    return validate(document, "boundary")


def validate_scp(document: str | Mapping) -> list[Finding]:
    """Validate a service control policy."""
    return validate(document, "scp")


def validate_rcp(document: str | Mapping) -> list[Finding]:
    """Validate a resource control policy."""
    return validate(document, "rcp")


def opened(document: object, kind: str) -> tuple[str, object, Finding | None]:
    """Return the text of a document, what it says, and the finding that it is no JSON."""
    try:
        text = document if isinstance(document, str) else _dumped(document)
    except (TypeError, ValueError, RecursionError) as error:
        instead = f"Use texts, numbers, true, false, lists and dicts only: {error}."
        return "", None, Finding(ERROR, MALFORMED, RULES[kind].bad_json, "", _WHY, instead)
    try:
        return text, read(text, kind), None
    except PolicyError as error:
        return text, None, _malformed(error)


def refused(text: str, value: object, kind: str) -> Iterator[Finding]:
    """Yield every defect of an opened document, without places."""
    yield from map(_malformed, defects(value, kind))
    yield from sizes(text, kind)


def _dumped(document: object) -> str:
    return json.dumps(document, indent=2, allow_nan=False)


def _malformed(error: PolicyError) -> Finding:
    return Finding(
        ERROR,
        MALFORMED,
        str(error),
        error.path,
        _WHY,
        error.hint,
        error.line,
        error.column,
        error.at_name,
    )
