"""Step 3: put every check of a call to the policies. The one place where the sandbox decides.

Reads the policies as moto holds them at this moment and leaves the decision itself to
labhelpers.policy. Not modelled, and therefore refused: conditions on keys that `is_modelled`
does not know.
"""

from __future__ import annotations

from datetime import datetime

from labhelpers.policy import Decision, Request, evaluate, evaluate_trust
from labhelpers.sandbox import state
from labhelpers.sandbox.authenticate import Caller
from labhelpers.sandbox.errors import Refusal, sts_denial
from labhelpers.sandbox.interpret import Call, Check

#: Condition keys that a request of this sandbox holds, or of which it knows that AWS would
#: leave them out. Everything else is unknown: a statement that asks for it decides nothing.
MODELLED_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalType",
        "aws:Referer",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:SecureTransport",
        "aws:SourceIdentity",
        "aws:SourceIp",
        "aws:TokenIssueTime",
        "aws:UserAgent",
        "aws:ViaAWSService",
        "aws:userid",
        "aws:username",
        "iam:PassedToService",
        "iam:PermissionsBoundary",
        "iam:PolicyARN",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "sts:ExternalId",
        "sts:RoleSessionName",
        "sts:SourceIdentity",
    )
)
_GLOBAL_SERVICES = ("iam", "sts")


def is_modelled(key: str) -> bool:
    return key.lower() in MODELLED_KEYS


def authorize(
    call: Call, caller: Caller, headers: dict[str, str], source_ip: str, lab_now: datetime
) -> Decision | None:
    """The first decision that is not Allowed, else the last one; None when nothing is asked."""
    decision = None
    context = request_context(call, caller, headers, source_ip, lab_now)
    for check in call.checks:
        decision = _decide(check, caller, context)
        if not decision.allowed:
            return decision
    return decision


def request_context(
    call: Call, caller: Caller, headers: dict[str, str], source_ip: str, lab_now: datetime
) -> dict[str, str]:
    """The global condition keys of a request (STS_FACTS 5.2).

    aws:SecureTransport is "true": the loopback endpoint stands for AWS's HTTPS endpoints.
    """
    region = "us-east-1" if call.service in _GLOBAL_SERVICES else caller.region
    context = {
        "aws:CurrentTime": f"{lab_now:%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(lab_now.timestamp())),
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": region,
        "aws:SecureTransport": "true",
        "aws:SourceIp": source_ip,
        "aws:ViaAWSService": "false",
        "aws:userid": caller.user_id,
    }
    if "user-agent" in headers:
        context["aws:UserAgent"] = headers["user-agent"]
    if "referer" in headers:
        context["aws:Referer"] = headers["referer"]
    if caller.user_name:
        context["aws:username"] = caller.user_name
    if caller.session is not None:
        context["aws:TokenIssueTime"] = f"{caller.session.issued:%Y-%m-%dT%H:%M:%SZ}"
        context["aws:MultiFactorAuthPresent"] = "false"
    return context


def _decide(check: Check, caller: Caller, context: dict[str, str]) -> Decision:
    request = Request(
        principal=caller.principal,
        action=check.action,
        resource=check.resource,
        resource_account=check.resource_account,
        context={**context, "aws:ResourceAccount": check.resource_account, **check.context},
        is_modelled=is_modelled,
    )
    account = caller.principal.account
    if caller.session is not None:
        identity = state.role_policies(account, caller.session.role_id)
        boundaries = state.role_boundaries(account, caller.session.role_id)
    else:
        identity, boundaries = state.user_policies(account, caller.user_name), []
    if check.action == "sts:AssumeRole":
        role = state.find_role(check.resource)
        if role is None:
            raise _no_such_role(request)
        trust = state.trust_policy(role)
        return evaluate_trust(request, trust, identity=identity, boundaries=boundaries)
    resource = None
    if check.action.startswith("s3:") and check.resource not in (None, "*"):
        resource = state.bucket_policy(check.resource.split(":::", 1)[1].partition("/")[0])
    return evaluate(request, identity=identity, resource=resource, boundaries=boundaries)


def _no_such_role(request: Request) -> Refusal:
    """STS does not give away which roles exist: the words are those of a role without trust."""
    return Refusal(
        "AccessDenied",
        sts_denial(request),
        blocked_by="trust",
        reason=f"There is no role {request.resource}; STS says the same as for a role that does "
        "not trust you. Compare the ARN with the role's own, path included.",
    )
