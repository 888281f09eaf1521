"""Role trust policies, which are stricter than every other resource-based policy.

The trust policy itself must allow the caller, also in the same account: an identity-based
policy alone never suffices. In the same account, a trust policy that names the user, the role,
the session or `{"AWS": "*"}` needs no identity-based policy; one that names the account
delegates, and the caller needs both. Across accounts both are always needed. The account root
user may not assume roles at all. `{"AWS": "*"}` stands for AWS principals: services and
identity providers must be named. Source: IAM User Guide, "Policy evaluation logic";
AWS STS API Reference, AssumeRole.
"""

from __future__ import annotations

from collections.abc import Sequence

from .decision import Decision, conclude
from .evaluate import build_case, grouped, strict_blocker
from .model import IMPLICITLY_DENIED, Request
from .statement import Call, Policy

ROOT_NOTE = "Roles may not be assumed by root accounts: no policy can allow it."


def evaluate_trust(
    request: Request,
    trust: Policy,
    *,
    identity: Sequence[Policy] = (),
    boundaries: Sequence[Policy] = (),
    session: Sequence[Policy] | None = None,
    scps: Sequence[Sequence[Policy]] = (),
    rcps: Sequence[Sequence[Policy]] = (),
) -> Decision:
    """Decide sts:AssumeRole*, sts:TagSession or sts:SetSourceIdentity on a role.

    `request.resource` is the role's ARN; the keyword arguments are the caller's policies, as
    for evaluate (`rcps` those of the role's account).
    """
    if trust is None:
        raise TypeError("evaluate_trust needs the role's trust policy; a missing role has none.")
    call = Call(request, has_boundary=bool(boundaries), typed=True)
    groups = grouped(identity, boundaries, session, scps, rcps)
    case = build_case(call, groups, trust, resource_type="trust")
    decision = conclude(case, strict_blocker)
    if request.principal.kind == "root" and decision.allowed:
        return Decision(request, IMPLICITLY_DENIED, "trust", None, case, ROOT_NOTE)
    return decision
