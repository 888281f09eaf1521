"""The same configurations in real Terraform: what load() says must be what Terraform says.

Expressions need `terraform` on PATH; real_terraform.py says where the AWS provider comes from.
Where there is none, tests that need it are skipped.
"""

from __future__ import annotations

import json
import re
import shutil

import pytest
from real_terraform import (
    PROVIDER,
    Terraform,
    compared,
    differences,
    needs_terraform,
    resources_in,
)
from test_documents import CASES
from test_load import EXAMPLE, EXPRESSIONS, FILES, write

from labhelpers.terraform import Unknown, load

AMI = "ami-0123456789abcdef0"

pytestmark = needs_terraform


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
    assert min(counts.values()) >= 1  # a plan leaves out what apply learns, but not everything
    told = [r.values for address, r in ours.resources.items() if address.startswith("data.")]
    assert all(v["json"] is not Unknown for v in told if "json" in v)
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


def snapshot(lab) -> dict:
    """Return what the example consists of in the sandbox, without ids and times."""
    iam, s3 = lab.client("iam"), lab.client("s3")
    ec2 = lab.session().client("ec2", region_name="ap-northeast-2")
    told = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    bucket = "sts-lab-reports"
    found = {
        "roles": told["RoleDetailList"],
        "policies": told["Policies"],
        "bucket": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "tags": s3.get_bucket_tagging(Bucket=bucket)["TagSet"],
        "place": s3.get_bucket_location(Bucket=bucket)["LocationConstraint"],
        "groups": [
            g
            for g in ec2.describe_security_groups()["SecurityGroups"]
            if g["GroupName"] != "default"
        ],
        "instances": [
            [i["ImageId"], i["InstanceType"], i["Tags"], i["IamInstanceProfile"]["Arn"]]
            for r in ec2.describe_instances()["Reservations"]
            for i in r["Instances"]
            if i["State"]["Name"] == "running"
        ],
    }
    text = json.dumps(found, default=lambda when: "a time", sort_keys=True)
    found = json.loads(re.sub(r"\b(AROA|AIPA|ANPA|sg-|sgr-|iip-)\w+", r"\1…", text))
    return sorted_tags(found)


def sorted_tags(value):
    """Return the value with every list of tags in order: AWS promises none."""
    if isinstance(value, dict):
        return {name: sorted_tags(item) for name, item in value.items()}
    if isinstance(value, list):
        items = [sorted_tags(item) for item in value]
        tags = all(isinstance(item, dict) and "Key" in item for item in items)
        return sorted(items, key=lambda item: item["Key"]) if tags else items
    return value


def require_equal_state(terraform: Terraform, ours) -> None:
    """Require what load() says of the example to be what Terraform has applied."""
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
