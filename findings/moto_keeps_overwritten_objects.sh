#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), S3: the same key of a bucket without versioning is written twenty times.
# Guess: one object is kept, and the nineteen before it are let go, as in any dictionary.
# Behaviour: all twenty stay in memory until moto is reset: each model that moto makes is appended to a
# list of its class, for the dashboard of the server, with or without a server.
# Seen: 1 object in the bucket, 20 in memory
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[s3]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import gc

import boto3
from moto import mock_aws
from moto.s3.models import FakeKey

with mock_aws():
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody")
    client.create_bucket(Bucket="reports")
    for number in range(20):
        client.put_object(Bucket="reports", Key="q1.csv", Body=b"x" * number)
    gc.collect()
    objects = client.list_objects_v2(Bucket="reports")["KeyCount"]
    alive = sum(isinstance(one, FakeKey) for one in gc.get_objects())
    print(objects, "object in the bucket,", alive, "in memory")
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
1 object in the bucket, 20 in memory
END
