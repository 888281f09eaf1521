"""The condition keys that AWS fills in by itself, as far as they follow from the request.

Left to the caller of the engine, because nothing tells them: aws:SecureTransport, aws:SourceIp,
aws:MultiFactorAuthPresent, aws:TokenIssueTime, tags, organization and network keys.
Source: IAM User Guide, "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from labhelpers.policy.language.context import as_values
from labhelpers.policy.language.model import Request
from labhelpers.policy.language.operators import moment

# Their endpoint is in us-east-1 wherever the call comes from.
_GLOBAL = frozenset({"cloudfront", "iam", "organizations", "route53"})


def own_keys(request: Request, owner: str, now: datetime | None = None) -> dict[str, str]:
    """Return the keys that the time, the resource and its owner's account imply.

    `now` defaults to this moment; a time in the request's context goes before it, so that
    aws:CurrentTime and aws:EpochTime agree. The keys that follow from the principal alone are
    filled in by the engine (context.principal_context).
    """
    seconds = _seconds(request.context, now or datetime.now(UTC))
    service = request.action.partition(":")[0].lower()
    parts = (request.resource or "").split(":", 5)
    region = parts[3] if len(parts) == 6 else ""
    keys = {
        "aws:CurrentTime": _iso(seconds),
        "aws:EpochTime": str(seconds),
        "aws:ResourceAccount": owner,
        "aws:RequestedRegion": "us-east-1" if service in _GLOBAL else region,
        "aws:ViaAWSService": "false",
    }
    return {key: value for key, value in keys.items() if value and "*" not in value}


def _iso(seconds: int) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return ""


def _seconds(context: Mapping, now: datetime) -> int:
    lowered = {key.lower(): value for key, value in context.items()}
    for key in ("aws:currenttime", "aws:epochtime"):
        values = as_values(lowered.get(key))
        given = moment(values[0]) if values and len(values) == 1 else None
        if given is not None:
            return int(given)
    return int(now.timestamp())
