"""AssumeRoleWithSAML: the holder of a SAML response takes a role, without AWS credentials.

Source: AWS STS API Reference, AssumeRoleWithSAML; IAM User Guide, "Configure SAML assertions for
the authentication response" and "Available keys for SAML-based federation"; STS_FACTS 2.5, 5.1.
The SessionDuration attribute is for the console: it is checked, and API sessions ignore it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.id_tokens import invalid
from labhelpers.sandbox.authenticate.saml_responses import Assertion, verify
from labhelpers.sandbox.authenticate.saml_xml import ATTRIBUTES
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.sts import proofs
from labhelpers.sandbox.interpret.sts.roles import owner_of
from labhelpers.sandbox.state.providers import saml_metadata
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
#: Condition keys that later requests of the session still hold (STS_FACTS 5.1).
_CARRIED = ("saml:namequalifier", "saml:sub", "saml:sub_type")
_EDU_PERSON = "affiliation nickname orgdn orgunitdn primaryaffiliation principalname entitlement "
_EDU_PERSON += "primaryorgunitdn scopedaffiliation targetedid assurance"
_EDU_ORG = "homepageuri identityauthnpolicyuri legalname superioruri whitepagesuri"
#: Attribute names (object identifiers of eduPerson, eduOrg, X.500 and LDAP) -> condition keys.
_KEYS = {
    **{
        f"urn:oid:1.3.6.1.4.1.5923.1.1.1.{n}": f"saml:eduperson{name}"
        for n, name in enumerate(_EDU_PERSON.split(), 1)
    },
    **{
        f"urn:oid:1.3.6.1.4.1.5923.1.2.1.{n}": f"saml:eduorg{name}"
        for n, name in enumerate(_EDU_ORG.split(), 2)
    },
    "urn:oid:2.5.4.3": "saml:cn",
    "urn:oid:2.5.4.4": "saml:surname",
    "urn:oid:2.5.4.42": "saml:givenName",
    "urn:oid:2.5.4.45": "saml:x500UniqueIdentifier",
    "urn:oid:0.9.2342.19200300.100.1.1": "saml:uid",
    "urn:oid:0.9.2342.19200300.100.1.3": "saml:mail",
    "urn:oid:0.9.2342.19200300.100.1.45": "saml:organizationStatus",
}


def interpret(values: dict, caller: Caller, registry: Registry, lab_now: datetime) -> Call:
    role_arn, provider = values["RoleArn"], values["PrincipalArn"]
    owner, holder = owner_of(role_arn), owner_of(provider)
    assertion = verify(values["SAMLAssertion"], saml_metadata(provider), lab_now)
    _check_pair(assertion, role_arn, provider, owner == holder)
    _check_session_duration(assertion)
    told = assertion.attributes
    context = _context(assertion, holder, provider)
    tag = f"{ATTRIBUTES}PrincipalTag:"
    proof = proofs.Proof(
        kind="saml",
        provider=provider,
        session_name=_session_name(assertion),
        context=context,
        carried={key: context[key] for key in _CARRIED if key in context},
        members={
            "Subject": assertion.subject,
            "SubjectType": assertion.subject_type,
            "Issuer": assertion.issuer,
            "Audience": assertion.recipient,
            "NameQualifier": context["saml:namequalifier"],
        },
        tags={name[len(tag) :]: _only(assertion, name) for name in told if name.startswith(tag)},
        transitive=told.get(f"{ATTRIBUTES}TransitiveTagKeys", []),
        source_identity=_only(assertion, f"{ATTRIBUTES}SourceIdentity"),
        ends=assertion.session_ends,
    )
    return proofs.call_of("AssumeRoleWithSAML", values, owner, proof)


def name_qualifier(issuer: str, account_id: str, provider_name: str) -> str:
    """BASE64(SHA1(issuer + account + "/" + name)), as AWS documents it."""
    text = f"{issuer}{account_id}/{provider_name}"
    return base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()


def _check_pair(assertion: Assertion, role_arn: str, provider: str, same_account: bool) -> None:
    """The assertion itself must offer this role by this provider, in either order."""
    pairs = [
        {part.strip() for part in pair.split(",")}
        for pair in assertion.attributes.get(f"{ATTRIBUTES}Role", ())
    ]
    if same_account and {role_arn, provider} in pairs:
        return
    why = "The role and its SAML provider have to be of one account."
    if same_account:
        why = f"The assertion's Role attribute offers {len(pairs)} pair(s), not {role_arn} with "
        why += f"{provider}: compare both ARNs, path included."
    raise Refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", reason=why)


def _session_name(assertion: Assertion) -> str:
    name = _only(assertion, f"{ATTRIBUTES}RoleSessionName")
    if not name:
        raise invalid("RoleSessionName is required in AuthnResponse")
    if not _SESSION_NAME.fullmatch(name):
        raise invalid("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    return name


def _check_session_duration(assertion: Assertion) -> None:
    text = _only(assertion, f"{ATTRIBUTES}SessionDuration")
    if text and not (re.fullmatch(r"\d{1,5}", text, re.ASCII) and 900 <= int(text) <= 43_200):
        why = "The wording is the sandbox's own."
        raise invalid("SessionDuration in AuthnResponse must be between 900 and 43200", why)


def _only(assertion: Assertion, name: str) -> str:
    """The one value of an attribute, "" where the assertion has none."""
    values = assertion.attributes.get(name, [""])
    if len(values) != 1:
        why = "The wording is the sandbox's own."
        raise invalid(f"{name.removeprefix(ATTRIBUTES)} must have exactly one value", why)
    return values[0]


def _context(assertion: Assertion, account_id: str, provider: str) -> dict[str, Any]:
    name = provider.rpartition("/")[2]
    context: dict[str, Any] = {
        "saml:aud": assertion.recipient,
        "saml:iss": assertion.issuer,
        "saml:sub": assertion.subject,
        "saml:sub_type": assertion.subject_type,
        "saml:namequalifier": name_qualifier(assertion.issuer, account_id, name),
        "saml:doc": f"{account_id}/{name}",
    }
    for attribute, values in assertion.attributes.items():
        if attribute in _KEYS and values:
            context[_KEYS[attribute]] = values[0] if len(values) == 1 else values
    return context
