"""What IAM does about identity providers and moto does not.

Source: IAM API Reference, also EnableOutboundWebIdentityFederation and its companions; IAM User
Guide, "Troubleshoot SAML federation"; STS_FACTS 2.5. The words about duplicate SAML providers and
URLs without https are not verified.
"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.authenticate.saml_signatures import read_metadata
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.outbound_issuer import issuer_of, sts_issuer
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

MAX_CLIENTS = 100
_OUTBOUND = (
    "DisableOutboundWebIdentityFederation",
    "EnableOutboundWebIdentityFederation",
    "GetOutboundWebIdentityFederationInfo",
)
_REMOVE = "RemoveClientIDFromOpenIDConnectProvider"


def answer(call: Call, registry: Registry) -> dict[str, Any] | None:
    """The result of an authorized call that moto lacks, None for what moto answers.

    Raises Refusal for what moto would wave through.
    """
    if call.operation in _OUTBOUND:
        return _switch_outbound(call.operation, call.account_id, registry)
    if call.operation == "CreateOpenIDConnectProvider":
        _check_new_oidc(call)
    elif call.operation in ("CreateSAMLProvider", "UpdateSAMLProvider"):
        _check_metadata(call)
    elif call.operation in ("AddClientIDToOpenIDConnectProvider", _REMOVE):
        return _change_clients(call)
    return None


def _switch_outbound(operation: str, account_id: str, registry: Registry) -> dict[str, Any]:
    """The result of one of the three IAM operations in _OUTBOUND."""
    enabled = account_id in registry.outbound_accounts
    identifier = issuer_of(account_id, registry).url
    if operation == "EnableOutboundWebIdentityFederation":
        if enabled:
            text = "Outbound web identity federation is already enabled for this account."
            raise Refusal("FeatureEnabled", text, 409)
        registry.outbound_accounts.add(account_id)
        return {"IssuerIdentifier": identifier}
    if not enabled:
        text = "Outbound web identity federation is disabled for this account."
        raise Refusal("FeatureDisabled", text, 404)
    if operation == "DisableOutboundWebIdentityFederation":
        registry.outbound_accounts.discard(account_id)
        return {}
    return {"IssuerIdentifier": identifier, "JwtVendingEnabled": True}


def _check_new_oidc(call: Call) -> None:
    url = call.params["Url"]
    if not url.startswith("https://"):
        raise Refusal("InvalidInput", "The provider URL must begin with https://", 400)
    text = sts_issuer(url)
    if text:
        raise Refusal("InvalidInput", text, 400)
    arn = f"arn:aws:iam::{call.account_id}:oidc-provider/{url.removeprefix('https://')}"
    if arn in iam.iam_backend(call.account_id).open_id_providers:
        raise Refusal("EntityAlreadyExists", f"Provider with url {url} already exists.", 409)


def _check_metadata(call: Call) -> None:
    name = call.params.get("Name")
    if name in iam.iam_backend(call.account_id).saml_providers:
        text = f"SAMLProvider with name {name} already exists."
        raise Refusal("EntityAlreadyExists", text, 409)
    if "SAMLMetadataDocument" not in call.params:
        return
    try:
        read_metadata(call.params["SAMLMetadataDocument"])
    except ValueError as error:
        raise Refusal("InvalidInput", "Could not parse metadata", 400, reason=str(error)) from None


def _change_clients(call: Call) -> dict[str, Any]:
    """Both calls may be repeated without an error."""
    arn, client = call.params["OpenIDConnectProviderArn"], call.params["ClientID"]
    provider = iam.iam_backend(call.account_id).open_id_providers.get(arn)
    if provider is None:
        text = f"OpenIDConnect Provider not found for arn {arn}"
        raise Refusal("NoSuchEntity", text, 404)
    clients = [known for known in provider.client_id_list if known != client]
    if call.operation != _REMOVE:
        clients.append(client)
    if len(clients) > MAX_CLIENTS:
        text = f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MAX_CLIENTS}"
        raise Refusal("LimitExceeded", text, 409)
    provider.client_id_list = clients
    return {}
