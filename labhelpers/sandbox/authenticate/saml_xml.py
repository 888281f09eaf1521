"""The XML of SAML metadata and responses, not signed yet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from labhelpers.sandbox.wire.times import iso

#: What the names of AWS's own attributes begin with.
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
SIGN_IN = "https://signin.aws.amazon.com/saml"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def metadata_xml(entity_id: str, certificate: str) -> str:
    """An EntityDescriptor; `certificate` is base64 DER."""
    location = quoteattr(f"{entity_id.rstrip('/')}/sso")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<md:EntityDescriptor xmlns:md="{METADATA}" entityID={quoteattr(entity_id)}>\n'
        f'  <md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">\n'
        '    <md:KeyDescriptor use="signing">\n'
        '      <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>\n'
        f"        <ds:X509Certificate>{certificate}</ds:X509Certificate>\n"
        "      </ds:X509Data></ds:KeyInfo>\n"
        "    </md:KeyDescriptor>\n"
        f'    <md:SingleSignOnService Binding="{_POST}" Location={location}/>\n'
        "  </md:IDPSSODescriptor>\n"
        "</md:EntityDescriptor>\n"
    )


def response_element(
    *,
    issuer: str,
    issued: datetime,
    expires: datetime,
    session_ends: datetime | None,
    subject: str | None,
    name_format: str,
    audience: str | None,
    recipient: str,
    status: str,
    attributes: Mapping[str, list[str]],
) -> Any:
    """A samlp:Response with one assertion, as an lxml element."""
    from lxml import etree

    now, end = iso(issued), iso(expires)
    ends = f' SessionNotOnOrAfter="{iso(session_ends)}"' if session_ends else ""
    name_id = (
        f"<saml:NameID Format={quoteattr(name_format)}>{escape(subject)}</saml:NameID>"
        if subject is not None
        else ""
    )
    restriction = (
        "<saml:AudienceRestriction>"
        f"<saml:Audience>{escape(audience)}</saml:Audience></saml:AudienceRestriction>"
        if audience is not None
        else ""
    )
    issuer_element = f"<saml:Issuer>{escape(issuer)}</saml:Issuer>"
    head = f'Version="2.0" IssueInstant="{now}"'
    return etree.fromstring(
        f'<samlp:Response xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" {head} '
        f'ID="_{uuid.uuid4()}" Destination={quoteattr(recipient)}>{issuer_element}'
        f"<samlp:Status><samlp:StatusCode Value={quoteattr(STATUS + status)}/></samlp:Status>"
        f'<saml:Assertion {head} ID="_{uuid.uuid4()}">{issuer_element}'
        f'<saml:Subject>{name_id}<saml:SubjectConfirmation Method="{BEARER}">'
        f"<saml:SubjectConfirmationData Recipient={quoteattr(recipient)} "
        f'NotOnOrAfter="{end}"/></saml:SubjectConfirmation></saml:Subject>'
        f'<saml:Conditions NotBefore="{now}" NotOnOrAfter="{end}">{restriction}'
        "</saml:Conditions>"
        f'<saml:AuthnStatement AuthnInstant="{now}"{ends}><saml:AuthnContext>'
        f"<saml:AuthnContextClassRef>{_PASSWORD}</saml:AuthnContextClassRef>"
        "</saml:AuthnContext></saml:AuthnStatement>"
        f"{_attributes(attributes)}</saml:Assertion></samlp:Response>"
    )


def _attributes(attributes: Mapping[str, list[str]]) -> str:
    if not attributes:
        return ""
    written = "".join(
        f"<saml:Attribute Name={quoteattr(name)}>"
        + "".join(f"<saml:AttributeValue>{escape(v)}</saml:AttributeValue>" for v in values)
        + "</saml:Attribute>"
        for name, values in attributes.items()
    )
    return f"<saml:AttributeStatement>{written}</saml:AttributeStatement>"
