"""The audit: weak patterns are found where they stand; good configurations get no finding."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_load import ACCOUNT, EXAMPLE, write

from labhelpers.terraform import Access, load
from labhelpers.terraform.checks import audit, documents
from labhelpers.terraform.checks.findings import LESSONS, LESSONS_BY_KIND, TERRAFORM

CORPUS = Path(__file__).parent / "corpus"
HARDENED = EXAMPLE.parent / "ec2-s3-role-hardened"
OTHER = "444455556666"
NOTEBOOKS = {path.stem for path in (EXAMPLE.parents[1] / "notebooks").glob("*.ipynb")}


def role(name, principals, condition="", actions='["sts:AssumeRole"]', more=""):
    """A role with a trust policy document: the statement begins on line 2."""
    return (
        f'data "aws_iam_policy_document" "{name}" {{\n  statement {{\n    actions = {actions}\n'
        f"    principals {{\n      {principals}\n    }}\n{condition}  }}\n}}\n"
        f'resource "aws_iam_role" "{name}" {{\n  name = "{name}"\n'
        f"  assume_role_policy = data.aws_iam_policy_document.{name}.json\n{more}}}\n"
    )


def who(kind, *identifiers):
    return f'type = "{kind}"\n      identifiers = {json.dumps(identifiers)}'


def condition(test, variable, *values):
    listed = json.dumps(values)
    return f'    condition {{\n      test = "{test}"\n      variable = "{variable}"\n' + (
        f"      values = {listed}\n    }}\n"
    )


def permission(name, owner, *actions, resource="*", kind="role"):
    policy = f'Action = {json.dumps(actions)}, Resource = "{resource}"'
    return (
        f'resource "aws_iam_{kind}_policy" "{name}" {{\n  {kind} = aws_iam_{kind}.{owner}.name\n'
        '  policy = jsonencode({\n    Version = "2012-10-17"\n    Statement = [\n'
        f'      {{ Effect = "Allow", {policy} }}\n    ]\n  }})\n}}\n'
    )


EC2 = who("Service", "ec2.amazonaws.com")
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
WEB = '["sts:AssumeRoleWithWebIdentity"]'
AUD = condition("StringEquals", "token.actions.githubusercontent.com:aud", "sts.amazonaws.com")
MFA = "aws:MultiFactorAuthPresent"
PROFILE = (
    'resource "aws_iam_instance_profile" "p" {\n  name = "p"\n  role = aws_iam_role.r.name\n}\n'
)
INSTANCE = (
    'resource "aws_instance" "i" {\n  ami = "ami-1"\n  instance_type = "t3.micro"\n'
    "  iam_instance_profile = aws_iam_instance_profile.p.name\n"
    "  vpc_security_group_ids = [aws_security_group.g.id]\n%s}\n"
)
OPEN = (
    'resource "aws_security_group" "g" {\n  ingress {\n    from_port = 22\n    to_port = 22\n'
    '    protocol = "tcp"\n    cidr_blocks = ["%s"]\n  }\n}\n'
)

# What is weak, the check that finds it, its severity, the address and the line it names.
WEAK = [
    pytest.param(
        role("r", who("AWS", "*")),
        ("everyone", "error", "aws_iam_role.r", 6),
        id="everybody may assume it",
    ),
    pytest.param(
        role("r", who("AWS", f"arn:aws:iam::{OTHER}:root")),
        ("outside-account-without-external-id", "warning", "aws_iam_role.r", 6),
        id="another account without an external ID",
    ),
    pytest.param(
        role("r", who("Federated", OIDC), "", WEB),
        ("provider-without-condition", "error", "aws_iam_role.r", 6),
        id="OIDC without sub",
    ),
    pytest.param(
        role(
            "r",
            who("Federated", OIDC),
            AUD + condition("StringLike", "token.actions.githubusercontent.com:sub", "repo:*"),
            WEB,
        ),
        ("oidc-subject-too-broad", "error", "aws_iam_role.r", 16),
        id="OIDC for every repository of the world",
    ),
    pytest.param(
        role("r", who("Federated", SAML)),
        ("wrong-assume-role-action", "error", "aws_iam_role.r", 6),
        id="AssumeRole for a SAML provider",
    ),
    pytest.param(
        role("r", EC2, "", '["sts:AssumeRoleWithSAML"]'),
        ("wrong-assume-role-action", "error", "aws_iam_role.r", 6),
        id="AssumeRoleWithSAML for a service",
    ),
    pytest.param(
        role("r", who("Service", "ec2.amazon.com")),
        ("unknown-service-principal", "error", "aws_iam_role.r", 6),
        id="typing error in a service principal",
    ),
    pytest.param(
        role("r", who("Service", "lambda.amazonaws.com")) + PROFILE,
        ("role-not-for-its-service", "error", "aws_iam_instance_profile.p", 16),
        id="profile on a role that EC2 cannot assume",
    ),
    pytest.param(
        role("r", EC2, more="  max_session_duration = 43200\n"),
        ("long-session", "warning", "aws_iam_role.r", 13),
        id="twelve hours",
    ),
    pytest.param(
        role("r", who("AWS", f"arn:aws:iam::{ACCOUNT}:root"), condition("Bool", MFA, "false")),
        ("mfa-asked-for-false", "error", "aws_iam_role.r", 11),
        id="MFA asked for false",
    ),
    pytest.param(
        role("r", EC2, condition("Bool", MFA, "true")),
        ("mfa-never-present", "error", "aws_iam_role.r", 11),
        id="MFA from a service",
    ),
    pytest.param(
        role("r", who("AWS", ACCOUNT), condition("BoolIfExists", MFA, "true")),
        ("allow-on-absent-key", "warning", "aws_iam_role.r", 11),
        id="MFA that access keys need not have",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "sts:AssumeRole"),
        ("assume-any-role", "error", "aws_iam_role_policy.p", 19),
        id="AssumeRole on everything",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "s3:ReadObject", resource="arn:aws:s3:::b/*"),
        ("unknown-action", "error", "aws_iam_role_policy.p", 19),
        id="an action that does not exist",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "s3:GetObject", resource="arn:aws:s3:::b"),
        ("action-without-resource", "error", "aws_iam_role_policy.p", 19),
        id="an action on objects, the ARN of a bucket",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "iam:PassRole", "ec2:RunInstances"),
        ("privilege-escalation", "error", "aws_iam_role_policy.p", 19),
        id="PassRole and run",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "iam:CreatePolicyVersion"),
        ("privilege-escalation", "error", "aws_iam_role_policy.p", 19),
        id="a new version of any policy",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "iam:UpdateAssumeRolePolicy"),
        ("privilege-escalation", "error", "aws_iam_role_policy.p", 19),
        id="any trust policy",
    ),
    pytest.param(
        role("r", who("AWS", f"arn:aws:iam::{ACCOUNT}:user/anna"))
        + role("s", 'type = "AWS"\n      identifiers = [aws_iam_role.r.arn]')
        + permission("p", "s", "*"),
        ("chain-to-admin", "error", "aws_iam_role.s", 25),
        id="administrator over a chain",
    ),
    pytest.param(
        role("r", EC2) + PROFILE + OPEN % "0.0.0.0/0" + INSTANCE % "",
        ("credential-theft-path", "error", "aws_instance.i", 29),
        id="SSH open, IMDSv1 and a role",
    ),
    pytest.param(
        'resource "aws_iam_user" "u" {\n  name = "u"\n}\n'
        'resource "aws_iam_access_key" "k" {\n  user = aws_iam_user.u.name\n}\n',
        ("long-lived-key", "warning", "aws_iam_access_key.k", 5),
        id="a long-lived key",
    ),
    pytest.param(
        role("r", EC2) + 'output "o" {\n  value = var.nope\n}\n',
        ("undeclared", "error", "output.o", 15),
        id="an undeclared variable",
    ),
]


def audited(directory, files):
    return audit(load(write(directory, files), account_id=ACCOUNT, region="eu-west-1"))


@pytest.mark.parametrize(("text", "expected"), WEAK)
def test_a_weak_pattern_is_found_at_its_line(tmp_path, text, expected):
    found = {(f.id, f.severity, f.address, f.line): f for f in audited(tmp_path, text).findings}
    assert expected in found, "\n".join(map(str, found))
    finding = found[expected]
    assert finding.file == "main.tf" and finding.message and finding.why and finding.instead
    assert finding.lesson in NOTEBOOKS


def test_every_lesson_that_a_finding_can_name_is_a_notebook():
    named = {*LESSONS.values(), *LESSONS_BY_KIND.values(), TERRAFORM}
    assert named <= NOTEBOOKS and len(named) > 8
    assert {kind for _, kind in documents._POLICIES.values()} == set(LESSONS_BY_KIND)


@pytest.mark.parametrize(("text", "expected"), WEAK)
def test_a_weak_pattern_leads_to_no_findings_beside_the_point(tmp_path, text, expected):
    """Except for those that are the same weakness seen from another side."""
    related = {
        "privilege-escalation": {"pass-any-role"},
        "credential-theft-path": {"ssh-open-to-the-world", "imdsv1"},
        "oidc-subject-too-broad": {"provider-without-condition"},
    }
    allowed = {expected[0], *related.get(expected[0], ())}
    assert {f.id for f in audited(tmp_path, text).findings} <= allowed


CLEAN = [
    *("buckets_replication", "cloudtrail_bucket", "conditional_documents", "csv_users"),
    *("ecs_task", "eks_cluster", "event_targets", "instance_profile", "irsa", "managed_lookup"),
    *("module_inputs", "optional_types", "permission_sets", "pipeline", "s3_bucket"),
    *("secrets_and_logs", "sns_topic", "splats", "sqs_queue", "users_groups", "yaml_roles"),
]


@pytest.mark.parametrize("name", CLEAN)
def test_a_good_configuration_has_no_finding(name):
    found = audit(load(CORPUS / name, account_id="123456789012", region="eu-west-1"))
    assert found.findings == (), str(found)


FIXED = [
    pytest.param(
        role(
            "r",
            who("AWS", f"arn:aws:iam::{OTHER}:root"),
            condition("StringEquals", "sts:ExternalId", "x"),
        ),
        "external-id",
        id="external ID",
    ),
    pytest.param(
        role("r", who("AWS", f"arn:aws:iam::{ACCOUNT}:root"), condition("Bool", MFA, "true")),
        "mfa-required",
        id="MFA",
    ),
    pytest.param(
        role(
            "r",
            who("Federated", OIDC),
            AUD
            + condition(
                "StringLike", "token.actions.githubusercontent.com:sub", "repo:lab/app:ref:*"
            ),
            WEB,
        ),
        "subject-pinned",
        id="OIDC subject",
    ),
    pytest.param(
        role("r", EC2)
        + PROFILE
        + OPEN % "203.0.113.7/32"
        + INSTANCE % '  metadata_options {\n    http_tokens = "required"\n  }\n',
        "imdsv2",
        id="SSH from one address, IMDSv2",
    ),
    pytest.param(
        role("r", EC2) + permission("p", "r", "s3:GetObject", resource="arn:aws:s3:::b/x"),
        "named-actions",
        id="named actions",
    ),
]


@pytest.mark.parametrize(("text", "strength"), FIXED)
def test_what_is_right_is_said(tmp_path, text, strength):
    found = audited(tmp_path, text)
    assert found.findings == (), str(found)
    assert strength in {s.id for s in found.strengths}


def test_the_example_is_told_as_one_story_and_the_hardened_one_is_clean():
    weak = audit(load(EXAMPLE, account_id=ACCOUNT))
    assert [(f.id, f.file, f.line) for f in weak.findings] == [
        ("ssh-open-to-the-world", "instance.tf", 26),
        ("imdsv1", "instance.tf", 43),
        ("credential-theft-path", "instance.tf", 48),
    ]
    story = weak.findings[-1].message
    assert "aws_security_group.reader" in story and "s3:GetObject" in story
    hardened = audit(load(HARDENED, account_id=ACCOUNT))
    assert hardened.findings == ()
    assert {"imdsv2", "no-access-keys", "one-service"} <= {s.id for s in hardened.strengths}


def test_what_nobody_knows_is_no_finding(tmp_path):
    text = 'variable "who" {}\n' + role("r", 'type = "AWS"\n      identifiers = [var.who]')
    assert audited(tmp_path, text).findings == ()


# Policies that are known in part

UNSURE = (
    'variable "what" {\n  type = string\n}\ndata "aws_iam_policy_document" "d" {\n'
    "  statement {\n%s    actions = [var.what]\n%s  }\n  statement {\n%s  }\n%s}\n"
)
EVERYONE = who("AWS", "*")
OPEN_TRUST = f'    actions = ["sts:AssumeRole"]\n    principals {{\n      {EVERYONE}\n    }}\n'
TRUSTED = (
    'resource "aws_iam_role" "r" {\n  name = "r"\n'
    "  assume_role_policy = data.aws_iam_policy_document.d.json\n}\n"
)
SOMEBODY = f"    principals {{\n      {who('AWS', ACCOUNT)}\n    }}\n"
GRANTED = role("r", EC2) + (
    'resource "aws_iam_role_policy" "p" {\n  role = aws_iam_role.r.name\n'
    "  policy = data.aws_iam_policy_document.d.json\n}\n"
)
ANY_ROLE = '    actions = ["sts:AssumeRole"]\n    resources = ["*"]\n'
ALL = '    resources = ["*"]\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            UNSURE % ("", SOMEBODY, OPEN_TRUST, "") + TRUSTED,
            {("everyone", 16)},
            id="a trust policy: the line of the statement that is known",
        ),
        pytest.param(
            UNSURE % ("", ALL, ANY_ROLE, "") + GRANTED,
            {("assume-any-role", 11)},
            id="a permission policy",
        ),
        pytest.param(
            UNSURE % ('    effect = "Deny"\n', ALL, ANY_ROLE, "") + GRANTED,
            set(),
            id="nobody knows what is denied",
        ),
        pytest.param(
            UNSURE % ("", ALL, ANY_ROLE, "  override_policy_documents = [var.what]\n") + GRANTED,
            set(),
            id="nobody knows what is replaced",
        ),
        pytest.param(
            UNSURE % ("", ALL, ANY_ROLE.replace('"*"', "var.what"), "") + GRANTED,
            set(),
            id="nothing is known",
        ),
    ],
)
def test_what_is_certain_of_a_policy_is_judged(tmp_path, text, expected):
    found = audited(tmp_path, text)
    assert {(f.id, f.line) for f in found.findings} == expected, str(found)
    assert "named-actions" not in {s.id for s in found.strengths}


def test_a_boundary_that_is_known_in_part_limits_nothing(tmp_path):
    boundary = (
        'resource "aws_iam_policy" "b" {\n  name = "b"\n'
        "  policy = data.aws_iam_policy_document.d.json\n}\n"
    )
    capped = role("r", EC2, more="  permissions_boundary = aws_iam_policy.b.arn\n")
    text = UNSURE % ("", ALL, ANY_ROLE, "") + boundary + capped
    text += permission("p", "r", "s3:GetObject")
    configuration = load(write(tmp_path, text), account_id=ACCOUNT, region="eu-west-1")
    assert Access(configuration).can("aws_iam_role.r", "s3:GetObject", "arn:aws:s3:::b/x").allowed


# The command


def run(*arguments):
    command = [sys.executable, "-m", "labhelpers", "audit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [((EXAMPLE,), 1), ((HARDENED,), 0), (("nowhere",), 2), ((EXAMPLE, "--var", "x"), 2)],
)
def test_the_exit_status(arguments, status):
    done = run(*arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == (status == 2)


def test_json_and_sarif_say_the_same():
    plain, sarif = (json.loads(run(EXAMPLE, "--format", f).stdout) for f in ("json", "sarif"))
    assert plain["errors"] == 1 and plain["warnings"] == 2 and plain["strengths"]
    (one,) = sarif["runs"]
    results = one["results"]
    assert [r["ruleId"] for r in results] == [f["id"] for f in plain["findings"]]
    places = [r["locations"][0]["physicalLocation"] for r in results]
    assert [p["region"]["startLine"] for p in places] == [f["line"] for f in plain["findings"]]
    assert {r["ruleId"] for r in results} == {r["id"] for r in one["tool"]["driver"]["rules"]}
    assert sarif["version"] == "2.1.0" and {r["level"] for r in results} == {"error", "warning"}


def test_text_names_file_line_reason_and_remedy():
    told = run(EXAMPLE).stdout
    assert "instance.tf:48: error: aws_instance.reader: " in told
    assert 'http_tokens = "required"' in told and "Lesson: 04_run_the_terraform" in told
    assert told.rstrip().endswith("1 errors, 2 warnings, 4 things right.")
