"""The corpus: configurations of many shapes, applied by real Terraform, document by document.

Every directory under corpus/ becomes a module of one root, so that a single apply serves them
all. It runs against a plain moto server: what counts here is the configuration, not who may.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from real_terraform import Terraform, needs_terraform, resources_in

from labhelpers.terraform import Configuration, Unknown, load

CORPUS = Path(__file__).parent / "corpus"
CASES = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
ACCOUNT, REGION = "123456789012", "eu-west-1"

pytestmark = [needs_terraform, pytest.mark.slow]

ROOT = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region            = "eu-west-1"
  access_key        = "AKIAIOSFODNN7EXAMPLE"
  secret_key        = "nothing real is asked"
  s3_use_path_style = true
}
"""
MODULE = 'module "{0}" {{\n  source = "./corpus/{0}"\n}}\n'


def documents(resources) -> dict[tuple[str, str], object]:
    """Return (address, path of the attribute) -> policy, parsed, for every policy in values."""
    found: dict[tuple[str, str], object] = {}

    def walk(address, path, value):
        if isinstance(value, dict):
            for name, item in value.items():
                walk(address, f"{path}.{name}", item)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                walk(address, f"{path}[{number}]", item)
        elif isinstance(value, str) and '"Statement"' in value and ".minified_json" not in path:
            found[address, path] = json.loads(value)

    for address, values in resources.items():
        walk(address, "", values)
    return found


@pytest.fixture(scope="module")
def endpoint():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = os.environ | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    while server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).read()
            break
        except OSError:
            time.sleep(0.1)
    assert server.poll() is None, "moto's server has ended by itself"
    yield url
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def both(tmp_path_factory, endpoint) -> tuple[Configuration, dict, dict]:
    """Our configuration of the whole corpus; Terraform's resources and outputs after apply."""
    directory = tmp_path_factory.mktemp("corpus")
    shutil.copytree(CORPUS, directory / "corpus")
    (directory / "main.tf").write_text(ROOT + "".join(map(MODULE.format, CASES)))
    terraform = Terraform(directory)
    terraform.environment |= {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION}
    terraform.init()
    begin = time.perf_counter()
    caller = f"arn:aws:sts::{ACCOUNT}:user/moto"
    ours = load(directory, account_id=ACCOUNT, caller_arn=caller, region=REGION)
    print(f"load: {time.perf_counter() - begin:.2f} s for {len(CASES)} configurations")
    terraform("apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=30")
    state = json.loads(terraform("show", "-json"))["values"]
    if kept := os.environ.get("LAB_KEEP_CORPUS"):
        shutil.copytree(directory, kept, dirs_exist_ok=True)
        (Path(kept) / "state.json").write_text(json.dumps(state))
    return ours, resources_in(state["root_module"]), state.get("outputs", {})


def test_there_are_enough_configurations():
    assert len(CASES) >= 40


def test_nothing_in_the_corpus_is_a_fault(both):
    assert both[0].diagnostics == ()


def test_the_addresses_are_terraforms(both):
    ours, theirs, _ = both
    assert set(ours.resources) == set(theirs)


def test_every_document_is_terraforms(both):
    """As parsed JSON. The share is printed; what follows from names has to be equal."""
    ours, theirs, _ = both
    found = documents({address: r.values for address, r in ours.resources.items()})
    # A topic without a policy gets one from AWS; what nobody has written is not compared.
    expected = {
        (address, path): value
        for (address, path), value in documents(theirs).items()
        if path.strip(".").partition("[")[0] in ours.resources[address].values
    }
    wrong = [key for key, value in expected.items() if key in found and found[key] != value]
    missing = [key for key in expected if key not in found]
    equal = len(expected) - len(wrong) - len(missing)
    print(f"{equal} of {len(expected)} documents are equal")
    told = [f"{key}\n  ours:   {found[key]}\n  theirs: {expected[key]}" for key in wrong]
    assert not wrong, "\n".join(told)
    assert not missing, missing
    assert set(found) == set(expected)


def test_no_known_arn_or_id_differs(both):
    """Unknown says nothing; what is claimed has to be right."""
    ours, theirs, _ = both
    for address, resource in ours.resources.items():
        for name in ("arn", "id", "name", "path", "role", "policy_arn", "max_session_duration"):
            value = resource.values.get(name, Unknown)
            expected = theirs[address].get(name)
            if value is not Unknown and (value or expected) and "https://sqs" not in str(value):
                assert value == expected, (address, name)
