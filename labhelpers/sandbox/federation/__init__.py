"""Identity providers of the lab, and what the sandbox reads of them."""

from labhelpers.sandbox.federation.oidc import IdentityProvider, issuer
from labhelpers.sandbox.federation.saml import SamlIdentityProvider
from labhelpers.sandbox.interpret.shared_issuers import shared_provider_without_condition

__all__ = [
    "IdentityProvider",
    "SamlIdentityProvider",
    "issuer",
    "shared_provider_without_condition",
]
