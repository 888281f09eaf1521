"""iam:PassRole is asked wherever a role is handed over: by ARN or by name, in an instance profile,
deep in a request or in a form; and no member of botocore's models is left out."""

import gzip
import json
import re
from pathlib import Path

import botocore
import pytest
from moto.backends import list_of_moto_modules
from scene import World, allow, policy

from labhelpers.sandbox.interpret.asking.passed_roles import READS, receivers
from labhelpers.sandbox.interpret.asking.side_effects import moto_name

HERE = "111122223333"
ROLE = f"arn:aws:iam::{HERE}:role/deep/r"
TRUST = policy(
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
S3_TARGET = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"}
POOLS = {"IdentityPoolId": "us-east-1:12345678-1234-1234-1234-123456789012"}

#: Service, operation, parameters, and who gets the role.
HANDED = [
    ("lambda", "create_function", {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"x"},
     "Runtime": "python3.12", "Handler": "h"}, "lambda"),
    ("ecs", "register_task_definition", {"family": "f", "taskRoleArn": ROLE,
     "containerDefinitions": [{"name": "c"}]}, "ecs-tasks"),
    ("ecs", "register_task_definition", {"family": "f", "taskRoleArn": "r",
     "containerDefinitions": [{"name": "c"}]}, "ecs-tasks"),
    ("ecs", "run_task", {"taskDefinition": "f", "overrides": {"executionRoleArn": ROLE}},
     "ecs-tasks"),
    ("stepfunctions", "create_state_machine", {"name": "m", "definition": "{}", "roleArn": ROLE},
     "states"),
    ("glue", "create_job", {"Name": "j", "Role": "r", "Command": {"Name": "c"}}, "glue"),
    ("glue", "create_crawler", {"Name": "c", "Role": ROLE, "Targets": {}}, "glue"),
    ("codebuild", "create_project", {"name": "pp", "serviceRole": ROLE, "source": {"type": "S3"},
     "artifacts": {"type": "S3"}, "environment": {"type": "LINUX_CONTAINER", "image": "i",
     "computeType": "BUILD_GENERAL1_SMALL"}}, "codebuild"),
    ("events", "put_targets", {"Rule": "r", "Targets": [{"Id": "1", "RoleArn": ROLE,
     "Arn": f"arn:aws:kinesis:ap-northeast-2:{HERE}:stream/s"}]}, "events"),
    ("firehose", "create_delivery_stream", {"DeliveryStreamName": "d",
     "ExtendedS3DestinationConfiguration": S3_TARGET}, "firehose"),
    ("autoscaling", "create_launch_configuration", {"LaunchConfigurationName": "l",
     "ImageId": "ami-1", "InstanceType": "t3.micro", "IamInstanceProfile": "p"}, "ec2"),
    ("ec2", "request_spot_instances", {"LaunchSpecification": {"ImageId": "ami-1",
     "IamInstanceProfile": {"Name": "p"}}}, "ec2"),
    ("ec2", "create_flow_logs", {"ResourceIds": ["vpc-1"], "ResourceType": "VPC",
     "TrafficType": "ALL", "LogGroupName": "g", "DeliverLogsPermissionArn": ROLE},
     "vpc-flow-logs"),
    ("rds", "create_db_instance", {"DBInstanceIdentifier": "d", "DBInstanceClass": "c",
     "Engine": "mysql", "MonitoringRoleArn": ROLE}, "monitoring.rds"),
    ("rds", "create_db_instance", {"DBInstanceIdentifier": "d", "DBInstanceClass": "c",
     "Engine": "custom-oracle-ee", "CustomIamInstanceProfile": "p"}, "ec2"),
    ("redshift", "create_cluster", {"ClusterIdentifier": "c", "NodeType": "n",
     "MasterUsername": "u", "IamRoles": [ROLE]}, "redshift"),
    ("iot", "create_topic_rule", {"ruleName": "r", "topicRulePayload": {"sql": "select 1",
     "actions": [{"s3": {"roleArn": ROLE, "bucketName": "b", "key": "k"}}]}}, "iot"),
    ("iot", "create_role_alias", {"roleAlias": "a", "roleArn": ROLE}, "credentials.iot"),
    ("cognito-identity", "set_identity_pool_roles", {**POOLS, "Roles": {"authenticated": ROLE}},
     "cognito-identity"),
    ("cognito-idp", "create_user_pool", {"PoolName": "p", "SmsConfiguration":
     {"SnsCallerArn": ROLE}}, "cognito-idp"),
    ("apigateway", "put_integration", {"restApiId": "a", "resourceId": "r", "httpMethod": "GET",
     "type": "AWS", "credentials": ROLE}, "apigateway"),
    ("apigateway", "update_integration", {"restApiId": "a", "resourceId": "r", "httpMethod": "GET",
     "patchOperations": [{"op": "replace", "path": "/credentials", "value": ROLE}]}, "apigateway"),
    ("sns", "create_topic", {"Name": "t", "Attributes": {"SQSFailureFeedbackRoleArn": ROLE}},
     "sns"),
    ("sns", "set_topic_attributes", {"TopicArn": f"arn:aws:sns:ap-northeast-2:{HERE}:t",
     "AttributeName": "LambdaSuccessFeedbackRoleArn", "AttributeValue": ROLE}, "sns"),
    ("scheduler", "create_schedule", {"Name": "s", "ScheduleExpression": "rate(1 day)",
     "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": "arn:aws:sqs:a:1:q",
     "RoleArn": ROLE}},
     "scheduler"),
    ("kinesisanalyticsv2", "create_application", {"ApplicationName": "a",
     "RuntimeEnvironment": "FLINK-1_20", "ServiceExecutionRole": ROLE}, "kinesisanalytics"),
    ("s3", "put_bucket_replication", {"Bucket": "box", "ReplicationConfiguration": {"Role": ROLE,
     "Rules": [{"Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::box"}}]}}, "s3"),
]  # fmt: skip
EVERYTHING_ELSE = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}


