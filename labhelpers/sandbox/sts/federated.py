"""AssumeRoleWithWebIdentity and AssumeRoleWithSAML, as they are answered: a session for a proof."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.sts.proofs import Proof
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts.roles import issue, result_of, seconds_for
from labhelpers.sandbox.wire.errors import Refusal


def answer(call: Call, _caller: Any, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    """Session and result of an authorized call."""
    proof, passed = call.subject
    role = iam.find_role(call.params["RoleArn"])
    if role is None:
        raise Refusal("AccessDenied", f"Not authorized to perform sts:{call.operation}")
    seconds = _seconds(role, call, proof, lab_now)
    session = issue(
        registry,
        role,
        proof.session_name,
        seconds,
        lab_now,
        proof.provider,
        passed,
        call.params.get("MinimumSessionTokenSize", 0),
        source_identity=proof.source_identity,
        provider=proof.provider,
        carried=dict(proof.carried),
    )
    return {**result_of(session, passed), **proof.members}


def _seconds(role: iam.Role, call: Call, proof: Proof, lab_now: datetime) -> int:
    try:
        seconds = seconds_for(role, call.params.get("DurationSeconds"))
    except Refusal as refusal:
        if proof.kind == "saml":
            refusal.message = (
                "Requested DurationSeconds exceeds MaxSessionDuration set for this role."
            )
        raise
    if proof.ends is None:
        return seconds
    return min(seconds, int((proof.ends - lab_now).total_seconds()))
