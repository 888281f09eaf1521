"""SAML responses as STS verifies them: provider, issuer, signature, time, audience, recipient.

Words: STS_FACTS 2.5, IAM User Guide "Troubleshoot SAML federation"; the order is not verified.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labhelpers.sandbox.authenticate.id_tokens import invalid
from labhelpers.sandbox.authenticate.saml_signatures import (
    NS,
    parse,
    read_metadata,
    signed_assertion,
)
from labhelpers.sandbox.authenticate.saml_xml import BEARER, PROTOCOL, STATUS
from labhelpers.sandbox.wire.errors import Refusal, not_modelled

REDEEM_WITHIN = timedelta(minutes=5)
_SIGN_IN = re.compile(r"https://([a-z0-9-]+\.)?signin\.aws\.amazon\.com/saml(/acs/[\w-]+)?")


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signed assertion; `attributes` by full name, each with its values."""

    issuer: str
    subject: str
    subject_type: str
    recipient: str
    attributes: dict[str, list[str]]
    session_ends: datetime | None


def verify(encoded: str, metadata: str | None, lab_now: datetime) -> Assertion:
    """The assertion in a base64 response, checked against its provider's metadata (None: there
    is no such provider); raises Refusal with STS's codes."""
    root = _read(encoded)
    if metadata is None:
        text = "Specified provider doesn't exist"
        raise _from_discovery(text, "AuthSamlManifestNotFoundException")
    try:
        entity_id, certificates = read_metadata(metadata)
    except ValueError as error:
        raise invalid("Response signature invalid", f"The provider's metadata: {error}") from None
    _check_status(root)
    if _text(root, "./saml:Assertion/saml:Issuer") != entity_id:
        raise _other_issuer(entity_id)
    assertion = signed_assertion(root, certificates)
    if _text(assertion, "./saml:Issuer") != entity_id:
        raise _other_issuer(entity_id)
    return _checked(assertion, lab_now)


def _read(encoded: str) -> Any:
    """The samlp:Response with its one assertion; nothing in it is to be trusted yet."""
    try:
        root = parse(base64.b64decode("".join(encoded.split()), validate=True))
    except ValueError as error:
        raise _from_discovery("Invalid base64 SAMLResponse", reason=f"{error}.") from None
    if root.xpath("boolean(//saml:EncryptedAssertion)", namespaces=NS):
        raise not_modelled("encrypted SAML assertions")
    assertions = root.xpath("//saml:Assertion", namespaces=NS)
    if root.tag != f"{{{PROTOCOL}}}Response" or len(assertions) != 1:
        why = "It has to be a samlp:Response with exactly one saml:Assertion."
        raise _from_discovery("Invalid base64 SAMLResponse", reason=why)
    return root


def _check_status(root: Any) -> None:
    codes = root.xpath("./samlp:Status/samlp:StatusCode/@Value", namespaces=NS)
    if codes != [f"{STATUS}Success"]:
        text = "The identity provider did not authenticate the user."
        why = f"The response's status is {codes}. The wording is the sandbox's own."
        raise Refusal("IDPRejectedClaim", text, 403, reason=why)


def _checked(assertion: Any, lab_now: datetime) -> Assertion:
    conditions = "./saml:Conditions"
    data = (
        f"./saml:Subject/saml:SubjectConfirmation[@Method='{BEARER}']/saml:SubjectConfirmationData"
    )
    issued = _moment(assertion, "./@IssueInstant")
    ends = (
        _moment(assertion, f"{conditions}/@NotOnOrAfter"),
        _moment(assertion, f"{data}/@NotOnOrAfter"),
    )
    late = any(end is not None and lab_now >= end for end in ends)
    if issued is None or late or lab_now - issued >= REDEEM_WITHIN:
        raise Refusal(
            "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400
        )
    starts = _moment(assertion, f"{conditions}/@NotBefore")
    if issued > lab_now or (starts is not None and starts > lab_now):
        raise invalid("Response is not yet valid", "The wording is the sandbox's own.")
    audiences = _texts(assertion, f"{conditions}/saml:AudienceRestriction/saml:Audience")
    if not any(a == "urn:amazon:webservices" or _SIGN_IN.fullmatch(a) for a in audiences):
        raise invalid("Response does not contain the required audience.")
    recipients = assertion.xpath(f"{data}/@Recipient", namespaces=NS)
    if len(recipients) != 1 or not _SIGN_IN.fullmatch(recipients[0]):
        why = f"Recipient is {recipients}, not https://signin.aws.amazon.com/saml."
        raise invalid("Response does not contain the required recipient.", why)
    subject = _text(assertion, "./saml:Subject/saml:NameID")
    if not subject:
        why = "The assertion has no NameID in its Subject."
        raise Refusal(
            "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", reason=why
        )
    formats = assertion.xpath("./saml:Subject/saml:NameID/@Format", namespaces=NS)
    return Assertion(
        issuer=_text(assertion, "./saml:Issuer"),
        subject=subject,
        subject_type="".join(formats).removeprefix("urn:oasis:names:tc:SAML:2.0:nameid-format:"),
        recipient=recipients[0],
        attributes=_attributes(assertion),
        session_ends=_session_end(assertion, lab_now),
    )


def _session_end(assertion: Any, lab_now: datetime) -> datetime | None:
    ends = _moment(assertion, "./saml:AuthnStatement/@SessionNotOnOrAfter")
    if ends is not None and ends <= lab_now:
        why = "SessionNotOnOrAfter has passed. The wording is the sandbox's own."
        raise Refusal("ExpiredTokenException", "The SAML session has ended.", 400, reason=why)
    return ends


def _attributes(assertion: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for attribute in assertion.xpath("./saml:AttributeStatement/saml:Attribute", namespaces=NS):
        values = _texts(attribute, "./saml:AttributeValue")
        found.setdefault(attribute.get("Name", ""), []).extend(values)
    return found


def _texts(element: Any, path: str) -> list[str]:
    """Texts without comments: `string()` reads across them, `.text` would stop at the first."""
    return [e.xpath("string()").strip() for e in element.xpath(path, namespaces=NS)]


def _text(element: Any, path: str) -> str:
    return next(iter(_texts(element, path)), "")


def _moment(element: Any, path: str) -> datetime | None:
    """The earliest of the xs:dateTime attributes at `path`, None without any."""
    found = []
    for text in element.xpath(path, namespaces=NS):
        try:
            moment = datetime.fromisoformat(text.strip())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            found.append(moment.astimezone(UTC))
        except (ValueError, OverflowError):
            raise invalid(f"{text[:40]} is no date and time") from None
    return min(found, default=None)


def _other_issuer(entity_id: str) -> Refusal:
    why = f"The provider was registered with metadata of {entity_id}."
    return _from_discovery("Issuer not present in specified provider", reason=why)


def _from_discovery(
    text: str, code: str = "AuthSamlInvalidSamlResponseException", reason: str = ""
) -> Refusal:
    """STS shows the error of the service behind it, whose request id the sandbox leaves out."""
    inner = f"(Service: AWSOpenIdDiscoveryService; Status Code: 400; Error Code: {code})"
    return invalid(f"{text} {inner}", reason)
