"""STS, answered by the project itself (moto's is a stub).

Each operation has two functions: `interpret` turns checked parameters into a Call (which
permissions does it need, with which condition keys?), `answer` makes the result of an allowed
Call. Not modelled, and therefore refused: GetDelegatedAccessToken, GetScopedCredentials.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.credential_limits import refuse_unfit_credentials
from labhelpers.sandbox.authenticate.keys import Caller
from labhelpers.sandbox.interpret.reading import Call, query_action, service_model
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.sts import (
    assume_role,
    assume_root,
    lookups,
    outbound,
    saml,
    tokens,
    web_identity,
)
from labhelpers.sandbox.wire.constraints import check_parameters
from labhelpers.sandbox.wire.errors import not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

_OPERATIONS = {
    "AssumeRole": (assume_role.interpret, assume_role.answer),
    "AssumeRoleWithSAML": (saml.interpret, saml.answer),
    "AssumeRoleWithWebIdentity": (web_identity.interpret, web_identity.answer),
    "AssumeRoot": (assume_root.interpret, assume_root.answer),
    "DecodeAuthorizationMessage": (lookups.interpret_decode, lookups.answer_decode),
    "GetAccessKeyInfo": (lookups.interpret_key_info, lookups.answer_key_info),
    "GetCallerIdentity": (lookups.interpret_identity, lookups.answer_identity),
    "GetFederationToken": (tokens.interpret_federation_token, tokens.answer_federation_token),
    "GetSessionToken": (tokens.interpret_session_token, tokens.answer_session_token),
    "GetWebIdentityToken": (outbound.interpret, outbound.answer),
}
#: Parameters that no operation here honours.
_NOT_MODELLED = ("MinimumSessionTokenSize", "ProvidedContexts", "Scope", "SubjectMode")


def interpret(http: HttpRequest, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    operation, params = query_action(http, "sts")
    if operation not in _OPERATIONS:
        raise not_modelled(f"sts:{operation}")
    values = check_parameters(service_model("sts").operation_model(operation), params)
    for name in _NOT_MODELLED:
        if name in values:
            raise not_modelled(f"{name} in sts:{operation}")
    refuse_unfit_credentials("sts", operation, caller)
    return _OPERATIONS[operation][0](values, caller, registry, lab_now)


def answer(call: Call, caller: Caller, registry: Registry, lab_now: datetime) -> dict[str, Any]:
    """The result members of an authorized call, as botocore's model names them."""
    return _OPERATIONS[call.operation][1](call, caller, registry, lab_now)
