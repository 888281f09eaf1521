"""EC2's resources, tags and PassRole, and the resources of other services."""

import pytest
from botocore.exceptions import ClientError
from scene import allow, deny, policy

ACCOUNT, REGION = "111122223333", "ap-northeast-2"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
AMI = f"arn:aws:ec2:{REGION}::image/*"
LAUNCH = [
    AMI,
    *(f"{EC2}:{kind}/*" for kind in ("network-interface", "security-group", "subnet", "volume")),
]
TRUST = policy(
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)


def launch(world, who, **more):
    given = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1, **more}
    return world.lab.attempt(who.client("ec2").run_instances, **given)


def test_every_resource_of_a_launch_must_be_allowed(world):
    whole = world.user("whole", allow("ec2:RunInstances", [*LAUNCH, f"{EC2}:instance/*"]))
    assert launch(world, whole).succeeded
    part = world.user("part", allow("ec2:RunInstances", LAUNCH))
    got = launch(world, part)
    assert (got.code, got.blocked_by) == ("UnauthorizedOperation", "identity")
    assert f"on resource: {EC2}:instance/*" in got.message


def test_instance_type_and_region(world):
    small = {"StringEquals": {"ec2:InstanceType": "t3.micro", "ec2:Region": REGION}}
    lea = world.user(
        "lea",
        allow("ec2:RunInstances", LAUNCH),
        allow("ec2:RunInstances", f"{EC2}:instance/*", Condition=small),
    )
    assert launch(world, lea, InstanceType="t3.micro").succeeded
    assert launch(world, lea, InstanceType="m5.24xlarge").blocked_by == "identity"


def test_tags_at_creation_need_create_tags_and_then_decide(world):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "blue"}]}]
    born = {"StringEquals": {"ec2:CreateAction": "RunInstances", "aws:RequestTag/team": "blue"}}
    mine = {"StringEquals": {"ec2:ResourceTag/team": "blue"}}
    lea = world.user(
        "lea",
        allow("ec2:RunInstances"),
        allow("ec2:CreateTags", f"{EC2}:instance/*", Condition=born),
        allow("ec2:TerminateInstances", Condition=mine),
    )
    other = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "red"}]}]
    got = launch(world, lea, TagSpecifications=other)
    assert got.blocked_by == "identity" and "ec2:CreateTags" in got.message
    tagged = launch(world, lea, TagSpecifications=tags).response["Instances"][0]["InstanceId"]
    bare = launch(world, lea).response["Instances"][0]["InstanceId"]
    end = lea.client("ec2").terminate_instances
    assert world.lab.attempt(end, InstanceIds=[bare]).code == "UnauthorizedOperation"
    assert not world.lab.attempt(end, InstanceIds=[tagged, bare]).allowed
    assert world.lab.attempt(end, InstanceIds=[tagged]).succeeded
    retag = lea.client("ec2").create_tags
    got = world.lab.attempt(retag, Resources=[bare], Tags=tags[0]["Tags"])
    assert got.code == "UnauthorizedOperation"  # ec2:CreateAction is absent here


def test_security_groups_by_id(world):
    admin = world.lab.client("ec2")
    one, two = (
        admin.create_security_group(GroupName=n, Description=n)["GroupId"] for n in ("one", "two")
    )
    lea = world.user(
        "lea", allow("ec2:AuthorizeSecurityGroupIngress", f"{EC2}:security-group/{one}")
    )
    call = lea.client("ec2").authorize_security_group_ingress
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    assert world.lab.attempt(call, GroupId=one, **rule).succeeded
    got = world.lab.attempt(call, GroupId=two, **rule)
    assert got.blocked_by == "identity" and two in got.message


def test_pass_role_is_checked_at_launch(world):
    iam = world.iam()
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    role = f"arn:aws:iam::{ACCOUNT}:role/app"
    lea = world.user("lea", allow("ec2:*"))
    got = launch(world, lea, IamInstanceProfile={"Name": "app"})
    assert got.code == "UnauthorizedOperation" and "iam:PassRole" in got.message
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    grant = policy(allow("iam:PassRole", role, Condition=to_ec2))
    iam.put_user_policy(UserName="lea", PolicyName="pass", PolicyDocument=grant)
    assert launch(world, lea, IamInstanceProfile={"Name": "app"}).succeeded


def test_dry_run(world):
    lea = world.user("lea", allow("ec2:*"), deny("ec2:TerminateInstances"))
    with pytest.raises(ClientError, match="DryRunOperation"):
        lea.client("ec2").run_instances(
            ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, DryRun=True
        )
    made = launch(world, lea).response["Instances"][0]["InstanceId"]
    end = lea.client("ec2").terminate_instances
    assert world.lab.attempt(end, InstanceIds=[made], DryRun=True).code == "UnauthorizedOperation"


def test_other_services_by_resource(world):
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/mine"
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:mine"
    lea = world.user("lea", allow("dynamodb:*", table), allow("sqs:*", queue))
    key = {"AttributeName": "id", "KeyType": "HASH"}
    shape = {
        "KeySchema": [key],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    db = lea.client("dynamodb")
    assert world.lab.attempt(db.create_table, TableName="mine", **shape).succeeded
    got = world.lab.attempt(db.create_table, TableName="yours", **shape)
    assert got.code == "AccessDeniedException" and "table/yours" in got.message
    put = db.put_item
    assert world.lab.attempt(put, TableName="mine", Item={"id": {"S": "1"}}).succeeded
    assert not world.lab.attempt(put, TableName="yours", Item={"id": {"S": "1"}}).allowed
    assert not world.lab.attempt(db.list_tables).allowed
    sqs = lea.client("sqs")
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    assert world.lab.attempt(sqs.send_message, QueueUrl=url, MessageBody="x").succeeded
    yours = world.lab.client("sqs").create_queue(QueueName="yours")["QueueUrl"]
    assert not world.lab.attempt(sqs.send_message, QueueUrl=yours, MessageBody="x").allowed
