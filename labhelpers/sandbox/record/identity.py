"""userIdentity: who made the request, with what kind of credentials.

Source: CloudTrail User Guide, "CloudTrail userIdentity element"; STS_FACTS 8.
"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.record.observe import Observation
from labhelpers.sandbox.state.sessions import Session
from labhelpers.sandbox.wire.times import iso

_TYPES = {
    "user": "IAMUser",
    "role-session": "AssumedRole",
    "root": "Root",
    "federated-user": "FederatedUser",
}
#: Condition keys of a session that its identity shows.
DELIVERY_KEY = "ec2:RoleDelivery"


def user_identity(seen: Observation) -> dict[str, Any]:
    """As the caller's own account sees it."""
    if seen.invoked_by:
        return {"type": "AWSService", "invokedBy": seen.invoked_by}
    if seen.federated is not None:
        return dict(seen.federated["userIdentity"])
    caller = seen.caller
    if caller is None or caller.principal.kind == "anonymous":
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    principal = caller.principal
    identity: dict[str, Any] = {
        "type": _TYPES[principal.kind],
        "principalId": caller.user_id,
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": caller.access_key_id,
    }
    if principal.kind == "user":
        identity["userName"] = caller.user_name
    if caller.session is not None:
        identity["sessionContext"] = _session_context(caller, caller.session)
    return identity


def identity_elsewhere(seen: Observation) -> dict[str, Any]:
    """As the other account sees a caller of this one: neither name nor key."""
    assert seen.caller is not None
    return {
        "type": "AWSAccount",
        "principalId": seen.caller.user_id,
        "accountId": seen.caller.principal.account,
    }


def _session_context(caller: Caller, session: Session) -> dict[str, Any]:
    context: dict[str, Any] = {}
    if session.is_role_session:
        context["sessionIssuer"] = _issuer("Role", session.role_id, session.role_arn)
        context["webIdFederationData"] = _web_identity_data(session)
    elif caller.principal.kind == "federated-user":
        arn = caller.principal.user_arn
        kind = "Root" if arn.endswith(":root") else "IAMUser"
        unique_id = caller.principal.unique_id or session.account_id
        context["sessionIssuer"] = _issuer(kind, unique_id, arn)
        context["webIdFederationData"] = {}
    with_mfa = session.opened_with_mfa or session.mfa_at is not None
    context["attributes"] = {
        "creationDate": iso(session.issued),
        "mfaAuthenticated": str(with_mfa).lower(),
    }
    if caller.principal.kind == "root" and session.caller_arn != caller.principal.arn:
        context["assumedRoot"] = "true"
    if session.source_identity:
        context["sourceIdentity"] = session.source_identity
    if DELIVERY_KEY in session.carried:
        context["ec2RoleDelivery"] = session.carried[DELIVERY_KEY]
    return context


def _issuer(kind: str, unique_id: str, arn: str) -> dict[str, str]:
    issuer = {
        "type": kind,
        "principalId": unique_id,
        "arn": arn,
        "accountId": arn.split(":")[4],
    }
    if kind != "Root":
        issuer["userName"] = arn.rsplit("/", 1)[-1]
    return issuer


def _web_identity_data(session: Session) -> dict[str, Any]:
    if ":oidc-provider/" not in session.provider:
        return {}
    return {"federatedProvider": session.provider, "attributes": {}}


def lookup_name(identity: dict[str, Any]) -> str | None:
    """The Username of LookupEvents: a role session goes by its session name."""
    kind = identity["type"]
    if kind == "Root":
        return "root"
    if kind in ("AssumedRole", "FederatedUser"):
        return identity["arn"].rsplit("/", 1)[-1]
    return identity.get("userName")
