"""The same configurations in real Terraform: what load() says must be what Terraform says.

Expressions need `terraform` on PATH. The AWS provider comes from the mirror that
LAB_TF_PLUGIN_DIR names (the folder that holds registry.terraform.io/…), otherwise from
whatever `terraform init` can reach; where neither works, tests that need it are skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_documents import CASES
from test_load import EXAMPLE, EXPRESSIONS, FILES, write

from labhelpers.terraform import Unknown, load

TERRAFORM = shutil.which("terraform")
AMI = "ami-0123456789abcdef0"

pytestmark = pytest.mark.skipif(TERRAFORM is None, reason="terraform is not on PATH")

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


class Terraform:
    """Terraform in one directory, with a CLI configuration and an environment of its own."""

    def __init__(self, directory: Path):
        self.directory = directory
        mirror = os.environ.get("LAB_TF_PLUGIN_DIR")
        rules = "disable_checkpoint = true\n"
        if mirror:
            rules += MIRROR % json.dumps(mirror)
        configuration = directory / "cli.tfrc"
        configuration.write_text(rules)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        self.environment = kept | {
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_IN_AUTOMATION": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [TERRAFORM, *arguments],
            cwd=self.directory,
            env=self.environment,
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


def test_the_comparison_finds_differences():
    """The helper itself: what differs is told, what is open is not."""
    theirs = {"a": 1, "b": [{"c": "x", "d": None}], "e": True, "f": None}
    assert not list(differences({"a": 1, "b": [{"c": "x"}], "f": "", "e": Unknown}, theirs))
    for ours in ({"a": 2}, {"b": [{"c": "y"}]}, {"b": []}, {"e": 1}, {"z": 1}, {"f": "x"}):
        assert list(differences(ours, theirs)), ours


def test_every_expression_has_terraforms_value(tmp_path):
    """The table of test_load.py, asked of Terraform itself; no provider is needed."""
    text = "".join(
        f'output "x{n}" {{\n  value = {expression}\n}}\n'
        for n, (expression, _) in enumerate(EXPRESSIONS)
    )
    terraform = Terraform(write(tmp_path, FILES | {"outputs.tf": text}))
    outputs = terraform.planned()["planned_values"]["outputs"]
    wrong = [
        (expression, expected, outputs.get(f"x{n}", {}).get("value"))
        for n, (expression, expected) in enumerate(EXPRESSIONS)
        if outputs.get(f"x{n}", {}).get("value") != expected
    ]
    assert not wrong


def test_the_example_is_formatted(tmp_path):
    Terraform(tmp_path)("fmt", "-check", "-diff", "-no-color", str(EXAMPLE))


@pytest.mark.slow
def test_the_example_is_valid(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    terraform = Terraform(tmp_path)
    terraform.init()
    assert json.loads(terraform("validate", "-json")) | {"diagnostics": []} == {
        "format_version": "1.0",
        "valid": True,
        "error_count": 0,
        "warning_count": 0,
        "diagnostics": [],
    }


POLICY = '{"Statement": [{"Sid": "x", "Action": ["b", "a"], "Effect": "Allow"}], "Id": "i<>", '
POLICY += '"Version": "2012-10-17"}'

RESOURCES = """
locals {
  policy = file("policy.json")
}

resource "aws_iam_role" "r" {
  for_each             = { one = "/", two = "/path/" }
  name                 = each.key
  path                 = each.value
  max_session_duration = "43200"
  assume_role_policy   = local.policy
  tags                 = { a = "b" }

  inline_policy {
    name   = "i"
    policy = local.policy
  }
}

resource "aws_iam_role_policy" "r" {
  name   = "p"
  role   = aws_iam_role.r["one"].name
  policy = local.policy
}

resource "aws_iam_user_policy" "r" {
  name   = "p"
  user   = aws_iam_user.u[0].name
  policy = local.policy
}

resource "aws_iam_group_policy" "r" {
  name   = "p"
  group  = aws_iam_group.g.name
  policy = local.policy
}

resource "aws_iam_policy" "p" {
  name_prefix = "p"
  policy      = local.policy
}

