"""AssumeRoleWithSAML: which responses get in, which never do, and what a session holds."""

import base64
import binascii
import hashlib
from datetime import timedelta

import pytest
from federation_scene import SIGN_IN, SamlWorld, federated
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree
from scene import allow, policy, trusts
from signxml import CanonicalizationMethod, XMLSigner

from labhelpers import open_lab
from labhelpers.lab import LabError
from labhelpers.sandbox.authenticate.saml_signatures import NS, read_metadata, signed_assertion
from labhelpers.sandbox.interpret.sts import saml
from labhelpers.sandbox.state.signing_keys import private_key
from labhelpers.sandbox.wire.errors import Refusal

HERE, THERE = "111122223333", "444455556666"
NOT_AUTHORIZED = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")
FROM_DISCOVERY = "(Service: AWSOpenIdDiscoveryService; Status Code: 400; Error Code: "
UNREADABLE = f"Invalid base64 SAMLResponse {FROM_DISCOVERY}AuthSamlInvalidSamlResponseException)"
OTHER_ISSUER = (
    f"Issuer not present in specified provider {FROM_DISCOVERY}"
    "AuthSamlInvalidSamlResponseException)"
)
BAD_SIGNATURE = "Response signature invalid"


@pytest.fixture(scope="module")
def site():
    with open_lab("sandbox") as lab:
        yield SamlWorld(lab)


@pytest.fixture(scope="module")
def role(site):
    """A role that lets everybody of the provider in."""
    return site.behind("corp", None, ["sts:TagSession", "sts:SetSourceIdentity"])


def refused(outcome):
    assert not outcome.allowed, "the response got in"
    return outcome.code, outcome.message


def document(response):
    return etree.fromstring(base64.b64decode(response))


def encoded(element):
    return base64.b64encode(etree.tostring(element)).decode()


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_a_good_response_gives_a_session(site, role, sign):
    """The result names subject, issuer, recipient and name qualifier."""
    answer = site.enter(role, site.idp.assertion(role, site.arn, sign=sign)).response
    assert answer["Subject"] == "alice"
    assert answer["SubjectType"] == "persistent"
    assert answer["Issuer"] == "https://idp.example.com/saml"
    assert answer["Audience"] == SIGN_IN
    assert "PackedPolicySize" not in answer
    name = role.rpartition("/")[2]
    me = site.lab.session_from(answer).client("sts").get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/{name}/alice"
    session = site.lab.sessions()[-1]
    assert (session.expires - session.issued).total_seconds() == 3600


def test_the_name_qualifier_is_aws_documented_hash():
    """The example of the STS API Reference: BASE64(SHA1(issuer + account + "/" + name))."""
    told = saml.name_qualifier("https://example.com/saml", "123456789012", "MySAMLIdP")
    text = b"https://example.com/saml" + b"123456789012" + b"/MySAMLIdP"
    assert binascii.a2b_base64(told) == hashlib.sha1(text).digest()


AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1"
CONDITIONS = [
    # id, condition, what the assertion holds, whether it gets in
    ("recipient", {"StringEquals": {"SAML:aud": SIGN_IN}}, {}, True),
    ("other recipient", {"StringEquals": {"saml:aud": "urn:amazon:webservices"}}, {}, False),
    ("issuer", {"StringEquals": {"saml:iss": "https://idp.example.com/saml"}}, {}, True),
    ("subject", {"StringLike": {"saml:sub": "ali*"}}, {}, True),
    ("other subject", {"StringEquals": {"saml:sub": "alice"}}, {"subject": "mallory"}, False),
    ("persistent", {"StringEquals": {"saml:sub_type": "persistent"}}, {}, True),
    ("another format", {"StringEquals": {"saml:sub_type": "x"}}, {"name_format": "x"}, True),
    ("provider", {"StringEquals": {"saml:doc": f"{HERE}/corp"}}, {}, True),
    (
        "an attribute of eduPerson",
        {"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": ["staff"]}},
        {"attributes": {AFFILIATION: ["member", "staff"]}},
        True,
    ),
    (
        "attribute missing",
        {"ForAnyValue:StringEquals": {"saml:edupersonaffiliation": ["staff"]}},
        {},
        False,
    ),
    ("session name", {"StringEquals": {"sts:RoleSessionName": "alice"}}, {}, True),
    (
        "other session name",
        {"StringEquals": {"sts:RoleSessionName": "alice"}},
        {"session_name": "root"},
        False,
    ),
]


