"""AssumeRole: a principal of AWS takes a role.

Source: AWS STS API Reference, AssumeRole; STS_FACTS 2.2, 6.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.keys import Caller
from labhelpers.sandbox.authenticate.mfa import prove_mfa
from labhelpers.sandbox.interpret.reading import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts.passed import Passed, read_passed
from labhelpers.sandbox.sts.roles import issue, owner_of, result_of, role_checks, seconds_for
from labhelpers.sandbox.wire.errors import Refusal

CHAINING_CAP = 3600  # seconds; whoever calls with temporary credentials gets no more


def interpret(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    role_arn = values["RoleArn"]
    owner = owner_of(role_arn)
    passed = read_passed(values, owner)
    inherited = caller.session.inherited_tags if caller.session else {}
    if {key.lower() for key in inherited} & {key.lower() for key in passed.tags}:
        text = (
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
        raise Refusal("InvalidParameterValue", text, 400)
    context: dict[str, Any] = {"sts:RoleSessionName": values["RoleSessionName"]}
    if "ExternalId" in values:
        context["sts:ExternalId"] = values["ExternalId"]
    if prove_mfa(values, caller, registry, lab_now):
        # For the trust decision only: the session itself carries no MFA context (STS_FACTS 5.2).
        context |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "0"}
    checks = role_checks(
        "sts:AssumeRole",
        role_arn,
        owner,
        context,
        tags=passed.tags,
        transitive=passed.transitive,
        source_identity=_source_identity(values, caller),
        inherited=inherited,
    )
    return Call("sts", "AssumeRole", checks, owner, values, passed)


def _source_identity(values: dict, caller: Caller) -> str:
    """Set once, inherited ever after."""
    already = caller.session.source_identity if caller.session else ""
    wanted = values.get("SourceIdentity", already)
    if already and wanted != already:
        text = "The source identity is already set for this assume role session"
        why = f"This session already carries the source identity {already}; it cannot be changed."
        raise Refusal("ValidationError", text, 400, reason=why)
    return wanted


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
        chained=caller.is_temporary,
        source_identity=_source_identity(call.params, caller),
        inherited=before.inherited_tags if before else {},
        inherited_keys=before.transitive if before else frozenset(),
    )
    return result_of(session, passed)
