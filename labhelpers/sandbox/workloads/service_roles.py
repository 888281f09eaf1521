"""A service of AWS assumes a role on its own behalf, and hands on what it gets.

The role's trust policy alone decides: a service has no identity-based policy. MaxSessionDuration
does not bind services. Source: IAM User Guide, "Use roles", "AWS service principals".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from labhelpers.policy import PolicyError, Principal, Request, evaluate_trust
from labhelpers.sandbox.interpret.call import ServiceUse
from labhelpers.sandbox.interpret.sts.passed import Passed
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.sessions import Session
from labhelpers.sandbox.sts.roles import issue, result_of
from labhelpers.sandbox.wire.times import iso

LIFETIME = timedelta(hours=6)
#: New keys are there this long before the old ones end. AWS promises five minutes; SDKs begin to
#: ask up to 25 minutes ahead, and where they then find the old keys they go on using them.
ROLLED_BEFORE = timedelta(minutes=30)


#: Puts AssumeRole by a service on record: whose, the role's ARN, when, what STS answered.
Note = Callable[[ServiceUse, str, datetime, Mapping[str, Any]], None]


class ServiceRoles:
    """Role sessions for services; each is on record in CloudTrail as the service's own call."""

    def __init__(self, registry: Registry, note: Note) -> None:
        self._registry, self._note = registry, note

    def assume(self, use: ServiceUse, role_arn: str, lab_now: datetime) -> Session | None:
        """A session of the role, None where the role does not exist or does not trust."""
        role = iam.find_role(role_arn)
        if role is None or not _trusts(role, use, lab_now):
            return None
        passed = Passed()
        seconds = int(LIFETIME.total_seconds())
        session = issue(
            self._registry,
            role,
            use.session_name,
            seconds,
            lab_now,
            use.service,
            passed,
            carried=dict(use.carried),
        )
        result = result_of(session, passed)
        self._note(use, role_arn, lab_now, result)
        return session


def _trusts(role: iam.Role, use: ServiceUse, lab_now: datetime) -> bool:
    request = Request(
        principal=Principal(kind="service", arn=use.service, account=""),
        action="sts:AssumeRole",
        resource=role.arn,
        resource_account=role.arn.split(":")[4],
        context={
            "aws:CurrentTime": iso(lab_now),
            "aws:EpochTime": str(int(lab_now.timestamp())),
            "aws:PrincipalIsAWSService": "true",
            "aws:PrincipalServiceName": use.service,
            "aws:SecureTransport": "true",
            "aws:ViaAWSService": "false",
            "sts:RoleSessionName": use.session_name,
            **{f"aws:ResourceTag/{k}": v for k, v in iam.role_tags(role.arn).items()},
            **use.context,
        },
    )
    try:
        return evaluate_trust(request, iam.trust_policy(role)).allowed
    except PolicyError:
        return False


def credentials_document(session: Session) -> dict[str, str]:
    """The members that instances and containers are given alike."""
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": iso(session.expires),
    }