@pytest.mark.parametrize(
    ("condition", "held", "allowed"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS]
)
def test_the_trust_policy_decides(site, condition, held, allowed):
    """A verified assertion still needs a trust policy that allows its claims."""
    role = site.behind("corp", condition)
    outcome = site.enter(role, site.idp.assertion(role, site.arn, **held))
    assert outcome.allowed == allowed
    if not allowed:
        assert refused(outcome) == NOT_AUTHORIZED
        assert outcome.blocked_by == "trust"


def test_who_is_not_named_gets_nothing(site, role):
    """Another action, "*", a missing role: the same words."""
    web_only = site.role("web", federated(site.arn, "sts:AssumeRoleWithWebIdentity"))
    for role_arn in (site.role("any", trusts("*")), web_only, f"arn:aws:iam::{HERE}:role/absent"):
        response = site.idp.assertion(role_arn, site.arn)
        assert refused(site.enter(role_arn, response)) == NOT_AUTHORIZED


def test_the_assertion_has_to_offer_the_role(site, role):
    """The Role attribute holds pairs, in either order; the role asked for must be in one."""
    other = site.behind("other")
    assert refused(site.enter(other, site.idp.assertion(role, site.arn))) == NOT_AUTHORIZED
    assert refused(site.enter(role, site.idp.assertion(None, None))) == NOT_AUTHORIZED
    swapped = site.idp.assertion(None, None, roles=[(site.arn, role), (site.arn, other)])
    assert site.enter(role, swapped).allowed
    assert site.enter(other, swapped).allowed


def test_provider_and_role_are_of_one_account(site):
    """A trust policy cannot bring in another account's provider."""
    trust = federated(site.arn, "sts:AssumeRoleWithSAML")
    foreign = site.role("foreign", trust, account=THERE)
    outcome = site.enter(foreign, site.idp.assertion(foreign, site.arn))
    assert refused(outcome) == NOT_AUTHORIZED
    assert "one account" in outcome.reason


def test_an_unknown_provider(site, role):
    """STS passes on the error of the service behind it."""
    arn = f"arn:aws:iam::{HERE}:saml-provider/nobody"
    code, message = refused(site.enter(role, site.idp.assertion(role, arn), arn))
    assert code == "InvalidIdentityToken"
    told = f"Specified provider doesn't exist {FROM_DISCOVERY}AuthSamlManifestNotFoundException)"
    assert message == told


MALFORMED = [
    ("no base64", lambda idp, pair: "§§§§", UNREADABLE),
    ("no XML", lambda idp, pair: base64.b64encode(b"hello").decode(), UNREADABLE),
    ("other XML", lambda idp, pair: base64.b64encode(b"<Response/>").decode(), UNREADABLE),
    ("metadata", lambda idp, pair: base64.b64encode(idp.metadata.encode()).decode(), UNREADABLE),
    ("issuer", lambda idp, pair: idp.assertion(*pair, issuer="https://x"), OTHER_ISSUER),
    (
        "audience",
        lambda idp, pair: idp.assertion(*pair, audience="https://app.example.com"),
        "Response does not contain the required audience.",
    ),
    (
        "no audience",
        lambda idp, pair: idp.assertion(*pair, audience=None),
        "Response does not contain the required audience.",
    ),
    (
        "recipient",
        lambda idp, pair: idp.assertion(*pair, recipient=f"{SIGN_IN}.evil.com"),
        "Response does not contain the required recipient.",
    ),
    (
        "no session name",
        lambda idp, pair: idp.assertion(*pair, session_name=None),
        "RoleSessionName is required in AuthnResponse",
    ),
    (
        "session name",
        lambda idp, pair: idp.assertion(*pair, session_name="a b"),
        "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
    ),
    (
        "source identity",
        lambda idp, pair: idp.assertion(*pair, source_identity="aws:root"),
        'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"',
    ),
    (
        "session duration",
        lambda idp, pair: idp.assertion(*pair, session_duration="long"),
        "SessionDuration in AuthnResponse must be between 900 and 43200",
    ),
    ("not signed", lambda idp, pair: idp.assertion(*pair, sign="nothing"), BAD_SIGNATURE),
]


