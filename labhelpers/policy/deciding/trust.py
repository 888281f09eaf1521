"""Role trust policies, which are stricter than every other resource-based policy.

The trust policy itself must allow the caller, also in the same account: an identity-based
policy alone never suffices. In the same account, a trust policy that names the user, the role,
the session or `{"AWS": "*"}` needs no identity-based policy; one that names the account
delegates, and the caller needs both. Across accounts both are always needed. The account root
user and federated users may not assume roles at all. `{"AWS": "*"}` stands for AWS principals:
services and identity providers must be named. Source: IAM User Guide, "Policy evaluation
logic"; AWS STS API Reference, AssumeRole and GetFederationToken.
"""

from __future__ import annotations

from collections.abc import Sequence

from labhelpers.policy.deciding.case import Groups
from labhelpers.policy.deciding.decision import Decision, conclude
from labhelpers.policy.deciding.evaluate import build_case, evaluate, grouped, strict_blocker
from labhelpers.policy.language.call import Call
from labhelpers.policy.language.model import IMPLICITLY_DENIED, Request
from labhelpers.policy.language.statement import Policy

# Who may never assume a role, whatever the policies say.
NOTES = {
    "root": "Roles may not be assumed by root accounts: no policy can allow it.",
    "federated-user": (
        "Credentials of GetFederationToken may not assume a role: of STS they can call "
        "GetCallerIdentity and GetScopedCredentials alone, and no policy can allow more."
    ),
}


def evaluate_trust(
    request: Request,
    trust: Policy,
    *,
    identity: Sequence[Policy] = (),
    boundaries: Sequence[Policy] = (),
    session: Sequence[Policy] | None = None,
    scopes: Sequence[Policy] = (),
    scps: Sequence[Sequence[Policy]] = (),
    rcps: Sequence[Sequence[Policy]] = (),
) -> Decision:
    """Decide sts:AssumeRole*, sts:TagSession or sts:SetSourceIdentity on a role.

    `request.resource` is the role's ARN; the keyword arguments are the caller's policies, as
    for evaluate (`rcps` those of the role's account).
    """
    if trust is None:
        raise TypeError("evaluate_trust needs the role's trust policy; a missing role has none.")
    groups = grouped(request.principal, identity, boundaries, session, scopes, scps, rcps)
    return _judged(request, trust, groups)


def evaluate_as(
    resource_type: str,
    request: Request,
    resource: Policy | None,
    *,
    identity: Sequence[Policy],
    boundaries: Sequence[Policy],
    session: Sequence[Policy] | None,
    scopes: Sequence[Policy] = (),
    scps: Sequence[Sequence[Policy]],
    rcps: Sequence[Sequence[Policy]],
) -> Decision:
    """Decide as evaluate_trust does if `resource_type` is "trust", otherwise as evaluate.

    Here a role may come without its trust policy, which nobody gave.
    """
    if resource_type == "trust":
        groups = grouped(request.principal, identity, boundaries, session, scopes, scps, rcps)
        return _judged(request, resource, groups)
    return evaluate(
        request,
        identity=identity,
        resource=resource,
        boundaries=boundaries,
        session=session,
        scopes=scopes,
        scps=scps,
        rcps=rcps,
    )


def _judged(request: Request, trust: Policy | None, groups: Groups) -> Decision:
    call = Call(request, has_boundary=bool(groups["boundary"]), typed=True)
    case = build_case(call, groups, trust, resource_type="trust")
    decision = conclude(case, strict_blocker)
    note = NOTES.get(request.principal.kind, "")
    if note and decision.allowed:
        return Decision(request, IMPLICITLY_DENIED, "trust", None, case, note)
    return decision
