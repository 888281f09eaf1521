#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), S3: versioning switched on, two versions of an object written, versioning
# suspended, the object written and then deleted.
# Guess: as S3's documents have it, the versions from before stay: writing makes a version "null"
# beside them, deleting takes that one away and leaves a delete marker with the id "null".
# Behaviour: the object that is written while versioning is suspended takes the place of all of its
# versions, and the versions from before can no longer be read.
# Seen: ['first', 'second'] then [] of them left
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[s3]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

keys = {"region_name": "us-east-1", "aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}


def still_there(client, versions):
    found = []
    for version in versions:
        try:
            found.append(client.get_object(Bucket="reports", Key="q1.csv", VersionId=version)["Body"].read().decode())
        except ClientError:
            pass
    return found


with mock_aws():
    client = boto3.client("s3", **keys)
    client.create_bucket(Bucket="reports")
    client.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
    versions = [client.put_object(Bucket="reports", Key="q1.csv", Body=text)["VersionId"] for text in (b"first", b"second")]
    print("enabled", still_there(client, versions))
    client.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Suspended"})
    print("suspended", still_there(client, versions))
    client.put_object(Bucket="reports", Key="q1.csv", Body=b"third")
    print("written", still_there(client, versions))
    client.delete_object(Bucket="reports", Key="q1.csv")
    print("deleted", still_there(client, versions))
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
enabled ['first', 'second']
suspended ['first', 'second']
written []
deleted []
END