resource "aws_iam_user" "u" {
  count = 2 > 1 ? 1 : 0
  name  = "u"
}

resource "aws_iam_group" "g" {
  name = "g"
}

resource "aws_iam_instance_profile" "i" {
  name = "i"
  role = aws_iam_role.r["two"].id
}

resource "aws_s3_bucket" "b" {
  bucket = "b-1"
}

resource "aws_s3_bucket_policy" "b" {
  bucket = aws_s3_bucket.b.bucket
  policy = local.policy
}

resource "aws_sqs_queue" "q" {
  name   = "q"
  policy = local.policy
}

resource "aws_sns_topic" "t" {
  name   = "t"
  policy = local.policy
}

resource "aws_kms_key" "k" {
  policy = local.policy
}

resource "aws_secretsmanager_secret" "s" {
  name   = "s"
  policy = local.policy
}

resource "aws_ecr_repository_policy" "e" {
  repository = "e"
  policy     = local.policy
}

data "aws_partition" "p" {}

data "aws_region" "r" {}
"""


@pytest.mark.slow
def test_documents_and_resources_are_what_the_provider_plans(tmp_path):
    """Every case of test_documents.py and one resource of each kind, planned for real."""
    text = "".join(
        f'data "aws_iam_policy_document" "c{n}" {{\n{case.values[0]}\n}}\n'
        for n, case in enumerate(CASES)
    )
    files = {"provider.tf": PROVIDER, "documents.tf": text, "resources.tf": RESOURCES}
    files["policy.json"] = POLICY
    terraform = Terraform(write(tmp_path, files))
    terraform.init()
    plan = terraform.planned()
    theirs = resources_in(plan["planned_values"]["root_module"])
    theirs |= resources_in(plan["prior_state"]["values"]["root_module"])
    ours = load(tmp_path)
    counts = compared(ours, theirs, planned=True)
    assert min(counts.values()) >= 1 and sum(counts.values()) > 250
    for n, case in enumerate(CASES):
        values = ours.resources[f"data.aws_iam_policy_document.c{n}"].values
        state = theirs[f"data.aws_iam_policy_document.c{n}"]
        assert (values["json"], values["id"]) == (state["json"], state["id"])
        assert values["minified_json"] == case.values[1] == state["minified_json"]


ENDPOINTS = """\
provider "aws" {{
  access_key                  = "{key}"
  secret_key                  = "{secret}"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {{
    ec2 = "{url}"
    iam = "{url}"
    s3  = "{url}"
    sts = "{url}"
  }}
}}
"""


@pytest.mark.slow
def test_the_example_is_what_terraform_makes_of_it_in_the_sandbox(tmp_path, lab):
    """Apply a copy, compare every known value with the state, destroy it."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    ours = load(EXAMPLE, {"ami_id": AMI}, account_id=lab.account_id)
    keys = lab.session().get_credentials()
    url = lab.endpoint_url
    override = ENDPOINTS.format(key=keys.access_key, secret=keys.secret_key, url=url)
    (tmp_path / "endpoint_override.tf").write_text(override)
    terraform = Terraform(tmp_path)
    terraform.init()
    given = ("-auto-approve", "-input=false", "-no-color", f"-var=ami_id={AMI}")
    try:
        terraform("apply", *given)
        state = json.loads(terraform("show", "-json"))["values"]
        theirs = resources_in(state["root_module"])
        counts = compared(ours, theirs)
        assert counts["aws_iam_role.reader"] >= 9 and sum(counts.values()) > 70
        outputs = {name: output["value"] for name, output in state["outputs"].items()}
        assert not list(differences(dict(ours.outputs), outputs))
        for address, resource in ours.resources.items():
            for name, value in resource.values.items():
                if isinstance(value, str) and re.match(r"\s*\{", value):
                    assert value == theirs[address][name], (address, name)  # the exact text
    finally:
        terraform("destroy", *given)
    assert not json.loads(terraform("show", "-json")).get("values")
    assert lab.client("iam").list_roles(PathPrefix="/")["Roles"] == []
    assert lab.client("s3").list_buckets()["Buckets"] == []
