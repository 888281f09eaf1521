"""Settings of an account or organization that IAM keeps: root sessions, versions of tokens."""

from __future__ import annotations

from labhelpers.sandbox.answer.iam.faults import fault
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.organizations import organization_of
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import not_modelled

#: What the management account decides, and the error where another account asks.
ORGANIZATION = {
    "DisableOrganizationsRootSessions": "CallerIsNotManagementAccountException",
    "EnableOrganizationsRootSessions": "CallerIsNotManagementAccountException",
    "ListOrganizationsFeatures": "AccountNotManagementOrDelegatedAdministratorException",
}


def root_sessions(call: Call, registry: Registry) -> dict:
    """Central root access: switched on, off, or looked at, by the management account."""
    found = organization_of(call.account_id)
    if found is None or found[0] != call.account_id:
        text = "The account is not the management account of an organization."
        raise fault(ORGANIZATION[call.operation], text, 400)
    if call.operation.startswith("Enable"):
        registry.root_sessions.add(call.account_id)
    elif call.operation.startswith("Disable"):
        registry.root_sessions.discard(call.account_id)
    enabled = ["RootSessions"] if call.account_id in registry.root_sessions else []
    return {"OrganizationId": found[1].org.id, "EnabledFeatures": enabled}


def token_preferences(call: Call) -> dict:
    """Tokens of the global endpoint are of version 1 here, and stay so."""
    if call.params["GlobalEndpointTokenVersion"] != "v1Token":
        raise not_modelled("session tokens of version 2 at STS's global endpoint")
    return {}
