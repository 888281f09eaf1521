"""Everything that AWS would refuse about a policy document, with places: one function a kind.

parse.py stops at the first defect and knows no places; this collects them all, and looks at
sizes and characters too. Sources: STS_FACTS 2.7; IAM User Guide, "IAM and AWS STS quotas";
botocore's service models (patterns and lengths).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from labhelpers.policy.language.model import KINDS, PolicyError
from labhelpers.policy.writing.findings import ERROR, Finding, placed
from labhelpers.policy.writing.grammar import defects
from labhelpers.policy.writing.parse import BAD_JSON, read
from labhelpers.policy.writing.sizes import sizes

MALFORMED = "MalformedPolicyDocument"
_WHY = "AWS refuses the document with MalformedPolicyDocument."


def validate(document: str | Mapping, kind: str) -> list[Finding]:
    """Return every defect of a policy of one of model.KINDS, in the order of the text.

    `document` is JSON text, or a dict (lines and columns are then those of
    `json.dumps(document, indent=2)`). Bad documents are reported, never raised; ValueError for
    a kind that does not exist.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no policy kind {kind!r}; use one of {', '.join(KINDS)}.")
    text, problem = as_text(document)
    if problem:
        return [problem]
    value, problem = as_value(text)
    if problem:
        return [problem]
    found = [_malformed(defect) for defect in defects(value, kind)]
    return placed([*found, *sizes(text, kind)], text)


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


def as_text(document: object) -> tuple[str, Finding | None]:
    """Return the text of a document, or the finding that it cannot be one."""
    if isinstance(document, str):
        return document, None
    try:
        return json.dumps(document, indent=2, allow_nan=False), None
    except (TypeError, ValueError, RecursionError) as error:
        instead = f"Use texts, numbers, true, false, lists and dicts only: {error}."
        return "", Finding(ERROR, MALFORMED, BAD_JSON, "", _WHY, instead)


def as_value(text: str) -> tuple[object, Finding | None]:
    """Return what a text says, or the finding that it is no JSON, with its place."""
    try:
        return read(text), None
    except PolicyError as error:
        return None, Finding(
            ERROR, MALFORMED, BAD_JSON, "", _WHY, error.hint, error.line, error.column
        )


def _malformed(error: PolicyError) -> Finding:
    return Finding(
        ERROR, MALFORMED, str(error), error.path, _WHY, error.hint, at_name=error.at_name
    )
