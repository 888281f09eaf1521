"""A GitHub Actions job as the lesson's CI/CD, and notebook 09 in one on the served AWS."""

import json
import socket
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from series import NOTEBOOKS, environ_of, run
from served_aws import served_aws
from used import is_noted

from labhelpers.account.fence.trust import strangers_could_enter
from labhelpers.account.github_job import URL, claims_of, github_job
from labhelpers.account.names import Names
from labhelpers.errors import LabError, SandboxOnly
from labhelpers.sandbox.federation import IdentityProvider
from labhelpers.sandbox.state.clock import LabClock

BEARER = "a-bearer-token-of-the-runner-0123456789"
REAL = {"repository": "octo-org/octo-shop", "ref": "refs/heads/main", "actor": "hubot"}
MAIN = {"repository": "our-org/shop", "ref": "refs/heads/main"}


@contextmanager
def runner(token_for):
    """(variables of a job, tokens that it got): a runner whose GitHub is `token_for(audience)`.

    `token_for` returns a token, or (status, headers) of an answer without one.
    """
    given = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            assert self.headers["Authorization"] == f"bearer {BEARER}"
            (audience,) = parse_qs(urlsplit(self.path).query)["audience"]
            found = token_for(audience)
            status, headers = found if isinstance(found, tuple) else (200, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if status == 200:
                given.append(found)
                self.wfile.write(json.dumps({"count": 1, "value": found}).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/token?api-version=2.0"
    env = {"ACTIONS_ID_TOKEN_REQUEST_URL": address, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
    try:
        yield env, given
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def github():
    """The lab's issuer of GitHub's name signs in GitHub's place."""
    return IdentityProvider(URL, LabClock())


@pytest.fixture
def names():
    return Names("0a1b2c", "123456789012")


@pytest.fixture
def job_of(github, names):
    """A job whose tokens make these claims, and the tokens that it got."""
    with ExitStack() as runners:

        def job(mirror=None, **claims):
            sign = lambda audience: github.github_actions(**{**claims, "aud": audience})  # noqa: E731
            env, given = runners.enter_context(runner(sign))
            return github_job(URL, names, env, mirror), given

        yield job


@pytest.mark.parametrize(
    "url, left_out",
    [
        (URL, "ACTIONS_ID_TOKEN_REQUEST_URL"),
        (URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        ("https://login.our-company.example", ""),
    ],
)
def test_without_a_job_only_the_sandbox_has_an_issuer(names, url, left_out):
    env = {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:1"}
    env |= {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
    env.pop(left_out, None)
    with pytest.raises(SandboxOnly, match="fetches an issuer's keys from the internet"):
        github_job(url, names, env)
    assert names.repository == ""


class TestTokens:
    def test_are_the_jobs_own(self, job_of, names):
        job, given = job_of(**REAL)
        token = job.github_actions(**MAIN)
        assert token == given[-1] and names.repository == "octo-org/octo-shop"
        assert claims_of(token)["sub"] == "repo:octo-org/octo-shop:ref:refs/heads/main"
        assert job.name == "token.actions.githubusercontent.com"

    def test_are_for_the_audience_that_was_asked_for(self, job_of):
        job, _ = job_of(**REAL)
        token = job.github_actions(**MAIN, aud="https://scan.example/?a=b&c")
        assert claims_of(token)["aud"] == "https://scan.example/?a=b&c"

    @pytest.mark.parametrize(
        "claims",
        [
            {},
            {"repository": "octo-org/octo-shop"},
            {"repository": "our-org/shop-experiments"},
            {**MAIN, "ref": "refs/tags/v1.2"},
            {**MAIN, "environment": "production"},
            {**MAIN, "event_name": "pull_request"},
            {**MAIN, "actor": "mallory"},
            {**MAIN, "repository_id": "987654321"},
            {**MAIN, "visibility": "public"},
            {**MAIN, "immutable_sub": True},
            {**MAIN, "made_up": "x"},
        ],
        ids=str,
    )
    def test_that_the_job_does_not_get_are_the_sandboxs(self, job_of, claims):
        job, _ = job_of(**REAL)
        with pytest.raises(SandboxOnly, match="GitHub does not vouch for"):
            job.github_actions(**claims)

    def test_of_an_environment_are_not_those_of_the_branch(self, job_of):
        job, _ = job_of(**REAL, environment="production")
        assert job.github_actions(**MAIN, environment="production")
        with pytest.raises(SandboxOnly, match="vouch for sub="):
            job.github_actions(**MAIN)

    def test_with_ids_in_the_subject_play_the_shop_as_well(self, job_of, names):
        """As every repository has them that was made since July 2026."""
        job, _ = job_of(**REAL, immutable_sub=True)
        real = claims_of(job.github_actions(**MAIN))["sub"]
        assert real.startswith("repo:octo-org@") and "/octo-shop@" in real
        assert names.text("repo:our-org/shop:ref:refs/heads/main") == real
        assert names.lesson(real) == "repo:our-org/shop:ref:refs/heads/main"

    @pytest.mark.parametrize(
        "claims", [{"sub": "repository_owner:octo-org"}, {"iss": f"{URL}/octo-inc"}], ids=str
    )
    def test_of_another_form_are_left_alone(self, job_of, names, claims):
        with pytest.raises(SandboxOnly, match="of a form of their own"):
            job_of(**REAL, **claims)
        assert names.repository == ""

    def test_teach_the_mirror_a_token_of_its_own(self, github, job_of):
        """The mirror never sees GitHub's, and knows what to expect of it."""
        learnt = []
        sandbox = SimpleNamespace(identity_provider=lambda url: github)
        mirror = SimpleNamespace(sandbox=sandbox, learn=lambda *answers: learnt.append(answers))
        job, given = job_of(mirror, **REAL)
        job.github_actions(**MAIN)
        ((_, real, here),) = learnt
        twin = claims_of(".".join(here["Token"]))
        assert ".".join(real["Token"]) == given[-1]
        assert twin["sub"] == "repo:our-org/shop:ref:refs/heads/main"
        assert twin["repository"] == "our-org/shop"
        assert twin["repository_id"] == claims_of(given[-1])["repository_id"]


class TestSecrets:
    def test_are_in_no_text_of_the_job(self, job_of):
        job, given = job_of(**REAL)
        job.github_actions(**MAIN)
        assert repr(job) == str(job) == f"GitHubJob({URL})"
        assert not hasattr(job, "_repr_html_")  # IPython asks
        with pytest.raises(SandboxOnly, match="only what is true of this job"):
            job.sign({"sub": "repo:our-org/shop:environment:production"})

    @pytest.mark.parametrize(
        "answer, told",
        [
            ((403, {}), "HTTP 403"),
            ((302, {"Location": "http://127.0.0.1:1/elsewhere"}), "HTTP 302"),
            ("not.a-token", "holds no token"),
            ("", "holds no token"),
        ],
        ids=str,
    )
    def test_are_in_no_error_and_go_nowhere_else(self, names, answer, told):
        with (
            runner(lambda audience: answer) as (env, _),
            pytest.raises(LabError, match=told) as raised,
        ):
            github_job(URL, names, env)
        assert BEARER not in str(raised.value) and raised.value.__suppress_context__

    def test_stay_when_nobody_answers(self, names):
        with socket.socket() as taken:  # bound and not listening: nobody answers there
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            env = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{port}/"}
            env |= {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
            with pytest.raises(LabError, match="no token: .*refused"):
                github_job(URL, names, env)


GITHUBS = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
SUB = "token.actions.githubusercontent.com:sub"
OURS = "repo:octo-org/octo-shop:ref:refs/heads/main"


def trust(**changes):
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": GITHUBS},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {SUB: OURS}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": {**statement, **changes}})


@pytest.mark.parametrize(
    "condition, open_to_strangers",
    [
        ({"StringEquals": {SUB: OURS}}, False),
        ({"StringEquals": {SUB: [OURS]}}, False),
        ({"StringLike": {SUB: "repo:octo-org/octo-shop:*"}}, False),
        ({"StringLike": {SUB: "repo:octo-org/octo-shop*:ref:refs/heads/*"}}, True),
        ({"StringLike": {SUB: "repo:octo-org/*"}}, True),
        ({"StringLike": {SUB: "repo:*"}}, True),
        ({"StringEquals": {SUB: [OURS, "repo:mallory/pwn:ref:refs/heads/main"]}}, True),
        ({"StringLikeIfExists": {SUB: OURS}}, True),
        ({"ForAllValues:StringLike": {SUB: OURS}}, True),
        ({"StringNotEquals": {SUB: OURS}}, True),
        ({}, True),
    ],
    ids=str,
)
def test_only_this_jobs_repository_may_be_trusted(condition, open_to_strangers):
    assert strangers_could_enter(trust(Condition=condition), "octo-org/octo-shop") is (
        open_to_strangers
    )
    assert strangers_could_enter(trust(Condition=condition), "") is True


@pytest.mark.parametrize(
    "changes",
    [
        {"Condition": "nonsense"},
        {"Condition": {"StringEquals": "nonsense"}},
        {"Principal": {"Federated": [GITHUBS, GITHUBS.replace("githubusercontent", "evil")]}},
        {"Condition": {"StringEquals": {"token.actions.evil.com:sub": OURS}}},
        {"Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}},
    ],
    ids=str,
)
def test_whatever_cannot_be_read_is_not_trusted(changes):
    assert strangers_could_enter(trust(**changes), "octo-org/octo-shop")


#: Provider, trust, grant, upload; exact subject, audience; a token twice; the smallest session.
REALLY_RUN = {f"cell-{n}" for n in (10, 12, 14, 16, 17, 18, 20, "38-1", 41, 43, 45, 62, 65, 66, 67)}


@pytest.mark.slow
@pytest.mark.parametrize("registered_before", [False, True])
def test_notebook_09_lets_the_job_in(tmp_path, registered_before):
    """Registered, trusted, granted, uploaded; for this repository, branch and audience only."""
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith("09"))
    with (
        served_aws(tmp_path, lag=0.3, latency=0.001, throttle=0.02) as aws,
        runner(lambda audience: aws.github_token(**{**REAL, "aud": audience})) as (env, given),
    ):
        if registered_before:  # as in each account that jobs of GitHub deploy to
            iam = aws.session().client("iam")
            iam.create_open_id_connect_provider(Url=URL, ClientIDList=["sts.amazonaws.com"])
        before = aws.contents()
        notebook, summary = run(path, environ_of(aws, **env))
        events = aws.trail()
        assert aws.contents() == before
    assert summary["differences"] == []
    granted = [e for e in _of(events, "AssumeRoleWithWebIdentity") if "errorCode" not in e]
    if not registered_before:
        is_noted("09 in a job of GitHub", summary["used"])
    assert len(granted) >= 6 and {e["userIdentity"]["userName"] for e in granted} == {OURS}
    trusts = _of(events, "CreateRole") + _of(events, "UpdateAssumeRolePolicy")
    assert trusts and all(":octo-org/octo-shop:" in json.dumps(event) for event in trusts)
    assert "our-org" not in json.dumps(events)
    left_out = {cell["id"] for cell in notebook.cells if "Sandbox only" in _printed(cell)}
    assert left_out & REALLY_RUN == ({"cell-43", "cell-45"} if registered_before else set())
    everything = nbformat.writes(notebook)
    assert BEARER not in everything and len(given) > 8
    assert not any(part in everything for token in given for part in token.split(".")[1:])


def _of(events, name):
    return [event for event in events if event["eventName"] == name]


def _printed(cell):
    return "".join(output.get("text", "") for output in cell.get("outputs", ()))
