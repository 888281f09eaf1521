"""Evaluate a request against all policies that bear on it.

The set algebra of the IAM User Guide, "Policy evaluation logic":

    same account    (identity-based and caps) or (resource-based that names the caller)
    cross account   (identity-based and caps) and (resource-based)

where caps are the service control policies, the permissions boundary and the session policy.
How a resource-based policy names the caller decides which caps it steps over (principals.py). It
steps over no scope-down policy: those cut down whatever the session may do, by whichever policy
(IAM User Guide, "Permissions for GetScopedCredentials"). Resource control policies only subtract:
AWS attaches RCPFullAWSAccess to everything and it cannot be detached. An explicit deny anywhere
wins.

Service control policies and the policies of an identity bind principals of an account: they say
nothing about services, web and SAML identities and anonymous callers. Neither kind of
organization policy reaches service-linked roles (AWS Organizations User Guide).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from labhelpers.policy.deciding.case import ALLOW, NONE, Case, Groups
from labhelpers.policy.deciding.decision import Decision, conclude
from labhelpers.policy.language.arn import account_of
from labhelpers.policy.language.call import Call
from labhelpers.policy.language.model import ALLOWED, UNGOVERNED, Principal, Request
from labhelpers.policy.language.principals import CAPPED, DIRECT, has_all_rights
from labhelpers.policy.language.statement import Policy

# Decisions that hang on nothing but who, what and on what: asked again they cost a lookup.
_kept: dict[tuple, Decision | Literal[False]] = {}
_KEPT_SIZE = 4096

# The path of the roles that an AWS service owns.
SERVICE_LINKED = ":role/aws-service-role/"


def evaluate(
    request: Request,
    *,
    identity: Sequence[Policy] = (),
    resource: Policy | None = None,
    boundaries: Sequence[Policy] = (),
    session: Sequence[Policy] | None = None,
    scopes: Sequence[Policy] = (),
    scps: Sequence[Sequence[Policy]] = (),
    rcps: Sequence[Sequence[Policy]] = (),
) -> Decision:
    """Decide one request.

    `session` None means that no session policy was passed; several session policies together
    allow what one of them allows. `scopes` are the scope-down policies of GetScopedCredentials,
    each of which must allow. `scps` and `rcps` are levels (root, unit, account), each a
    list of policies. Every boundary must allow. For AssumeRole use evaluate_trust.
    """
    if request.action.lower() in UNGOVERNED and request.principal.account:
        return Decision(request, ALLOWED, note="Every caller may do this; no policy can refuse it.")
    key = (
        request.principal,
        request.action,
        request.resource,
        request.resource_account,
        resource,
        tuple(identity),
        tuple(boundaries),
        session if session is None else tuple(session),
        tuple(scopes),
        tuple(map(tuple, scps)) if scps else (),
        tuple(map(tuple, rcps)) if rcps else (),
    )
    kept = _kept.get(key)
    if kept:
        return Decision(request, kept.outcome, kept.blocked_by, kept.unmodelled, kept.case)
    groups = grouped(request.principal, identity, boundaries, session, scopes, scps, rcps)
    decision = _decided(request, resource, groups)
    if kept is None:
        if len(_kept) >= _KEPT_SIZE:
            _kept.clear()
        # False: more counts than the key holds, so this has to be decided anew each time.
        plain = request.resource is not None and decision.judged.plain()
        _kept[key] = decision if plain else False
    return decision


def _decided(request: Request, resource: Policy | None, groups: Groups) -> Decision:
    call = Call(request, has_boundary=bool(groups["boundary"]))
    case = build_case(call, groups, resource, resource_type="resource")
    # A key policy must itself allow, as a trust policy must.
    if resource is not None and _is_kms_key(request):
        return conclude(case, strict_blocker)
    return conclude(case, blocker)


def grouped(
    principal: Principal,
    identity: Sequence[Policy],
    boundaries: Sequence[Policy],
    session: Sequence[Policy] | None,
    scopes: Sequence[Policy],
    scps: Sequence[Sequence[Policy]],
    rcps: Sequence[Sequence[Policy]],
) -> Groups:
    """Arrange the policies that bind the principal by type, in sets that must each allow."""
    linked = SERVICE_LINKED in principal.role_arn
    rcps = () if linked else rcps
    if session is None and principal.kind == "federated-user":
        session = ()  # what was not passed allows nothing
    if not principal.account:
        return {"identity": (), "boundary": (), "session": (), "scp": (), "rcp": rcps}
    return {
        "identity": (identity,),
        "boundary": tuple((boundary,) for boundary in boundaries),
        "session": (
            *(() if session is None else (session,)),
            *((scope,) for scope in scopes),
        ),
        "scp": () if linked else scps,
        "rcp": rcps,
    }


def build_case(call: Call, groups: Groups, resource: Policy | None, *, resource_type: str) -> Case:
    """Judge every policy type, then apply what the kind of principal brings along."""
    request, principal = call.request, call.principal
    owner = request.resource_account or account_of(request.resource) or principal.account
    same = bool(principal.account) and owner == principal.account
    case = Case(call, groups, resource, resource_type=resource_type, same_account=same)
    verdicts = case.verdicts
    verdicts["rcp"] = [verdict or ALLOW for verdict in verdicts["rcp"]]
    if NONE in verdicts["identity"] and has_all_rights(principal):
        verdicts["identity"] = [ALLOW]
    return case


def blocker(case: Case) -> str | None:
    """Return the policy type that implicitly denies, None if the algebra allows."""
    if not case.allows("scp"):
        return "scp"
    resource_allows = case.strength > 0
    if not case.call.principal.account:
        return None if resource_allows else case.name("resource")
    if case.same_account and case.strength == DIRECT:
        return "session" if case.is_scoped_down() else None
    if not case.allows("identity") and not (case.same_account and case.strength == CAPPED):
        return "identity"
    for cap in ("boundary", "session"):
        if not case.allows(cap):
            return cap
    return None if case.same_account or resource_allows else case.name("resource")


def strict_blocker(case: Case) -> str | None:
    """Like blocker, for resources whose own policy must allow in the same account, too."""
    if case.allows("scp") and not case.strength:
        return case.name("resource")
    return blocker(case)


def _is_kms_key(request: Request) -> bool:
    parts = (request.resource or "").split(":", 5)
    return len(parts) == 6 and parts[2] == "kms" and parts[5].startswith("key/")
