"""AssumeRoleWithWebIdentity: which tokens get in, which never do, and what a session holds."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, date, datetime
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from federation_scene import CLIENT, ISSUER, NAME, WebWorld, federated
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scene import allow, policy, trusts

from labhelpers import open_lab
from labhelpers.lab import LabError
from labhelpers.sandbox.answer.iam.shared_issuers import shared_provider_without_condition
from labhelpers.sandbox.interpret.sts import web_identity
from labhelpers.sandbox.wire.errors import Refusal

HERE, THERE = "111122223333", "444455556666"
MAIN = "repo:octo-org/octo-repo:ref:refs/heads/main"
ON_MAIN = {"StringEquals": {f"{NAME}:aud": CLIENT, f"{NAME}:sub": MAIN}}
NO_JWT = (
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference "
    "AssumeRoleWithWebIdentity documentation for requirements"
)
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


@pytest.fixture(scope="module")
def web():
    with open_lab("sandbox") as lab:
        yield WebWorld(lab)


def segment(content) -> str:
    """One part of a JWT."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def refused(outcome):
    assert not outcome.allowed, "the token got in"
    return outcome.code, outcome.message


def test_a_good_token_gives_a_session(web):
    """The result names subject, provider and audience; the session is the role's."""
    outcome = web.enter(web.behind("deploy", ON_MAIN), web.idp.github_actions())
    answer = outcome.response
    assert answer["SubjectFromWebIdentityToken"] == MAIN
    assert answer["Provider"] == web.arn == f"arn:aws:iam::{HERE}:oidc-provider/{NAME}"
    assert answer["Audience"] == CLIENT
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer
    me = web.lab.session_from(answer).client("sts").get_caller_identity()
    role = web.lab.sessions()[-1].role_arn.rpartition("/")[2]
    assert me["Arn"] == f"arn:aws:sts::{HERE}:assumed-role/{role}/ci-job"
    assert me["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


CONDITIONS = [
    # id, condition, how the token is asked for, whether it gets in
    ("the branch", ON_MAIN, {}, True),
    ("another branch", ON_MAIN, {"ref": "refs/heads/dev"}, False),
    ("another repository", ON_MAIN, {"repository": "evil-org/octo-repo"}, False),
    ("a pull request", ON_MAIN, {"event_name": "pull_request"}, False),
    (
        "anybody's repository",
        {"StringLike": {f"{NAME}:sub": "repo:*"}},
        {"repository": "evil-org/anything"},
        True,
    ),
    (
        "an environment",
        {"StringLike": {f"{NAME}:sub": "repo:octo-org/*:environment:prod"}},
        {"environment": "prod"},
        True,
    ),
    (
        "immutable ids in sub",
        {"StringLike": {f"{NAME}:sub": "repo:octo-org@*/octo-repo@*:ref:refs/heads/main"}},
        {"created": "2026-07-15"},
        True,
    ),
    (
        "one of GitHub's own claims",
        {"StringEquals": {f"{NAME}:repository": "octo-org/octo-repo", f"{NAME}:actor": "octocat"}},
        {},
        True,
    ),
    (
        "a claim that AWS makes no key of",
        {"StringEquals": {f"{NAME}:repository_owner": "octo-org"}},
        {},
        False,
    ),
    ("the other prefix", {"StringEquals": {"gitlab.com:sub": MAIN}}, {}, False),
    ("session name", {"StringEquals": {"sts:RoleSessionName": "ci-job"}}, {}, True),
    ("other session name", {"StringEquals": {"sts:RoleSessionName": "x-job"}}, {}, False),
    ("oaud", {"StringEquals": {f"{NAME}:oaud": CLIENT}}, {}, True),
    (
        "amr, several values",
        {"ForAnyValue:StringEquals": {f"{NAME}:amr": "mfa"}},
        {"amr": ["pwd", "mfa"]},
        True,
    ),
    (
        "the provider as a condition",
        {"ArnLike": {"aws:FederatedProvider": f"arn:aws:iam::*:oidc-provider/{NAME}"}},
        {},
        True,
    ),
]


@pytest.mark.parametrize(
    ("condition", "asked", "allowed"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS]
)
def test_the_trust_policy_decides(web, condition, asked, allowed):
    """A verified token still needs a trust policy that allows its claims."""
    outcome = web.enter(web.behind("deploy", condition), web.idp.github_actions(**asked))
    assert outcome.allowed == allowed
    if not allowed:
        assert refused(outcome) == ("AccessDenied", NOT_AUTHORIZED)
        assert outcome.blocked_by == "trust"


def test_who_is_not_named_gets_nothing(web):
    """Another provider, an AWS principal, "*", a missing role: all the same words."""
    other = web.lab.identity_provider("https://elsewhere.example.org")
    web.register(other)
    roles = [
        web.behind("deploy"),
        web.role("users", trusts("*")),
        web.role("root", trusts(HERE)),
        f"arn:aws:iam::{HERE}:role/absent",
    ]
    for role in roles:
        outcome = web.enter(role, other.issue(sub="someone"))
        assert refused(outcome) == ("AccessDenied", NOT_AUTHORIZED)
    denied = web.role(
        "denied",
        federated(web.arn, "sts:AssumeRoleWithWebIdentity", ON_MAIN),
        federated(web.arn, "sts:*", {"StringLike": {f"{NAME}:sub": "*"}}, effect="Deny"),
    )
    assert web.enter(denied, web.idp.github_actions()).outcome == "ExplicitlyDenied"


def test_the_provider_has_to_be_in_the_roles_account(web):
    """A provider registered elsewhere does not count, a deleted one neither."""
    role = web.behind("deploy", account=THERE)
    token = web.idp.github_actions()
    missing = (
        "InvalidIdentityToken",
        f"No OpenIDConnect provider found in your account for {ISSUER}",
    )
    assert refused(web.enter(role, token)) == missing
    other = web.lab.identity_provider("https://gone.example.org")
    arn = web.register(other)
    own = web.role("own", federated(arn, "sts:AssumeRoleWithWebIdentity"))
    assert web.enter(own, other.issue("x")).allowed
    web.iam().delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused(web.enter(own, other.issue("x"))) == (
        missing[0],
        missing[1].replace(ISSUER, other.url),
    )


MALFORMED = [
    ("no JWT", lambda idp: "not-a-token", NO_JWT),
    ("two parts", lambda idp: idp.issue("x").rpartition(".")[0], NO_JWT),
    ("payload is a list", lambda idp: f"{segment({'alg': 'RS256'})}.{segment([1])}.AA", NO_JWT),
    ("deep JSON", lambda idp: f"{segment({'alg': 'RS256'})}.{segment(b'[' * 9000)}.AA", NO_JWT),
    ("no sub", lambda idp: idp.issue(None), "Missing a required claim: sub"),
    ("empty sub", lambda idp: idp.issue(""), "Missing a required claim: sub"),
    ("no aud", lambda idp: idp.issue("x", None), "Missing a required claim: aud"),
    ("no exp", lambda idp: idp.issue("x", exp=None), "Missing a required claim: exp"),
    ("no iat", lambda idp: idp.issue("x", iat=None), "Missing a required claim: iat"),
    ("no iss", lambda idp: idp.issue("x", iss=None), "Missing a required claim: iss"),
    ("sub is a number", lambda idp: idp.sign({**claims_of(idp.issue("x")), "sub": 5}), NO_JWT),
    ("exp is a text", lambda idp: idp.issue("x", exp="soon", iat=0), NO_JWT),
    ("exp is infinite", lambda idp: idp.issue("x", exp=float("inf")), NO_JWT),
    ("long sub", lambda idp: idp.issue("x" * 256), NO_JWT),
    ("other client", lambda idp: idp.issue("x", "my-app"), "Incorrect token audience"),
    ("no client matches", lambda idp: idp.issue("x", ["a", "b"]), "Incorrect token audience"),
    ("aud is a number", lambda idp: idp.issue("x", aud=[7]), "Incorrect token audience"),
    ("azp wins over aud", lambda idp: idp.issue("x", azp="my-app"), "Incorrect token audience"),
    (
        "http issuer",
        lambda idp: idp.issue("x", iss=f"http://{NAME}"),
        f"No OpenIDConnect provider found in your account for http://{NAME}",
    ),
    (
        "issuer with a slash more",
        lambda idp: idp.issue("x", iss=f"{ISSUER}/"),
        f"No OpenIDConnect provider found in your account for {ISSUER}/",
    ),
]


@pytest.mark.parametrize(
    ("make", "message"), [c[1:] for c in MALFORMED], ids=[c[0] for c in MALFORMED]
)
def test_malformed_tokens_and_wrong_claims(web, make, message):
    """AWS's code and words for each defect."""
    outcome = web.enter(web.behind("deploy"), make(web.idp))
    assert refused(outcome) == ("InvalidIdentityToken", message)
    assert outcome.blocked_by == "request"


def with_header(token, **header):
    head = jwt.get_unverified_header(token) | header
    return f"{segment(head)}.{token.split('.', 1)[1]}"


def unsigned(idp):
    head, payload, _ = idp.github_actions().split(".")
    return f"{segment({'alg': 'none', 'typ': 'JWT'})}.{payload}."


def signed_with_public_key(idp):
    """The classic confusion: HS256 with the public key as its secret."""
    key = idp.key()
    secret = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    content = f"{segment({'alg': 'HS256', 'kid': key.kid})}.{idp.issue(MAIN).split('.')[1]}"
    return f"{content}.{segment(hmac.digest(secret, content.encode(), hashlib.sha256))}"


def altered(idp):
    head, payload, signature = idp.github_actions(ref="refs/heads/dev").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{head}.{segment({**claims, 'sub': MAIN})}.{signature}"


def signed_by(other, idp, **header):
    """The right claims and key id, another key."""
    claims = claims_of(idp.github_actions())
    headers = {"kid": idp.key().kid, **header}
    return jwt.encode(claims, other.key().private, algorithm="RS256", headers=headers)


FORGED = [
    ("not signed", lambda idp, other: unsigned(idp)),
    ("HS256 with the public key", lambda idp, other: signed_with_public_key(idp)),
    ("payload altered", lambda idp, other: altered(idp)),
    ("signature cut off", lambda idp, other: idp.github_actions().rpartition(".")[0] + "."),
    ("another issuer's key", lambda idp, other: signed_by(other, idp)),
    ("another issuer's token", lambda idp, other: other.issue(MAIN, iss=ISSUER)),
    ("unknown kid", lambda idp, other: with_header(idp.github_actions(), kid="nobody")),
    ("kid is a list", lambda idp, other: with_header(idp.github_actions(), kid=["a"])),
    (
        "brings its own key",
        lambda idp, other: signed_by(other, idp, jwk=other.key().public_jwk()),
    ),
    (
        "points at other keys",
        lambda idp, other: signed_by(other, idp, jku="http://127.0.0.1/.oidc/x"),
    ),
    ("RSA-PSS", lambda idp, other: with_header(idp.github_actions(), alg="PS256")),
    ("another kind of key", lambda idp, other: with_header(idp.github_actions(), alg="ES256")),
    ("another hash", lambda idp, other: with_header(idp.github_actions(), alg="RS512")),
    ("unknown algorithm", lambda idp, other: with_header(idp.github_actions(), alg="ROT13")),
    ("critical extension", lambda idp, other: with_header(idp.github_actions(), crit=["b64"])),
]


@pytest.mark.parametrize("forge", [c[1] for c in FORGED], ids=[c[0] for c in FORGED])
def test_a_forged_token_never_works(web, forge):
    """Whatever a token says about itself, only the issuer's published keys count."""
    role = web.behind("deploy", ON_MAIN)
    token = forge(web.idp, web.lab.identity_provider("https://idp.example.org"))
    before = len(web.lab.sessions())
    code, message = refused(web.enter(role, token))
    assert code == "InvalidIdentityToken"
    assert message in (NO_KEY, NO_JWT)
    assert len(web.lab.sessions()) == before


def test_time_follows_the_lab_clock(web):
    """A token is good until five minutes after exp, and from five minutes before nbf and iat."""
    role = web.behind("deploy")
    now = int(web.lab.clock.now().timestamp())
    token = web.idp.issue("x", expires_in=60)
    web.lab.clock.advance(seconds=60 + 290)
    assert web.enter(role, token).allowed
    web.lab.clock.advance(seconds=20)
    code, message = refused(web.enter(role, token))
    assert code == "ExpiredTokenException"
    assert message.startswith("Token expired: current date/time ")
    assert message.endswith(f" must be before the expiration date/time {now + 60}")
    later = int(web.lab.clock.now().timestamp()) + 600
    for claim in ("nbf", "iat"):
        early = web.idp.issue("x", expires_in=3600, **{claim: later})
        assert refused(web.enter(role, early))[0] == "InvalidIdentityToken"
    web.lab.clock.advance(seconds=310)
    assert web.enter(role, early).allowed


def test_keys_rotate(web):
    """Tokens of an old key work as long as the issuer still publishes it."""
    role = web.behind("deploy")
    old = web.idp.issue("x")
    web.idp.rotate_keys()
    assert web.enter(role, old).allowed
    assert web.enter(role, web.idp.issue("x")).allowed
    web.idp.rotate_keys(keep_old=False)
    assert refused(web.enter(role, old)) == ("InvalidIdentityToken", NO_KEY)
    assert web.enter(role, web.idp.issue("x")).allowed


def test_a_token_without_kid_is_refused_by_one_key_and_by_two(web):
    """The signature is right both times; the reason says what is missing."""
    idp = web.lab.identity_provider("https://one.example.net")
    web.register(idp)
    role = web.role("no-kid", federated(idp.arn(HERE), "sts:AssumeRoleWithWebIdentity"))
    claims = claims_of(idp.issue("x"))
    assert web.enter(role, idp.sign(claims)).allowed
    for number in (1, 2):
        assert len(idp.jwks()["keys"]) == number
        outcome = web.enter(role, jwt.encode(claims, idp.key().private, "RS256"))
        assert refused(outcome) == ("InvalidIdentityToken", NO_KEY)
        assert "names no key: STS looks a key up by its kid" in outcome.reason
        idp.rotate_keys()


def test_elliptic_curve_tokens(web):
    """STS takes ECDSA signatures as well as RSA."""
    role = web.behind("deploy")
    claims = claims_of(web.idp.issue("x"))
    assert web.enter(role, web.idp.sign(claims, "ES256")).allowed
    assert web.enter(role, web.idp.sign(claims, "ES384")).allowed
    # Not RSA-PSS, even though the issuer publishes the key.
    outcome = web.enter(role, web.idp.sign(claims, "PS256"))
    assert refused(outcome) == ("InvalidIdentityToken", NO_KEY)


def test_client_ids_can_be_added_and_removed(web):
    """The provider's list decides at once; both calls may be repeated."""
    other = web.lab.identity_provider("https://clients.example.org")
    arn = web.register(other, clients=["first"])
    role = web.role("app", federated(arn, "sts:AssumeRoleWithWebIdentity"))
    token, iam = other.issue("x", "second"), web.iam()
    client = {"OpenIDConnectProviderArn": arn, "ClientID": "second"}
    wrong = ("InvalidIdentityToken", "Incorrect token audience")
    assert refused(web.enter(role, token)) == wrong
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(**client)
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"] == [
        "first",
        "second",
    ]
    assert web.enter(role, token).allowed
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(**client)
    assert refused(web.enter(role, token)) == wrong
    absent = {**client, "OpenIDConnectProviderArn": f"{arn}-x"}
    call = iam.add_client_id_to_open_id_connect_provider
    assert web.lab.attempt(call, **absent).code == "NoSuchEntity"


