"""A grant on one resource counts, and so does a Deny, for the services that moto answers: however
a request names it. What it cannot tell is refused honestly."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import botocore
import pytest
from moto.backends import list_of_moto_modules
from scene import World, allow, deny, policy

from labhelpers.sandbox.interpret.asking.own_arns import _READERS
from labhelpers.sandbox.interpret.asking.second_questions import OTHER_ACTIONS
from labhelpers.sandbox.interpret.asking.side_effects import moto_name
from labhelpers.sandbox.interpret.models import action_details
from labhelpers.sandbox.interpret.other import ACTION_PREFIXES
from labhelpers.sandbox.interpret.resource_arns import makes, places, templates, who_fills

HERE, REGION = "111122223333", "ap-northeast-2"
KEY = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
TABLE = {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], **KEY}
ITEM = {"k": {"S": "1"}}
ROLE = f"arn:aws:iam::{HERE}:role/r"


def arn(service, rest):
    return f"arn:aws:{service}:{REGION}:{HERE}:{rest}"


@pytest.fixture(scope="module")
def scene():
    """A world with two of most things, `mine` and `yours`, and the ids that they got."""
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world, client = World(lab), lab.session().client
        ids = {}
        for name in ("mine", "yours"):
            client("ssm").put_parameter(Name=f"/app/{name}", Value="1", Type="String")
            made = client("secretsmanager").create_secret(Name=f"app/{name}", SecretString="s")
            ids[f"secret_{name}"] = made["ARN"]
            client("dynamodb").create_table(TableName=name, **TABLE)
            ids[f"url_{name}"] = client("sqs").create_queue(QueueName=name)["QueueUrl"]
            ids[f"key_{name}"] = client("kms").create_key()["KeyMetadata"]["KeyId"]
            client("kms").create_alias(AliasName=f"alias/{name}", TargetKeyId=ids[f"key_{name}"])
            client("logs").create_log_group(logGroupName=name)
            client("logs").create_log_stream(logGroupName=name, logStreamName="s")
            client("kinesis").create_stream(StreamName=name, ShardCount=1)
            client("ecr").create_repository(repositoryName=name)
            client("ecs").create_cluster(clusterName=name)
            client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)")
            client("sns").create_topic(Name=name)
        client("events").create_event_bus(Name="bus")
        container = {"name": "c", "image": "i", "memory": 512}
        for _ in range(2):
            client("ecs").register_task_definition(
                family="f", containerDefinitions=[container], taskRoleArn=ROLE
            )
        eks, subnets = client("eks"), ["subnet-1", "subnet-2"]
        eks.create_cluster(name="c", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets})
        ids["nodegroup"] = eks.create_nodegroup(
            clusterName="c", nodegroupName="n", nodeRole=ROLE, subnets=subnets
        )["nodegroup"]["nodegroupArn"]
        yield world, ids, world.user("anna")


#: Service, operation, parameters ({x} is an id), and the resources that are asked about.
#: A grant on these lets the request through; on all but one of them, it does not.
GRANTS = [
    ("ssm", "get_parameter", {"Name": "/app/mine"}, ["ssm|parameter/app/mine"]),
    ("ssm", "get_parameter", {"Name": "/app/mine:1"}, ["ssm|parameter/app/mine"]),
    ("ssm", "get_parameter", {"Name": arn("ssm", "parameter/app/mine")},
     ["ssm|parameter/app/mine"]),
    ("ssm", "get_parameters", {"Names": ["/app/mine", "/app/yours"]},
     ["ssm|parameter/app/mine", "ssm|parameter/app/yours"]),
    ("ssm", "get_parameters_by_path", {"Path": "/app"}, ["ssm|parameter/app"]),
    ("ssm", "get_parameter_history", {"Name": "/app/mine"}, ["ssm|parameter/app/mine"]),
    ("ssm", "put_parameter", {"Name": "/app/new", "Value": "1", "Type": "String"},
     ["ssm|parameter/app/new"]),
    ("ssm", "delete_parameters", {"Names": ["gone"]}, ["ssm|parameter/gone"]),
    ("secretsmanager", "get_secret_value", {"SecretId": "app/mine"}, ["{secret_mine}"]),
    ("secretsmanager", "get_secret_value", {"SecretId": "{secret_mine}"}, ["{secret_mine}"]),
    ("secretsmanager", "describe_secret", {"SecretId": arn("secretsmanager", "secret:app/mine")},
     ["{secret_mine}"]),
    ("secretsmanager", "create_secret", {"Name": "app/new", "SecretString": "x"},
     ["secretsmanager|secret:app/new-??????"]),
    ("dynamodb", "get_item", {"TableName": "mine", "Key": ITEM}, ["dynamodb|table/mine"]),
    ("dynamodb", "get_item", {"TableName": arn("dynamodb", "table/mine"), "Key": ITEM},
     ["dynamodb|table/mine"]),
    ("dynamodb", "tag_resource", {"ResourceArn": arn("dynamodb", "table/mine"),
     "Tags": [{"Key": "a", "Value": "b"}]}, ["dynamodb|table/mine"]),
    ("dynamodb", "batch_write_item", {"RequestItems": {
        "mine": [{"PutRequest": {"Item": ITEM}}], "yours": [{"PutRequest": {"Item": ITEM}}]}},
     ["dynamodb|table/mine", "dynamodb|table/yours"]),
    ("dynamodb", "batch_get_item", {"RequestItems": {"mine": {"Keys": [ITEM]},
     "yours": {"Keys": [ITEM]}}}, ["dynamodb|table/mine", "dynamodb|table/yours"]),
    ("dynamodb", "query", {"TableName": "mine", "KeyConditionExpression": "k = :k",
     "ExpressionAttributeValues": {":k": {"S": "1"}}}, ["dynamodb|table/mine"]),
    ("sqs", "send_message", {"QueueUrl": "{url_mine}", "MessageBody": "x"}, ["sqs|mine"]),
    ("sqs", "send_message_batch", {"QueueUrl": "{url_mine}",
     "Entries": [{"Id": "1", "MessageBody": "x"}]}, ["sqs|mine"]),
    ("kms", "describe_key", {"KeyId": "{key_mine}"}, ["kms|key/{key_mine}"]),
    ("kms", "describe_key", {"KeyId": "alias/mine"}, ["kms|key/{key_mine}"]),
    ("kms", "describe_key", {"KeyId": arn("kms", "alias/mine")}, ["kms|key/{key_mine}"]),
    ("kms", "create_alias", {"AliasName": "alias/new", "TargetKeyId": "{key_mine}"},
     ["kms|alias/new", "kms|key/{key_mine}"]),
    ("logs", "put_log_events", {"logGroupName": "mine", "logStreamName": "s",
     "logEvents": [{"timestamp": 1, "message": "x"}]}, ["logs|log-group:mine:log-stream:s"]),
    ("logs", "describe_log_streams", {"logGroupName": "mine"}, ["logs|log-group:mine:*"]),
    ("logs", "create_log_stream", {"logGroupName": "mine", "logStreamName": "t"},
     ["logs|log-group:mine:log-stream:t"]),
    ("kinesis", "put_record", {"StreamName": "mine", "Data": b"x", "PartitionKey": "1"},
     ["kinesis|stream/mine"]),
    ("kinesis", "describe_stream", {"StreamARN": arn("kinesis", "stream/mine")},
     ["kinesis|stream/mine"]),
    ("ecr", "describe_images", {"repositoryName": "mine"}, ["ecr|repository/mine"]),
    ("ecr", "describe_repositories", {"repositoryNames": ["mine"]}, ["ecr|repository/mine"]),
    ("ecr", "describe_repositories", {}, ["ecr|repository/*"]),
    ("ecs", "describe_clusters", {"clusters": ["mine", "yours"]},
     ["ecs|cluster/mine", "ecs|cluster/yours"]),
    ("ecs", "describe_tasks", {"cluster": "mine", "tasks": ["t"]}, ["ecs|task/mine/t"]),
    ("ecs", "create_service", {"cluster": "mine", "serviceName": "web"}, ["ecs|service/mine/web"]),
    ("events", "describe_rule", {"Name": "mine"}, ["events|rule/mine"]),
    ("events", "put_rule", {"Name": "r", "EventBusName": "bus",
     "ScheduleExpression": "rate(1 day)"}, ["events|rule/bus/r"]),
    ("ecs", "run_task", {"taskDefinition": "f", "cluster": "mine"},
     ["ecs|task-definition/f:2", "iam|role"]),
    ("events", "list_targets_by_rule", {"Rule": "mine"}, ["events|rule/mine"]),
    ("events", "describe_event_bus", {"Name": "default"}, ["events|event-bus/default"]),
    ("sns", "publish", {"TopicArn": arn("sns", "mine"), "Message": "x"}, ["sns|mine"]),
    ("sns", "create_topic", {"Name": "new"}, ["sns|new"]),
    ("eks", "describe_cluster", {"name": "c"}, ["eks|cluster/c"]),
    ("eks", "list_nodegroups", {"clusterName": "c"}, ["eks|cluster/c"]),
    ("rds", "describe_db_instances", {}, ["rds|db:*"]),
    ("rds", "describe_db_instances", {"DBInstanceIdentifier": "Mine"}, ["rds|db:mine"]),
    ("rds", "delete_db_cluster", {"DBClusterIdentifier": "mine"}, ["rds|cluster:mine"]),
    ("stepfunctions", "create_state_machine", {"name": "m", "definition": "{{}}", "roleArn": ROLE},
     ["states|stateMachine:m", "iam|role"]),
    ("stepfunctions", "describe_state_machine", {"stateMachineArn":
     arn("states", "stateMachine:m")}, ["states|stateMachine:m"]),
    ("lambda", "get_function", {"FunctionName": "mine"}, ["lambda|function:mine"]),
    ("lambda", "get_function", {"FunctionName": arn("lambda", "function:mine")},
     ["lambda|function:mine"]),
    ("eks", "describe_nodegroup", {"clusterName": "c", "nodegroupName": "n"},
     ["{nodegroup}"]),
    ("lambda", "get_function", {"FunctionName": "mine:live"}, ["lambda|function:mine:live"]),
    ("lambda", "get_function", {"FunctionName": "mine", "Qualifier": "1"},
     ["lambda|function:mine:1"]),
    ("elbv2", "create_target_group", {"Name": "t"},
     ["elasticloadbalancing|targetgroup/t/*"]),
    ("elb", "delete_load_balancer", {"LoadBalancerName": "l"},
     ["elasticloadbalancing|loadbalancer/l"]),
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["a", "b"]},
     ["cloudwatch|alarm:a", "cloudwatch|alarm:b"]),
]  # fmt: skip


def put_in(value, ids):
    if isinstance(value, dict):
        return {key: put_in(inner, ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [put_in(inner, ids) for inner in value]
    return value.format(**ids) if isinstance(value, str) else value


def as_arn(text, ids):
    text = ROLE if text == "iam|role" else text.format(**ids)
    return arn(*text.split("|")) if "|" in text else text


@pytest.mark.parametrize(
    "service, operation, params, asked", GRANTS, ids=[f"{r[0]}-{r[1]}" for r in GRANTS]
)
def test_a_grant_and_a_deny_on_the_resource_count(scene, service, operation, params, asked):
    world, ids, anna = scene
    call, given = getattr(anna.client(service), operation), put_in(params, ids)
    arns = [as_arn(text, ids) for text in asked]
    put = world.iam().put_user_policy
    for left_out in arns:
        rest = [one for one in arns if one != left_out] or [arn("x", "y")]
        put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("*", rest)))
        got = world.lab.attempt(call, **given)
        assert got.blocked_by == "identity", (left_out, got)
        put(
            UserName="anna",
            PolicyName="p",
            PolicyDocument=policy(allow("*"), deny("*", left_out)),
        )
        got = world.lab.attempt(call, **given)
        assert got.blocked_by == "identity" and "explicit deny" in got.message, (left_out, got)
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("*", arns)))
    got = world.lab.attempt(call, **given)  # moto, asked at last, may still not be able to
    assert got.allowed or "with these parameters" in got.message, got


ELSEWHERE = [
    ("lambda", "delete_function", {"FunctionName": f"arn:aws:lambda:eu-west-1:{HERE}:function:f"}),
    ("lambda", "delete_function", {"FunctionName": "arn:aws:lambda:function:f"}),
    ("lambda", "delete_function", {"FunctionName": "444455556666:function:f"}),
    ("secretsmanager", "get_secret_value",
     {"SecretId": f"arn:aws:secretsmanager:eu-west-1:{HERE}:secret:app/mine"}),
    ("dynamodb", "describe_table", {"TableName": f"arn:aws:dynamodb:eu-west-1:{HERE}:table/mine"}),
    ("kinesis", "describe_stream", {"StreamARN": f"arn:aws:kinesis:eu-west-1:{HERE}:stream/mine"}),
    ("ssm", "get_parameter", {"Name": f"arn:aws:ssm:eu-west-1:{HERE}:parameter/app/mine"}),
]  # fmt: skip


@pytest.mark.parametrize("service, operation, params", ELSEWHERE)
def test_what_is_elsewhere_is_not_answered_here(scene, service, operation, params):
    world, _, _ = scene
    call = getattr(world.lab.session().client(service), operation)
    assert world.lab.attempt(call, **params).blocked_by in ("not modelled", "client")


def test_what_cannot_be_told_is_refused_where_policies_tell_resources_apart(scene):
    world, ids, anna = scene
    put = world.iam().put_user_policy
    call, given = anna.client("kms").decrypt, {"CiphertextBlob": b"x"}
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("kms:Encrypt")))
    got = world.lab.attempt(call, **given)
    assert got.code == "AccessDeniedException" and got.blocked_by == "identity"
    key = arn("kms", f"key/{ids['key_mine']}")
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("kms:*", key)))
    got = world.lab.attempt(call, **given)
    assert got.blocked_by == "not modelled" and "which resource" in got.message
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("kms:*"), deny("*", key)))
    assert world.lab.attempt(call, **given).blocked_by == "not modelled"


def test_each_item_of_a_transaction_is_asked_for(scene):
    world, _, anna = scene
    put = world.iam().put_user_policy
    mine, yours = (arn("dynamodb", f"table/{name}") for name in ("mine", "yours"))
    tables = anna.client("dynamodb")
    write = [{"Put": {"TableName": "mine", "Item": ITEM}}]
    write += [{"Delete": {"TableName": "yours", "Key": ITEM}}]
    half = policy(allow("dynamodb:PutItem", mine), allow("dynamodb:PutItem", yours))
    put(UserName="anna", PolicyName="p", PolicyDocument=half)
    got = world.lab.attempt(tables.transact_write_items, TransactItems=write)
    assert got.blocked_by == "identity" and "dynamodb:DeleteItem" in got.message
    whole = policy(allow("dynamodb:PutItem", mine), allow("dynamodb:DeleteItem", yours))
    put(UserName="anna", PolicyName="p", PolicyDocument=whole)
    assert world.lab.attempt(tables.transact_write_items, TransactItems=write).succeeded
    read = [{"Get": {"TableName": "mine", "Key": ITEM}}]
    got = world.lab.attempt(tables.transact_get_items, TransactItems=read)
    assert "dynamodb:GetItem" in got.message


def test_what_is_read_elsewhere_is_asked_for_there(scene):
    world, ids, anna = scene
    put = world.iam().put_user_policy
    put(
        UserName="anna",
        PolicyName="p",
        PolicyDocument=policy(
            {
                "Effect": "Allow",
                "NotAction": ["secretsmanager:GetSecretValue", "s3:GetObject"],
                "Resource": "*",
            }
        ),
    )
    ssm, secrets, functions = map(anna.client, ("ssm", "secretsmanager", "lambda"))
    name = "/aws/reference/secretsmanager/app/mine"
    for given in (name, arn("ssm", f"parameter{name}")):
        got = world.lab.attempt(ssm.get_parameter, Name=given, WithDecryption=True)
        assert "secretsmanager:GetSecretValue" in got.message
    got = world.lab.attempt(secrets.batch_get_secret_value, SecretIdList=["app/mine"])
    assert "secretsmanager:GetSecretValue" in got.message
    more = {"Role": ROLE, "Runtime": "python3.12", "Handler": "h"}
    code = {"S3Bucket": "theirs", "S3Key": "k.zip"}
    got = world.lab.attempt(functions.create_function, FunctionName="f", Code=code, **more)
    assert "s3:GetObject" in got.message


def test_a_topic_that_sends_on_is_refused(scene):
    world, _, _ = scene
    sns = world.lab.session().client("sns")
    topic = sns.create_topic(Name="loud")["TopicArn"]
    assert world.lab.attempt(sns.publish, TopicArn=topic, Message="x").succeeded
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn("sqs", "mine"))
    got = world.lab.attempt(sns.publish, TopicArn=topic, Message="x")
    assert got.blocked_by == "not modelled"


#: Operations of moto's services whose resources the common way cannot tell. May only fall.
UNTOLD = 982
#: Their readers stand elsewhere; apigateway's resources are its paths.
OTHERS = ("apigateway", "apigatewayv2", "ec2", "iam", "s3", "s3control", "sts")


NAMES_ARN = re.compile(r"arns?$|^resource(name|id|identifier)?s?$|^(target|principal)$", re.I)


def counted():
    """(what is known of each operation's resources, the untold ones), over all of botocore's."""
    modules, kinds, untold = set(list_of_moto_modules()), Counter(), []
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        if not folder.is_dir() or folder.name in OTHERS or moto_name(folder.name) not in modules:
            continue
        file = sorted(folder.glob("*/service-2.json*"))[-1]
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        model = json.loads(raw)
        signs = model["metadata"].get("signingName") or model["metadata"]["endpointPrefix"]
        prefix = ACTION_PREFIXES.get(signs, signs)
        for operation, told in model["operations"].items():
            name = OTHER_ACTIONS.get(f"{prefix}:{operation}", operation)
            details = action_details(prefix, name)
            if details is None:
                kinds["no action"] += 1
            elif not details["resourceTypes"]:
                kinds["no resource type"] += 1
            elif prefix in _READERS:
                kinds["a reader of its own"] += 1
            else:
                members = (
                    model["shapes"][told["input"]["shape"]]["members"] if "input" in told else {}
                )
                kind = "told" if tells(prefix, name, members) else "untold"
                kinds[kind] += 1
                untold += [f"{folder.name}:{operation}"] if kind == "untold" else []
    return kinds, untold


def tells(prefix, action, members):
    """Whether a request's members can name every resource that it must have, and one at all."""
    found = []
    for kind, required, template in templates(prefix, action):
        wanted = places(template)
        named = who_fills(prefix, action, kind, wanted, members)
        told = [names or makes(action, kind, p) for p, names in zip(wanted, named, strict=True)]
        by_arn = any(NAMES_ARN.search(member) for member in members)
        found.append((required, by_arn or all(told)))
    return any(ok for _, ok in found) and all(ok for required, ok in found if required)


@pytest.mark.slow
def test_for_how_many_operations_the_resources_are_told():
    kinds, untold = counted()
    print(dict(kinds), *untold, sep="\n")
    assert len(untold) <= UNTOLD and kinds["told"] > 1000
