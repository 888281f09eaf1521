"""What moto does behind the gateway: every service was looked at, and what reaches another one is
refused by name, whatever is installed beside moto."""

import re
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from scene import World

from labhelpers.sandbox.interpret.asking.side_effects import services

HERE = "111122223333"
ROLE = f"arn:aws:iam::{HERE}:role/r"
REACH = re.compile(
    r"\b(\w+)_backends\b|\b(get_backend|iter_(?:taggable_)?backends|docker|subprocess)\b"
    r"|\b(requests)\.\w+\("
)
#: Packages of moto that are no service of AWS.
NO_SERVICE = {
    "awslambda_simple",
    "batch_simple",
    "core",
    "dynamodb_v20111205",
    "instance_metadata",
    "moto_api",
    "moto_proxy",
    "moto_server",
    "s3bucket_path",
    "utilities",
}


def reached(package):
    """How often the code of a package of moto speaks of another service, containers, the net."""
    own = {package.name, "lambda"} if package.name == "awslambda" else {package.name}
    found = Counter()
    for file in package.rglob("*.py"):
        for hit in REACH.finditer(file.read_text(encoding="utf-8")):
            name = hit[1] or hit[2] or hit[3]
            if name not in own:
                found[name] += 1
    return dict(found)


@pytest.mark.slow
def test_every_service_of_moto_was_looked_at():
    """Look at what a new moto does there, then write it into side_effects.json."""
    import moto

    packages = [p for p in Path(moto.__file__).parent.iterdir() if (p / "__init__.py").exists()]
    found = {p.name: reached(p) for p in packages if p.name not in NO_SERVICE}
    assert {name: entry.get("reaches", {}) for name, entry in services().items()} == found


def test_what_reaches_further_is_refused_or_explained():
    for name, entry in services().items():
        assert entry.get("refused") or entry.get("reviewed") or "reaches" not in entry, name


REFUSED = [
    ("cloudformation", "create_stack", {"StackName": "s", "TemplateBody": "{}"}),
    ("cloudformation", "list_stacks", {}),
    ("batch", "describe_job_queues", {}),
    ("emr", "run_job_flow", {"Name": "n", "Instances": {}}),
    ("stepfunctions", "start_execution", {"stateMachineArn": f"arn:aws:states:a:{HERE}:x:y"}),
    ("lambda", "invoke", {"FunctionName": "f"}),
    ("lambda", "create_event_source_mapping", {"FunctionName": "f", "EventSourceArn": "arn:q"}),
    (
        "dynamodb",
        "import_table",
        {
            "S3BucketSource": {"S3Bucket": "b"},
            "InputFormat": "CSV",
            "TableCreationParameters": {
                "TableName": "stolen",
                "AttributeDefinitions": [],
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            },
        },
    ),
    ("firehose", "put_record", {"DeliveryStreamName": "d", "Record": {"Data": b"x"}}),
    (
        "logs",
        "create_export_task",
        {"logGroupName": "g", "fromTime": 0, "to": 1, "destination": "b"},
    ),
    ("athena", "start_query_execution", {"QueryString": "select 1"}),
    ("datapipeline", "activate_pipeline", {"pipelineId": "p"}),
    ("config", "list_discovered_resources", {"resourceType": "AWS::S3::Bucket"}),
    (
        "resourcegroupstaggingapi",
        "tag_resources",
        {"ResourceARNList": ["arn:a"], "Tags": {"a": "b"}},
    ),
    ("secretsmanager", "rotate_secret", {"SecretId": "s"}),
    ("events", "put_events", {"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}"}]}),
    (
        "rds",
        "create_db_instance",
        {
            "DBInstanceIdentifier": "d",
            "DBInstanceClass": "c",
            "Engine": "mysql",
            "ManageMasterUserPassword": True,
        },
    ),
]


@pytest.fixture(scope="module")
def admin():
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        yield lab


@pytest.mark.parametrize(
    "service, operation, params", REFUSED, ids=[f"{r[0]}-{r[1]}" for r in REFUSED]
)
def test_operations_that_reach_further_are_refused_by_name(admin, service, operation, params):
    call = getattr(admin.session().client(service), operation)
    got = admin.attempt(call, **params)
    assert got.blocked_by == "not modelled" and "On AWS it " in got.message


def test_nothing_of_it_hangs_on_what_is_installed(admin, monkeypatch):
    """CloudFormation was shut by a missing module alone."""
    monkeypatch.setitem(sys.modules, "openapi_spec_validator", sys)
    call = admin.session().client("cloudformation").describe_stacks
    got = admin.attempt(call)
    assert got.blocked_by == "not modelled" and "On AWS it makes" in got.message


def test_events_of_a_bucket_go_nowhere(admin):
    s3 = World(admin).bucket("loud")
    call = s3.put_bucket_notification_configuration
    got = admin.attempt(
        call, Bucket="loud", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert got.blocked_by == "not modelled" and "On AWS it sends" in got.message


IMPORTED = re.compile(r"^(?:from|import) (\w+)", re.M)


@pytest.mark.slow
def test_what_moto_needs_for_a_service_is_said_where_the_lab_does_not_have_it():
    import moto

    for name, entry in services().items():
        files = (Path(moto.__file__).parent / name).rglob("*.py")
        texts = (f.read_text(encoding="utf-8") for f in files if "parser" not in str(f))
        known = {"moto", *sys.stdlib_module_names}
        needed = {n for text in texts for n in IMPORTED.findall(text)} - known
        missing = {n for n in needed if find_spec(n) is None}
        assert missing <= {entry.get("needs")}, name


def test_a_service_that_needs_more_is_refused_by_name(admin, monkeypatch):
    for package in ("aws_xray_sdk", "joserfc", "openapi_spec_validator"):
        monkeypatch.setitem(sys.modules, package, sys)
    for service, operation, params in (
        ("apigateway", "get_rest_apis", {}),
        ("cognito-idp", "list_user_pools", {"MaxResults": 1}),
        ("xray", "get_groups", {}),
    ):
        got = admin.attempt(getattr(admin.session().client(service), operation), **params)
        assert got.blocked_by == "not modelled" and "moto needs" in got.message
