"""Terraform itself for tests: run it, find its AWS provider, compare what it says with ours.

The provider comes from the mirror that LAB_TF_PLUGIN_DIR names (the folder that holds
registry.terraform.io/…), from one in Terraform's usual places or one level below /opt,
otherwise from whatever `terraform init` can reach.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from labhelpers.terraform import Unknown

TERRAFORM = shutil.which("terraform")

needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="terraform is not on PATH")

PROVIDER = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "ap-northeast-2"
  access_key                  = "AKIAIOSFODNN7EXAMPLE"
  secret_key                  = "nothing is asked of AWS"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  default_tags {
    tags = { Owner = "lab" }
  }
}
"""


MIRROR = """\
provider_installation {
  filesystem_mirror {
    path = %s
  }
  direct {
    exclude = ["*/*/*"]
  }
}
"""


def mirror() -> str | None:
    """Return the folder of a provider mirror on this machine that holds the AWS provider."""
    given = os.environ.get("LAB_TF_PLUGIN_DIR")
    if given:
        return given
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    usual = [Path.home() / ".terraform.d/plugins", Path(data) / "terraform/plugins"]
    usual += [Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins")]
    for place in (*usual, *sorted(Path("/opt").glob("*"))):
        if any(place.glob("registry.terraform.io/hashicorp/aws/*")):
            return str(place)
    return None


@cache
def running(provider: Path, environment: frozenset[tuple[str, str]]) -> str:
    """Start the provider for as long as the tests run, and return how Terraform gets at it.

    Terraform starts it twice for a plan and thrice for an apply, a second of CPU time each; this is
    what `-debug` and TF_REATTACH_PROVIDERS are for. It reads its environment when it is configured,
    so that each environment has its own.
    """
    logs = {f"TF_LOG{of}": "OFF" for of in ("", "_PROVIDER", "_SDK", "_SDK_PROTO")}
    command = [str(provider), "-debug"]
    process = subprocess.Popen(
        command,
        env=dict(environment) | logs,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    atexit.register(process.wait)
    atexit.register(process.terminate)
    name = "TF_REATTACH_PROVIDERS="
    line = next(line.strip() for line in process.stdout if name in line)
    return line.removeprefix(name).strip("'")


class Terraform:
    """Terraform in one directory, with a CLI configuration and an environment of its own."""

    def __init__(self, directory: Path):
        self.directory = directory
        rules = "disable_checkpoint = true\n"
        if found := mirror():
            rules += MIRROR % json.dumps(found)
        configuration = directory / "cli.tfrc"
        configuration.write_text(rules)
        self._rules = str(configuration)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        self.environment = kept | {
            "TF_CLI_CONFIG_FILE": self._rules,
            "TF_IN_AUTOMATION": "1",
            "GOGC": "400",  # a fifth less CPU time for the provider, which ends soon anyway
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        attached = {}
        for binary in self.directory.glob(".terraform/providers/*/hashicorp/aws/*/*/*-aws_*"):
            environment = self.environment.items() - {("TF_CLI_CONFIG_FILE", self._rules)}
            attached["TF_REATTACH_PROVIDERS"] = running(binary.resolve(), frozenset(environment))
        return subprocess.run(
            [TERRAFORM, *arguments],
            cwd=self.directory,
            env=self.environment | attached,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def __call__(self, *arguments: str) -> str:
        """Run Terraform and return what it prints; it must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments[0]}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def init(self) -> None:
        done = self.run("init", "-input=false", "-no-color")
        if done.returncode:
            reason = " ".join(done.stderr.split())[:200]
            pytest.skip(f"terraform init finds no AWS provider (LAB_TF_PLUGIN_DIR?): {reason}")

    def planned(self) -> dict:
        """Plan, and return the plan as JSON."""
        self("plan", "-input=false", "-no-color", "-out=plan")
        return json.loads(self("show", "-json", "plan"))


def formatted_and_valid(source: Path, directory: Path) -> None:
    """Assert that Terraform has nothing to say about a configuration, of which it gets a copy."""
    shutil.copytree(source, directory, dirs_exist_ok=True)
    terraform = Terraform(directory)
    terraform("fmt", "-check")
    terraform.init()
    terraform("validate")


def resources_in(module: dict) -> dict[str, dict]:
    """Return address -> attributes of a module in Terraform's JSON, those inside included."""
    found = {r["address"]: r["values"] for r in module.get("resources", [])}
    for child in module.get("child_modules", []):
        found |= resources_in(child)
    return found


def differences(ours, theirs, path=""):
    """Yield where a known value of ours is not Terraform's.

    Unknown says nothing. What is null or absent on one side may be null, empty or absent on
    the other. Nested blocks hold defaults that we do not know, in an order of their own.
    """
    if ours is Unknown or (ours in (None, "", [], {}) and theirs in (None, "", [], {})):
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name not in theirs and value is not Unknown:
                yield f"{path}.{name}: {value!r} is not in Terraform's"
            else:
                yield from differences(value, theirs.get(name), f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        rest = list(theirs)
        for number, item in enumerate(ours):
            match = next((t for t in rest if not list(differences(item, t))), None)
            if match is None:
                yield f"{path}[{number}]: {item!r} is not among {rest!r}"
            else:
                rest.remove(match)
        if rest:
            yield f"{path}: Terraform has more: {rest!r}"
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield f"{path}: {ours!r}, but Terraform says {theirs!r}"


def compared(configuration, theirs: dict[str, dict], planned: bool = False) -> dict[str, int]:
    """Compare all resources; return how many known values of each were compared.

    A plan does not hold the attributes that Terraform learns at apply.
    """
    assert set(configuration.resources) == set(theirs)
    found, counts = [], {}
    for address, resource in configuration.resources.items():
        state = theirs[address]
        left_out = resource.values.keys() - state.keys() if planned else set()
        ours = {k: v for k, v in resource.values.items() if k not in left_out}
        found += differences(ours, state, address)
        counts[address] = sum(value is not Unknown for value in ours.values())
    assert not found, "\n".join(found)
    return counts
