"""AssumeRole, as it is answered: how long, chained or not, and what the session inherits.

Source: AWS STS API Reference, AssumeRole; STS_FACTS 2.2, 6.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.sts.assume_role import source_identity_of
from labhelpers.sandbox.interpret.sts.passed import Passed
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts.roles import issue, result_of, seconds_for
from labhelpers.sandbox.wire.errors import Refusal

CHAINING_CAP = 3600  # seconds; whoever calls with temporary credentials gets no more


def answer(call: Call, caller: Caller, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    role = iam.find_role(call.params["RoleArn"])
    if role is None:
        raise Refusal("AccessDenied", f"The role {call.params['RoleArn']} is gone.")
    seconds = seconds_for(role, call.params.get("DurationSeconds"))
    if caller.is_temporary and seconds > CHAINING_CAP:
        raise Refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining.",
            400,
        )
    passed: Passed = call.subject
    before = caller.session
    session = issue(
        registry,
        role,
        call.params["RoleSessionName"],
        seconds,
        lab_now,
        caller.principal.arn,
        passed,
        call.params.get("MinimumSessionTokenSize", 0),
        chained=caller.is_temporary,
        opened_with_mfa=_proves_mfa(call, caller),
        source_identity=source_identity_of(call.params, caller),
        inherited=before.inherited_tags if before else {},
        inherited_keys=before.transitive if before else frozenset(),
    )
    return result_of(session, passed)


def _proves_mfa(call: Call, caller: Caller) -> bool:
    """With a code of this call, or with the one of GetSessionToken: only the trail shows it."""
    before = caller.session if caller.principal.kind == "user" else None
    return "TokenCode" in call.params or (before is not None and before.mfa_at is not None)
