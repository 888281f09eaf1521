"""How boto3 creates and removes what deploy() knows: one class for each type of resource.

`create(clients, values)` returns the attributes that AWS tells; `remove` undoes it. The calls are
those of the AWS provider where it matters, so that the result equals what Terraform creates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from labhelpers.errors import SandboxOnly
from labhelpers.terraform.language.values import Attributes, Unknown

Clients = Callable[[str], Any]
Values = Mapping[str, Any]


class Maker(NamedTuple):
    """Creates and removes resources of one type."""

    create: Callable[[Clients, Values], dict[str, Any]]
    remove: Callable[[Clients, Values], object]


def _given(values: Values, **names: str) -> dict[str, Any]:
    """Return API parameters for the arguments that are set: _given(values, Path="path")."""
    found = {parameter: values.get(name) for parameter, name in names.items()}
    return {p: v for p, v in found.items() if v is not None and v is not Unknown and v != ""}


def _tags(values: Values) -> list[dict[str, str]]:
    tags = values.get("tags_all")
    tags = tags if isinstance(tags, Mapping) else values.get("tags") or {}
    return [{"Key": key, "Value": str(value)} for key, value in tags.items()]


def _tagged(values: Values) -> dict[str, Any]:
    return {"Tags": _tags(values)} if _tags(values) else {}


def _listed(value: Any) -> list:
    return value if isinstance(value, list) else [] if value in (None, Unknown) else [value]


def _create_role(clients: Clients, values: Values) -> dict[str, Any]:
    iam, name = clients("iam"), values["name"]
    names = {"Description": "description", "PermissionsBoundary": "permissions_boundary"}
    names |= {"Path": "path", "MaxSessionDuration": "max_session_duration"}
    trust = {"AssumeRolePolicyDocument": values["assume_role_policy"]}
    made = iam.create_role(RoleName=name, **trust, **_given(values, **names), **_tagged(values))
    for block in _listed(values.get("inline_policy")):
        if isinstance(block, Attributes) and block.get("policy"):
            what = {"PolicyName": block["name"], "PolicyDocument": block["policy"]}
            iam.put_role_policy(RoleName=name, **what)
    for arn in _listed(values.get("managed_policy_arns")):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return {"arn": made["Role"]["Arn"], "id": name, "unique_id": made["Role"]["RoleId"]}


def _remove_role(clients: Clients, values: Values) -> None:
    iam, name = clients("iam"), values["name"]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


def _create_policy(clients: Clients, values: Values) -> dict[str, Any]:
    names = _given(values, Path="path", Description="description")
    what = {"PolicyName": values["name"], "PolicyDocument": values["policy"]}
    made = clients("iam").create_policy(**what, **names, **_tagged(values))["Policy"]
    return {"arn": made["Arn"], "id": made["Arn"], "policy_id": made["PolicyId"]}


def _create_profile(clients: Clients, values: Values) -> dict[str, Any]:
    iam, name = clients("iam"), values["name"]
    paths = _given(values, Path="path")
    made = iam.create_instance_profile(InstanceProfileName=name, **paths, **_tagged(values))
    if values.get("role"):
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=values["role"])
    made = made["InstanceProfile"]
    return {"arn": made["Arn"], "id": name, "unique_id": made["InstanceProfileId"]}


def _remove_profile(clients: Clients, values: Values) -> None:
    iam, name = clients("iam"), values["name"]
    if values.get("role"):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=values["role"])
    iam.delete_instance_profile(InstanceProfileName=name)


def _create_bucket(clients: Clients, values: Values) -> dict[str, Any]:
    s3, name = clients("s3"), values["bucket"]
    region = s3.meta.region_name
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else where))
    if _tags(values):
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _tags(values)})
    return {"arn": f"arn:aws:s3:::{name}", "id": name}


def _remove_bucket(clients: Clients, values: Values) -> None:
    s3, name = clients("s3"), values["bucket"]
    if values.get("force_destroy"):
        for found in s3.list_objects_v2(Bucket=name).get("Contents", ()):
            s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)


def _block_public(clients: Clients, values: Values) -> dict[str, Any]:
    names = {
        "BlockPublicAcls": "block_public_acls",
        "IgnorePublicAcls": "ignore_public_acls",
        "BlockPublicPolicy": "block_public_policy",
        "RestrictPublicBuckets": "restrict_public_buckets",
    }
    what = {parameter: bool(values.get(name)) for parameter, name in names.items()}
    clients("s3").put_public_access_block(
        Bucket=values["bucket"], PublicAccessBlockConfiguration=what
    )
    return {"id": values["bucket"]}


def _unblock_public(clients: Clients, values: Values) -> None:
    with suppress(SandboxOnly):  # on a real account it stays as long as its bucket
        clients("s3").delete_public_access_block(Bucket=values["bucket"])


def _create_group(clients: Clients, values: Values) -> dict[str, Any]:
    ec2 = clients("ec2")
    what = {"GroupName": values["name"], "Description": values.get("description") or "Managed"}
    made = ec2.create_security_group(**what, **_given(values, VpcId="vpc_id"))["GroupId"]
    if _tags(values):
        ec2.create_tags(Resources=[made], Tags=_tags(values))
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    # As the provider does: the rule that AWS adds by itself goes.
    ec2.revoke_security_group_egress(GroupId=made, IpPermissions=everything)
    for name, call in (
        ("ingress", ec2.authorize_security_group_ingress),
        ("egress", ec2.authorize_security_group_egress),
    ):
        for rule in _listed(values.get(name)):
            call(GroupId=made, IpPermissions=[_permission(rule)])
    return {"id": made}


def _permission(rule: Values) -> dict[str, Any]:
    told = _given(rule, Description="description")
    found: dict[str, Any] = {"IpProtocol": str(rule["protocol"])}
    if found["IpProtocol"] != "-1":
        found |= {"FromPort": int(rule["from_port"]), "ToPort": int(rule["to_port"])}
    cidrs = [{"CidrIp": cidr, **told} for cidr in _listed(rule.get("cidr_blocks"))]
    more = [{"CidrIpv6": cidr, **told} for cidr in _listed(rule.get("ipv6_cidr_blocks"))]
    groups = [{"GroupId": group, **told} for group in _listed(rule.get("security_groups"))]
    pairs = {"IpRanges": cidrs, "Ipv6Ranges": more, "UserIdGroupPairs": groups}
    return found | {name: items for name, items in pairs.items() if items}


def _create_instance(clients: Clients, values: Values) -> dict[str, Any]:
    names = {"ImageId": "ami", "InstanceType": "instance_type", "SubnetId": "subnet_id"}
    names |= {"SecurityGroupIds": "vpc_security_group_ids", "UserData": "user_data"}
    what: dict[str, Any] = {**_given(values, **names), "MinCount": 1, "MaxCount": 1}
    if values.get("iam_instance_profile"):
        what["IamInstanceProfile"] = {"Name": values["iam_instance_profile"]}
    for block in _listed(values.get("metadata_options")):
        options = {"HttpTokens": "http_tokens", "HttpEndpoint": "http_endpoint"}
        what["MetadataOptions"] = _given(
            block, **options, HttpPutResponseHopLimit="http_put_response_hop_limit"
        )
    if _tags(values):
        what["TagSpecifications"] = [{"ResourceType": "instance", "Tags": _tags(values)}]
    made = clients("ec2").run_instances(**what)["Instances"][0]
    return {"id": made["InstanceId"], "private_ip": made.get("PrivateIpAddress")}


def _call(service: str, operation: str, **names: str) -> Callable[[Clients, Values], Any]:
    """Return a function that makes one call with arguments of the resource."""

    def called(clients: Clients, values: Values) -> dict[str, Any]:
        getattr(clients(service), operation)(**_given(values, **names))
        return {}

    return called


def _create_named(kind: str) -> Callable[[Clients, Values], dict[str, Any]]:
    def create(clients: Clients, values: Values) -> dict[str, Any]:
        call = getattr(clients("iam"), f"create_{kind.lower()}")
        tags = _tagged(values) if kind == "User" else {}
        path = _given(values, Path="path")
        made = call(**{f"{kind}Name": values["name"]}, **path, **tags)[kind]
        return {"arn": made["Arn"], "id": values["name"], "unique_id": made[f"{kind}Id"]}

    return create


def _create_key(clients: Clients, values: Values) -> dict[str, Any]:
    made = clients("iam").create_access_key(UserName=values["user"])["AccessKey"]
    return {"id": made["AccessKeyId"], "secret": made["SecretAccessKey"]}


def _create_oidc(clients: Clients, values: Values) -> dict[str, Any]:
    names = {"Url": "url", "ClientIDList": "client_id_list", "ThumbprintList": "thumbprint_list"}
    made = clients("iam").create_open_id_connect_provider(**_given(values, **names))
    return {"arn": made["OpenIDConnectProviderArn"], "id": made["OpenIDConnectProviderArn"]}


def _create_saml(clients: Clients, values: Values) -> dict[str, Any]:
    names = {"Name": "name", "SAMLMetadataDocument": "saml_metadata_document"}
    made = clients("iam").create_saml_provider(**_given(values, **names))
    return {"arn": made["SAMLProviderArn"], "id": made["SAMLProviderArn"]}


def _members(operation: str) -> Callable[[Clients, Values], dict[str, Any]]:
    def called(clients: Clients, values: Values) -> dict[str, Any]:
        for user in _listed(values.get("users")):
            getattr(clients("iam"), operation)(GroupName=values["group"], UserName=user)
        return {}

    return called


def _inline(kind: str) -> Maker:
    lower = kind.lower()
    names = {f"{kind}Name": lower, "PolicyName": "name"}
    put = _call("iam", f"put_{lower}_policy", PolicyDocument="policy", **names)
    return Maker(put, _call("iam", f"delete_{lower}_policy", **names))


def _attached(kind: str) -> Maker:
    lower = kind.lower()
    names = {f"{kind}Name": lower, "PolicyArn": "policy_arn"}
    attach = _call("iam", f"attach_{lower}_policy", **names)
    return Maker(attach, _call("iam", f"detach_{lower}_policy", **names))


def _terminate(clients: Clients, values: Values) -> None:
    clients("ec2").terminate_instances(InstanceIds=[values["id"]])


MAKERS = {
    "aws_iam_role": Maker(_create_role, _remove_role),
    "aws_iam_policy": Maker(_create_policy, _call("iam", "delete_policy", PolicyArn="arn")),
    "aws_iam_role_policy": _inline("Role"),
    "aws_iam_user_policy": _inline("User"),
    "aws_iam_group_policy": _inline("Group"),
    "aws_iam_role_policy_attachment": _attached("Role"),
    "aws_iam_user_policy_attachment": _attached("User"),
    "aws_iam_group_policy_attachment": _attached("Group"),
    "aws_iam_user": Maker(_create_named("User"), _call("iam", "delete_user", UserName="name")),
    "aws_iam_group": Maker(_create_named("Group"), _call("iam", "delete_group", GroupName="name")),
    "aws_iam_group_membership": Maker(
        _members("add_user_to_group"), _members("remove_user_from_group")
    ),
    "aws_iam_access_key": Maker(
        _create_key, _call("iam", "delete_access_key", UserName="user", AccessKeyId="id")
    ),
    "aws_iam_instance_profile": Maker(_create_profile, _remove_profile),
    "aws_iam_openid_connect_provider": Maker(
        _create_oidc,
        _call("iam", "delete_open_id_connect_provider", OpenIDConnectProviderArn="arn"),
    ),
    "aws_iam_saml_provider": Maker(
        _create_saml, _call("iam", "delete_saml_provider", SAMLProviderArn="arn")
    ),
    "aws_s3_bucket": Maker(_create_bucket, _remove_bucket),
    "aws_s3_bucket_policy": Maker(
        _call("s3", "put_bucket_policy", Bucket="bucket", Policy="policy"),
        _call("s3", "delete_bucket_policy", Bucket="bucket"),
    ),
    "aws_s3_bucket_public_access_block": Maker(_block_public, _unblock_public),
    "aws_s3_object": Maker(
        _call("s3", "put_object", Bucket="bucket", Key="key", Body="content"),
        _call("s3", "delete_object", Bucket="bucket", Key="key"),
    ),
    "aws_security_group": Maker(_create_group, _call("ec2", "delete_security_group", GroupId="id")),
    "aws_instance": Maker(_create_instance, _terminate),
}
