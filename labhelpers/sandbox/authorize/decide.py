"""Step 3: put every check of a call to the policies. The one place where the sandbox decides.

Reads the policies as moto holds them at this moment and leaves the decision itself to
labhelpers.policy. Not modelled, and therefore refused: conditions on keys that context.py does
not know.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from labhelpers.policy import (
    IMPLICITLY_DENIED,
    Decision,
    Request,
    evaluate,
    evaluate_trust,
)
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize.context import (
    caller_context,
    is_modelled,
    keys_of,
    org_key,
    request_context,
)
from labhelpers.sandbox.authorize.denials import principal_denial
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.kms import grants_policy
from labhelpers.sandbox.state.organizations import control_policies
from labhelpers.sandbox.state.resource_policies import may_be_bound, policy_on
from labhelpers.sandbox.wire.errors import Refusal, not_modelled

#: Permissions that the role's own trust policy has to give.
_ON_TRUST = frozenset(
    (
        "sts:AssumeRole",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:SetSourceIdentity",
        "sts:TagSession",
    )
)


def authorize(
    call: Call, caller: Caller, headers: dict[str, str], source_ip: str, lab_now: datetime
) -> Decision | None:
    """The first decision that is not Allowed, else the last one; None when nothing is asked."""
    decision = None
    context = request_context(call, caller, headers, source_ip, lab_now)
    if caller.principal.account:
        context |= caller_context(caller, lab_now)
    for check in call.checks:
        decision = _decide(check, caller, context)
        if not decision.allowed:
            return decision
    return decision


def policies_of(caller: Caller) -> dict[str, Any]:
    """The caller's own policies, as keyword arguments of evaluate and evaluate_trust."""
    principal, session = caller.principal, caller.session
    account = principal.account
    if not account:
        return {}
    found: dict[str, Any] = {"session": session.policies if session else None}
    found["scopes"] = session.scopes if session else ()
    found["scps"] = control_policies(account, "scp")
    if principal.kind == "root" and session:
        # A task policy of AssumeRoot only denies; what it leaves is the root user's.
        found |= {"identity": session.policies or (), "session": None}
    elif principal.kind == "role-session":
        found["identity"] = iam.role_policies(account, principal.unique_id)
        found["boundaries"] = iam.role_boundaries(account, principal.unique_id)
    elif caller.user_name:
        found["identity"] = iam.user_policies(account, caller.user_name)
        found["boundaries"] = iam.user_boundaries(account, caller.user_name)
    return found


def _decide(check: Check, caller: Caller, context: dict[str, Any]) -> Decision:
    request = Request(
        principal=check.principal or caller.principal,
        action=check.action,
        resource=check.resource,
        resource_account=check.resource_account,
        context={**context, **_resource_context(check.resource_account), **keys_of(check)},
        is_modelled=partial(is_modelled, check=check),
    )
    policies = {} if check.principal else policies_of(caller)
    policies["rcps"] = control_policies(check.resource_account, "rcp")
    arn = check.resource or "*"
    if check.action in _ON_TRUST and ":role/" in arn:
        role = iam.find_role(arn)
        if role is None:
            raise _no_such_role(request)
        return evaluate_trust(request, iam.trust_policy(role), **policies)
    foreign = check.resource_account != request.principal.account
    if check.resource is None and may_be_bound(check.action, check.resource_account):
        raise not_modelled(f"which resource's policy bears on {check.action} here")
    resource = policy_on(check.action, check.resource, foreign)
    decision = evaluate(request, resource=resource, **policies)
    if check.action.startswith("kms:") and decision.outcome == IMPLICITLY_DENIED:
        return _by_grant(request, check.grant, policies) or decision
    return decision


def _by_grant(request: Request, retired: str, policies: dict[str, Any]) -> Decision | None:
    """Allowed where a grant of the key allows it, else None.

    A grant is enough by itself, for another account too: so Auto Scaling's service-linked role,
    which has no permission of KMS, uses another account's key (Amazon EC2 Auto Scaling User
    Guide, "Required AWS KMS key policy for use with encrypted volumes"; inferred from there).
    """
    grants = grants_policy(request.resource, retired) if request.resource else None
    if grants is None:
        return None
    near = replace(request, resource_account=request.principal.account)
    decision = evaluate(near, resource=grants, **policies)
    return decision if decision.allowed else None


def _resource_context(account_id: str) -> dict[str, str]:
    return {"aws:ResourceAccount": account_id, **org_key("aws:ResourceOrgID", account_id)}


def _no_such_role(request: Request) -> Refusal:
    """STS does not give away which roles exist: the words are those of a role without trust."""
    return Refusal(
        "AccessDenied",
        principal_denial(request),
        blocked_by="trust",
        reason=f"There is no role {request.resource}; STS says the same as for a role that does "
        "not trust you. Compare the ARN with the role's own, path included.",
    )
