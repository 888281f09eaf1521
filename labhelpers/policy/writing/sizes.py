"""How long a policy document may be, and which characters it may have.

Sources: IAM User Guide, "IAM and AWS STS quotas"; botocore's service models (patterns and
lengths); AWS Organizations User Guide, "Quotas".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from labhelpers.policy.writing.findings import ERROR, WARNING, Finding

# What IAM's and STS's service models do not take in a policy document.
_BEYOND = re.compile(r"[^\t\n\r\x20-\xff]")
_LONGEST = 131_072
_SHORTER = "Say the same with fewer statements, or split the policy."


def sizes(text: str, kind: str) -> Iterator[Finding]:
    """Yield the quota that a text exceeds, and the characters that it may not have."""
    if len(text) > _LONGEST:
        message = f"Member must have length less than or equal to {_LONGEST}"
        why = f"AWS takes no document of more than {_LONGEST:,} characters; this has {len(text):,}."
        yield Finding(ERROR, "ValidationError", message, "", why, _SHORTER)
        return
    if kind in ("identity", "trust", "boundary", "session"):
        yield from _characters(text)
    # White space does not count towards IAM's quotas.
    size = len("".join(text.split()))
    for limit, finding in _LIMITS[kind]:
        counted = len(text) if kind == "session" else size
        if counted > limit:
            severity, code, message, why = finding
            why = f"{why} This has {counted:,} characters."
            yield Finding(severity, code, message, "", why, _SHORTER)
            return


def _characters(text: str) -> Iterator[Finding]:
    beyond = _BEYOND.search(text)
    if beyond:
        code = ord(beyond[0])
        pattern = "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"
        message = f"Member must satisfy regular expression pattern: {pattern}"
        why = f"A policy document has characters up to U+00FF only; U+{code:04X} is beyond."
        instead = f"Write it as \\u{code & 0xFFFF:04x}, or without it."
        yield Finding(ERROR, "ValidationError", message, "", why, instead)


_Limit = tuple[int, tuple[str, str, str, str]]


def _limit(limit: int, severity: str, code: str, message: str, why: str) -> _Limit:
    return limit, (severity, code, message, why)


# Largest limit first: only the first one that is exceeded is reported.
_LIMITS = {
    "trust": (
        _limit(
            4096,
            ERROR,
            "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 4096",
            "A trust policy has 2,048 characters, on request up to 4,096; white space is free.",
        ),
        _limit(
            2048,
            ERROR,
            "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 2048",
            "A trust policy has up to 2,048 characters unless the quota was raised to 4,096; "
            "white space is free.",
        ),
    ),
    "identity": (
        _limit(
            10_240,
            ERROR,
            "LimitExceeded",
            "Maximum policy size of 10240 bytes exceeded",
            "All inline policies of a role together have up to 10,240 characters, and no other "
            "identity-based policy may be longer; white space is free.",
        ),
        _limit(
            6144,
            WARNING,
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
            "A managed policy has up to 6,144 characters (white space is free); only a role can "
            "have a longer one, as an inline policy.",
        ),
    ),
    "boundary": (
        _limit(
            6144,
            ERROR,
            "LimitExceeded",
            "Cannot exceed quota for PolicySize: 6144",
            "A permissions boundary is a managed policy of up to 6,144 characters; white space is "
            "free.",
        ),
    ),
    "session": (
        _limit(
            2048,
            ERROR,
            "ValidationError",
            "Member must have length less than or equal to 2048",
            "All session policies of a session together have up to 2,048 characters, white space "
            "included.",
        ),
    ),
    "resource": (
        _limit(
            20_480,
            WARNING,
            "PolicyTooLarge",
            "Policy exceeds the maximum allowed document size",
            "A bucket policy has up to 20 KB; other services have limits of their own.",
        ),
    ),
    "scp": (
        _limit(
            5120,
            WARNING,
            "ConstraintViolationException",
            "You have exceeded the allowed size of a service control policy",
            "The long-standing limit of AWS Organizations is 5,120 characters.",
        ),
    ),
    "rcp": (
        _limit(
            5120,
            WARNING,
            "ConstraintViolationException",
            "You have exceeded the allowed size of a resource control policy",
            "The limit of AWS Organizations is 5,120 characters.",
        ),
    ),
}
