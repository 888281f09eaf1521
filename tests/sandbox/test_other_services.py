"""Services that the sandbox leaves to moto: each is found, asked for by its own IAM action, and
gets the parameters that it was given."""

import gzip

import pytest
from scene import allow
from test_wire import signed

HERE = "111122223333"

#: botocore's name of a service, an operation of it, and the IAM action of that operation. These
#: services are signed for by another name than that, or share one.
SIGNED_OTHERWISE = [
    ("cloudwatch", "describe_alarms", {}, "cloudwatch:DescribeAlarms"),
    ("stepfunctions", "list_state_machines", {}, "states:ListStateMachines"),
    ("resourcegroupstaggingapi", "get_resources", {}, "tag:GetResources"),
    ("elb", "describe_load_balancers", {}, "elasticloadbalancing:DescribeLoadBalancers"),
    ("elbv2", "describe_target_groups", {}, "elasticloadbalancing:DescribeTargetGroups"),
    ("emr", "list_clusters", {}, "elasticmapreduce:ListClusters"),
    ("efs", "describe_file_systems", {}, "elasticfilesystem:DescribeFileSystems"),
    ("sso-admin", "list_instances", {}, "sso:ListInstances"),
    ("ses", "list_identities", {}, "ses:ListIdentities"),
    ("sesv2", "list_email_identities", {}, "ses:ListEmailIdentities"),
    ("es", "list_domain_names", {}, "es:ListDomainNames"),
    ("opensearch", "list_domain_names", {}, "es:ListDomainNames"),
    ("service-quotas", "list_services", {}, "servicequotas:ListServices"),
    ("dynamodbstreams", "list_streams", {}, "dynamodb:ListStreams"),
    ("kinesisanalyticsv2", "list_applications", {}, "kinesisanalytics:ListApplications"),
    ("rds", "describe_db_instances", {}, "rds:DescribeDBInstances"),
    ("apigatewayv2", "get_apis", {}, "apigateway:GET"),
    ("amp", "list_workspaces", {}, "aps:ListWorkspaces"),
]


@pytest.mark.parametrize(
    "service, operation, params, action", SIGNED_OTHERWISE, ids=[row[0] for row in SIGNED_OTHERWISE]
)
def test_services_are_found_by_their_signing_names(world, service, operation, params, action):
    admin = getattr(world.lab.session().client(service), operation)
    if service != "service-quotas":  # moto has none of these operations
        assert world.lab.attempt(admin, **params).succeeded
    anna = getattr(world.user("anna").client(service), operation)
    refused = world.lab.attempt(anna, **params)
    assert refused.blocked_by == "identity" and action in refused.message
    ben = getattr(world.user("ben", allow(action)).client(service), operation)
    assert world.lab.attempt(ben, **params).blocked_by != "identity"


@pytest.fixture
def client(world):
    return world.lab.session().client


def test_eks_keeps_its_paths(client):
    eks, subnets = client("eks"), {"subnetIds": ["subnet-1", "subnet-2"]}
    role = f"arn:aws:iam::{HERE}:role/eks"
    eks.create_cluster(name="mine", roleArn=role, resourcesVpcConfig=subnets)
    assert eks.describe_cluster(name="mine")["cluster"]["name"] == "mine"
    eks.create_nodegroup(
        clusterName="mine", nodegroupName="few", nodeRole=role, subnets=["subnet-1"]
    )
    group = eks.describe_nodegroup(clusterName="mine", nodegroupName="few")["nodegroup"]
    assert group["nodegroupName"] == "few"
    assert eks.list_nodegroups(clusterName="mine", maxResults=5)["nodegroups"] == ["few"]


def test_route53_keeps_its_paths(client):
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name="example.com.", CallerReference="1")["HostedZone"]["Id"]
    assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == "example.com."
    record = {
        "Name": "www.example.com.",
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": '"a=1&b=2"'}],
    }
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert record in sets


def test_scheduler_keeps_its_paths(client):
    scheduler = client("scheduler")
    target = {"Arn": f"arn:aws:sqs:us-east-1:{HERE}:q", "RoleArn": f"arn:aws:iam::{HERE}:role/r"}
    arn = scheduler.create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target | {"Input": "x&Name=other&Action=DeleteSchedule&y"},
    )["ScheduleArn"]
    assert arn.endswith(":schedule/default/nightly")
    told = scheduler.get_schedule(Name="nightly")
    assert told["Name"] == "nightly"
    assert told["Target"]["Input"] == "x&Name=other&Action=DeleteSchedule&y"