@pytest.mark.parametrize(
    ("make", "message"), [c[1:] for c in MALFORMED], ids=[c[0] for c in MALFORMED]
)
def test_malformed_responses_and_wrong_claims(site, role, make, message):
    """AWS's code and words for each defect."""
    outcome = site.enter(role, make(site.idp, (role, site.arn)))
    assert refused(outcome) == ("InvalidIdentityToken", message)
    assert outcome.blocked_by == "request"


def test_without_a_name_id(site, role):
    """A response that names nobody is not authorized."""
    outcome = site.enter(role, site.idp.assertion(role, site.arn, subject=None))
    assert refused(outcome) == NOT_AUTHORIZED


def test_a_failed_sign_in(site, role):
    """The provider says itself that nobody signed in."""
    outcome = site.enter(role, site.idp.assertion(role, site.arn, status="Responder"))
    assert refused(outcome)[0] == "IDPRejectedClaim"


def named(root, name):
    return root.find(f".//{{*}}{name}")


def edited(response, name, text):
    root = document(response)
    named(root, name).text = text
    return encoded(root)


def wrapped(response, outside):
    """A forged assertion where readers look, the signed one somewhere else (XSW attacks)."""
    root = document(response)
    good = named(root, "Assertion")
    if outside == "response in a response":
        forged = etree.fromstring(etree.tostring(root))
        forged.set("ID", "_forged")
        named(forged, "NameID").text = "mallory"
        forged.append(root)
        return encoded(forged)
    forged = etree.fromstring(etree.tostring(good))
    forged.set("ID", "_forged")
    named(forged, "NameID").text = "mallory"
    if outside == "sibling before":
        good.addprevious(forged)
    elif outside == "sibling after":
        good.addnext(forged)
    elif outside == "signed one inside the forged":
        root.replace(good, forged)
        forged.append(good)
    elif outside == "signed one inside the signature":
        signature = named(good, "Signature")
        forged.remove(named(forged, "Signature"))
        root.replace(good, forged)
        holder = etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object")
        forged.insert(1, signature)
        holder.append(good)
    elif outside == "same id":
        forged.set("ID", good.get("ID"))
        forged.remove(named(forged, "Signature"))
        root.insert(1, forged)
    return encoded(root)


def with_doctype(response, dtd):
    text = base64.b64decode(response).decode()
    if "who" in dtd:
        text = text.replace(">alice<", ">&who;<", 1)
    return base64.b64encode(f"<!DOCTYPE x [{dtd}]>{text}".encode()).decode()


FORGED = [
    ("subject altered", lambda ok, other: edited(ok, "NameID", "mallory")),
    ("role altered", lambda ok, other: edited(ok, "AttributeValue", "arn:x,arn:y")),
    ("signature value altered", lambda ok, other: edited(ok, "SignatureValue", "AAAA")),
    ("signature empty", lambda ok, other: edited(ok, "SignatureValue", "")),
    ("digest altered", lambda ok, other: edited(ok, "DigestValue", "AAAA")),
    ("another provider's key", lambda ok, other: other),
]
WRAPPED = [
    "sibling before",
    "sibling after",
    "signed one inside the forged",
    "signed one inside the signature",
    "same id",
    "response in a response",
]


