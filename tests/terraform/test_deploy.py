"""deploy() and destroy() in the sandbox; test_oracle.py compares with what Terraform creates."""

from __future__ import annotations

import json

import pytest
from test_load import EXAMPLE, write

from labhelpers.terraform import TerraformError, deploy, load
from labhelpers.terraform.deployment.deploy import in_order

AMI = {"ami_id": "ami-0123456789abcdef0"}
HARDENED = EXAMPLE.parent / "ec2-s3-role-hardened"
TRUST = (
    'assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", '
)
TRUST += 'Action = "sts:AssumeRole", Principal = %s }] })'


def role(name, principal, more=""):
    trust = TRUST % principal
    return f'resource "aws_iam_role" "{name}" {{\n  name = "{name}"\n  {trust}\n{more}}}\n'


@pytest.mark.parametrize("directory", [EXAMPLE, HARDENED], ids=["weak", "hardened"])
def test_the_examples_are_created_and_removed(lab, directory):
    configuration = load(directory, AMI, account_id=lab.account_id)
    steps = []
    deployment = deploy(configuration, lab.session, lambda *step: steps.append(step))
    total = len(configuration.resources)
    assert [number for number, _, _ in steps] == list(range(total + 1))
    managed = {a for a, r in configuration.resources.items() if r.mode == "managed"}
    assert set(deployment.created) == managed
    instance = deployment.outputs["instance_id"]
    ec2 = lab.session().client("ec2", region_name="ap-northeast-2")
    found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
    profile = deployment.configuration.resources["aws_iam_instance_profile.reader"]
    assert found["IamInstanceProfile"]["Arn"] == profile.values["arn"]
    tokens = "required" if directory is HARDENED else "optional"
    assert found.get("MetadataOptions", {}).get("HttpTokens", "optional") == tokens
    name = configuration.resources["aws_iam_role.reader"].values["name"]
    attached = lab.client("iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == [f"{name}-read-reports"]
    deployment.destroy()
    assert deployment.created == {}
    assert lab.client("iam").list_roles()["Roles"] == []
    assert lab.client("s3").list_buckets()["Buckets"] == []


def test_roles_that_trust_roles_come_after_them(lab, tmp_path):
    """IAM refuses a trust policy that names a role which does not exist yet."""
    text = role("z", "{ AWS = local.arn }") + "locals {\n  arn = aws_iam_role.a.arn\n}\n"
    text += role("a", '{ Service = "ec2.amazonaws.com" }')
    configuration = load(write(tmp_path, text), account_id=lab.account_id)
    assert list(in_order(configuration)) == ["aws_iam_role.a", "aws_iam_role.z"]
    deployment = deploy(configuration, lab.session)
    found = lab.client("iam").get_role(RoleName="z")["Role"]["AssumeRolePolicyDocument"]
    assert found["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{lab.account_id}:role/a"}
    deployment.destroy()


def test_depends_on_counts(tmp_path):
    text = role("a", '{ Service = "ec2.amazonaws.com" }', "  depends_on = [aws_iam_role.b]\n")
    text += role("b", '{ Service = "ec2.amazonaws.com" }')
    found = load(write(tmp_path, text), account_id="111122223333")
    assert list(in_order(found)) == ["aws_iam_role.b", "aws_iam_role.a"]


def test_users_groups_and_providers(lab, tmp_path):
    text = (
        'resource "aws_iam_user" "u" {\n  name = "u"\n  path = "/p/"\n}\n'
        'resource "aws_iam_group" "g" {\n  name = "g"\n}\n'
        'resource "aws_iam_group_membership" "m" {\n  name = "m"\n'
        "  group = aws_iam_group.g.name\n  users = [aws_iam_user.u.name]\n}\n"
        'resource "aws_iam_access_key" "k" {\n  user = aws_iam_user.u.name\n}\n'
        'resource "aws_iam_group_policy" "p" {\n  name = "p"\n  group = aws_iam_group.g.name\n'
        '  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", '
        'Action = "s3:*", Resource = "*" }] })\n}\n'
        'resource "aws_iam_openid_connect_provider" "o" {\n'
        '  url = "https://token.actions.githubusercontent.com"\n'
        '  client_id_list = ["sts.amazonaws.com"]\n  thumbprint_list = []\n}\n'
        'output "key" {\n  value = aws_iam_access_key.k.id\n}\n'
    )
    configuration = load(write(tmp_path, text), account_id=lab.account_id)
    deployment = deploy(configuration, lab.session)
    iam = lab.client("iam")
    assert [u["UserName"] for u in iam.get_group(GroupName="g")["Users"]] == ["u"]
    keys = iam.list_access_keys(UserName="u")["AccessKeyMetadata"]
    assert [k["AccessKeyId"] for k in keys] == [deployment.outputs["key"]]
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    deployment.destroy()
    assert "u" not in {user["UserName"] for user in iam.list_users()["Users"]}


def test_a_failure_leaves_nothing_behind(lab, tmp_path):
    """The second role exists already: AWS refuses it, and the first one goes again."""
    trust = {"Version": "2012-10-17", "Statement": []}
    trust["Statement"] = [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"},
        }
    ]
    iam = lab.client("iam")
    iam.create_role(RoleName="b", AssumeRolePolicyDocument=json.dumps(trust))
    service = '{ Service = "ec2.amazonaws.com" }'
    text = role("a", service) + role("b", service, "  depends_on = [aws_iam_role.a]\n")
    with pytest.raises(TerraformError, match="EntityAlreadyExists") as raised:
        deploy(load(write(tmp_path, text), account_id=lab.account_id), lab.session)
    assert (raised.value.file, raised.value.line) == ("main.tf", 5)
    assert [r["RoleName"] for r in iam.list_roles()["Roles"]] == ["b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('resource "aws_vpn_gateway" "v" {\n}\n', "cannot create aws_vpn_gateway"),
        ('output "o" {\n  value = var.nope\n}\n', "has not been declared"),
        (
            'variable "n" {}\nresource "aws_iam_user" "u" {\n  name = var.n\n}\n',
            'nobody knows its "name"',
        ),
    ],
)
def test_what_cannot_be_deployed_is_told_before(lab, tmp_path, text, said):
    with pytest.raises(TerraformError, match=said):
        deploy(load(write(tmp_path, text), account_id=lab.account_id), lab.session)
