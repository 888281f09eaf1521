"""GetSessionToken and GetFederationToken, as they are answered.

Source: AWS STS API Reference; STS_FACTS 1.2, 1.3, 2.4.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from labhelpers.policy import Principal
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.sts.passed import Passed
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts.roles import credentials_of

DEFAULT_DURATION = 43_200
ROOT_MAXIMUM = 3600  # more is cut, not refused


def answer_session_token(
    call: Call, caller: Caller, registry: Registry, lab_now: datetime
) -> dict[str, Any]:
    issued, expires = _lifetime(call, caller, lab_now)
    session = registry.sessions.add(
        call.params.get("MinimumSessionTokenSize", 0),
        principal=caller.principal,
        user_id=caller.user_id,
        user_name=caller.user_name,
        issued=issued,
        expires=expires,
        caller_arn=caller.principal.arn,
        mfa_at=issued if call.subject else None,
    )
    return credentials_of(session)


def answer_federation_token(
    call: Call, caller: Caller, registry: Registry, lab_now: datetime
) -> dict[str, Any]:
    passed: Passed = call.subject
    name, account = call.params["Name"], caller.principal.account
    issued, expires = _lifetime(call, caller, lab_now)
    principal = Principal(
        kind="federated-user",
        arn=f"arn:aws:sts::{account}:federated-user/{name}",
        account=account,
        unique_id=caller.principal.unique_id,
        user_arn=caller.principal.arn,
    )
    session = registry.sessions.add(
        call.params.get("MinimumSessionTokenSize", 0),
        principal=principal,
        user_id=f"{account}:{name}",
        user_name=caller.user_name,
        session_name=name,
        issued=issued,
        expires=expires,
        caller_arn=caller.principal.arn,
        policies=passed.policies,
        packed=passed.size,
        tags=passed.tags,
    )
    return {
        **credentials_of(session),
        "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": passed.packed or 0,  # recorded: 0 where nothing was passed
    }


def _lifetime(call: Call, caller: Caller, lab_now: datetime) -> tuple[datetime, datetime]:
    is_root = caller.principal.kind == "root"
    seconds = call.params.get("DurationSeconds", ROOT_MAXIMUM if is_root else DEFAULT_DURATION)
    if is_root:
        seconds = min(seconds, ROOT_MAXIMUM)
    issued = lab_now.replace(microsecond=0)
    return issued, issued + timedelta(seconds=seconds)
