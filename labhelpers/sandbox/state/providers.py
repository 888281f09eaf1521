"""The identity providers that an account has registered with IAM, as moto keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labhelpers.sandbox.state import iam

if TYPE_CHECKING:
    from moto.iam.models import OpenIDConnectProvider


def oidc_providers(account_id: str) -> list[OpenIDConnectProvider]:
    """`url` is without https://, `client_id_list` as registered."""
    backend = iam.backend_of(account_id)
    return [] if backend is None else list(backend.open_id_providers.values())


def saml_metadata(arn: str) -> str | None:
    """The metadata document that a SAML provider was registered with, None without it."""
    account_id, _, name = arn.partition(":iam::")[2].partition(":saml-provider/")
    backend = iam.backend_of(account_id)
    found = backend.saml_providers.get(name) if backend is not None else None
    return found.saml_metadata_document if found is not None and found.arn == arn else None
