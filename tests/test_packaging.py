"""Laptop, Binder and CI install the same versions, and nothing names where they come from."""

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
ENVIRONMENT = (ROOT / "environment.yml").read_text()
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ; ([^\\\n]+?))?(?: \\)?$", re.MULTILINE)
pins = {(name, version, marker) for name, version, marker in PIN.findall(LOCK)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_environment_and_lock_hold_the_same_pins():
    """With their hashes: one line for pip each, so that conda and Binder check them, too."""
    listed = re.findall(r'^      - "(.+)"$', ENVIRONMENT, re.MULTILINE)
    assert listed == re.sub(r" \\\n +", " ", LOCK).splitlines()
    found = {PIN.fullmatch(line.partition(" --hash")[0]).groups(default="") for line in listed}
    assert found == pins
    assert len(pins) > 100 and all("--hash=sha256:" in line for line in listed)


def test_every_direct_dependency_is_pinned():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    names = {normal(re.match(r"[\w.-]+", line)[0]) for line in wanted}
    assert names <= {normal(name) for name, _, _ in pins}


def test_every_pin_has_hashes():
    blocks = re.split(r"^(?=\S)", LOCK, flags=re.MULTILINE)
    for block in filter(str.strip, blocks):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block.splitlines()[0]


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "pyproject.toml"])
def test_no_registry_host_is_named(name):
    text = (ROOT / name).read_text()
    assert "://" not in text and "--index" not in text and "file:" not in text


def test_binder_gets_a_supported_python():
    version = re.search(r"^  - python=3\.(\d+)$", ENVIRONMENT, re.MULTILINE)
    assert int(version[1]) in (11, 12, 13)
    assert "--no-deps" in (ROOT / "postBuild").read_text()
    assert not (ROOT / "binder").exists() and not (ROOT / ".binder").exists()


def test_what_runs_here_is_what_is_locked():
    locked = {normal(name): version for name, version, marker in pins if not marker}
    installed = {normal(d.name): d.version for d in metadata.distributions()}
    different = {
        name: (installed[name], version)
        for name, version in locked.items()
        if name in installed and installed[name] != version
    }
    assert different == {}


def test_the_top_level_holds_what_it_needs_and_no_more():
    import shutil
    import subprocess

    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        ["git", "ls-files", "--cached"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    top = {line.split("/")[0] for line in done.stdout.splitlines()}
    wanted = {"notebooks", "labhelpers", "tests", "terraform", "README.md", "environment.yml"}
    packaging = {"pyproject.toml", "requirements.lock", "Makefile", "postBuild", ".ci"}
    packaging |= {"conftest.py"}
    assert wanted <= top
    people = {"docs", "LICENSE", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md"}
    assert top <= wanted | packaging | people | {"CITATION.cff", "findings", ".gitignore"}


def test_ci_calls_the_readmes_test_command():
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()
    assert "make test" in (ROOT / "README.md").read_text()
