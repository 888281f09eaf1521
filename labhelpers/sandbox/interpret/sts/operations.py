"""STS requests: which permissions does each operation need, with which condition keys?

Not modelled, and therefore refused: what READERS lacks, and what NOT_MODELLED names. The README
tells both, and a test writes it from here.
"""

from __future__ import annotations

from datetime import datetime

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.credential_limits import refuse_unfit_credentials
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import query_action, service_model
from labhelpers.sandbox.interpret.sts import (
    assume_role,
    assume_root,
    lookups,
    outbound,
    saml,
    scoped,
    tokens,
    web_identity,
)
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.constraints import check_parameters
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

READERS = {
    "AssumeRole": assume_role.interpret,
    "AssumeRoleWithSAML": saml.interpret,
    "AssumeRoleWithWebIdentity": web_identity.interpret,
    "AssumeRoot": assume_root.interpret,
    "DecodeAuthorizationMessage": lookups.interpret_decode,
    "GetAccessKeyInfo": lookups.interpret_key_info,
    "GetCallerIdentity": lookups.interpret_identity,
    "GetFederationToken": tokens.interpret_federation_token,
    "GetScopedCredentials": scoped.interpret,
    "GetSessionToken": tokens.interpret_session_token,
    "GetWebIdentityToken": outbound.interpret,
}
#: Parameters that no operation here honours, with what to do instead.
NOT_MODELLED = {
    "ProvidedContexts": "",
    "ProviderId": "OAuth 2.0 access tokens: leave it out and send an OpenID Connect ID token.",
    "Scope": "",
    "SubjectMode": "",
}
#: What STS's endpoints in the Regions have and sts.amazonaws.com has not. Code and words are not
#: verified on AWS.
_REGIONAL_ONLY = ("AssumeRoot", "GetScopedCredentials", "GetWebIdentityToken")
_GLOBAL_ENDPOINT = "sts.amazonaws.com"


def interpret(http: HttpRequest, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    """The Call of checked parameters."""
    operation, params = query_action(http, "sts")
    if operation not in READERS:
        raise not_modelled(f"sts:{operation}")
    if operation in _REGIONAL_ONLY and http.headers.get("host") == _GLOBAL_ENDPOINT:
        text = f"Could not find operation {operation} for version {params['Version']}"
        why = f"{_GLOBAL_ENDPOINT} does not have it. Call the endpoint of a Region."
        raise Refusal("InvalidAction", text, 400, reason=why)
    values = check_parameters(service_model("sts").operation_model(operation), params)
    for name, instead in NOT_MODELLED.items():
        if name in values:
            raise not_modelled(f"{name} in sts:{operation}", instead)
    refuse_unfit_credentials("sts", operation, caller)
    return READERS[operation](values, caller, registry, lab_now)
