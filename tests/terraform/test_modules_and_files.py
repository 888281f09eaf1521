"""Module instances, JSON syntax, override files, fetched modules, plans and states."""

from __future__ import annotations

import json

import pytest
from test_load import ACCOUNT, write

from labhelpers.terraform import Unknown, load

QUEUE = 'variable "n" {\n  default = "d"\n}\nresource "aws_sqs_queue" "q" {\n  name = var.n\n}\n'
QUEUE += 'output "arn" {\n  value = aws_sqs_queue.q.arn\n}\noutput "n" {\n  value = var.n\n}\n'
ARN = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:"


def loaded(directory, files, **arguments):
    return load(write(directory, files), account_id=ACCOUNT, region="eu-west-1", **arguments)


@pytest.mark.parametrize(
    ("call", "reference", "expected", "address"),
    [
        ('n = "a"', "module.m.arn", f"{ARN}a", "module.m."),
        (
            'for_each = { x = "a" }\n  n = each.value',
            'module.m["x"].arn',
            f"{ARN}a",
            'module.m["x"].',
        ),
        ("count = 2\n  n = count.index", "module.m[1].n", 1, "module.m[1]."),
        ('count = 2\n  n = "a${count.index}"', "module.m[*].n", ["a0", "a1"], "module.m[0]."),
        (
            'for_each = toset(["b", "a"])\n  n = each.key',
            "{ for k, m in module.m : k => m.n }",
            {"a": "a", "b": "b"},
            'module.m["b"].',
        ),
        ("n = null", "module.m.n", None, "module.m."),
        ("", "module.m", {"arn": f"{ARN}d", "n": "d"}, "module.m."),
    ],
)
def test_modules_with_count_and_for_each(tmp_path, call, reference, expected, address):
    main = (
        f'module "m" {{\n  source = "./m"\n  {call}\n}}\noutput "o" {{\n  value = {reference}\n}}'
    )
    found = loaded(tmp_path, {"main.tf": main, "m/main.tf": QUEUE})
    assert found.outputs["o"] == expected
    assert f"{address}aws_sqs_queue.q" in found.resources
    assert found.diagnostics == ()


def test_two_modules_may_use_each_others_outputs(tmp_path):
    """The order is that of values, not of modules."""
    main = (
        'module "a" {\n  source = "./m"\n  n = module.b.n\n}\n'
        'module "b" {\n  source = "./m"\n  other = module.a.fixed\n}\n'
        'output "o" {\n  value = [module.a.n, module.b.seen]\n}\n'
    )
    inner = (
        'variable "n" {\n  default = "b"\n}\nvariable "other" {\n  default = "none"\n}\n'
        'output "n" {\n  value = var.n\n}\noutput "fixed" {\n  value = "f"\n}\n'
        'output "seen" {\n  value = var.other\n}\n'
    )
    found = loaded(tmp_path, {"main.tf": main, "m/main.tf": inner})
    assert found.outputs["o"] == ["b", "f"] and found.diagnostics == ()


def test_a_module_that_init_has_fetched_is_used(tmp_path):
    manifest = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": ".terraform/modules/m"}]}
    files = {
        "main.tf": 'module "m" {\n  source = "lab/queue/aws"\n  n = "x"\n}\n'
        'output "o" {\n  value = module.m.arn\n}\n',
        ".terraform/modules/m/main.tf": QUEUE,
        ".terraform/modules/modules.json": json.dumps(manifest),
    }
    found = loaded(tmp_path, files)
    assert found.outputs["o"] == f"{ARN}x" and found.diagnostics == ()


def test_an_override_file_changes_arguments_and_replaces_blocks(tmp_path):
    files = {
        "main.tf": 'variable "v" {\n  type    = string\n  default = "a"\n}\n'
        'resource "aws_iam_role" "r" {\n  name = "r"\n  path = "/p/"\n'
        '  inline_policy {\n    name = "one"\n  }\n  inline_policy {\n    name = "two"\n  }\n}\n'
        'locals {\n  x = 1\n}\noutput "o" {\n  value = [var.v, local.x, aws_iam_role.r.arn]\n}\n',
        "b_override.tf": 'variable "v" {\n  default = "b"\n}\nlocals {\n  x = 2\n}\n',
        "override.tf.json": json.dumps(
            {"resource": {"aws_iam_role": {"r": {"name": "s", "inline_policy": {"name": "three"}}}}}
        ),
    }
    found = loaded(tmp_path, files)
    assert found.diagnostics == ()
    assert found.outputs["o"] == ["b", 2, f"arn:aws:iam::{ACCOUNT}:role/p/s"]
    blocks = found.resources["aws_iam_role.r"].values["inline_policy"]
    assert [block["name"] for block in blocks] == ["three"]