@pytest.fixture(scope="module")
def scene():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world = World(lab)
        world.iam().create_role(RoleName="r", Path="/deep/", AssumeRolePolicyDocument=TRUST)
        world.iam().create_instance_profile(InstanceProfileName="p")
        world.iam().add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
        world.bucket("box")
        yield world, world.user("anna"), world.user("ben", allow("*"))


@pytest.mark.parametrize(
    "service, operation, params, to", HANDED, ids=[f"{r[0]}-{r[1]}" for r in HANDED]
)
def test_a_role_is_handed_over_only_by_those_who_may(scene, service, operation, params, to):
    world, anna, _ = scene
    call = getattr(anna.client(service), operation)
    put = world.iam().put_user_policy
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(EVERYTHING_ELSE))
    got = world.lab.attempt(call, **params)
    assert got.blocked_by == "identity"
    assert "iam:PassRole" in got.message and ROLE in got.message
    elsewhere = {"StringNotEquals": {"iam:PassedToService": f"{to}.amazonaws.com"}}
    passing = allow("iam:PassRole", ROLE, Condition=elsewhere)
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(EVERYTHING_ELSE, passing))
    assert "iam:PassRole" in world.lab.attempt(call, **params).message
    there = {"StringEquals": {"iam:PassedToService": f"{to}.amazonaws.com"}}
    passing = allow("iam:PassRole", ROLE, Condition=there)
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(EVERYTHING_ELSE, passing))
    assert world.lab.attempt(call, **params).blocked_by != "identity"


def test_nobody_passes_a_role_of_another_account(scene):
    world, _, ben = scene
    role = "arn:aws:iam::444455556666:role/r"
    for service, operation, params in (
        ("ecs", "register_task_definition", {"family": "f", "containerDefinitions": []}),
        ("stepfunctions", "create_state_machine", {"name": "m", "definition": "{}"}),
    ):
        name = "taskRoleArn" if service == "ecs" else "roleArn"
        got = world.lab.attempt(getattr(ben.client(service), operation), **params, **{name: role})
        assert got.blocked_by == "not modelled" and "another account" in got.message


def test_what_only_looks_like_a_role_is_handed_to_nobody(scene):
    """A learner's own data, and what is looked for."""
    world, anna, _ = scene
    put = world.iam().put_user_policy
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(EVERYTHING_ELSE))
    variables = {"Variables": {"Role": ROLE}}
    call = anna.client("lambda").update_function_configuration
    assert "PassRole" not in str(world.lab.attempt(call, FunctionName="f", Environment=variables))
    call = anna.client("sqs").create_queue
    assert world.lab.attempt(call, QueueName="q", tags={"Role": ROLE}).succeeded
    call = anna.client("rds").remove_role_from_db_cluster
    given = {"DBClusterIdentifier": "c", "RoleArn": ROLE}
    assert "PassRole" not in str(world.lab.attempt(call, **given))


NAMED = re.compile(r"role|instance_?profile", re.I)
HOLDS_ARN = re.compile(r"(arn|credentials)$", re.I)
TOLD = re.compile(r"\b(IAM|service|execution) role", re.I)


def members(model):
    """The members of all inputs but those of reads that hold a role, by name, type or text."""
    shapes, found, seen = model["shapes"], set(), set()
    operations = model["operations"].items()
    todo = [o["input"]["shape"] for name, o in operations if "input" in o and not READS.match(name)]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        shape = shapes[name]
        todo += [shape[inner]["shape"] for inner in ("member", "value") if inner in shape]
        for member, target in shape.get("members", {}).items():
            todo.append(target["shape"])
            kind, leaf = target["shape"], shapes[target["shape"]]
            while leaf["type"] in ("list", "map"):
                kind = (leaf.get("member") or leaf["value"])["shape"]
                leaf = shapes[kind]
            if leaf["type"] == "structure" and "instanceprofile" in member.lower():
                found.add(member)
            if leaf["type"] != "string" or leaf.get("enum"):
                continue
            told = HOLDS_ARN.search(member) and TOLD.search(
                re.sub("<[^>]+>", "", target.get("documentation", ""))
            )
            if NAMED.search(member) or NAMED.search(kind) or told:
                found.add(member)
    return found


@pytest.mark.slow
def test_no_member_that_holds_a_role_is_left_out():
    """A new botocore brings members: write each into passed_roles.json, with who gets the role."""
    modules, lost = set(list_of_moto_modules()), {}
    for folder in (Path(botocore.__file__).parent / "data").iterdir():
        if not folder.is_dir() or moto_name(folder.name) not in modules:
            continue
        if folder.name in ("iam", "sts"):  # they have readers of their own, and hand nothing on
            continue
        file = sorted(folder.glob("*/service-2.json*"))[-1]
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        missing = members(json.loads(raw)) - set(receivers().get(folder.name, ()))
        if missing:
            lost[folder.name] = missing
    assert lost == {}


def test_every_receiver_is_a_service():
    for service, entries in receivers().items():
        for member, to in entries.items():
            assert to == "" or to.endswith(".amazonaws.com"), (service, member)