@pytest.mark.parametrize("forge", [c[1] for c in FORGED], ids=[c[0] for c in FORGED])
@pytest.mark.parametrize("sign", ["assertion", "response"])
def test_a_forged_response_never_works(site, role, forge, sign):
    """Only what the registered certificate's key signed is ever read."""
    stranger = site.lab.saml_provider(site.idp.entity_id)
    stranger.rotate_keys()
    before = len(site.lab.sessions())
    good = site.idp.assertion(role, site.arn, sign=sign)
    other = stranger.assertion(role, site.arn, sign=sign)
    code, message = refused(site.enter(role, forge(good, other)))
    assert code == "InvalidIdentityToken"
    assert message in (BAD_SIGNATURE, UNREADABLE)
    assert len(site.lab.sessions()) == before


@pytest.mark.parametrize("dtd", ["", '<!ENTITY who "x">', '<!ENTITY who SYSTEM "/etc/hosts">'])
def test_documents_with_a_dtd_are_not_read(site, role, dtd):
    """So there are no entities: nothing expands, nothing is fetched."""
    response = with_doctype(site.idp.assertion(role, site.arn), dtd)
    assert refused(site.enter(role, response)) == ("InvalidIdentityToken", UNREADABLE)


@pytest.mark.parametrize("outside", WRAPPED)
def test_wrapping_a_signed_assertion_is_in_vain(site, role, outside):
    """The response is refused, and even the signature's reader never sees the forged part."""
    sign = "response" if outside == "response in a response" else "assertion"
    response = wrapped(site.idp.assertion(role, site.arn, sign=sign), outside)
    assert "mallory" in base64.b64decode(response).decode()
    assert refused(site.enter(role, response)) == ("InvalidIdentityToken", UNREADABLE)
    _, certificates = read_metadata(site.idp.metadata)
    try:
        read = signed_assertion(document(response), certificates)
    except Refusal as refusal:
        assert refusal.message == BAD_SIGNATURE
    else:
        assert read.find("./{*}Subject/{*}NameID").text == "alice"


def test_a_certificate_in_the_response_does_not_count(site, role):
    """Only the certificates that were registered do: this one is garbage, and nobody minds."""
    response = edited(site.idp.assertion(role, site.arn), "X509Certificate", "AAAA")
    assert site.enter(role, response).response["Subject"] == "alice"


def test_a_comment_does_not_cut_a_name(site, role):
    """Text is read across comments: "alice<!-- -->.evil" is not alice."""
    response = document(site.idp.assertion(role, site.arn, subject="alice.evil", sign="nothing"))
    name = named(response, "NameID")
    name.text = "alice"
    comment = etree.Comment(" ")
    comment.tail = ".evil"
    name.append(comment)
    answer = site.enter(role, site.idp.encode(response)).response
    assert answer["Subject"] == "alice.evil"
    # Also where the identity provider's signature covers the comment.
    keeping = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS
    signed = XMLSigner(c14n_algorithm=keeping).sign(
        response,
        key=private_key(site.idp.entity_id, 0),
        cert=site.idp.certificate,
        reference_uri="#" + response.get("ID"),
    )
    answer = site.enter(role, encoded(signed)).response
    assert answer["Subject"] == "alice.evil"


