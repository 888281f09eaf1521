#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), IAM: each AWS managed policy that moto ships is read with
# GetPolicyVersion, and its document handed to CreatePolicy under another name.
# Guess: all of them are accepted, since AWS itself wrote them and serves them from the same API.
# Behaviour: seven of 1,582 are malformed to moto's own reading of documents, which wants to know
# which paths an IAM ARN may have (root is none of them) and that no S3 ARN names a Region (those of
# S3 Access Grants do).
# Seen: shipped 1582, and these seven
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[iam]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import json
import os

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

with mock_aws():
    iam = boto3.client("iam", region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody")
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    shipped = [policy for page in pages for policy in page["Policies"]]
    refused = {}
    for number, policy in enumerate(shipped):
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        document = json.dumps(version["PolicyVersion"]["Document"])
        try:
            iam.create_policy(PolicyName=f"copy-{number}", PolicyDocument=document)
        except ClientError as error:
            if error.response["Error"]["Code"] != "LimitExceeded":
                message = error.response["Error"]["Message"]
                refused[policy["PolicyName"]] = "an IAM path" if message.startswith("IAM resource path must") else "a Region" if message.endswith("can not contain region information.") else message
    print("shipped", len(shipped))
    for name, message in sorted(refused.items()):
        print(f"{name}: {message}")
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
shipped 1582
AWSCloudWatchOmniServiceRolePolicy: an IAM path
AWSObservabilityAdminTelemetryEnablementServiceRolePolicy: an IAM path
CloudFrontFullAccess: an IAM path
IAMAuditRootUserCredentials: an IAM path
IAMCreateRootUserPassword: an IAM path
IAMDeleteRootUserCredentials: an IAM path
SageMakerStudioProjectRoleMachineLearningPolicy: a Region
END
