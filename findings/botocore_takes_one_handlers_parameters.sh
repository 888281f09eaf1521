#!/usr/bin/env bash
# botocore 1.44.8 (Python 3.11), two handlers of the event provide-client-params, each of which
# gives back the parameters with a change of its own (a default bucket owner, a default tag).
# Guess: a chain. Each sees what the one before it made, and the request carries both changes, as
# with handlers of before-parameter-build, which change one dict in place.
# Behaviour: each is called with the caller's own parameters, the first answer that is not None goes
# out, and what the others gave back is dropped without a word. First is the more specific name,
# even when it was registered last: a handler for every service loses to any handler for one.
# Seen: general ['Bucket', 'Key'] · sent ['specific'] · specific ['Bucket', 'Key']
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install boto3==1.44.8 botocore==1.44.8
cat > run.py <<'PYTHON'
import io

import boto3
import urllib3
from botocore.awsrequest import AWSResponse

client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="none")
saw = {}


def general(params, **_):
    saw["general"] = sorted(params)
    return params | {"ExpectedBucketOwner": "111122223333"}


def specific(params, **_):
    saw["specific"] = sorted(params)
    return params | {"RequestPayer": "requester"}


def sent(request, **_):
    names = {"x-amz-expected-bucket-owner": "general", "x-amz-request-payer": "specific"}
    saw["sent"] = [who for header, who in names.items() if header in request.headers]
    return AWSResponse(request.url, 200, {}, urllib3.HTTPResponse(io.BytesIO(), preload_content=False))


client.meta.events.register("provide-client-params", general)
client.meta.events.register("provide-client-params.s3.HeadObject", specific)
client.meta.events.register("before-send", sent)
client.head_object(Bucket="shop-config", Key="prices.csv")
for who, what in sorted(saw.items()):
    print(who, what)
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
general ['Bucket', 'Key']
sent ['specific']
specific ['Bucket', 'Key']
END
