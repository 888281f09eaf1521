"""Bad input: each kind is told with its address and line, and the rest is resolved."""

from __future__ import annotations

import json

import pytest
from test_load import ACCOUNT, write

from labhelpers.terraform import TerraformError, Unknown, load

GOOD = 'resource "aws_sqs_queue" "good" {\n  name = "good"\n}\n'

# What is wrong, its severity, its address, its line, what is said, what to do.
KINDS = [
    pytest.param(
        {"bad.tf": 'output "o" {\n  value = var.nope\n}\n'},
        ("error", "output.o", 2, "has not been declared", 'variable "nope" {}'),
        id="undeclared variable",
    ),
    pytest.param(
        {"bad.tf": 'resource "aws_iam_role" "r" {\n  name = "x\n}\n'},
        ("error", "", 2, 'closing " is missing', 'Add the "'),
        id="syntax",
    ),
    pytest.param(
        {"bad.tf": 'module "m" {\n  source = "./nowhere"\n}\n'},
        ("error", "module.m", 1, "cannot be read", "path"),
        id="missing module directory",
    ),
    pytest.param(
        {"bad.tf": '\nmodule "m" {\n  source  = "terraform-aws-modules/iam/aws"\n}\n'},
        ("warning", "module.m", 2, "is not on this machine and is skipped", "terraform init"),
        id="remote module",
    ),
    pytest.param(
        {"bad.tf": "locals {\n  a = provider::time::rfc3339_parse(1)\n}\n"},
        ("error", "local.a", 2, "provider::time::rfc3339_parse() is not supported", ""),
        id="unsupported function",
    ),
    pytest.param(
        {"bad.tf": "locals {\n  a = local.b\n  b = local.a\n}\n"},
        ("error", "local.b", 3, "Cycle: local.a -> local.b -> local.a", "Each of them"),
        id="cycle",
    ),
    pytest.param(
        {"bad.tf": 'resource "aws_sqs_queue" "good" {\n  name = "b"\n}\n'},
        ("error", "aws_sqs_queue.good", 1, "is declared twice", "Rename"),
        id="duplicate resource",
    ),
    pytest.param(
        {"bad.tf.json": '{\n  "output": {\n    "o": {"value": 1},\n  }\n}\n'},
        ("error", "", 4, "in double quotes is missing", "none after the last"),
        id="JSON syntax",
    ),
    *(
        pytest.param(
            {
                "bad.tf": 'resource "aws_sqs_queue" "q" {\n  for_each = toset(["a", "c"])\n'
                f'  name = each.key\n}}\noutput "o" {{\n  value = {value}\n}}\n'
            },
            ("error", "output.o", 6, "aws_sqs_queue.q has for_each", 'aws_sqs_queue.q["a"].'),
            id=f"for_each without a key: {value}",
        )
        for value in ("aws_sqs_queue.q.arn", "aws_sqs_queue.q.a", 'try(aws_sqs_queue.q.arn, "x")')
    ),
    pytest.param(
        {"bad_override.tf": 'resource "aws_sqs_queue" "nope" {\n  name = "b"\n}\n'},
        ("error", "aws_sqs_queue.nope", 1, "nothing to override", "Declare"),
        id="override of nothing",
    ),
    pytest.param(
        {"terraform.tfvars": "x = 1\n"},
        ("warning", "", 0, 'sets "x"', "Declare"),
        id="value of an undeclared variable",
    ),
    pytest.param(
        {"terraform.tfvars": "x {}\n"},
        ("error", "", 1, "arguments only", "name = value"),
        id="file of variables with a block",
    ),
    pytest.param(
        {"terraform.tfvars.json": "[\n"},
        ("error", "", 0, "no valid JSON", ""),
        id="file of variables that is no JSON",
    ),
    pytest.param(
        {
            "bad.tf": 'module "m" {\n  source = "./m"\n  typo   = 1\n}\n',
            "m/main.tf": 'variable "type" {}\n',
        },
        ("error", "module.m", 3, 'has no variable "typo"', 'Did you mean "type"'),
        id="argument that a module does not have",
    ),
    pytest.param(
        {"bad.tf": 'variable "n" {\n  type = number\n  default = "x"\n}\n'},
        ("error", "var.n", 2, "A number is required", ""),
        id="default of another type",
    ),
    pytest.param(
        {"bad.tf": 'resource "aws_sns_topic" "t" {\n  name = "t"\n  x = 1 + null\n}\n'},
        ("error", "aws_sns_topic.t", 3, "cannot work with null", ""),
        id="one attribute of several",
    ),
]


