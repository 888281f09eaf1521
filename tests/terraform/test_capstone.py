"""The capstone configuration: the planted faults are there, and nothing else is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_terraform import formatted_and_valid, needs_terraform

from labhelpers.terraform import Access, audit, load

CAPSTONE = Path(__file__).parents[2] / "terraform" / "capstone"
PLANTED = {
    ("everyone", "aws_iam_role.reports"),
    ("outside-account-without-external-id", "aws_iam_role.backup"),
    ("oidc-subject-too-broad", "aws_iam_role.deploy"),
    ("privilege-escalation", "aws_iam_user_policy.launch"),
    ("pass-any-role", "aws_iam_user_policy.launch"),
    ("long-session", "aws_iam_role.payroll"),
    ("long-lived-key", "aws_iam_access_key.deploy_bot"),
    ("allow-on-absent-key", "aws_iam_role.break_glass"),
    ("chain-to-admin", "aws_iam_role.platform_admin"),
}


@pytest.fixture(scope="module")
def capstone():
    return load(CAPSTONE, account_id="111122223333")


def test_it_holds_the_planted_faults_and_no_others(capstone):
    assert not capstone.diagnostics
    found = [(finding.id, finding.address) for finding in audit(capstone).findings]
    assert sorted(found) == sorted(PLANTED)


def test_the_fault_that_the_audit_does_not_see_is_there(capstone):
    readers = Access(capstone).who_can("s3:GetObject", "arn:aws:s3:::shop-payroll/it.txt")
    assert "aws_iam_role.thumbnailer" in readers


@needs_terraform
@pytest.mark.slow
def test_terraform_finds_it_formatted_and_valid(tmp_path):
    formatted_and_valid(CAPSTONE, tmp_path)
