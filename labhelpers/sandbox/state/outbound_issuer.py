"""The issuer that AWS runs for an account, whose tokens services elsewhere take.

Source: IAM User Guide, "Understanding token claims".
"""

from __future__ import annotations

import uuid
from typing import Any

from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.signing_keys import SigningKey, private_key

HOST = "tokens.sts.global.api.aws"
_KIDS = {"RS256": "RSA_0", "ES384": "EC384_0"}


class OutboundIssuer:
    """One account's issuer: an RSA and an elliptic-curve key, published as any issuer's."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self.url = f"https://{uuid.uuid5(uuid.NAMESPACE_DNS, account_id)}.{HOST}"

    def _key(self, algorithm: str) -> SigningKey:
        return SigningKey(algorithm, private_key(self.url, 0, algorithm), _KIDS[algorithm])

    def sign(self, claims: dict[str, Any], algorithm: str) -> str:
        import jwt

        key = self._key(algorithm)
        return jwt.encode(claims, key.private, algorithm=algorithm, headers={"kid": key.kid})

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key(algorithm).public_jwk() for algorithm in _KIDS]}

    def discovery(self, base: str = "") -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{base or self.url}/.well-known/jwks.json",
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": list(_KIDS),
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti"]
            + ["https://sts.amazonaws.com/"],
        }


def issuer_of(account_id: str, registry: Registry) -> OutboundIssuer:
    """The account's issuer, published from its first use on; its keys stay the same."""
    issuer = OutboundIssuer(account_id)
    registry.issuers.setdefault(issuer.url, issuer)
    return issuer


def sts_issuer(url: str) -> str | None:
    """Why CreateOpenIDConnectProvider refuses this Url, None where it does not: tokens of AWS's
    own issuers are no way into AWS (STS_FACTS 2.5)."""
    host = url.partition("://")[2].partition("/")[0].lower()
    if host != HOST and not host.endswith(f".{HOST}"):
        return None
    return (
        "Creating an OIDC provider with an STS issuer URL from the same partition is not "
        "supported. Within a partition, use AssumeRole instead of web identity federation."
    )
