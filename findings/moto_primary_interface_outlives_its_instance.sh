#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), EC2 RunInstances without NetworkInterfaces, then DescribeInstances.
# Guess: the primary network interface that RunInstances makes says DeleteOnTermination true, as
# the EC2 API Reference has it for the interface of a launch ("The default is true").
# Behaviour: it says false, and so does the attachment in DescribeNetworkInterfaces. A clean-up that
# looks for interfaces that stay behind takes every instance's own for one of them.
# Seen: False False
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[ec2]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import boto3
from moto import mock_aws

with mock_aws():
    keys = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}
    ec2 = boto3.client("ec2", region_name="ap-northeast-2", **keys)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    first = instance["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"]
    interface = ec2.describe_network_interfaces()["NetworkInterfaces"][0]
    print(first, interface["Attachment"]["DeleteOnTermination"])
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
False False
END