REFUSED_PROVIDERS = [
    (ISSUER, "EntityAlreadyExists", f"Provider with url {ISSUER} already exists."),
    ("http://idp.example.org", "InvalidInput", "The provider URL must begin with https://"),
    (
        "https://1-2.tokens.sts.global.api.aws",
        "InvalidInput",
        "Creating an OIDC provider with an STS issuer URL from the same partition is not "
        "supported. Within a partition, use AssumeRole instead of web identity federation.",
    ),
]


@pytest.mark.parametrize(("url", "code", "message"), REFUSED_PROVIDERS)
def test_providers_that_iam_refuses(web, url, code, message):
    """Twice the same, not https, AWS's own."""
    call = web.iam().create_open_id_connect_provider
    outcome = web.lab.attempt(call, Url=url, ClientIDList=[CLIENT])
    assert (outcome.code, outcome.message) == (code, message)


def test_a_registered_issuer_that_publishes_nothing(web):
    """An issuer that is not the lab's has no keys to fetch."""
    url = "https://idp.example.net"
    web.iam().create_open_id_connect_provider(Url=url, ClientIDList=[CLIENT])
    outcome = web.enter(web.behind("deploy"), web.idp.issue("x", iss=url))
    assert refused(outcome) == ("InvalidIdentityToken", NO_KEY)
    assert "lab.identity_provider" in outcome.reason


