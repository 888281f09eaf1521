"""A Deny on an EC2 resource holds however a request names it: by an association, an attachment, an
address, another parameter's name or a launch template."""

import re

import pytest
from moto.core.utils import camelcase_to_underscores
from moto.ec2.responses import EC2Response
from moto.ec2.utils import EC2_RESOURCE_TO_PREFIX as PREFIXES
from scene import World, allow, deny, policy

from labhelpers.sandbox.interpret.ec2_resources import created, touched
from labhelpers.sandbox.interpret.models import action_details, service_model
from labhelpers.sandbox.interpret.resource_arns import templates

ACCOUNT, REGION = "111122223333", "ap-northeast-2"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
TRUST = policy(
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
IMAGE = "ami-0123456789abcdef0"


@pytest.fixture(scope="module")
def scene():
    """A world with one of everything, and what its ids are."""
    from labhelpers import open_lab

    with open_lab("sandbox") as lab:
        world = World(lab)
        ec2, iam = lab.client("ec2"), world.iam()
        ids = {}
        ids["vpc"] = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        ids["peer"] = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        made = ec2.create_vpc_peering_connection(VpcId=ids["vpc"], PeerVpcId=ids["peer"])
        ids["pcx"] = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        ids["subnet"] = ec2.create_subnet(VpcId=ids["vpc"], CidrBlock="10.0.1.0/24")["Subnet"][
            "SubnetId"
        ]
        ids["table"] = ec2.create_route_table(VpcId=ids["vpc"])["RouteTable"]["RouteTableId"]
        ids["rtbassoc"] = ec2.associate_route_table(
            RouteTableId=ids["table"], SubnetId=ids["subnet"]
        )["AssociationId"]
        acls = ec2.describe_network_acls()["NetworkAcls"]
        acl = next(
            a for a in acls if any(x["SubnetId"] == ids["subnet"] for x in a["Associations"])
        )
        ids["acl"] = acl["NetworkAclId"]
        ids["aclassoc"] = next(
            x["NetworkAclAssociationId"]
            for x in acl["Associations"]
            if x["SubnetId"] == ids["subnet"]
        )
        ids["newacl"] = ec2.create_network_acl(VpcId=ids["vpc"])["NetworkAcl"]["NetworkAclId"]
        ids["gateway"] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        for name in ("app", "other"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
            iam.create_instance_profile(InstanceProfileName=name)
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
        run = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]
        ids["instance"] = run["InstanceId"]
        ids["iip"] = ec2.associate_iam_instance_profile(
            InstanceId=ids["instance"], IamInstanceProfile={"Name": "app"}
        )["IamInstanceProfileAssociation"]["AssociationId"]
        ids["eni"] = ec2.create_network_interface(SubnetId=ids["subnet"])["NetworkInterface"][
            "NetworkInterfaceId"
        ]
        ids["attach"] = ec2.attach_network_interface(
            NetworkInterfaceId=ids["eni"], InstanceId=ids["instance"], DeviceIndex=1
        )["AttachmentId"]
        address = ec2.allocate_address(Domain="vpc")
        ids["eip"], ids["ip"] = address["AllocationId"], address["PublicIp"]
        ids["eipassoc"] = ec2.associate_address(
            AllocationId=ids["eip"], InstanceId=ids["instance"]
        )["AssociationId"]
        ids["group"] = ec2.create_security_group(GroupName="g", Description="g", VpcId=ids["vpc"])[
            "GroupId"
        ]
        ids["endpoint"] = ec2.create_vpc_endpoint(
            VpcId=ids["vpc"], ServiceName=f"com.amazonaws.{REGION}.s3", RouteTableIds=[]
        )["VpcEndpoint"]["VpcEndpointId"]
        ids["key"] = ec2.create_key_pair(KeyName="k")["KeyPairId"]
        ids["volume"] = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        ec2.attach_volume(VolumeId=ids["volume"], InstanceId=ids["instance"], Device="/dev/sdg")
        ids["template"] = ec2.create_launch_template(
            LaunchTemplateName="t",
            LaunchTemplateData={
                "ImageId": IMAGE,
                "InstanceType": "m5.24xlarge",
                "IamInstanceProfile": {"Name": "app"},
            },
        )["LaunchTemplate"]["LaunchTemplateId"]
        ids["flow"] = ec2.create_flow_logs(
            ResourceIds=[ids["vpc"]],
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName="g",
            DeliverLogsPermissionArn=f"arn:aws:iam::{ACCOUNT}:role/app",
        )["FlowLogIds"][0]
        yield world, ids


ENTRY = {"RuleNumber": 9, "Protocol": "-1", "RuleAction": "deny", "Egress": False}
#: Operation, parameters ({x} is an id), and the resource on which it is denied.
NAMED = [
    ("replace_iam_instance_profile_association", {"AssociationId": "{iip}",
     "IamInstanceProfile": {"Name": "other"}}, "instance/{instance}"),
    ("disassociate_iam_instance_profile", {"AssociationId": "{iip}"}, "instance/{instance}"),
    ("create_network_acl_entry", {"NetworkAclId": "{acl}", "CidrBlock": "0.0.0.0/0", **ENTRY},
     "network-acl/{acl}"),
    ("replace_network_acl_entry", {"NetworkAclId": "{acl}", "CidrBlock": "0.0.0.0/0", **ENTRY},
     "network-acl/{acl}"),
    ("delete_network_acl_entry", {"NetworkAclId": "{acl}", "RuleNumber": 9, "Egress": False},
     "network-acl/{acl}"),
    ("delete_network_acl", {"NetworkAclId": "{newacl}"}, "network-acl/{newacl}"),
    ("replace_network_acl_association", {"AssociationId": "{aclassoc}", "NetworkAclId": "{newacl}"},
     "subnet/{subnet}"),
    ("replace_network_acl_association", {"AssociationId": "{aclassoc}", "NetworkAclId": "{newacl}"},
     "network-acl/{acl}"),
    ("disassociate_route_table", {"AssociationId": "{rtbassoc}"}, "route-table/{table}"),
    ("disassociate_route_table", {"AssociationId": "{rtbassoc}"}, "subnet/{subnet}"),
    ("replace_route_table_association", {"AssociationId": "{rtbassoc}", "RouteTableId": "{table}"},
     "subnet/{subnet}"),
    ("associate_route_table", {"RouteTableId": "{table}", "GatewayId": "{gateway}"},
     "internet-gateway/{gateway}"),
    ("detach_network_interface", {"AttachmentId": "{attach}"}, "network-interface/{eni}"),
    ("detach_network_interface", {"AttachmentId": "{attach}"}, "instance/{instance}"),
    ("accept_vpc_peering_connection", {"VpcPeeringConnectionId": "{pcx}"}, "vpc/{peer}"),
    ("disassociate_address", {"AssociationId": "{eipassoc}"}, "elastic-ip/{eip}"),
    ("disassociate_address", {"PublicIp": "{ip}"}, "elastic-ip/{eip}"),
    ("release_address", {"PublicIp": "{ip}"}, "elastic-ip/{eip}"),
    ("delete_flow_logs", {"FlowLogIds": ["{flow}"]}, "vpc-flow-log/{flow}"),
    ("create_flow_logs", {"ResourceIds": ["{subnet}"], "ResourceType": "Subnet",
     "TrafficType": "ALL", "LogGroupName": "g"}, "subnet/{subnet}"),
    ("modify_vpc_endpoint", {"VpcEndpointId": "{endpoint}", "AddRouteTableIds": ["{table}"]},
     "route-table/{table}"),
    ("delete_key_pair", {"KeyPairId": "{key}"}, "key-pair/k"),
    ("detach_volume", {"VolumeId": "{volume}"}, "instance/{instance}"),
    ("delete_security_group", {"GroupName": "g"}, "security-group/{group}"),
    ("run_instances", {"MinCount": 1, "MaxCount": 1, "LaunchTemplate": {"LaunchTemplateName": "t"}},
     "launch-template/{template}"),
    ("run_instances", {"MinCount": 1, "MaxCount": 1, "LaunchTemplate": {"LaunchTemplateName": "t"}},
     "image/" + IMAGE),
]  # fmt: skip


def filled(value, ids):
    if isinstance(value, dict):
        return {key: filled(inner, ids) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, ids) for inner in value]
    return value.format(**ids) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def anna(scene):
    world, _ = scene
    return world.user("anna").client("ec2")