def test_times_follow_the_lab_clock(site, role):
    """Five minutes from issue, or less where the response says so."""
    expired = ("ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
    short = site.idp.assertion(role, site.arn, expires_in=60)
    long = site.idp.assertion(role, site.arn, expires_in=3600)
    site.lab.clock.advance(seconds=61)
    assert refused(site.enter(role, short)) == expired
    assert site.enter(role, long).allowed
    site.lab.clock.advance(seconds=240)
    assert refused(site.enter(role, long)) == expired


def test_the_session_ends_with_the_providers(site):
    """SessionNotOnOrAfter cuts the session; SessionDuration is for the console alone."""
    role = site.behind("corp", MaxSessionDuration=7200)
    response = site.idp.assertion(role, site.arn, session_expires_in=1200, session_duration=43200)
    assert site.enter(role, response).allowed
    session = site.lab.sessions()[-1]
    assert timedelta(seconds=1195) < session.expires - session.issued <= timedelta(seconds=1200)
    response = site.idp.assertion(role, site.arn, session_duration=7200)
    assert site.enter(role, response).allowed
    assert site.lab.sessions()[-1].expires - site.lab.sessions()[-1].issued == timedelta(hours=1)
    assert site.enter(role, response, DurationSeconds=7200).allowed
    assert site.lab.sessions()[-1].expires - site.lab.sessions()[-1].issued == timedelta(hours=2)
    over = site.idp.assertion(role, site.arn, session_expires_in=-5)
    assert refused(site.enter(role, over))[0] == "ExpiredTokenException"
    assert refused(site.enter(role, response, DurationSeconds=7201)) == (
        "ValidationError",
        "Requested DurationSeconds exceeds MaxSessionDuration set for this role.",
    )


def test_tags_and_source_identity(site, role):
    """Attributes become session tags and source identity, each with its own permission."""
    told = {"tags": {"team": "blue", "n": ""}, "transitive_tags": ["team"]}
    plain = site.behind("plain")
    outcome = site.enter(plain, site.idp.assertion(plain, site.arn, **told))
    assert refused(outcome) == ("AccessDenied", "Not authorized to perform sts:TagSession")
    outcome = site.enter(plain, site.idp.assertion(plain, site.arn, source_identity="lea"))
    assert refused(outcome) == ("AccessDenied", "Not authorized to perform sts:SetSourceIdentity")
    response = site.idp.assertion(role, site.arn, source_identity="lea", **told)
    answer = site.enter(role, response).response
    assert answer["SourceIdentity"] == "lea"
    assert answer["PackedPolicySize"] >= 1
    session = site.lab.sessions()[-1]
    assert session.tags == {"team": "blue", "n": ""}
    assert session.inherited_tags == {"team": "blue"}
    assert session.source_identity == "lea"
    twice = {f"https://aws.amazon.com/SAML/Attributes/PrincipalTag:{k}": "x" for k in ("a", "A")}
    response = site.idp.assertion(role, site.arn, attributes=twice)
    assert refused(site.enter(role, response))[0] == "InvalidParameterValue"
    two = {"https://aws.amazon.com/SAML/Attributes/PrincipalTag:a": ["x", "y"]}
    response = site.idp.assertion(role, site.arn, attributes=two)
    assert refused(site.enter(role, response))[0] == "InvalidIdentityToken"


def test_later_requests_still_know_the_provider(site):
    """saml:sub and the provider stay with the session, saml:iss does not."""
    site.bucket("saml-keys")
    kept = {
        "StringEquals": {"saml:sub": "alice", "aws:FederatedProvider": site.arn},
        "Null": {"saml:iss": "true", "saml:aud": "true"},
    }
    role = site.behind("corp", permissions=[allow("s3:ListBucket", Condition=kept)])
    answer = site.enter(role, site.idp.assertion(role, site.arn)).response
    s3 = site.lab.session_from(answer).client("s3")
    assert site.lab.attempt(s3.list_objects_v2, Bucket="saml-keys").allowed
    answer = site.enter(
        role, site.idp.assertion(role, site.arn), Policy=policy(allow("s3:PutObject"))
    ).response
    s3 = site.lab.session_from(answer).client("s3")
    assert site.lab.attempt(s3.list_objects_v2, Bucket="saml-keys").blocked_by == "session"


def test_a_new_key_needs_new_metadata(site):
    """After a rotation, responses are refused until IAM has the new certificate."""
    idp = site.lab.saml_provider("https://rotating.example.com")
    iam = site.iam()
    arn = iam.create_saml_provider(Name="rotating", SAMLMetadataDocument=idp.metadata)[
        "SAMLProviderArn"
    ]
    role = site.role("corp", federated(arn, "sts:AssumeRoleWithSAML"))
    assert site.enter(role, idp.assertion(role, arn), arn).allowed
    idp.rotate_keys()
    outcome = site.enter(role, idp.assertion(role, arn), arn)
    assert refused(outcome) == ("InvalidIdentityToken", BAD_SIGNATURE)
    assert "update_saml_provider" in outcome.reason
    iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=idp.metadata)
    assert site.enter(role, idp.assertion(role, arn), arn).allowed


