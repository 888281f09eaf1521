"""SAML documents and their signatures: what did the identity provider really sign?

Only the element that the signature covers is handed on: whatever an attacker wraps around a
signed assertion is never looked at. Documents with a DTD are refused, so there are no entities,
and nothing is fetched. SHA-1 signatures are refused.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from labhelpers.sandbox.authenticate.id_tokens import invalid
from labhelpers.sandbox.authenticate.saml_xml import ASSERTION, METADATA, PROTOCOL

NS = {
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "md": METADATA,
    "saml": ASSERTION,
    "samlp": PROTOCOL,
}
_METHODS = ("RSA_SHA256", "RSA_SHA384", "RSA_SHA512", "ECDSA_SHA256", "ECDSA_SHA384")
_DIGESTS = ("SHA256", "SHA384", "SHA512")


def parse(document: bytes) -> Any:
    """The root element; raises ValueError for what is no XML, or no XML to be trusted."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no well-formed XML: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("documents with a DTD are refused")
    return root


def read_metadata(text: str) -> tuple[str, list[str]]:
    """(entity id, signing certificates as PEM) of a metadata document.

    Raises ValueError for what is no SAML metadata with a signing certificate.
    """
    try:
        root = parse(text.encode())
        found = root.xpath(
            "//md:KeyDescriptor[not(@use) or @use='signing']//ds:X509Certificate", namespaces=NS
        )
        certificates = [_pem(element.xpath("string()")) for element in found]
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"Could not parse metadata ({error})") from None
    if root.tag != f"{{{METADATA}}}EntityDescriptor" or not root.get("entityID"):
        raise ValueError("Could not parse metadata (no EntityDescriptor with an entityID)")
    if not certificates:
        raise ValueError("Could not parse metadata (no signing certificate)")
    return root.get("entityID"), certificates


def _pem(text: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = base64.b64decode("".join(text.split()), validate=True)
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def signed_assertion(root: Any, certificates: list[str]) -> Any:
    """The assertion as the signature covers it: of the whole response, or its own."""
    place = "./" if root.find("./ds:Signature", NS) is not None else f"./{{{ASSERTION}}}Assertion/"
    for certificate in certificates:
        signed = _verified(root, certificate, place)
        if signed is None:
            continue
        if signed.tag == f"{{{ASSERTION}}}Assertion":
            return signed
        found = signed.findall("./saml:Assertion", NS)
        if signed.tag == f"{{{PROTOCOL}}}Response" and len(found) == 1:
            return found[0]
    why = (
        "No certificate in the provider's metadata has signed this response as it is. If the "
        "identity provider has a new key, IAM needs its new metadata (update_saml_provider)."
    )
    raise invalid("Response signature invalid", why)


def _verified(root: Any, certificate: str, place: str) -> Any:
    """What the signature at `place` covers, None if the certificate's key did not make it."""
    from cryptography import x509
    from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier

    start = x509.load_pem_x509_certificate(certificate.encode()).not_valid_before_utc
    config = SignatureConfiguration(
        location=place,
        signature_methods=frozenset(SignatureMethod[name] for name in _METHODS),
        digest_algorithms=frozenset(DigestAlgorithm[name] for name in _DIGESTS),
        # IAM does not act on the expiry of certificates in metadata.
        verification_time=start,
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, expect_config=config)
    except Exception:  # an attacker's document can fail in every layer of XML, base64 and keys
        return None
    assert not isinstance(result, list)  # it is one where several references are expected
    return result.signed_xml