def test_json_files_know_their_lines(tmp_path):
    text = '{\n  "resource": {\n    "aws_sqs_queue": {\n      "q": {\n        "name": "x${1 + 1}"\n'
    text += "      }\n    }\n  }\n}\n"
    resource = loaded(tmp_path, {"q.tf.json": text}).resources["aws_sqs_queue.q"]
    assert (resource.file, resource.line, resource.values.line_of("name")) == ("q.tf.json", 4, 5)
    assert resource.values["arn"] == f"{ARN}x2"


def test_what_a_resource_refers_to(tmp_path):
    text = QUEUE + (
        'locals {\n  p = "{}"\n}\nresource "aws_sqs_queue_policy" "p" {\n  count = length(var.n)\n'
        "  queue_url = aws_sqs_queue.q.id\n"
        "  policy = <<-EOT\n    ${local.p}${path.module}\n  EOT\n}\n"
    )
    found = loaded(tmp_path, text).resources["aws_sqs_queue_policy.p[0]"]
    assert found.references == ("aws_sqs_queue.q", "local.p", "path", "var.n")


PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.11.4",
    "variables": {"n": {"value": "x"}},
    "planned_values": {
        "outputs": {"o": {"value": 1}},
        "root_module": {
            "resources": [
                {
                    "address": "aws_iam_role.r",
                    "mode": "managed",
                    "type": "aws_iam_role",
                    "name": "r",
                    "values": {"name": "r", "inline_policy": [{"name": "i"}]},
                }
            ]
        },
    },
    "resource_changes": [
        {
            "address": "aws_iam_role.r",
            "change": {"after_unknown": {"arn": True, "inline_policy": [{"policy": True}]}},
        },
        {
            "address": "module.m.data.aws_iam_policy_document.d[0]",
            "change": {"after_unknown": {"json": True}},
        },
    ],
    "output_changes": {"o": {}, "later": {}},
}


def test_a_plan_in_json_gives_the_same_model(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))
    found = load(tmp_path / "plan.json")
    role = found.resources["aws_iam_role.r"]
    assert (role.type, role.name, role.mode, role.file) == (
        "aws_iam_role",
        "r",
        "managed",
        "plan.json",
    )
    assert role.values["arn"] is Unknown and role.values["name"] == "r"
    assert role.values["inline_policy"] == [{"name": "i", "policy": Unknown}]
    data = found.resources["module.m.data.aws_iam_policy_document.d[0]"]
    assert (data.type, data.name, data.mode) == ("aws_iam_policy_document", "d", "data")
    assert data.values["json"] is Unknown
    assert (found.variables, found.outputs) == ({"n": "x"}, {"o": 1, "later": Unknown})


def test_a_state_in_json_gives_the_same_model(tmp_path):
    state = {"format_version": "1.0", "values": PLAN["planned_values"]}
    (tmp_path / "state.json").write_text(json.dumps(state))
    found = load(tmp_path / "state.json")
    assert found.resources["aws_iam_role.r"].values["name"] == "r"
    assert found.outputs == {"o": 1}


def test_what_is_open_does_not_hide_what_is_certain(tmp_path):
    """Null against an object with an open attribute; && and || with one side that decides."""
    text = """
resource "aws_kms_key" "k" {}
locals {
  key  = { arn = aws_kms_key.k.arn }
  open = aws_kms_key.k.enable_key_rotation
}
output "all" {
  value = [local.key != null, null == local.key, [local.open] == [], local.open == true,
    local.open && false, true || local.open, local.open || false, { a = local.open, b = 1 } == {
      a = true, b = 2
  }]
}
"""
    found = load(write(tmp_path, {"main.tf": text})).outputs["all"]
    assert found == [True, False, False, Unknown, False, True, Unknown, False]


def test_references_may_begin_with_resource(tmp_path):
    text = """
resource "aws_sqs_queue" "q" {
  count = 1
  name  = "q"
}
output "name" { value = resource.aws_sqs_queue.q[0].name }
output "none" { value = resource.aws_sqs_queue.p }
"""
    configuration = load(write(tmp_path, {"main.tf": text}))
    assert configuration.outputs["name"] == "q"
    (fault,) = configuration.diagnostics
    assert "aws_sqs_queue.p has not been declared" in fault.message


def test_accounts_of_aws_are_those_of_the_region(tmp_path):
    text = """
data "aws_elb_service_account" "here" {}
data "aws_elb_service_account" "new" { region = "il-central-1" }
data "aws_redshift_service_account" "here" { region = "cn-north-1" }
data "aws_cloudfront_log_delivery_canonical_user_id" "here" {}
output "elb" { value = data.aws_elb_service_account.here.arn }
output "new" { value = data.aws_elb_service_account.new.id }
output "redshift" { value = data.aws_redshift_service_account.here.id }
output "user" { value = data.aws_cloudfront_log_delivery_canonical_user_id.here.id }
"""
    outputs = load(write(tmp_path, {"main.tf": text}), region="ap-northeast-2").outputs
    assert outputs["elb"] == "arn:aws:iam::600734575887:root"
    assert outputs["new"] is Unknown
    assert outputs["redshift"] == "111890595117"
    assert outputs["user"].startswith("c4c1ede66af53448")
