"""AssumeRoot, as it is answered: a session of the member account's root user, for one task."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from labhelpers.policy import Principal, parse
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts.roles import credentials_of

MAXIMUM = 900  # seconds, and the default


def answer(call: Call, caller: Caller, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    seconds = call.params.get("DurationSeconds") or MAXIMUM
    issued, target = lab_now.replace(microsecond=0), call.subject
    task = call.params["TaskPolicyArn"]["arn"]
    document = iam.managed_policy(task, target)
    assert document is not None  # AWS's own, and looked for when the request was read
    session = registry.sessions.add(
        call.params.get("MinimumSessionTokenSize", 0),
        principal=Principal(kind="root", arn=f"arn:aws:iam::{target}:root", account=target),
        user_id=target,
        issued=issued,
        expires=issued + timedelta(seconds=seconds),
        caller_arn=caller.principal.arn,
        chained=caller.is_temporary,
        policies=(parse(document, kind="identity", name=task),),
        source_identity=caller.session.source_identity if caller.session else "",
    )
    return {**credentials_of(session), "SourceIdentity": session.source_identity}
