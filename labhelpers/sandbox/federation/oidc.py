"""OpenID Connect issuers of the lab: they sign ID tokens with keys of their own.

STS trusts nothing here but the keys that an issuer publishes (`jwks`), the document that the
endpoint also serves over HTTP. Source: OpenID Connect Core and Discovery 1.0; RFC 7517, 7519.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from labhelpers.sandbox.authenticate.id_tokens import ROLES_CLAIM, SOURCE_IDENTITY_CLAIM, TAGS_CLAIM
from labhelpers.sandbox.federation.github import github_claims
from labhelpers.sandbox.state.clock import LabClock
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.signing_keys import SigningKey, private_key

LIFETIME = 300  # seconds, as GitHub's tokens
_URL = re.compile(r"https://(?P<name>[A-Za-z0-9.-]+(:\d{1,5})?(/[^\s?#]*)?)", re.ASCII)


class IdentityProvider:
    """An issuer: `url` is its iss claim, `name` the same without https://, as IAM writes it in
    ARNs and condition keys (`NAME:sub`).

    Register it with iam.create_open_id_connect_provider(Url=idp.url, ClientIDList=[…]).
    """

    def __init__(self, url: str, clock: LabClock) -> None:
        found = _URL.fullmatch(url) if isinstance(url, str) else None
        if found is None:
            raise ValueError(
                f"{url!r} is no issuer URL: write https://HOST or https://HOST/PATH, "
                "e.g. 'https://token.actions.githubusercontent.com'."
            )
        self.url, self.name = url, found["name"]
        self._clock = clock
        self._made = 0
        self._keys: list[SigningKey] = []  # the last one signs
        self._lock = threading.RLock()  # the endpoint's threads read what a notebook rotates

    def __repr__(self) -> str:
        return f"IdentityProvider({self.url})"

    def arn(self, account_id: str) -> str:
        """The ARN that IAM gives the provider in an account, whether it is registered or not."""
        return f"arn:aws:iam::{account_id}:oidc-provider/{self.name}"

    def issue(
        self,
        sub: str,
        aud: str | Iterable[str] = "sts.amazonaws.com",
        *,
        expires_in: int = LIFETIME,
        tags: Mapping[str, str] | None = None,
        transitive_tags: Iterable[str] = (),
        source_identity: str = "",
        roles: str | Iterable[str] = (),
        **claims: Any,
    ) -> str:
        """A signed ID token (a JWT), valid for `expires_in` seconds of the lab clock.

        `tags`, `transitive_tags`, `source_identity` and `roles` (ARNs) become the claims that
        STS reads. `claims` are added as they are and win over the standard ones; a claim that
        is None is left out. Claims with awkward names: issue(…, **{"cognito:groups": […]}).
        """
        now = int(self._clock.now().timestamp())
        content: dict[str, Any] = {
            "iss": self.url,
            "sub": sub,
            "aud": aud if isinstance(aud, str | None) else list(aud),
            "iat": now,
            "exp": now + expires_in,
            "jti": str(uuid.uuid4()),
        }
        if tags:
            content[TAGS_CLAIM] = {"principal_tags": {k: [v] for k, v in tags.items()}}
            if transitive_tags:
                content[TAGS_CLAIM]["transitive_tag_keys"] = list(transitive_tags)
        if source_identity:
            content[SOURCE_IDENTITY_CLAIM] = source_identity
        if roles:
            content[ROLES_CLAIM] = roles if isinstance(roles, str) else list(roles)
        content |= claims
        return self.sign({name: value for name, value in content.items() if value is not None})

    def github_actions(
        self, repository: str = "octo-org/octo-repo", ref: str = "refs/heads/main", **more: Any
    ) -> str:
        """A token with the claims that GitHub Actions sends; see github_claims for `more`.

        An issuer at https://HOST/_services/token is a GitHub Enterprise Server.
        """
        if self.name.endswith("/_services/token"):
            if more.get("immutable_sub"):
                raise ValueError("GitHub Enterprise Server writes no ids into sub.")
            more["immutable_sub"] = False
        now = int(self._clock.now().timestamp())
        return self.issue(**{"nbf": now - LIFETIME, **github_claims(repository, ref, **more)})

    def sign(self, claims: Mapping[str, Any], algorithm: str = "RS256") -> str:
        """A JWT of exactly these claims, signed with the issuer's current key."""
        import jwt

        key = self.key(algorithm)
        return jwt.encode(dict(claims), key.private, algorithm=algorithm, headers={"kid": key.kid})

    def key(self, algorithm: str = "RS256") -> SigningKey:
        """The current key of an algorithm (RS256, ES256, ES384, ES512), made at first use."""
        with self._lock:
            for key in reversed(self._keys):
                if key.algorithm == algorithm:
                    return key
            return self._new_key(algorithm)

    def rotate_keys(self, *, keep_old: bool = True) -> None:
        """Sign with a new key from now on.

        With `keep_old`, tokens signed before stay good as long as they last; without, their
        keys are gone from the JWKS, and STS refuses them.
        """
        with self._lock:
            if not keep_old:
                self._keys.clear()
            self._new_key("RS256")

    def jwks(self) -> dict[str, Any]:
        """The public keys, as published at the discovery document's jwks_uri."""
        with self._lock:
            self.key()
            return {"keys": [key.public_jwk() for key in self._keys]}

    def discovery(self, base: str = "") -> dict[str, Any]:
        """The document of /.well-known/openid-configuration.

        `base` is where the keys can be fetched, the issuer's own URL by default.
        """
        return {
            "issuer": self.url,
            "jwks_uri": f"{base or self.url.rstrip('/')}/.well-known/jwks",
            "subject_types_supported": ["public"],
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
            "claims_supported": ["sub", "aud", "exp", "iat", "iss", "jti"],
        }

    def _new_key(self, algorithm: str) -> SigningKey:
        key = SigningKey(algorithm, private_key(self.url, self._made, algorithm))
        self._made += 1
        self._keys.append(key)
        return key


def issuer(url: str, clock: LabClock, registry: Registry) -> IdentityProvider:
    """The lab's issuer of this URL, made and published at first use.

    Raises ValueError for what is no issuer URL, or is the issuer of an AWS account.
    """
    made = IdentityProvider(url, clock)
    found = registry.issuers.setdefault(made.url, made)
    if not isinstance(found, IdentityProvider):
        raise ValueError(f"{url} is AWS's own issuer: GetWebIdentityToken gives its tokens.")
    return found
