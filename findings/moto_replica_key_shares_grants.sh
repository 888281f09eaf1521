#!/usr/bin/env bash
# moto 5.2.5 (Python 3.11), KMS: a multi-Region key, its replica in another Region, then a grant on
# the primary key, and another description of it.
# Guess: id, key material and rotation are shared, and nothing else: KMS's documents count grants,
# policies, descriptions and aliases to what each key has for itself.
# Behaviour: the description is each key's own, and a grant that is made on either key afterwards is
# on both: the replica is a copy that holds the same dictionary of grants.
# Seen: the replica lists the primary's grant, and the other way round
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv . && bin/pip --quiet install 'moto[kms]==5.2.5' boto3==1.44.8
cat > run.py <<'PYTHON'
import boto3
from moto import mock_aws

keys = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}


def grants(client, key):
    return sorted(grant["Name"] for grant in client.list_grants(KeyId=key)["Grants"])


with mock_aws():
    primary = boto3.client("kms", region_name="us-east-1", **keys)
    replica = boto3.client("kms", region_name="eu-west-1", **keys)
    key = primary.create_key(MultiRegion=True, Description="as made")["KeyMetadata"]["KeyId"]
    primary.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")
    primary.update_key_description(KeyId=key, Description="changed")
    for client, name in ((primary, "of the primary"), (replica, "of the replica")):
        client.create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::123456789012:user/anna", Operations=["Decrypt"], Name=name)
        print(name, "| primary:", grants(primary, key), "| replica:", grants(replica, key))
    print([client.describe_key(KeyId=key)["KeyMetadata"]["Description"] for client in (primary, replica)])
PYTHON
bin/python run.py | tee seen && diff seen - <<'END'
of the primary | primary: ['of the primary'] | replica: ['of the primary']
of the replica | primary: ['of the primary', 'of the replica'] | replica: ['of the primary', 'of the replica']
['changed', 'as made']
END
