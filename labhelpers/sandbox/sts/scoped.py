"""GetScopedCredentials, as it is answered: the same session, with less in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts.roles import credentials_of
from labhelpers.sandbox.wire.errors import Refusal


def answer(call: Call, caller: Caller, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    """Who, since when and with which MFA, tags and source identity: all that stays.

    That aws:TokenIssueTime stays is not verified on AWS; so a policy that shuts out older sessions
    reaches whatever was made of them.
    """
    session = caller.session
    assert session is not None  # looked at when the request was read
    expires = session.expires
    if "DurationSeconds" in call.params:
        now = lab_now.replace(microsecond=0)
        wanted = timedelta(seconds=call.params["DurationSeconds"])
        if now + wanted > expires:
            left = int((expires - lab_now).total_seconds())
            text = (
                "The requested DurationSeconds exceeds the remaining lifetime of the calling "
                "session."
            )
            why = f"It ends in {left} s. Ask for no more, or leave DurationSeconds out."
            raise Refusal("InsufficientSessionLifetime", text, 400, reason=why)
        expires = now + wanted
    minimum = call.params.get("MinimumSessionTokenSize", 0)
    scoped = registry.sessions.narrow(session, minimum, expires=expires, **call.subject)
    return {
        **credentials_of(scoped),
        "SessionInfo": {"ScopedSessionId": scoped.user_id, "Arn": scoped.arn},
        "ScopedPoliciesCount": len(scoped.scopes),
        "SourceIdentity": scoped.source_identity,
    }
