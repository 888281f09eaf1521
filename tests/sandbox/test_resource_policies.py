"""Resource-based policies that nobody would ask are not stored; what only speaks of policies is
nobody's policy."""

import json

import pytest
from scene import policy
from test_wire import signed

HERE = "111122223333"
EVERYBODY = policy({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
SAYS_SO = f"Our Policy: {EVERYBODY}"
KEY = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
TABLE = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], **KEY}
PERMISSION = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:*", "Principal": "*"}
STORED = [
    ("lambda", "add_permission", PERMISSION | {"EventSourceToken": "token"}),
    ("ecr", "put_registry_policy", {"policyText": EVERYBODY}),
    ("backup", "put_backup_vault_access_policy", {"BackupVaultName": "v", "Policy": EVERYBODY}),
    ("kinesis", "put_resource_policy", {"ResourceARN": "arn:aws:kinesis:", "Policy": EVERYBODY}),
    ("acm-pca", "put_policy", {"ResourceArn": "arn:aws:acm-pca:", "Policy": EVERYBODY}),
    ("dynamodb", "create_table", {"TableName": "t", **TABLE, "ResourcePolicy": EVERYBODY}),
    ("glacier", "set_vault_access_policy", {"vaultName": "v", "policy": {"Policy": EVERYBODY}}),
    ("opensearch", "create_domain", {"DomainName": "logs", "AccessPolicies": EVERYBODY}),
    ("logs", "put_resource_policy", {"policyName": "p", "policyDocument": EVERYBODY}),
    ("glue", "put_resource_policy", {"PolicyInJson": EVERYBODY}),
    ("efs", "put_file_system_policy", {"FileSystemId": "fs-12345678", "Policy": EVERYBODY}),
    ("ses", "put_identity_policy", {"Identity": "i", "PolicyName": "p", "Policy": EVERYBODY}),
]


@pytest.fixture
def client(world):
    return world.lab.session().client


@pytest.mark.parametrize(
    "service, operation, params", STORED, ids=[f"{row[0]}-{row[1]}" for row in STORED]
)
def test_no_resource_based_policy_is_stored(world, client, service, operation, params):
    got = world.lab.attempt(getattr(client(service), operation), **params)
    assert got.blocked_by == "not modelled"
    assert "resource-based policies" in got.message


@pytest.mark.parametrize("name", ["PolicyInJson", r"Pol\u0069cyInJson"])
def test_however_json_spells_it(world, name):
    headers = {
        "x-amz-target": "AWSGlue.PutResourcePolicy",
        "content-type": "application/x-amz-json-1.1",
    }
    body = f'{{"{name}": {json.dumps(EVERYBODY)}}}'.encode()
    status, text = signed(world.lab, "POST", "/", body, headers, service="glue")
    assert status == 400 and "resource-based policies" in text


def test_policies_are_read(client):
    kms, sqs = client("kms"), client("sqs")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert f"{HERE}:root" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])


@pytest.mark.parametrize("text", [SAYS_SO, EVERYBODY])
def test_texts_may_speak_of_policies(client, text):
    ssm, secrets, tables, sqs = map(client, ("ssm", "secretsmanager", "dynamodb", "sqs"))
    ssm.put_parameter(Name="Policy", Value=text, Type="String")
    assert ssm.get_parameter(Name="Policy")["Parameter"]["Value"] == text
    secrets.create_secret(Name="Policy", SecretString=text)
    assert secrets.get_secret_value(SecretId="Policy")["SecretString"] == text
    tables.create_table(TableName="Policy", **TABLE)
    item = {"k": {"S": "1"}, "Policy": {"S": text}}
    tables.put_item(TableName="Policy", Item=item)
    assert tables.get_item(TableName="Policy", Key={"k": {"S": "1"}})["Item"] == item
    url = sqs.create_queue(QueueName="Policy", tags={"Policy": text[:9]})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=text)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == text


def test_other_settings_are_called_policies(client):
    sqs, sns, ecr = client("sqs"), client("sns"), client("ecr")
    sqs.create_queue(QueueName="dead")
    dead = f"arn:aws:sqs:ap-northeast-2:{HERE}:dead"
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName="q", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    assert json.loads(told["Attributes"]["RedrivePolicy"]) == json.loads(redrive)
    topic = sns.create_topic(Name="t")["TopicArn"]
    only = json.dumps({"principal": ["anna"]})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=dead, Attributes={"FilterPolicy": only})
    ecr.create_repository(repositoryName="app")
    rule = {"rulePriority": 1, "action": {"type": "expire"}}
    rule["selection"] = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 9}
    text = json.dumps({"rules": [rule]})
    ecr.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=text)
    assert ecr.get_lifecycle_policy(repositoryName="app")["lifecyclePolicyText"] == text