def test_encrypted_assertions_are_not_modelled(site, role):
    """The sandbox says so instead of guessing."""
    root = document(site.idp.assertion(role, site.arn))
    etree.SubElement(root, f"{{{NS['saml']}}}EncryptedAssertion")
    assert site.enter(role, encoded(root)).code == "SandboxNotModelled"


def test_metadata_is_read_at_creation(site):
    """IAM refuses metadata that it cannot use, and a name that is taken."""
    iam, good = site.iam(), site.idp.metadata
    bad = good.replace("X509Certificate>", "Nothing>")
    outcome = site.lab.attempt(iam.create_saml_provider, Name="x", SAMLMetadataDocument=bad)
    assert (outcome.code, outcome.message) == ("InvalidInput", "Could not parse metadata")
    outcome = site.lab.attempt(
        iam.update_saml_provider, SAMLProviderArn=site.arn, SAMLMetadataDocument=bad
    )
    assert outcome.code == "InvalidInput"
    outcome = site.lab.attempt(iam.create_saml_provider, Name="corp", SAMLMetadataDocument=good)
    assert outcome.code == "EntityAlreadyExists"


def test_bad_use_is_told(site):
    """Mistakes in the lesson's own code are explained at once."""
    with pytest.raises(LabError, match="entity id"):
        site.lab.saml_provider("")
    with pytest.raises(ValueError, match="assertion, response, both, nothing"):
        site.idp.assertion("a", "b", sign="all")
    for text in ("", "<a/>", site.idp.metadata.replace("X509Cert", "X"), "<!DOCTYPE a []><a/>"):
        with pytest.raises(ValueError, match="Could not parse metadata"):
            read_metadata(text)


def test_no_response_breaks_the_reader(site, role):
    """Arbitrary texts, XML and edited responses end in STS's own refusals."""
    registry, now = site.lab._sandbox.gateway.registry, site.lab.clock.now()
    good = base64.b64decode(site.idp.assertion(role, site.arn))
    elements = [e.tag for e in etree.fromstring(good).iter()]

    def read(response):
        values = {"RoleArn": role, "PrincipalArn": site.arn, "SAMLAssertion": response}
        try:
            return saml.interpret(values, None, registry, now)
        except Refusal as refusal:
            assert refusal.code in ("InvalidIdentityToken", "IDPRejectedClaim", "AccessDenied")
            assert refusal.status in (400, 403)
        return None

    quick = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

    @quick
    @given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
    @example(base64.b64encode(b"<a>" * 5000).decode())
    def texts(response):
        assert read(response) is None

    @quick
    @given(st.integers(0, len(good) - 1), st.binary(max_size=4))
    def bytes_changed(place, new):
        changed = good[:place] + new + good[place + 1 :]
        call = read(base64.b64encode(changed).decode())
        if call is not None:  # a change outside of what is signed, or none
            assert call.subject[0].session_name == "alice"

    @quick
    @given(st.sampled_from(elements), st.sampled_from(["drop", "twice", "empty", "attributes"]))
    def elements_changed(tag, change):
        root = etree.fromstring(good)
        element = next(root.iter(tag))
        if change == "empty":
            element[:], element.text = [], ""
        elif change == "attributes":
            for name in element.attrib:
                element.set(name, "9999-99-99T99:99:99Z")
        elif element is not root:
            parent = element.getparent()
            if change == "twice":
                parent.append(etree.fromstring(etree.tostring(element)))
            else:
                parent.remove(element)
        call = read(encoded(root))
        assert call is None or call.subject[0].session_name == "alice"
        # The same change, signed by the provider: well-formed, but meaningless.
        if root.tag == etree.fromstring(good).tag and named(root, "Assertion") is not None:
            assertion = named(root, "Assertion")
            for signature in assertion.findall("ds:Signature", NS):
                assertion.remove(signature)
            if assertion.get("ID", "").startswith("_"):
                read(site.idp.encode(root))

    texts()
    bytes_changed()
    elements_changed()
