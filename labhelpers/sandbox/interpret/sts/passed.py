"""What a caller passes on to a session: policies and tags, checked and packed.

Source: AWS STS API Reference, AssumeRole; IAM User Guide, "Pass session tags"; STS_FACTS 6.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.wire.errors import Refusal, malformed_policy

MAX_MANAGED = 10
MAX_CHARACTERS = 2048  # inline and managed session policies together
#: Bytes that make 100 % of PackedPolicySize. AWS keeps its format and limit to itself: here it
#: is the deflated length of policies and tags against this figure.
PACKED_BYTES = 1100


@dataclass(frozen=True)
class Passed:
    """`policies` None: no session policy was passed. `packed` in percent, None if nothing was,
    and `size` in bytes."""

    policies: tuple[Policy, ...] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    packed: int | None = None
    size: int = 0


def read_passed(values: dict[str, Any], account_id: str) -> Passed:
    """Policy, PolicyArns, Tags and TransitiveTagKeys of a call about a role or user of an account.

    Raises Refusal with STS's codes (STS_FACTS 2.2). The texts about session policies are not
    verified on AWS.
    """
    policies = _policies(values, account_id)
    tags = _tags(values.get("Tags", ()))
    transitive = frozenset(values.get("TransitiveTagKeys", ()))
    if not {key.lower() for key in transitive} <= {key.lower() for key in tags}:
        text = "The specified transitive tag key must be included in the requested tags."
        raise Refusal("InvalidParameterValue", text, 400)
    written = {key.lower(): key for key in tags}
    transitive = frozenset(written[key.lower()] for key in transitive)
    if not policies and not tags:
        return Passed(policies, tags, transitive)
    arns = [item["arn"] for item in values.get("PolicyArns", ())]
    size = packed_bytes(values.get("Policy"), arns, tags)
    packed = _packed(size, bool(policies))
    return Passed(policies, tags, transitive, packed, size)


def _policies(values: dict[str, Any], account_id: str) -> tuple[Policy, ...] | None:
    inline, arns = values.get("Policy"), [item["arn"] for item in values.get("PolicyArns", ())]
    if inline is None and not arns:
        return None
    if len(arns) > MAX_MANAGED:
        text = f"The number of managed session policies exceeds {MAX_MANAGED}."
        raise Refusal("ValidationError", text, 400)
    documents: list[tuple[str, str]] = []
    for arn in arns:
        managed = iam.managed_policy(arn, account_id)
        if managed is None:
            why = "A managed session policy is one of the role's account, or one of AWS."
            raise Refusal("ValidationError", f"Policy {arn} does not exist.", 400, reason=why)
        documents.append((managed, arn))
    if inline is not None:
        documents.append((inline, "inline session policy"))
        if len(inline) > MAX_CHARACTERS:
            rule = f"Member must have length less than or equal to {MAX_CHARACTERS}"
            text = f"Value at 'policy' failed to satisfy constraint: {rule}"
            raise Refusal("ValidationError", f"1 validation error detected: {text}", 400)
    try:
        return tuple(parse(written, kind="session", name=name) for written, name in documents)
    except PolicyError as error:
        raise malformed_policy(error) from None


def _tags(listed: Any) -> dict[str, str]:
    tags = {item["Key"]: item["Value"] for item in listed}
    if len({key.lower() for key in tags}) != len(listed):
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise Refusal("InvalidParameterValue", text, 400)
    for key in tags:
        if key.lower().startswith("aws:"):
            text = "Tag keys beginning with aws: are reserved for system use."
            raise Refusal("InvalidParameterValue", text, 400)
    return tags


def packed_bytes(inline: str | None, arns: list[str], tags: dict[str, str]) -> int:
    """What the inline policy, the ARNs of managed ones and the tags take in a token."""
    written = list(arns)
    if inline is not None:
        written.append(json.dumps(json.loads(inline), separators=(",", ":")))
    if tags:
        written.append(json.dumps(tags, separators=(",", ":")))
    return len(zlib.compress("\n".join(written).encode(), 9))


def _packed(size: int, policies: bool) -> int:
    """Percent of the packed space."""
    percent = 100 * size // PACKED_BYTES
    if percent > 100:
        what = "Packed policy consumes" if policies else "Packed size of session tags consumes"
        full_stop = "" if policies else "."
        text = f"{what} {percent}% of allotted space{full_stop}"
        raise Refusal("PackedPolicyTooLarge", text, 400)
    return max(1, percent)
