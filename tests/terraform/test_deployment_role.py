"""Real Terraform applies the example in the sandbox: as administrator, equal to what load() and
deploy() make of it; as a role with the permissions that CloudTrail shows, and no others."""

from __future__ import annotations

import json
import shutil

import pytest
from real_terraform import Terraform, needs_terraform
from scene import World, trusts
from test_load import EXAMPLE
from test_oracle import require_equal_state, snapshot

from labhelpers import compare_grants, least_privilege
from labhelpers.terraform import deploy, load

AMI = "ami-0123456789abcdef0"
GIVEN = ("-auto-approve", "-input=false", "-no-color", f"-var=ami_id={AMI}")
# Terraform calls it in the first seconds; without it the apply ends there.
REMOVED = "ec2:DescribeVpcs"

pytestmark = [needs_terraform, pytest.mark.slow]


def granted(world: World, document: dict) -> None:
    text = json.dumps(document)
    world.iam().put_role_policy(RoleName="deploy", PolicyName="deploy", PolicyDocument=text)


def without(document: dict, action: str) -> dict:
    statements = [
        s | {"Action": [a for a in s["Action"] if a != action]} for s in document["Statement"]
    ]
    return document | {"Statement": [s for s in statements if s["Action"]]}


def require_empty(lab) -> None:
    assert lab.client("iam").list_roles(PathPrefix="/")["Roles"] == []
    assert lab.client("s3").list_buckets()["Buckets"] == []


def test_a_role_with_what_the_administrator_used_deploys_the_example(tmp_path, lab):
    """Apply and destroy as administrator, as a role with exactly that, and with one action less.

    One test, because each apply takes half a minute.
    """
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    terraform, world = Terraform(tmp_path), World(lab)
    terraform.init()
    terraform.environment |= lab.terraform_environ()
    ours = load(EXAMPLE, {"ami_id": AMI}, account_id=lab.account_id)
    terraform("apply", *GIVEN)
    require_equal_state(terraform, ours)
    events = lab.trail
    applied = snapshot(lab)
    start = len(lab.trail)  # what the snapshot asked is not Terraform's need
    terraform("destroy", *GIVEN)
    needed = least_privilege(events + lab.trail[start:])
    assert not json.loads(terraform("show", "-json")).get("values")
    require_empty(lab)
    deployment = deploy(ours, lab.session)
    assert snapshot(lab) == applied  # deploy() creates what Terraform creates
    deployment.destroy()
    require_empty(lab)
    actions = {action for s in needed["Statement"] for action in s["Action"]}
    assert {"iam:PassRole", "ec2:RunInstances", "ec2:CreateTags", "s3:GetBucketCORS"} <= actions
    assert len(json.dumps(needed)) < 6144  # fits into one managed policy

    arn = world.role("deploy", trusts({"AWS": lab.account_id}))
    granted(world, needed)
    session = lab.session_from(world.assume(lab.session(), arn, "terraform").response)
    terraform.environment |= lab.terraform_environ(session)
    start = len(lab.trail)
    terraform("apply", *GIVEN)
    terraform("destroy", *GIVEN)
    used = least_privilege(lab.trail[start:], principal=arn)
    assert {a for s in used["Statement"] for a in s["Action"]} == actions
    assert not compare_grants([needed], used).unused

    granted(world, without(needed, REMOVED))
    done = terraform.run("apply", *GIVEN)
    assert done.returncode and f"not authorized to perform: {REMOVED}" in " ".join(
        done.stderr.split()
    )