def test_azp_is_the_audience_where_a_token_has_one(web):
    """aud is then to be found under :oaud."""
    other = web.lab.identity_provider("https://idp.example.org/tenant")
    arn = web.register(other, clients=["my-app"])
    equals = {f"{other.name}:aud": "my-app", f"{other.name}:oaud": "https://api.example.org"}
    trust = federated(arn, "sts:AssumeRoleWithWebIdentity", {"StringEquals": equals})
    role = web.role("app", trust)
    token = other.issue("x", "https://api.example.org", azp="my-app")
    assert web.enter(role, token).response["Audience"] == "my-app"


def test_google_needs_no_registration(web):
    """Built-in providers are named as such, and any client's token is verified."""
    google = web.lab.identity_provider("https://accounts.google.com")
    condition = {"StringEquals": {"accounts.google.com:aud": "my-app"}}
    trust = federated("accounts.google.com", "sts:AssumeRoleWithWebIdentity", condition)
    role = web.role("app", trust)
    answer = web.enter(role, google.issue("108472", "my-app")).response
    assert answer["Provider"] == "accounts.google.com"
    assert refused(web.enter(role, google.issue("108472", "x"))) == ("AccessDenied", NOT_AUTHORIZED)


def test_durations(web):
    """The role's MaxSessionDuration binds; without a wish it is one hour."""
    role, long_role = web.behind("deploy"), web.behind("night", MaxSessionDuration=7200)
    token = web.idp.issue("x")
    assert web.enter(role, token).allowed
    session = web.lab.sessions()[-1]
    assert (session.expires - session.issued).total_seconds() == 3600
    assert refused(web.enter(role, token, DurationSeconds=3601)) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    assert web.enter(long_role, token, DurationSeconds=7200).allowed
    session = web.lab.sessions()[-1]
    assert (session.expires - session.issued).total_seconds() == 7200
    assert refused(web.enter(role, token, DurationSeconds=43201))[0] == "ValidationError"


