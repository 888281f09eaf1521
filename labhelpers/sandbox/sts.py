"""STS, answered by the project itself: AssumeRole and GetCallerIdentity so far.

Not modelled yet and therefore refused: every other operation, and AssumeRole with session
policies, tags, source identity or MFA.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from labhelpers.sandbox import state
from labhelpers.sandbox.authenticate import Caller
from labhelpers.sandbox.constraints import check_parameters
from labhelpers.sandbox.errors import Refusal, not_modelled
from labhelpers.sandbox.interpret import Call, Check, query_action, service_model
from labhelpers.sandbox.sessions import RoleSession, SessionRegistry
from labhelpers.sandbox.wire import HttpRequest

DEFAULT_DURATION = 3600
CHAINING_CAP = 3600  # seconds; whoever calls with temporary credentials gets no more

_MODELLED = {
    "GetCallerIdentity": set(),
    "AssumeRole": {"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"},
}
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:[^:]*:[^:]*:\d{12}:.+", re.DOTALL)


def interpret(http: HttpRequest, caller: Caller) -> Call:
    operation, params = query_action(http, "sts")
    if operation not in _MODELLED:
        raise not_modelled(f"sts:{operation}")
    account = caller.principal.account
    if operation == "GetCallerIdentity":  # needs no permission and cannot be denied
        return Call("sts", operation, (), account, params)
    values = check_parameters(service_model("sts").operation_model(operation), params)
    for name in params:
        member = name.split(".")[0]
        if member in values and member not in _MODELLED[operation]:
            raise not_modelled(f"{member} in sts:{operation}")
    if not _ROLE_ARN.fullmatch(values["RoleArn"]):
        raise Refusal("ValidationError", f"{values['RoleArn']} is invalid", 400)
    context = {"sts:RoleSessionName": values["RoleSessionName"]}
    if "ExternalId" in values:
        context["sts:ExternalId"] = values["ExternalId"]
    owner = values["RoleArn"].split(":")[4]
    check = Check("sts:AssumeRole", values["RoleArn"], owner, context)
    return Call("sts", operation, (check,), owner, values)


def answer(
    call: Call, caller: Caller, sessions: SessionRegistry, lab_now: datetime
) -> dict[str, Any]:
    """The result members of an authorized call, as botocore's model names them."""
    if call.operation == "GetCallerIdentity":
        principal = caller.principal
        return {"UserId": caller.user_id, "Account": principal.account, "Arn": principal.arn}
    session = _assume_role(call, caller, sessions, lab_now)
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }


def _assume_role(
    call: Call, caller: Caller, sessions: SessionRegistry, lab_now: datetime
) -> RoleSession:
    role = state.find_role(call.params["RoleArn"])
    if role is None:
        raise Refusal("AccessDenied", f"The role {call.params['RoleArn']} is gone.")
    maximum = int(role.max_session_duration or DEFAULT_DURATION)
    seconds = call.params.get("DurationSeconds", DEFAULT_DURATION)
    if seconds > maximum:
        raise Refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            400,
        )
    if caller.is_temporary and seconds > CHAINING_CAP:
        raise Refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining.",
            400,
        )
    issued = lab_now.replace(microsecond=0)
    return sessions.add(
        role_arn=role.arn,
        role_id=role.id,
        session_name=call.params["RoleSessionName"],
        account_id=call.account_id,
        issued=issued,
        expires=issued + timedelta(seconds=seconds),
        caller_arn=caller.principal.arn,
        chained=caller.is_temporary,
        max_session_duration=maximum,
    )