@pytest.mark.parametrize(
    "operation, params, denied", NAMED, ids=[f"{r[0]}-{r[2].partition('/')[0]}" for r in NAMED]
)
def test_a_deny_holds_however_the_resource_is_named(scene, anna, operation, params, denied):
    world, ids = scene
    kind, _, id_ = denied.format(**ids).partition("/")
    arn = f"arn:aws:ec2:{REGION}:{'' if kind == 'image' else ACCOUNT}:{kind}/{id_}"
    action = "ec2:" + "".join(part.title() for part in operation.split("_"))
    document = policy(allow("*"), deny(action, arn))
    world.iam().put_user_policy(UserName="anna", PolicyName="p", PolicyDocument=document)
    got = world.lab.attempt(getattr(anna, operation), **filled(params, ids))
    assert got.code == "UnauthorizedOperation" and "explicit deny" in got.message
    assert arn in got.message


def test_a_launch_template_hands_its_role_over_and_chooses_the_type(scene, anna):
    world, ids = scene
    put = world.iam().put_user_policy
    call, given = anna.run_instances, {"MinCount": 1, "MaxCount": 1}
    given["LaunchTemplate"] = {"LaunchTemplateId": ids["template"]}
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("ec2:*")))
    got = world.lab.attempt(call, **given)
    assert "iam:PassRole" in got.message and f"arn:aws:iam::{ACCOUNT}:role/app" in got.message
    small = {"StringNotEquals": {"ec2:InstanceType": "t3.micro"}}
    only = deny("ec2:RunInstances", f"{EC2}:instance/*", Condition=small)
    put(UserName="anna", PolicyName="p", PolicyDocument=policy(allow("*"), only))
    assert not world.lab.attempt(call, **given).allowed
    assert world.lab.attempt(call, **given, InstanceType="t3.micro").succeeded


