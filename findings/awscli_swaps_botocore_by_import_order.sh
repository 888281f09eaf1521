#!/usr/bin/env bash
# AWS CLI 1.46.3 beside boto3 1.44.8 and botocore 1.44.8 (Python 3.11).
# Guess: version 1 of the CLI runs on the botocore that is installed, as it did for years; importing
# a module of it (awscli.customizations…, as tools do) changes nothing for boto3 in that process.
# Behaviour: it carries a botocore of its own, older by a minor version, and once anything of awscli
# is imported, `import botocore` finds that one. boto3 then works with it: operations of the botocore
# that pip shows are missing. Where boto3 comes first it is the other way round, and the CLI runs on
# the installed one. The command `aws` is always the older; no dependency tells pip of any of it.
# Seen: boto3 first: 1.44.8 True · awscli first: 1.43.62 False · the command: botocore/1.43.62
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install awscli==1.46.3 boto3==1.44.8 botocore==1.44.8
cat > run.py <<'PYTHON'
import sys
from importlib.metadata import version

for name in sys.argv[1:]:
    __import__(name)
import boto3
import botocore

model = boto3.Session(region_name="eu-west-1")._session.get_service_model("sts")
print(sys.argv[1], "first:", botocore.__version__, "GetScopedCredentials" in model.operation_names, "installed:", version("botocore"))
PYTHON
{
    bin/python run.py boto3 awscli
    bin/python run.py awscli boto3
    bin/aws --version | sed 's/.* /the command: /'
} | tee seen && diff seen - <<'END'
boto3 first: 1.44.8 True installed: 1.44.8
awscli first: 1.43.62 False installed: 1.44.8
the command: botocore/1.43.62
END
