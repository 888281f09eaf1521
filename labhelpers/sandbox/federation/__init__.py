"""Identity providers of the lab: oidc.py and saml.py sign what people and jobs bring along,
github.py has the claims of GitHub's tokens, discovery.py serves what issuers publish."""

from labhelpers.sandbox.federation.oidc import IdentityProvider, issuer
from labhelpers.sandbox.federation.saml import SamlIdentityProvider

__all__ = ["IdentityProvider", "SamlIdentityProvider", "issuer"]
