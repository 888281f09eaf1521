"""GetWebIdentityToken: AWS as the identity provider of somebody else's service."""

import json
import urllib.request

import jwt
import pytest
from federation_scene import WebWorld, federated
from scene import allow, trusts

from labhelpers import open_lab
from labhelpers.sandbox.state.iam import iam_backend
from labhelpers.sandbox.state.outbound_issuer import sts_issuer

HERE = "111122223333"
API = "https://api.example.com"
ABOUT = "https://sts.amazonaws.com/"
MAY = allow("sts:GetWebIdentityToken")


@pytest.fixture(scope="module")
def site():
    with open_lab("sandbox") as lab:
        yield WebWorld(lab, "https://idp.example.org")


@pytest.fixture
def issuer(site):
    """The account's issuer, switched on for one test."""
    iam = site.iam()
    yield iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    iam.disable_outbound_web_identity_federation()


def ask(site, session, algorithm="RS256", audience=API, **more):
    call = session.client("sts").get_web_identity_token
    return site.lab.attempt(call, Audience=[audience], SigningAlgorithm=algorithm, **more)


def verified(site, token, issuer, **more):
    """The claims, as an external service verifies them: by the published keys."""
    base = f"{site.lab.endpoint_url}/.oidc/{issuer.removeprefix('https://')}/.well-known"
    with urllib.request.urlopen(f"{base}/openid-configuration") as reply:
        document = json.load(reply)
    assert document["issuer"] == issuer
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    algorithms = document["id_token_signing_alg_values_supported"]
    known = {"audience": API, "issuer": issuer, "leeway": 86400, **more}
    return jwt.decode(token, key, algorithms, **known)


def test_the_switch(site):
    """Off at first; each call says when it comes in vain; the issuer stays the same."""
    iam = site.iam()
    info, on = iam.get_outbound_web_identity_federation_info, "FeatureEnabled"
    assert site.lab.attempt(info).code == "FeatureDisabled"
    assert site.lab.attempt(iam.disable_outbound_web_identity_federation).code == "FeatureDisabled"
    url = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    assert url.startswith("https://")
    assert url.endswith(".tokens.sts.global.api.aws")
    assert site.lab.attempt(iam.enable_outbound_web_identity_federation).code == on
    told = info()
    assert (told["IssuerIdentifier"], told["JwtVendingEnabled"]) == (url, True)
    iam.disable_outbound_web_identity_federation()
    assert site.lab.attempt(info).code == "FeatureDisabled"
    assert iam.enable_outbound_web_identity_federation()["IssuerIdentifier"] == url
    iam.disable_outbound_web_identity_federation()


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_users_token(site, issuer, algorithm):
    """It names the principal, its account and tags; anybody can verify it."""
    anna = site.user(f"anna-{algorithm}", MAY, allow("sts:TagGetWebIdentityToken"))
    site.iam().tag_user(UserName=f"anna-{algorithm}", Tags=[{"Key": "team", "Value": "blue"}])
    tags = [{"Key": "job", "Value": "42"}]
    answer = ask(site, anna, algorithm, Tags=tags).response
    claims = verified(site, answer["WebIdentityToken"], issuer)
    arn = f"arn:aws:iam::{HERE}:user/anna-{algorithm}"
    assert claims["sub"] == claims[ABOUT]["principal_id"] == arn
    assert claims["aud"] == API
    assert claims["exp"] - claims["iat"] == 300
    assert answer["Expiration"].timestamp() == claims["exp"]
    assert claims[ABOUT]["aws_account"] == HERE
    assert claims[ABOUT]["principal_tags"] == {"team": "blue"}
    assert claims[ABOUT]["request_tags"] == {"job": "42"}
    assert "original_session_exp" not in claims[ABOUT]


def test_a_role_sessions_token(site, issuer):
    """sub is the role; the session adds its end, tags, source identity and provider."""
    trust = federated(
        site.arn, ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]
    )
    role = site.role("job", trust, permissions=[MAY], Path="/ci/")
    told = site.idp.issue("someone", tags={"team": "red"}, source_identity="lea")
    session = site.lab.session_from(site.enter(role, told).response)
    answer = ask(site, session, DurationSeconds=60).response
    claims = verified(site, answer["WebIdentityToken"], issuer)
    assert claims["sub"] == role
    about = claims[ABOUT]
    assert about["principal_tags"] == {"team": "red"}
    assert about["source_identity"] == "lea"
    assert about["federated_provider"] == site.arn
    ends = site.lab.sessions()[-1].expires
    assert about["original_session_exp"] == f"{ends:%Y-%m-%dT%H:%M:%SZ}"