def test_tags_in_a_token_need_tag_session(web):
    """Nested or flattened, they become session tags; transitive ones reach chained sessions."""
    token = web.idp.issue("x", tags={"team": "blue", "n": ""}, transitive_tags=["team"])
    plain = web.behind("plain")
    denied = ("AccessDenied", "Not authorized to perform sts:TagSession")
    assert refused(web.enter(plain, token)) == denied
    condition = {"StringEquals": {"aws:RequestTag/team": "blue", f"{NAME}:sub": "x"}}
    role = web.behind("tagged", condition, ["sts:TagSession"])
    first = web.enter(role, token)
    assert first.response["PackedPolicySize"] >= 1
    assert web.lab.sessions()[-1].tags == {"team": "blue", "n": ""}
    trust = trusts(role)
    target = web.role("target", {**trust, "Action": ["sts:AssumeRole", "sts:TagSession"]})
    assert web.assume(web.lab.session_from(first.response), target).allowed
    assert web.lab.sessions()[-1].tags == {"team": "blue"}
    flat = "https://aws.amazon.com/tags"
    flattened = {f"{flat}/principal_tags/team": "blue", f"{flat}/transitive_tag_keys": ["team"]}
    assert web.enter(role, web.idp.issue("x", **flattened)).allowed
    assert web.lab.sessions()[-1].inherited_tags == {"team": "blue"}


