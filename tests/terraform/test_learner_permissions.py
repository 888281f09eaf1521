"""The learner's permissions for a real account, as Terraform and the policy engine see them."""

import json
from pathlib import Path

import pytest
from real_terraform import formatted_and_valid, needs_terraform

from labhelpers.policy import Principal, Request, evaluate, parse
from labhelpers.terraform import load

FOLDER = Path(__file__).parents[2] / "terraform" / "learner-permissions"
ACCOUNT = "123456789012"
ANNA = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/anna", ACCOUNT, "AIDAEXAMPLE")


@pytest.fixture(scope="module")
def learner():
    given = {"account_id": ACCOUNT, "user_name": "anna"}
    configuration = load(FOLDER, given, account_id=ACCOUNT, region="ap-northeast-2")
    assert not configuration.diagnostics
    text = configuration.resources["aws_iam_policy.learner"].values["policy"]
    return [parse(text, kind="identity")]


@pytest.mark.parametrize(
    "action, resource, allowed",
    [
        ("iam:CreateUser", "user/sts-lab/sts-lab-ab12cd-alice", False),  # without a boundary
        ("iam:CreateUser", "user/alice", False),
        ("iam:DeleteUser", "user/sts-lab/sts-lab-ab12cd-alice", True),
        ("iam:DeleteUser", "user/admin", False),
        ("iam:PutRolePolicy", "role/admin", False),
        ("iam:UpdateAssumeRolePolicy", "role/service-role/deploy", False),
        ("iam:CreatePolicyVersion", "policy/company", False),
        ("iam:CreateAccessKey", "user/anna", False),
        ("iam:DeleteAccountPasswordPolicy", "*", False),
    ],
)
def test_only_what_lies_under_the_path(learner, action, resource, allowed):
    arn = f"arn:aws:iam::{ACCOUNT}:{resource}" if resource != "*" else "*"
    request = Request(ANNA, action, arn, ACCOUNT)
    assert evaluate(request, identity=learner).allowed is allowed


def test_identities_only_with_the_ceiling(learner):
    limits = {"StsLabCeiling": True, "sts-lab/StsLabCeiling": False, "mine": False}
    limits["sts-lab/sts-lab-ab12cd-boundary"] = False  # which the learner could have written
    for boundary, allowed in limits.items():
        context = {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/{boundary}"}
        arn = f"arn:aws:iam::{ACCOUNT}:role/sts-lab/sts-lab-ab12cd-r"
        request = Request(ANNA, "iam:CreateRole", arn, ACCOUNT, context)
        assert evaluate(request, identity=learner).allowed is allowed


@pytest.mark.parametrize("bucket, allowed", [("sts-lab-ab12cd-reports", True), ("payroll", False)])
def test_only_buckets_of_the_lab(learner, bucket, allowed):
    for action, resource in (("DeleteBucket", bucket), ("PutObject", f"{bucket}/k")):
        request = Request(ANNA, f"s3:{action}", f"arn:aws:s3:::{resource}", ACCOUNT)
        assert evaluate(request, identity=learner).allowed is allowed


def test_nothing_that_ends_in_a_star_alone_changes_anything():
    for statement in json.loads((FOLDER / "policy.json").read_text())["Statement"]:
        if statement["Resource"] == ["*"]:
            for action in statement["Action"]:
                verb = action.partition(":")[2]
                assert verb.startswith(("Describe", "List", "Get")), action


@needs_terraform
@pytest.mark.slow
def test_terraform_finds_it_formatted_and_valid(tmp_path):
    formatted_and_valid(FOLDER, tmp_path)