def test_iot_keeps_its_paths(client):
    iot = client("iot")
    iot.create_thing(thingName="lamp")
    assert iot.describe_thing(thingName="lamp")["thingName"] == "lamp"


def test_appsync_keeps_its_paths(client):
    appsync = client("appsync")
    api = appsync.create_graphql_api(name="g", authenticationType="API_KEY")["graphqlApi"]["apiId"]
    assert appsync.get_graphql_api(apiId=api)["graphqlApi"]["name"] == "g"


def test_cloudfront_keeps_its_paths(client):
    cloudfront = client("cloudfront")
    made = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": "oac",
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]["Id"]
    found = cloudfront.get_origin_access_control(Id=made)["OriginAccessControl"]
    assert found["OriginAccessControlConfig"]["Name"] == "oac"


@pytest.mark.parametrize(
    "path, body, headers",
    [
        ("/clusters/mine?name=victim", b"", {}),
        ("/clusters/mine", b'{"name": "victim"}', {}),
        ("/clusters/mine", b'{"n\\u0061me": "victim"}', {}),
        ("/clusters/mine", b"name=victim", {}),
        ("/clusters/mine", b"&name=victim&", {"content-type": "text/plain"}),
        ("/clusters/mine?Action=DeleteCluster", b"", {}),
    ],
)
def test_a_rest_parameter_has_one_place(world, client, path, body, headers):
    """What the policies are asked about is what moto answers for."""
    role, subnets = f"arn:aws:iam::{HERE}:role/eks", {"subnetIds": ["subnet-1", "subnet-2"]}
    for name in ("mine", "victim"):
        client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig=subnets)
    status, text = signed(world.lab, "DELETE", path, body, headers, service="eks")
    assert status == 400 and "SandboxNotModelled" in text
    assert len(client("eks").list_clusters()["clusters"]) == 2


@pytest.mark.parametrize("body", [b"", b'{"x": "&name=v&Action=ListClusters&"}'])
def test_what_is_no_rest_parameter_decides_nothing(world, client, body):
    role, subnets = f"arn:aws:iam::{HERE}:role/eks", {"subnetIds": ["subnet-1", "subnet-2"]}
    for name in ("m", "v"):
        client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig=subnets)
    headers = {"name": "v", "action": "ListClusters"}
    status, _ = signed(world.lab, "DELETE", "/clusters/m", body, headers, service="eks")
    assert status == 200
    assert client("eks").list_clusters()["clusters"] == ["v"]


def test_nobody_reads_what_is_compressed(world, client):
    """moto would unpack it after the policies have been asked about an empty request."""
    headers = {
        "x-amz-target": "DynamoDB_20120810.DeleteTable",
        "content-type": "application/x-amz-json-1.0",
        "content-encoding": "gzip",
    }
    body = gzip.compress(b'{"TableName": "victim"}')
    status, text = signed(world.lab, "POST", "/", body, headers, service="dynamodb")
    assert status == 400 and "compressed requests" in text


def test_a_target_names_the_service_that_is_asked(world):
    for target in ("DynamoDB_20120810.ListStreams", "DynamoDBStreams_20120810.ListTables"):
        headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.0"}
        status, text = signed(world.lab, "POST", "/", b"{}", headers, service="dynamodb")
        assert status == 400 and "SandboxNotModelled" in text


def test_what_moto_has_not_is_said_by_the_sandbox(world, client, capfd):
    for service, operation in (
        ("rolesanywhere", "list_trust_anchors"),
        ("chime", "list_accounts"),
        ("account", "get_contact_information"),
    ):
        got = world.lab.attempt(getattr(client(service), operation))
        assert got.blocked_by == "not modelled" and service in got.message
    assert capfd.readouterr() == ("", "")


def test_events_are_of_the_service_that_signed(world, client):
    client("stepfunctions").create_activity(name="wait")
    client("ses").verify_email_identity(EmailAddress="a@example.com")
    client("sesv2").create_email_identity(EmailIdentity="b@example.com")
    activity, identity, second = world.lab.trail[-3:]
    assert activity["eventSource"] == "states.amazonaws.com"
    assert activity["responseElements"]["activityArn"].endswith(":activity:wait")
    assert identity["eventSource"] == second["eventSource"] == "ses.amazonaws.com"
    assert identity["requestParameters"] == {"emailAddress": "a@example.com"}
    assert second["requestParameters"] == {"emailIdentity": "b@example.com"}