BAD_TAGS = [
    ("two values", {"principal_tags": {"a": ["1", "2"]}}, "InvalidIdentityToken"),
    ("a number", {"principal_tags": {"a": 1}}, "InvalidIdentityToken"),
    ("a list", {"principal_tags": ["a"]}, "InvalidIdentityToken"),
    ("no object", "team=blue", "InvalidIdentityToken"),
    ("transitive no list", {"transitive_tag_keys": {"a": 1}}, "InvalidIdentityToken"),
    ("unknown transitive key", {"transitive_tag_keys": ["a"]}, "InvalidParameterValue"),
    ("same key twice", {"principal_tags": {"a": "1", "A": "2"}}, "InvalidParameterValue"),
    ("reserved key", {"principal_tags": {"aws:x": "1"}}, "InvalidParameterValue"),
    ("long value", {"principal_tags": {"a": "v" * 257}}, "ValidationError"),
    ("51 tags", {"principal_tags": {f"k{n}": "v" for n in range(51)}}, "ValidationError"),
]


@pytest.mark.parametrize(("claim", "code"), [c[1:] for c in BAD_TAGS], ids=[c[0] for c in BAD_TAGS])
def test_bad_tags(web, claim, code):
    """Tags of a token obey the limits of AssumeRole's own."""
    role = web.behind("tagged", None, ["sts:TagSession"])
    token = web.idp.issue("x", **{"https://aws.amazon.com/tags": claim})
    assert refused(web.enter(role, token))[0] == code


def test_source_identity_in_a_token(web):
    """It needs sts:SetSourceIdentity and stays with the session."""
    token = web.idp.issue("x", source_identity="lea")
    denied = ("AccessDenied", "Not authorized to perform sts:SetSourceIdentity")
    assert refused(web.enter(web.behind("plain"), token)) == denied
    condition = {"StringEquals": {"sts:SourceIdentity": "lea"}}
    role = web.behind("named", condition, ["sts:SetSourceIdentity"])
    assert web.enter(role, token).response["SourceIdentity"] == "lea"
    assert web.lab.sessions()[-1].source_identity == "lea"
    bad = web.idp.issue("x", source_identity="aws:lea")
    assert refused(web.enter(role, bad))[0] == "InvalidIdentityToken"


def test_a_roles_claim_binds_the_token(web):
    """STS refuses other roles before their trust policy is asked, and tells the trust policy."""
    key = {"Bool": {"sts:RoleAuthorizedByIdp": "true"}}
    role, other = web.behind("bound", key), web.behind("other")
    token = web.idp.issue("x", roles=role)
    assert web.enter(role, token).allowed
    assert refused(web.enter(other, token)) == (
        "InvalidIdentityToken",
        "The target role ARN is not present in the roles claim of the identity token",
    )
    assert refused(web.enter(role, web.idp.issue("x")))[0] == "AccessDenied"


