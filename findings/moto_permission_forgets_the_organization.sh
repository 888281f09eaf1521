#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), Lambda AddPermission with PrincipalOrgID and SourceAccount together.
# Guess: one statement whose StringEquals holds both keys, aws:PrincipalOrgID and aws:SourceAccount,
# as GetPolicy shows it on AWS: both have to be met.
# Behaviour: the second key takes the place of the first. What was meant for one organization is
# stored without it, and a test that looks for the condition on the organization fails, or passes on
# a function that is open to more than was asked for.
# Seen: ['AWS:SourceAccount'] for both together; ['aws:PrincipalOrgID'] for the organization alone
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[awslambda]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import io
import json
import zipfile

import boto3
from moto import mock_aws

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w") as archive:
    archive.writestr("main.py", "def handler(event, context):\n    return None\n")
trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}}
keys = {"region_name": "eu-west-1", "aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
with mock_aws():
    role = boto3.client("iam", **keys).create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
    client = boto3.client("lambda", **keys)
    client.create_function(FunctionName="worker", Runtime="python3.12", Handler="main.handler", Role=role["Role"]["Arn"], Code={"ZipFile": packed.getvalue()})
    organization, account = {"PrincipalOrgID": "o-abcdefghij"}, {"SourceAccount": "111122223333"}
    for name, more in (("both", organization | account), ("organization", organization)):
        client.add_permission(FunctionName="worker", StatementId=name, Action="lambda:InvokeFunction", Principal="*", **more)
    for statement in json.loads(client.get_policy(FunctionName="worker")["Policy"])["Statement"]:
        conditions = statement.get("Condition", {})
        print(statement["Sid"], sorted(key for block in conditions.values() for key in block))
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
both ['AWS:SourceAccount']
organization ['aws:PrincipalOrgID']
END
