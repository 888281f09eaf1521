"""What each kind of credentials may never do, whatever the policies say (STS_FACTS 1.5)."""

from __future__ import annotations

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.wire.errors import Refusal, credential_refusal
from labhelpers.sandbox.wire.families import QUERY

_LONG_TERM_ONLY = ("GetSessionToken", "GetFederationToken")
_OPEN_TO_FEDERATED = ("GetCallerIdentity", "GetScopedCredentials", "GetDelegatedAccessToken")
_OPEN_TO_USERS = ("AssumeRole", "GetWebIdentityToken", *_OPEN_TO_FEDERATED)


def refuse_unfit_credentials(service: str, operation: str, caller: Caller) -> None:
    """Raise the service's own error where this kind of credentials cannot make this call.

    The code for federated users that call more of STS is by analogy with IAM's (STS_FACTS, not
    verified no. 7). Which operations are open: AWS STS API Reference, GetFederationToken and
    GetSessionToken.
    """
    session, kind = caller.session, caller.principal.kind
    if service == "sts" and operation == "AssumeRole" and kind == "root":
        text = "Roles may not be assumed by root accounts."
        why = "The account root user cannot assume roles: sign in as an IAM user or a role."
        raise Refusal("AccessDenied", text, blocked_by="trust", reason=why)
    if session is None:
        return
    if service == "sts" and operation in _LONG_TERM_ONLY:
        text = f"Cannot call {operation} with session credentials"
        why = f"{operation} wants long-term keys; these are temporary."
        raise Refusal("AccessDenied", text, blocked_by="request", reason=why)
    if kind == "federated-user":
        allowed = service not in ("iam", "sts") or operation in _OPEN_TO_FEDERATED
        why = "Credentials of GetFederationToken may not call IAM, and of STS only "
        why += f"{_listed(_OPEN_TO_FEDERATED)}."
    elif kind == "user" and service == "iam":
        allowed = session.mfa_at is not None
        why = "Credentials of GetSessionToken may call IAM only if they were got with MFA."
    elif kind == "user" and service == "sts":
        allowed = operation in _OPEN_TO_USERS
        why = f"Credentials of GetSessionToken may call of STS only {_listed(_OPEN_TO_USERS)}."
    else:
        return
    if not allowed:
        raise credential_refusal(QUERY, "invalid_key", why)


def _listed(operations: tuple[str, ...]) -> str:
    return f"{', '.join(operations[:-1])} and {operations[-1]}"