def test_later_requests_still_know_the_provider(web):
    """aws:FederatedProvider, sub and aud stay with the session; GitHub's other claims do not."""
    web.bucket("kept-keys")
    kept = {
        "StringEquals": {"aws:FederatedProvider": web.arn, f"{NAME}:sub": MAIN},
        "Null": {f"{NAME}:actor": "true", "sts:RoleSessionName": "true"},
    }
    role = web.behind("deploy", permissions=[allow("s3:ListBucket", Condition=kept)])
    answer = web.enter(role, web.idp.github_actions()).response
    s3 = web.lab.session_from(answer).client("s3")
    assert web.lab.attempt(s3.list_objects_v2, Bucket="kept-keys").allowed
    answer = web.enter(role, web.idp.github_actions(ref="refs/heads/dev")).response
    s3 = web.lab.session_from(answer).client("s3")
    assert web.lab.attempt(s3.list_objects_v2, Bucket="kept-keys").blocked_by == "identity"


def test_a_session_policy_narrows(web):
    """Policy is honoured as in AssumeRole."""
    web.bucket("reports")
    role = web.behind("deploy", permissions=[allow("s3:*")])
    only_put = policy(allow("s3:PutObject"))
    answer = web.enter(role, web.idp.issue("x"), Policy=only_put).response
    assert answer["PackedPolicySize"] >= 1
    s3 = web.lab.session_from(answer).client("s3")
    assert web.lab.attempt(s3.list_objects_v2, Bucket="reports").blocked_by == "session"
    broken = web.enter(role, web.idp.issue("x"), Policy="{")
    assert refused(broken)[0] == "MalformedPolicyDocument"


def test_access_tokens_are_not_modelled(web):
    """ProviderId belongs to OAuth 2.0 access tokens, which the sandbox does not verify."""
    outcome = web.enter(web.behind("x1"), "Atza|IQEBLjAs", ProviderId="www.amazon.com")
    assert outcome.code == "SandboxNotModelled"


def test_tokens_do_not_reach_the_records(web):
    """What happened is recorded without the token, and no message repeats it."""
    token, role = web.idp.issue("x"), web.behind("deploy")
    web.enter(role, token)
    code, message = refused(web.enter(role, token * 40))
    assert (code, message) == (
        "ValidationError",
        "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: "
        "Member must have length less than or equal to 20000",
    )
    records = json.dumps(web.lab._sandbox.gateway.recorder.events(), default=str)
    assert "AssumeRoleWithWebIdentity" in records
    assert token.split(".")[1] not in records


def test_other_software_can_verify_the_tokens(web):
    """The discovery document leads a foreign library to the keys, over HTTP."""
    base = f"{web.lab.endpoint_url}/.oidc/{NAME}"
    with urllib.request.urlopen(f"{base}/.well-known/openid-configuration") as reply:
        document = json.load(reply)
    assert document["issuer"] == ISSUER
    token = web.idp.github_actions()
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    known = {"audience": CLIENT, "issuer": ISSUER, "leeway": 7200}  # the lab's clock is ahead
    assert jwt.decode(token, key, ["RS256"], **known)["sub"] == MAIN
    with urllib.request.urlopen(document["jwks_uri"]) as reply:
        keys = json.load(reply)["keys"]
    assert all(not key.keys() & {"d", "p", "q", "dp", "dq", "qi"} for key in keys)


@pytest.mark.parametrize("path", ["/.oidc/", "/.oidc/nobody/.well-known/jwks", "/.oidc/%ff%00"])
def test_nothing_else_is_published(web, path):
    """Unknown issuers and paths are a plain 404."""
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(web.lab.endpoint_url + path)
    assert error.value.code == 404


def test_an_unmodified_boto3_finds_its_way(web, tmp_path):
    """AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN are all that a child process needs."""
    file = tmp_path / "token"
    file.write_text(web.idp.github_actions() + "\n")  # as `echo` writes it
    role = web.behind("deploy", ON_MAIN)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": web.lab.endpoint_url,
        "AWS_DEFAULT_REGION": web.lab.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_ARN": role,
        "AWS_ROLE_SESSION_NAME": "child",
    }
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60)
    name = role.rpartition("/")[2]
    assert done.stdout.strip() == f"arn:aws:sts::{HERE}:assumed-role/{name}/child", done.stderr
    file.write_text(web.idp.github_actions(ref="refs/heads/dev"))
    done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60)
    assert NOT_AUTHORIZED in done.stderr


ENDS = [("\n", True), ("\r\n", True), (" \n", False), ("\nx", False)]


@pytest.mark.parametrize("end, good", ENDS)
def test_line_ends_after_a_token_do_not_count(web, end, good):
    outcome = web.enter(web.behind("deploy", ON_MAIN), web.idp.github_actions() + end)
    assert outcome.allowed if good else refused(outcome) == ("InvalidIdentityToken", NO_JWT)


