"""STS, answered by the project itself (moto's is a stub): the result of each allowed operation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts import (
    assume_role,
    assume_root,
    federated,
    lookups,
    outbound,
    scoped,
    tokens,
)

_ANSWERS: dict[str, Callable[[Call, Caller, Registry, datetime], dict[str, Any]]] = {
    "AssumeRole": assume_role.answer,
    "AssumeRoleWithSAML": federated.answer,
    "AssumeRoleWithWebIdentity": federated.answer,
    "AssumeRoot": assume_root.answer,
    "DecodeAuthorizationMessage": lookups.answer_decode,
    "GetAccessKeyInfo": lookups.answer_key_info,
    "GetCallerIdentity": lookups.answer_identity,
    "GetFederationToken": tokens.answer_federation_token,
    "GetScopedCredentials": scoped.answer,
    "GetSessionToken": tokens.answer_session_token,
    "GetWebIdentityToken": outbound.answer,
}


def answer(call: Call, caller: Caller, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    """The result members of an authorized call, as botocore's model names them."""
    return _ANSWERS[call.operation](call, caller, registry, lab_now)