@pytest.mark.parametrize(("files", "expected"), KINDS)
def test_a_fault_is_told_and_the_rest_is_resolved(tmp_path, files, expected):
    severity, address, line, said, hint = expected
    found = load(write(tmp_path, {"a.tf": GOOD} | files), account_id=ACCOUNT, region="eu-west-1")
    fault = found.diagnostics[0]
    assert (fault.severity, fault.address, fault.line) == (severity, address, line)
    assert said in fault.message and hint in fault.hint
    assert fault.file in (*files, "")
    good = found.resources["aws_sqs_queue.good"].values
    assert good["arn"] == f"arn:aws:sqs:eu-west-1:{ACCOUNT}:good"


def test_the_other_blocks_of_a_file_with_a_syntax_error_are_resolved(tmp_path):
    """And what the faulty block declares is not called undeclared on top of it."""
    text = GOOD + 'variable "v" {\n  default = [1,\n}\n\noutput "o" {\n  value = var.v\n}\n'
    text += 'output "p" {\n  value = aws_sqs_queue.good.name\n}\n'
    found = load(write(tmp_path, text))
    assert [d.line for d in found.diagnostics] == [5]
    assert found.outputs == {"o": Unknown, "p": "good"}


def test_a_fault_in_a_module_names_the_module_and_its_file(tmp_path):
    files = {
        "main.tf": 'module "m" {\n  for_each = toset(["a"])\n  source = "./m"\n}\n',
        "m/main.tf": 'output "o" {\n  value = local.nope\n}\n',
    }
    (fault,) = load(write(tmp_path, files)).diagnostics
    assert (fault.address, fault.file, fault.line) == ('module.m["a"].output.o', "m/main.tf", 2)


def test_a_fault_is_told_once_even_if_many_ask_for_the_value(tmp_path):
    outputs = "".join(f'output "o{n}" {{\n  value = local.a\n}}\n' for n in range(5))
    found = load(write(tmp_path, "locals {\n  a = nope()\n}\n" + outputs))
    assert len(found.diagnostics) == 1
    assert set(found.outputs.values()) == {Unknown}


def test_an_error_in_a_notebook_shows_no_stack_trace(tmp_path):
    """IPython asks for _render_traceback_; what it shows are the sentences, nothing else."""
    with pytest.raises(TerraformError) as raised:
        load(tmp_path / "nowhere")
    assert raised.value._render_traceback_() == [str(raised.value)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no valid JSON"),
        ("[]", "neither a plan nor a state"),
        (json.dumps({"format_version": "1.0"}), "neither a plan nor a state"),
    ],
)
def test_a_json_file_that_is_no_plan(tmp_path, text, said):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(TerraformError, match=said):
        load(tmp_path / "plan.json")


def test_all_instances_may_be_passed_on_and_named_by_key_there(tmp_path):
    """What is a fault of a reference to the block itself is none of a local value."""
    text = 'resource "aws_sqs_queue" "q" {\n  for_each = toset(["a"])\n  name = each.key\n}\n'
    text += "locals {\n  all = aws_sqs_queue.q\n}\noutput o {\n  value = local.all.a.name\n}\n"
    found = load(write(tmp_path, {"main.tf": text}), account_id=ACCOUNT)
    assert not found.diagnostics and found.outputs["o"] == "a"