def test_nothing_heavy_is_loaded_before_its_time():
    """A lab that federates nobody pays nothing for tokens and XML."""
    code = (
        "import sys, labhelpers; labhelpers.open_lab().identity_provider('https://x.org'); "
        "print(sorted({'jwt', 'signxml', 'lxml'} & sys.modules.keys()))"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, timeout=60).stdout == "[]\n"


def test_a_plain_get_will_do(web):
    """The call needs no signature: a URL is enough, and errors come in STS's form."""
    call = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"}
    call |= {"RoleArn": web.behind("deploy"), "RoleSessionName": "curl"}
    call["WebIdentityToken"] = web.idp.github_actions()
    with urllib.request.urlopen(f"{web.lab.endpoint_url}/?{urlencode(call)}") as reply:
        assert b"<AssumeRoleWithWebIdentityResult>" in reply.read()
    call["WebIdentityToken"] += "x"
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"{web.lab.endpoint_url}/?{urlencode(call)}")
    assert error.value.code == 400
    assert b"<Code>InvalidIdentityToken</Code>" in error.value.read()


def test_the_lab_gives_issuers(web):
    """One issuer a URL; what is no issuer URL is told so."""
    lab = web.lab
    assert lab.identity_provider(ISSUER) is lab.identity_provider(ISSUER)
    for url in ("http://x.org", "github.com", "https://", "https://a b", "https://x.org?a=b", 7):
        with pytest.raises(LabError, match="issuer URL"):
            lab.identity_provider(url)
    with pytest.raises(ValueError, match="OWNER/NAME"):
        lab.identity_provider(ISSUER).github_actions(repository="octo-repo")


SHARED = [
    # id, issuer, condition, whether IAM takes the trust policy
    ("no condition", NAME, None, False),
    ("sub", NAME, {"StringEquals": {f"{NAME}:sub": MAIN}}, True),
    ("sub with a wildcard", NAME, {"StringLike": {f"{NAME}:SUB": "repo:octo-org/*"}}, True),
    ("only a wildcard", NAME, {"StringLike": {f"{NAME}:sub": "*"}}, False),
    ("one value is a wildcard", NAME, {"StringLike": {f"{NAME}:sub": [MAIN, "*"]}}, True),
    ("two wildcards", NAME, {"StringLike": {f"{NAME}:sub": ["*", "?*"]}}, False),
    ("any repository", NAME, {"StringLike": {f"{NAME}:sub": "repo:*"}}, True),
    ("repository alone", NAME, {"StringEquals": {f"{NAME}:repository": "octo-org/x"}}, False),
    ("workflow", NAME, {"StringLike": {f"{NAME}:job_workflow_ref": "octo-org/x/*"}}, True),
    ("any workflow", NAME, {"StringLike": {f"{NAME}:job_workflow_ref": "*"}}, False),
    ("ignoring case", NAME, {"StringEqualsIgnoreCase": {f"{NAME}:sub": MAIN}}, True),
    (
        "workflow of GitLab",
        "gitlab.com",
        {"StringLike": {"gitlab.com:job_workflow_ref": "x"}},
        False,
    ),
    ("aud alone", NAME, {"StringEquals": {f"{NAME}:aud": CLIENT}}, False),
    ("negated", NAME, {"StringNotEquals": {f"{NAME}:sub": MAIN}}, False),
    ("if it exists", NAME, {"StringEqualsIfExists": {f"{NAME}:sub": MAIN}}, False),
    ("for all values", NAME, {"ForAllValues:StringEquals": {f"{NAME}:sub": MAIN}}, False),
    ("another issuer's sub", NAME, {"StringEquals": {"gitlab.com:sub": MAIN}}, False),
    ("told apart by aud", "oidc.vercel.com", {"StringEquals": {"oidc.vercel.com:aud": "x"}}, True),
    ("a private issuer", "idp.example.org", None, True),
]


