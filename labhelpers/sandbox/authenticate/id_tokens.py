"""ID tokens as STS verifies them: form, provider, audience, signature, time, in this order.

The signature is checked with what the issuer publishes, never with what a token says about
itself. Codes and words: STS_FACTS 2.5; the order is not verified on AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from labhelpers.sandbox.state.outbound_issuer import sts_issuer
from labhelpers.sandbox.state.providers import oidc_providers
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

#: IAM User Guide, "Create an OpenID Connect (OIDC) identity provider": RSA and ECDSA only.
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
#: IAM takes tokens for five minutes more, for clocks that differ. IAM User Guide, "OIDC
#: federation". AWS says so of exp; that it holds for iat and nbf is assumed.
LEEWAY = 300
#: Providers that need no registration; trust policies call them by these names.
BUILT_IN = {
    "https://accounts.google.com": "accounts.google.com",
    "accounts.google.com": "accounts.google.com",
    "https://cognito-identity.amazonaws.com": "cognito-identity.amazonaws.com",
}
#: Claims that AWS gives a meaning of its own. IAM User Guide, "Pass session tags".
TAGS_CLAIM = "https://aws.amazon.com/tags"
SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"
ROLES_CLAIM = "https://aws.amazon.com/roles"
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
_NO_JWT = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)
_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference "
    "AssumeRoleWithWebIdentity documentation for requirements"
)
MAX_SUBJECT = 255
LAST_MOMENT = 10**12  # seconds; the year 33658


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """A token that was verified. `provider` is what trust policies name (an ARN, or the name of
    a built-in provider), `prefix` what its condition keys begin with."""

    provider: str
    prefix: str
    subject: str
    audience: str
    claims: dict[str, Any]


def verify(token: str, account_id: str, registry: Registry, lab_now: datetime) -> WebIdentity:
    """The identity in a token, for a role of an account; raises Refusal with STS's codes.

    Line ends after the token do not count: files hold them, and clients send files as they are
    (botocore, both AWS CLIs, Terraform). That STS takes such a token is inferred from CI recipes
    that write it so, not verified on AWS.
    """
    token = token.rstrip("\r\n")
    header, claims = _read(token)
    issuer = claims["iss"]
    provider, prefix, client_ids = _provider(issuer, account_id)
    audience = _audience(claims, client_ids)
    _check_signature(token, header, registry.issuers.get(issuer))
    _check_time(claims, int(lab_now.timestamp()))
    return WebIdentity(provider, prefix, claims["sub"], audience, claims)


def invalid(message: str, reason: str = "") -> Refusal:
    return Refusal("InvalidIdentityToken", message, 400, reason=reason)


def texts(value: Any) -> list[str] | None:
    """A claim that is a text or a list of texts, as a list; None for anything else."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value
    return None


def _read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, not verified yet, with the types that the rest relies on."""
    import jwt

    try:
        read = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise invalid(_NO_JWT, f"It cannot be read: {error}.") from None
    claims = read["payload"]
    for name in _REQUIRED:
        if claims.get(name) in (None, "", []):
            raise invalid(f"Missing a required claim: {name}")
    for name in ("iss", "sub"):
        if not isinstance(claims[name], str):
            raise invalid(_NO_JWT, f"The claim {name} has to be a text.")
    if len(claims["sub"]) > MAX_SUBJECT:
        raise invalid(_NO_JWT, f"The claim sub has at most {MAX_SUBJECT} characters.")
    for name in ("exp", "iat", "nbf"):
        if name in claims and not _is_moment(claims[name]):
            raise invalid(_NO_JWT, f"The claim {name} has to be a number of seconds since 1970.")
    return read["header"], claims


def _is_moment(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LAST_MOMENT  # false for NaN as well


def _provider(issuer: str, account_id: str) -> tuple[str, str, list[str] | None]:
    """(name in trust policies, prefix of condition keys, client ids; None: any client)."""
    if issuer in BUILT_IN:
        return BUILT_IN[issuer], BUILT_IN[issuer], None
    for found in () if sts_issuer(issuer) else oidc_providers(account_id):
        if issuer == f"https://{found.url}":
            return found.arn, found.url, list(found.client_id_list)
    why = (
        f"Account {account_id}, which owns the role, has no provider for exactly this issuer. "
        "Create it there with iam.create_open_id_connect_provider(Url=…)."
    )
    raise invalid(f"No OpenIDConnect provider found in your account for {issuer[:255]}", why)


def _audience(claims: dict[str, Any], client_ids: list[str] | None) -> str:
    """The client that the token is for: azp where the token has one, else aud."""
    wanted = texts(claims.get("azp", claims["aud"]))
    for audience in wanted or ():
        if client_ids is None or audience in client_ids:
            return audience
    why = f"The token is for {wanted}; the provider's client ids are {client_ids}."
    raise invalid("Incorrect token audience", why)


def _check_signature(token: str, header: dict[str, Any], issuer: Any) -> None:
    import jwt

    if issuer is None:
        why = "This lab has no such issuer: its keys cannot be fetched. See lab.identity_provider."
        raise invalid(_NO_KEY, why)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        why = f"STS takes no tokens signed with {algorithm!r}, only {', '.join(ALGORITHMS)}."
        raise invalid(_NO_KEY, why)
    if kid is None:
        # However many keys there are: AWS looks the key up by its id (not verified for one key).
        why = (
            "The token's header names no key: STS looks a key up by its kid. Some libraries write "
            f"a header without one; add the kid of the signing key, as {issuer.url} publishes it."
        )
        raise invalid(_NO_KEY, why)
    keys = [key for key in issuer.jwks()["keys"] if kid == key["kid"]]
    if len(keys) != 1:
        why = (
            f"The token names the key {kid!r}, which {issuer.url} does not publish: somebody else "
            "signed it, or the key was withdrawn."
        )
        raise invalid(_NO_KEY, why)
    only_signature: jwt.types.Options = {
        "verify_exp": False,
        "verify_nbf": False,
        "verify_iat": False,
        "verify_aud": False,
        "verify_iss": False,
        "verify_sub": False,
        "verify_jti": False,
    }
    try:
        jwt.decode_complete(
            token, jwt.PyJWK(keys[0]), algorithms=[algorithm], options=only_signature
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        why = f"Key {keys[0]['kid']} of {issuer.url} did not sign this token as it is: {error}."
        raise invalid(_NO_KEY, why) from None


def _check_time(claims: dict[str, Any], now: int) -> None:
    expires = int(claims["exp"])
    if now >= expires + LEEWAY:
        text = (
            f"Token expired: current date/time {now} must be before the expiration date/time "
            f"{expires}"
        )
        late = datetime.fromtimestamp(expires, UTC)
        why = f"The token's exp is {late:%F %T} UTC; IAM allows {LEEWAY} seconds more, not longer."
        raise Refusal("ExpiredTokenException", text, 400, reason=why)
    for name in ("nbf", "iat"):
        if int(claims.get(name, now)) > now + LEEWAY:
            text = f"Token not yet valid: {name} is {int(claims[name])}, current date/time {now}"
            raise invalid(text, "The wording is the sandbox's own; AWS's is not known.")
