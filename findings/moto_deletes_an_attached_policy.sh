#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), IAM DeletePolicy of a managed policy that is attached to a role.
# Guess: DeleteConflict, as the IAM API Reference has it: detach the policy from all users, groups
# and roles first. Or else, that the role has lost the policy with it.
# Behaviour: the policy is gone and the role keeps it: it is listed, DetachRolePolicy says
# NoSuchEntity, and DeleteRole says DeleteConflict for as long as the backend lives. A clean-up that
# takes a missing policy for a detached one never gets rid of the role.
# Seen: deleted ['limit'] NoSuchEntity DeleteConflict
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[iam]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import json

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws


def said(call, **parameters):
    try:
        call(**parameters)
        return "deleted"
    except ClientError as error:
        return error.response["Error"]["Code"]


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})


with mock_aws():
    keys = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
    iam = boto3.client("iam", region_name="us-east-1", **keys)
    trust = document(Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)
    text = document(Action="s3:GetObject", Resource="*")
    policy = {"PolicyArn": iam.create_policy(PolicyName="limit", PolicyDocument=text)["Policy"]["Arn"]}
    iam.attach_role_policy(RoleName="app", **policy)
    first = said(iam.delete_policy, **policy)
    left = [p["PolicyName"] for p in iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"]]
    print(first, left, said(iam.detach_role_policy, RoleName="app", **policy), said(iam.delete_role, RoleName="app"))
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
deleted ['limit'] NoSuchEntity DeleteConflict
END
