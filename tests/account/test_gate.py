"""The real-account mode is closed but for an AWS that this machine serves; sweep goes on."""

import socket
import threading

import pytest

from labhelpers import LabError, open_lab
from labhelpers.__main__ import main
from labhelpers.account.fence.gate import check_open, is_here
from labhelpers.account.settings import Settings

CLOSED = "closed until its fence holds against somebody who means harm"
SWEEP = "`python -m labhelpers sweep` goes on working"
ELSEWHERE = "https://elsewhere.example.com"


@pytest.fixture
def no_request(monkeypatch):
    """Whoever opens a connection, or looks for a name, fails."""

    def refused(*_, **__):
        raise AssertionError("a request was on its way")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.fixture
def closed(learner, no_request, monkeypatch, tmp_path, capsys):
    """A function: the lab and compare are refused as the environment is now; what they say."""
    monkeypatch.chdir(tmp_path)

    def say():
        with pytest.raises(LabError, match=CLOSED) as error:
            open_lab(mirrored=False)
        with pytest.raises(LabError, match=CLOSED):
            check_open(Settings.read())
        assert main(["compare", "--report", "r.md"]) == 2
        told = capsys.readouterr().err
        assert told == f"labhelpers compare: {error.value}\n" and SWEEP in told
        assert list(tmp_path.iterdir()) == [] and "elsewhere.example.com:" not in told
        return told

    return say


def configure(monkeypatch, tmp_path_factory, text):
    """The learner's configuration file, with profiles of this text."""
    file = tmp_path_factory.mktemp("aws") / "config"
    file.write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))


def test_on_aws_itself(closed, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert "iam would be asked at iam.amazonaws.com" in closed()


def test_nobody_looks_for_credentials(closed, monkeypatch):
    """No profile, no keys: the sentence is the same."""
    for name in ("AWS_ENDPOINT_URL", "LAB_AWS_PROFILE", "LAB_AWS_SECOND_PROFILE"):
        monkeypatch.delenv(name)
    for name in ("LAB_AWS_ACCOUNT_ID", "LAB_AWS_SECOND_ACCOUNT_ID", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "auto")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    closed()


def test_the_mirror_is_closed_again(learner, monkeypatch):
    def mirrors():
        return [t for t in threading.enumerate() if t.name.startswith("sts-lab-sandbox")]

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    before = len(mirrors())
    with pytest.raises(LabError, match=CLOSED):
        open_lab("aws")
    assert len(mirrors()) == before


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "http://192.168.0.1:5000",
        "http://127.0.0.1@elsewhere.example.com",
        "http://127.0.0.1:5000@elsewhere.example.com/",
        "http://127.0.0.1.example.com",
        "not an address",
        "127.0.0.1:5000",
        "http://",
    ],
)
def test_elsewhere(closed, monkeypatch, url):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    closed()


@pytest.mark.parametrize("service", ["STS", "IAM", "S3", "EC2"])
def test_where_one_service_is_elsewhere(closed, monkeypatch, service):
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", ELSEWHERE)
    assert f"{service.lower()} would be asked at elsewhere.example.com" in closed()


def test_a_configured_endpoint_that_is_ignored(closed, monkeypatch):
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert "amazonaws.com" in closed()


@pytest.mark.parametrize("profile", ["lab", "second"])
def test_either_profile_counts(closed, learner, monkeypatch, tmp_path_factory, profile):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    urls = {"lab": learner.endpoint_url, "second": learner.endpoint_url} | {profile: ELSEWHERE}
    lines = [f"[profile {name}]\nendpoint_url = {url}\n" for name, url in urls.items()]
    configure(monkeypatch, tmp_path_factory, "".join(lines))
    assert "elsewhere.example.com" in closed()


def test_a_service_of_a_profile_counts(closed, learner, monkeypatch, tmp_path_factory):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    text = "".join(
        f"[profile {name}]\nendpoint_url = {learner.endpoint_url}\nservices = mine\n"
        for name in ("lab", "second")
    )
    text += f"[services mine]\nec2 =\n  endpoint_url = {ELSEWHERE}\n"
    configure(monkeypatch, tmp_path_factory, text)
    assert "ec2 would be asked at elsewhere" in closed()


def test_a_password_in_an_address_is_not_shown(closed, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://me:hunter2@elsewhere.example.com/hunter2")
    assert "hunter2" not in closed()


def test_profiles_that_lead_here_are_open(learner, monkeypatch, tmp_path_factory):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    text = "".join(
        f"[profile {name}]\nendpoint_url = {learner.endpoint_url}\n" for name in ("lab", "second")
    )
    configure(monkeypatch, tmp_path_factory, text)
    with open_lab() as lab:
        assert lab.client("sts").get_caller_identity()["Account"] == "111122223333"


def test_sweep_is_not_gated(learner, monkeypatch, capsys):
    """By its way to AWS, and on an endpoint that is not this machine's by name."""
    port = learner.endpoint_url.rpartition(":")[2]
    url = f"http://anywhere.invalid:{port}"
    found = socket.getaddrinfo

    def here(host, *rest, **more):
        return found("127.0.0.1" if host == "anywhere.invalid" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    with pytest.raises(LabError, match=CLOSED):
        open_lab(mirrored=False)
    assert main(["sweep"]) == 0
    assert capsys.readouterr().out.count("0 found, 0 left") == 2


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1", "https://127.0.0.1:443/", "http://127.8.9.10:1", "http://[::1]:5000"]
    + ["http://localhost:4566", "HTTP://LocalHost", "http://me@127.0.0.1:1/path"],
)
def test_addresses_of_this_machine(url):
    assert is_here(url)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1.example.com", "http://localhost.example.com", "http://example.com/127.0.0.1"]
    + ["http://127.0.0.1@evil.example", "http://127.0.0.1:80@evil.example", "http://[::2]"]
    + ["http://evil.example\\@127.0.0.1", "http://127.0.0.1\\@evil.example", "ftp://127.0.0.1"]
    + ["http://evil.example#@127.0.0.1", "http://evil.example?@127.0.0.1", "http://0.0.0.0"]
    + ["http://127.0.0.1\n.evil.example", "http://126.255.255.255", "http://128.0.0.1", "http://["]
    + ["http://2130706433", "http://0x7f.1", "http://127.1", "//127.0.0.1", "127.0.0.1", ""]
    + ["http://127.0.0.1%2eevil.example", "http://127.0.0.1\t@evil.example", "http://[::1].evil"]
    + [
        "http://127.0.0.1 .evil.example",
        "http://１２７.0.0.1.evil.example",
        "http://169.254.169.254",
    ],
)
def test_addresses_elsewhere(url):
    assert not is_here(url)
