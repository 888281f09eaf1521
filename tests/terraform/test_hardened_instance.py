"""The hardened example at work: its instance reads the bucket with keys of the metadata service."""

from __future__ import annotations

import json
import subprocess
import sys

import urllib3
from test_deploy import AMI, HARDENED

from labhelpers.terraform import load

# What runs on the instance: plain boto3, which finds its keys by itself.
PROGRAM = """\
import json
import sys

import boto3
from botocore.exceptions import ClientError

bucket, s3 = sys.argv[1], boto3.client("s3")
told = {"who": boto3.client("sts").get_caller_identity()["Arn"]}
told["keys"] = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
told["read"] = s3.get_object(Bucket=bucket, Key="q1.csv")["Body"].read().decode()
for name, call in (
    ("write", lambda: s3.put_object(Bucket=bucket, Key="q1.csv", Body=b"x")),
    ("delete", lambda: s3.delete_object(Bucket=bucket, Key="q1.csv")),
    ("elsewhere", lambda: s3.list_objects_v2(Bucket="payroll")),
):
    try:
        call()
        told[name] = "done"
    except ClientError as error:
        told[name] = error.response["Error"]["Code"]
print(json.dumps(told))
"""


def test_the_hardened_instance_reads_its_bucket_and_nothing_more(lab):
    configuration = load(HARDENED, AMI, account_id=lab.account_id, region=lab.region)
    deployment = lab.deploy(configuration)
    bucket, instance = deployment.outputs["bucket"], deployment.outputs["instance_id"]
    s3 = lab.client("s3")
    s3.put_object(Bucket=bucket, Key="q1.csv", Body=b"first quarter")
    s3.create_bucket(Bucket="payroll", CreateBucketConfiguration={"LocationConstraint": lab.region})
    machine = lab.instance_metadata(instance)

    # IMDSv2 only: a plain GET gets nothing, and the SDK fetches its token by itself.
    plain = f"{machine.endpoint_url}/latest/meta-data/iam/security-credentials/"
    assert urllib3.request("GET", plain, retries=False).status == 401
    environment = machine.environ()
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & environment.keys()
    command = [sys.executable, "-c", PROGRAM, bucket]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    role = deployment.outputs["role_arn"].rpartition("/")[2]
    assert json.loads(done.stdout) == {
        "who": f"arn:aws:sts::{lab.account_id}:assumed-role/{role}/{instance}",
        "keys": ["q1.csv"],
        "read": "first quarter",
        **dict.fromkeys(("write", "delete", "elsewhere"), "AccessDenied"),
    }
    assert s3.get_object(Bucket=bucket, Key="q1.csv")["Body"].read() == b"first quarter"

    s3.delete_object(Bucket=bucket, Key="q1.csv")
    deployment.destroy()
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["payroll"]
