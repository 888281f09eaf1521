"""Signing keys, made when they are first needed and kept for the process.

An RSA key costs about 0.1 s. Two labs of one process may share the keys of an issuer of the
same name: these keys protect nothing but the lessons.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}


class SigningKey:
    """A private key of one algorithm, with the name (`kid`) under which its public part goes."""

    def __init__(self, algorithm: str, private: Any, kid: str = "") -> None:
        self.algorithm, self.private = algorithm, private
        self.kid = kid or self._name()

    def _name(self) -> str:
        numbers = self.private.public_key().public_numbers()
        return hashlib.sha256(repr(numbers).encode()).hexdigest()[:40]

    def public_jwk(self) -> dict[str, Any]:
        """The public part as a member of a JWKS document (RFC 7517)."""
        from jwt.algorithms import ECAlgorithm, RSAAlgorithm

        kind = ECAlgorithm if self.algorithm in CURVES else RSAAlgorithm
        jwk = kind.to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "use": "sig", "alg": self.algorithm}


@lru_cache(maxsize=64)
def private_key(owner: str, number: int, algorithm: str = "RS256") -> Any:
    """The `number`-th private key of an owner (an issuer's URL, an entity id)."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if algorithm in CURVES:
        curve = {c.name: c for c in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)}
        return ec.generate_private_key(curve[CURVES[algorithm]]())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
