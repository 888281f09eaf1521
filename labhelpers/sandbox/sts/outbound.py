"""GetWebIdentityToken, as it is answered: AWS itself as an identity provider for others."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.outbound_issuer import OutboundIssuer, issuer_of
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.times import iso

_NAMESPACE = "https://sts.amazonaws.com/"


def answer(call: Call, caller: Caller, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    """The token and its end, for a caller whom policies allow to have it."""
    account = caller.principal.account
    if account not in registry.outbound_accounts:
        raise Refusal(
            "OutboundWebIdentityFederationDisabledException",
            "Outbound web identity federation is disabled for this account.",
            reason="Switch it on: iam.enable_outbound_web_identity_federation().",
        )
    seconds, tags = call.subject
    issued = lab_now.replace(microsecond=0)
    ends = issued + timedelta(seconds=seconds)
    session = caller.session
    if session is not None and ends > session.expires:
        raise Refusal(
            "SessionDurationEscalationException",
            "The requested token duration would extend the session beyond its original "
            "expiration time.",
            reason=f"The calling session ends at {session.expires:%H:%M:%S} UTC.",
        )
    issuer: OutboundIssuer = issuer_of(account, registry)
    audience = call.params["Audience"]
    claims = {
        "iss": issuer.url,
        "sub": caller.principal.role_arn or caller.principal.arn,
        "aud": audience[0] if len(audience) == 1 else audience,
        "iat": int(issued.timestamp()),
        "exp": int(ends.timestamp()),
        "jti": str(uuid.uuid4()),
        _NAMESPACE: _about(caller, tags),
    }
    return {
        "WebIdentityToken": issuer.sign(claims, call.params["SigningAlgorithm"]),
        "Expiration": ends,
    }


def _about(caller: Caller, tags: dict[str, str]) -> dict[str, Any]:
    """The claims about the caller, without those that have nothing to say."""
    session = caller.session
    principal_tags = iam.principal_tags(caller.principal, caller.user_name)
    found: dict[str, Any] = {
        "aws_account": caller.principal.account,
        "source_region": caller.region,
        "principal_id": caller.principal.role_arn or caller.principal.arn,
        "principal_tags": principal_tags | (dict(session.tags) if session else {}),
        "request_tags": tags,
    }
    if session is not None:
        found["original_session_exp"] = iso(session.expires)
        found["federated_provider"] = session.provider
        found["source_identity"] = session.source_identity
    return {name: value for name, value in found.items() if value}