def test_it_is_off_by_default(site):
    """Also with the permission."""
    outcome = ask(site, site.user("berta", MAY))
    assert outcome.code == "OutboundWebIdentityFederationDisabledException"
    assert "enable_outbound_web_identity_federation" in outcome.reason


CONDITIONS = [
    ("no permission", allow("sts:GetCallerIdentity"), {}, False),
    ("tags need their own", MAY, {"Tags": [{"Key": "a", "Value": "b"}]}, False),
    (
        "audience",
        {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": API}},
        {},
        True,
    ),
    (
        "another audience",
        {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": API}},
        {"audience": "https://evil.example.com"},
        False,
    ),
    ("algorithm", {"StringEquals": {"sts:SigningAlgorithm": "ES384"}}, {}, False),
    ("duration", {"NumericLessThanEquals": {"sts:DurationSeconds": "300"}}, {}, True),
    (
        "longer",
        {"NumericLessThanEquals": {"sts:DurationSeconds": "300"}},
        {"DurationSeconds": 301},
        False,
    ),
]


@pytest.mark.parametrize(
    ("statement", "asked", "allowed"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS]
)
def test_policies_decide(site, issuer, request, statement, asked, allowed):
    """sts:GetWebIdentityToken is a permission like any other, with condition keys of its own."""
    if "Effect" not in statement:
        statement = {**MAY, "Condition": statement}
    name = request.node.callspec.id.replace(" ", "-")
    outcome = ask(site, site.user(name, statement), **asked)
    assert outcome.allowed == allowed
    if not allowed:
        assert (outcome.code, outcome.blocked_by) == ("AccessDenied", "identity")


def test_a_token_does_not_outlive_its_session(site, issuer):
    """Asking for longer is an escalation; so is asking for more than an hour or too little."""
    role = site.role("job", trusts(HERE), permissions=[MAY])
    admin = site.lab.session()
    answer = site.assume(admin, role, DurationSeconds=900).response
    session = site.lab.session_from(answer)
    assert ask(site, session, DurationSeconds=890).allowed
    assert ask(site, session, DurationSeconds=1000).code == "SessionDurationEscalationException"
    assert ask(site, admin, DurationSeconds=3601).code == "ValidationError"
    assert ask(site, admin, algorithm="HS256").code == "ValidationError"


def test_a_condition_on_the_subject_mode_is_not_guessed(site, issuer):
    """AWS has the key since 2026; what a request without SubjectMode holds is not known."""
    mode = {"StringEquals": {"sts:SubjectMode": "AWSIdentity"}}
    may = allow("sts:GetWebIdentityToken", Condition=mode)
    assert ask(site, site.user("moded", may)).code == "SandboxNotModelled"


def test_other_kinds_of_credentials(site, issuer):
    """GetSessionToken's credentials may ask for a token, GetFederationToken's may not."""
    sts = site.lab.client("sts")
    assert ask(site, site.lab.session_from(sts.get_session_token())).succeeded
    guest = site.lab.session_from(sts.get_federation_token(Name="guest"))
    assert ask(site, guest).code == "InvalidClientTokenId"


def test_the_token_is_no_way_back_into_aws(site, issuer):
    """Nobody's account takes AWS's own tokens, and IAM is told why it refuses the provider."""
    token = ask(site, site.lab.session()).response["WebIdentityToken"]
    # IAM refuses such a provider; STS would refuse the token even if there were one.
    account = iam_backend(HERE)
    account.create_open_id_connect_provider(issuer, [], [API], [])
    outcome = site.enter(site.behind("back"), token)
    assert outcome.code == "InvalidIdentityToken"
    assert outcome.message == f"No OpenIDConnect provider found in your account for {issuer}"
    assert "use AssumeRole instead" in sts_issuer(issuer)
    assert sts_issuer("https://idp.example.org/tokens.sts.global.api.aws") is None