def test_what_is_passed_to_an_instance_is_associated_with_it(scene, anna):
    world, ids = scene
    here = {"ArnEquals": {"iam:AssociatedResourceArn": f"{EC2}:instance/{ids['instance']}"}}
    passing = allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/other", Condition=here)
    document = policy(allow("ec2:*"), passing)
    world.iam().put_user_policy(UserName="anna", PolicyName="p", PolicyDocument=document)
    given = {"IamInstanceProfile": {"Name": "other"}}
    launch = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
    assert "iam:PassRole" in world.lab.attempt(anna.run_instances, **launch, **given).message
    call = anna.replace_iam_instance_profile_association
    assert world.lab.attempt(call, AssociationId=ids["iip"], **given).succeeded


VOLUMES = [
    ([], False),
    ([{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 8}}], True),
    ([{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}], False),
    ([{"DeviceName": "/dev/sdf", "Ebs": {"Encrypted": True, "VolumeSize": 8}}], False),
    (
        [
            {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 8}},
            {"DeviceName": "/dev/sdf", "Ebs": {"Encrypted": False, "VolumeSize": 8}},
        ],
        False,
    ),
]


@pytest.mark.parametrize("mappings, allowed", VOLUMES)
def test_every_volume_of_a_launch_is_asked_about(scene, anna, mappings, allowed):
    world, _ = scene
    plain = {"Bool": {"ec2:Encrypted": "false"}}
    document = policy(allow("*"), deny("ec2:RunInstances", f"{EC2}:volume/*", Condition=plain))
    world.iam().put_user_policy(UserName="anna", PolicyName="p", PolicyDocument=document)
    got = world.lab.attempt(
        anna.run_instances, ImageId=IMAGE, MinCount=1, MaxCount=1, BlockDeviceMappings=mappings
    )
    assert got.allowed is allowed


#: Operations of moto's with a required resource that no parameter names: it stays unknown.
UNKNOWN = {
    "CreateFleet": {"instance"},  # refused by name
    "CreateSnapshots": {"volume"},  # all of an instance
    "RequestSpotFleet": {"spot-fleet-request"},  # refused by name
}
#: Where the parameter stands for its resources by an id of another kind (test above).
LOOKED_UP = {
    "AcceptVpcPeeringConnection",
    "DetachNetworkInterface",
    "DisassociateIamInstanceProfile",
    "DisassociateSubnetCidrBlock",
    "ReplaceIamInstanceProfileAssociation",
    "ReplaceNetworkAclAssociation",
}


def leaves(shape, path=(), seen=()):
    """The parameters of an operation as EC2's protocol spells them."""
    if shape.type_name == "structure" and shape.name not in seen:
        for member, inner in shape.members.items():
            told = inner.serialization
            name = told.get("queryName") or told.get("name", member)
            yield from leaves(inner, (*path, name[0].upper() + name[1:]), (*seen, shape.name))
    elif shape.type_name == "list":
        yield from leaves(shape.member, (*path, "1"), seen)
    elif shape.type_name != "structure":
        yield ".".join(path)


def an_id(name):
    """A value whose prefix is that of the parameter's own kind."""
    kinds = {"".join(p.title() for p in re.split("[-_]", k)): p for k, p in PREFIXES.items()}
    kinds |= {"FlowLog": "fl", "Service": "vpce-svc"}
    last = [part for part in name.split(".") if not part.isdigit()][-1]
    fitting = [kind for kind in kinds if kind in last]
    return f"{kinds[max(fitting, key=len)]}-1" if fitting else "x"


def test_every_operation_of_moto_can_tell_its_resources(scene):
    """Or says that it cannot: this list may only get shorter."""
    model, unknown = service_model("ec2"), {}
    for operation in model.operation_names:
        details = action_details("ec2", operation)
        if not details or operation in ("CreateTags", "DeleteTags"):
            continue
        if not hasattr(EC2Response, camelcase_to_underscores(operation)):
            continue
        shape = model.operation_model(operation).input_shape
        params = {name: an_id(name) for name in leaves(shape)} if shape else {}
        params.pop("GroupName", None)
        found = touched(operation, params, REGION, ACCOUNT)
        missing = {kind for kind, arn in found if arn is None}
        if missing and operation not in LOOKED_UP:
            unknown[operation] = missing
    assert unknown == UNKNOWN


def test_what_an_operation_makes_is_one_of_its_resources():
    for operation in service_model("ec2").operation_names:
        if action_details("ec2", operation):
            known = {kind for kind, _, _ in templates("ec2", operation)}
            assert set(created(operation)) <= known, operation