@pytest.mark.parametrize(
    ("issuer", "condition", "fine"), [c[1:] for c in SHARED], ids=[c[0] for c in SHARED]
)
def test_shared_providers_need_a_condition(issuer, condition, fine):
    """A trust policy for a shared issuer has to evaluate the claim that tells customers apart."""
    arn = f"arn:aws:iam::{HERE}:oidc-provider/{issuer}"
    statement = federated(arn, "sts:AssumeRoleWithWebIdentity", condition)
    document = {"Version": "2012-10-17", "Statement": [statement]}
    told = shared_provider_without_condition(document)
    assert (told is None) == fine
    if issuer == NAME and not fine:
        assert told == (
            f"Trust policy with trusted principal {arn} must evaluate, using StringEquals, "
            f"StringLike or StringEqualsIgnoreCase, {NAME}:sub or {NAME}:job_workflow_ref which is "
            "not scoped to all."
        )
    assert told == shared_provider_without_condition({**document, "Statement": statement})
    assert shared_provider_without_condition({"Statement": trusts("*")}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
CLAIMS = st.sampled_from(
    ["iss", "sub", "aud", "exp", "nbf", "iat", "azp", "amr", "actor", "email"]
    + [f"https://aws.amazon.com/{name}" for name in ("tags", "roles", "source_identity")]
    + [
        f"https://aws.amazon.com/tags/{name}"
        for name in ("principal_tags/a", "transitive_tag_keys")
    ]
)


def test_no_token_breaks_the_reader(web):
    """Arbitrary texts, segments and signed claims end in a Call or in STS's own refusals."""
    role, key = web.behind("deploy", None, ["sts:*"]), web.idp.key()
    registry, now = web.lab._sandbox.gateway.registry, web.lab.clock.now()

    def read(token):
        values = {"RoleArn": role, "RoleSessionName": "ci-job", "WebIdentityToken": token}
        try:
            return web_identity.interpret(values, None, registry, now)
        except Refusal as refusal:
            assert refusal.status == 400
            assert refusal.code != "SandboxNotModelled"
        return None

    quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

    @quick
    @given(st.text() | st.lists(st.binary(max_size=40).map(segment), max_size=5).map(".".join))
    @example(".." * 3)
    def texts(token):
        assert read(token) is None

    @quick
    @given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip"]), JSON))
    def headers(header):
        content = f"{segment(header)}.{web.idp.issue('x').split('.', 1)[1]}"
        assert read(content) is None

    @quick
    @given(st.dictionaries(CLAIMS, JSON, max_size=4))
    @example({"exp": 10**4000})
    @example({"exp": 1e308, "iat": -1e308})
    @example({"https://aws.amazon.com/tags": {"principal_tags": {"\ud800": "x"}}})
    def claims(changed):
        good = claims_of(web.idp.issue("x"))
        token = jwt.api_jws.encode(
            json.dumps(good | changed).encode(), key.private, "RS256", {"kid": key.kid}
        )
        call = read(token)
        assert call is None or call.operation == "AssumeRoleWithWebIdentity"

    texts()
    headers()
    claims()


OLD = "repo:octo-org/octo-repo:ref:refs/heads/main"
NEW = "repo:octo-org@1/octo-repo@2:ref:refs/heads/main"
IDS = {"repository_owner_id": "1", "repository_id": "2"}
FORMS = [
    ({}, OLD),
    ({"created": "2026-07-14"}, OLD),
    ({"created": "2026-07-15"}, NEW),
    ({"created": date(2027, 2, 1)}, NEW),
    ({"created": datetime(2027, 2, 1, 9, tzinfo=UTC)}, NEW),
    ({"immutable_sub": True}, NEW),  # opted in
    ({"created": "2026-09-01", "immutable_sub": False}, OLD),
]


@pytest.mark.parametrize(("given", "subject"), FORMS, ids=[str(given) for given, _ in FORMS])
def test_github_writes_ids_into_the_subjects_of_newer_repositories(web, given, subject):
    claims = claims_of(web.idp.github_actions(**IDS, **given))
    assert claims["sub"] == subject
    assert {name: claims[name] for name in IDS} == IDS and "created" not in claims


def test_ids_in_the_subject_are_those_of_the_claims(web):
    """An owner keeps one id for all repositories; whoever takes over the name has another."""
    first, second = (
        claims_of(web.idp.github_actions(f"octo-org/{name}", created="2026-09-01"))
        for name in ("one", "two")
    )
    for claims in (first, second):
        owner = f"octo-org@{claims['repository_owner_id']}"
        name = claims["repository"].removeprefix("octo-org/")
        where = f"repo:{owner}/{name}@{claims['repository_id']}"
        assert claims["sub"] == f"{where}:ref:refs/heads/main"
    assert first["repository_owner_id"] == second["repository_owner_id"]
    assert first["repository_id"] != second["repository_id"]


def test_github_enterprise_server_keeps_the_old_form(web):
    server = web.lab.identity_provider("https://github.corp.example/_services/token")
    assert claims_of(server.github_actions(created="2027-01-01"))["sub"] == OLD
    with pytest.raises(ValueError, match="Enterprise Server writes no ids"):
        server.github_actions(immutable_sub=True)


def test_a_date_is_asked_for(web):
    with pytest.raises(ValueError, match="'last year' is no date: write e.g. '2026-09-01'"):
        web.idp.github_actions(created="last year")
