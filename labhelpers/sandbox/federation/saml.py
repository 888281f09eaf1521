"""SAML 2.0 identity providers of the lab: metadata for IAM, signed responses for STS.

Source: SAML 2.0 Core and Metadata; IAM User Guide, "Configure SAML assertions for the
authentication response".
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from labhelpers.sandbox.authenticate.saml_xml import (
    ATTRIBUTES,
    SIGN_IN,
    metadata_xml,
    response_element,
)
from labhelpers.sandbox.state.clock import LabClock
from labhelpers.sandbox.state.signing_keys import private_key

LIFETIME = 300  # seconds
DS = "http://www.w3.org/2000/09/xmldsig#"
SIGNED = ("assertion", "response", "both", "nothing")


class SamlIdentityProvider:
    """An identity provider: `entity_id` is the Issuer of its assertions.

    Register it with iam.create_saml_provider(Name=…, SAMLMetadataDocument=idp.metadata).
    """

    def __init__(self, entity_id: str, clock: LabClock) -> None:
        if not isinstance(entity_id, str) or not entity_id.strip():
            raise ValueError("A SAML identity provider needs an entity id, e.g. a URL as text.")
        self.entity_id = entity_id
        self._clock = clock
        self._number = 0

    def __repr__(self) -> str:
        return f"SamlIdentityProvider({self.entity_id})"

    @property
    def certificate(self) -> str:
        """The current signing certificate, as PEM."""
        return _certificate(self.entity_id, self._number)

    @property
    def metadata(self) -> str:
        """The metadata document (XML) for IAM, with the current certificate."""
        body = "".join(self.certificate.splitlines()[1:-1])
        return metadata_xml(self.entity_id, body)

    def rotate_keys(self) -> None:
        """Sign with a new key: refused until IAM has the new metadata (update_saml_provider)."""
        self._number += 1

    def assertion(
        self,
        role_arn: str | None,
        provider_arn: str | None,
        *,
        subject: str | None = "alice",
        session_name: str | None = "alice",
        session_duration: int | str | None = None,
        tags: Mapping[str, str] | None = None,
        transitive_tags: Iterable[str] = (),
        source_identity: str = "",
        attributes: Mapping[str, str | Iterable[str]] | None = None,
        roles: Iterable[tuple[str, str]] = (),
        name_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        audience: str | None = SIGN_IN,
        recipient: str = SIGN_IN,
        issuer: str | None = None,
        expires_in: int = LIFETIME,
        session_expires_in: int | None = None,
        status: str = "Success",
        sign: str = "assertion",
    ) -> str:
        """A response (base64) for AssumeRoleWithSAML's SAMLAssertion, signed now.

        It offers the pair of `role_arn` and `provider_arn`, and more of them in `roles`.
        `expires_in` and `session_expires_in` (SessionNotOnOrAfter) are seconds of the lab
        clock; `attributes` adds others by their full names; a value of None leaves its part
        out. `sign` is "assertion", "response", "both" or "nothing".
        """
        if sign not in SIGNED:
            raise ValueError(f"sign={sign!r}: use one of {', '.join(SIGNED)}.")
        now = self._clock.now().replace(microsecond=0)
        pairs = ([(role_arn, provider_arn)] if role_arn and provider_arn else []) + list(roles)
        told: dict[str, list[str]] = {}
        if pairs:
            told[f"{ATTRIBUTES}Role"] = [",".join(pair) for pair in pairs]
        if session_name is not None:
            told[f"{ATTRIBUTES}RoleSessionName"] = [session_name]
        if session_duration is not None:
            told[f"{ATTRIBUTES}SessionDuration"] = [str(session_duration)]
        for key, value in (tags or {}).items():
            told[f"{ATTRIBUTES}PrincipalTag:{key}"] = [value]
        if transitive_tags:
            told[f"{ATTRIBUTES}TransitiveTagKeys"] = list(transitive_tags)
        if source_identity:
            told[f"{ATTRIBUTES}SourceIdentity"] = [source_identity]
        for name, values in (attributes or {}).items():
            told[name] = [values] if isinstance(values, str) else list(values)
        ends = now + timedelta(seconds=session_expires_in) if session_expires_in else None
        element = response_element(
            issuer=issuer or self.entity_id,
            issued=now,
            expires=now + timedelta(seconds=expires_in),
            session_ends=ends,
            subject=subject,
            name_format=name_format,
            audience=audience,
            recipient=recipient,
            status=status,
            attributes=told,
        )
        return self.encode(element, sign)

    def encode(self, response: Any, sign: str = "assertion") -> str:
        """Sign an lxml samlp:Response as asked and write it as base64."""
        from lxml import etree

        if sign in ("assertion", "both"):
            place = response.find("{*}Assertion")
            response.replace(place, self._signed(place))
        if sign in ("response", "both"):
            response = self._signed(response)
        return base64.b64encode(etree.tostring(response)).decode()

    def _signed(self, element: Any) -> Any:
        from lxml import etree
        from signxml import CanonicalizationMethod, XMLSigner

        signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        # The schema wants the signature right after the Issuer. Its prefix is fixed here: lxml
        # would rename it when the signed assertion goes into the response.
        mark = etree.SubElement(element, f"{{{DS}}}Signature", nsmap={"ds": DS}, Id="placeholder")
        element.insert(1, mark)
        return signer.sign(
            element,
            key=private_key(self.entity_id, self._number),
            cert=self.certificate,
            reference_uri="#" + element.get("ID"),
        )


@lru_cache(maxsize=64)
def _certificate(entity_id: str, number: int) -> str:
    """A self-signed certificate of ten years; IAM does not look at its dates."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    key = private_key(entity_id, number)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sts-lab identity provider")])
    start = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
