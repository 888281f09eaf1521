"""What a denial names: action, resource and policy, each as AWS's own words have it.

Source: AWS_RECORDED C1 to C4 (a sweep over 24 services and logs of 2025 and 2026).
"""

import pytest
from scene import allow, deny, policy, reason, trusts

HERE, REGION = "111122223333", "ap-northeast-2"
IAM = f"arn:aws:iam::{HERE}"
ADMIN = f"{IAM}:user/lab-admin"
NONE = ""

# (client, method, parameters, action as named, resource as named)
NAMED = [
    ("iam", "get_role", {"RoleName": "r"}, "iam:GetRole", "role r"),
    ("iam", "list_role_tags", {"RoleName": "r"}, "iam:ListRoleTags", "role r"),
    ("iam", "get_user", {"UserName": "lab-admin"}, "iam:GetUser", "user lab-admin"),
    ("iam", "create_access_key", {"UserName": "x"}, "iam:CreateAccessKey", "user x"),
    ("iam", "delete_role", {"RoleName": "gone"}, "iam:DeleteRole", "role gone"),
    ("iam", "get_group", {"GroupName": "g"}, "iam:GetGroup", "group g"),
    ("iam", "get_instance_profile", {"InstanceProfileName": "p"}, "iam:GetInstanceProfile")
    + ("instance profile p",),
    ("iam", "attach_role_policy", {"RoleName": "r", "PolicyArn": f"{IAM}:policy/p"})
    + ("iam:AttachRolePolicy", "role r"),
    ("iam", "put_user_policy", {"UserName": "u", "PolicyName": "p"} | {"PolicyDocument": "{}"})
    + ("iam:PutUserPolicy", "user u"),
    ("iam", "get_policy", {"PolicyArn": f"{IAM}:policy/a/p"}, "iam:GetPolicy")
    + (f"policy {IAM}:policy/a/p",),
    ("iam", "create_policy", {"PolicyName": "p", "PolicyDocument": "{}"}, "iam:CreatePolicy")
    + ("policy p",),
    ("iam", "create_role", {"RoleName": "new", "Path": "/a/", "AssumeRolePolicyDocument": "{}"})
    + ("iam:CreateRole", f"{IAM}:role/a/new"),
    ("iam", "create_user", {"UserName": "new"}, "iam:CreateUser", f"{IAM}:user/new"),
    ("iam", "create_group", {"GroupName": "new"}, "iam:CreateGroup", f"{IAM}:group/new"),
    ("iam", "put_role_permissions_boundary")
    + ({"RoleName": "r", "PermissionsBoundary": f"{IAM}:policy/b"},)
    + ("iam:PutRolePermissionsBoundary", f"{IAM}:role/path/r"),
    ("iam", "create_virtual_mfa_device", {"VirtualMFADeviceName": "m"})
    + ("iam:CreateVirtualMFADevice", f"{IAM}:mfa/m"),
    ("iam", "list_users", {}, "iam:ListUsers", f"{IAM}:user/"),
    ("iam", "list_roles", {"PathPrefix": "/a/"}, "iam:ListRoles", f"{IAM}:role/a/"),
    ("iam", "list_groups", {}, "iam:ListGroups", f"{IAM}:group/"),
    ("iam", "list_policies", {}, "iam:ListPolicies", "policy path /"),
    ("iam", "list_account_aliases", {}, "iam:ListAccountAliases", "*"),
    ("kms", "list_keys", {}, "kms:ListKeys", "*"),
    ("kms", "create_key", {}, "kms:CreateKey", "*"),
    ("ecs", "list_clusters", {}, "ecs:ListClusters", "*"),
    ("ecr", "get_authorization_token", {}, "ecr:GetAuthorizationToken", "*"),
    ("lambda", "list_functions", {}, "lambda:ListFunctions", "*"),
    ("cognito-idp", "list_user_pools", {"MaxResults": 1}, "cognito-idp:ListUserPools", "*"),
    ("ssm", "describe_parameters", {}, "ssm:DescribeParameters", f"arn:aws:ssm:{REGION}:{HERE}:*"),
    ("ssm", "get_parameter", {"Name": "/a/b"}, "ssm:GetParameter")
    + (f"arn:aws:ssm:{REGION}:{HERE}:parameter/a/b",),
    ("dynamodb", "list_tables", {}, "dynamodb:ListTables")
    + (f"arn:aws:dynamodb:{REGION}:{HERE}:table/*",),
    ("ecr", "describe_repositories", {}, "ecr:DescribeRepositories")
    + (f"arn:aws:ecr:{REGION}:{HERE}:repository/*",),
    ("eks", "list_clusters", {}, "eks:ListClusters", f"arn:aws:eks:{REGION}:{HERE}:cluster/*"),
    ("rds", "describe_db_instances", {}, "rds:DescribeDBInstances")
    + (f"arn:aws:rds:{REGION}:{HERE}:db:*",),
    ("logs", "describe_log_groups", {}, "logs:DescribeLogGroups")
    + (f"arn:aws:logs:{REGION}:{HERE}:log-group::log-stream:",),
    ("sqs", "list_queues", {}, "sqs:listqueues", f"arn:aws:sqs:{REGION}:{HERE}:"),
    ("sqs", "send_message", {"QueueUrl": f"http://x/{HERE}/q", "MessageBody": "m"})
    + ("sqs:sendmessage", f"arn:aws:sqs:{REGION}:{HERE}:q"),
    ("sns", "list_topics", {}, "SNS:ListTopics", f"arn:aws:sns:{REGION}:{HERE}:*"),
    ("sns", "publish", {"TopicArn": f"arn:aws:sns:{REGION}:{HERE}:t", "Message": "m"})
    + ("SNS:Publish", f"arn:aws:sns:{REGION}:{HERE}:t"),
    ("secretsmanager", "get_secret_value", {"SecretId": "db"}, "secretsmanager:GetSecretValue")
    + ("db",),
    ("secretsmanager", "list_secrets", {}, "secretsmanager:ListSecrets", NONE),
    ("codebuild", "list_projects", {}, "codebuild:ListProjects", NONE),
    ("cloudfront", "list_distributions", {}, "cloudfront:ListDistributions", NONE),
    ("s3", "list_buckets", {}, "s3:ListAllMyBuckets", NONE),
    ("sts", "get_access_key_info", {"AccessKeyId": "AKIAQQQQQQQQQQQQQQQQ"})
    + ("sts:GetAccessKeyInfo", NONE),
    ("sts", "decode_authorization_message", {"EncodedMessage": "x"})
    + ("sts:DecodeAuthorizationMessage", NONE),
]


def test_what_denials_name(world):
    world.role("r", trusts(ADMIN), Path="/path/")
    nobody = world.user("nobody")
    for service, method, parameters, action, resource in NAMED:
        documents = {k: policy(allow("*")) for k in parameters if k == "PolicyDocument"}
        if "AssumeRolePolicyDocument" in parameters:
            documents["AssumeRolePolicyDocument"] = policy(trusts(ADMIN))
        got = world.lab.attempt(getattr(nobody.client(service), method), **parameters | documents)
        where = f" on resource: {resource}" if resource else ""
        assert reason(got.message) == (
            f"User: {IAM}:user/nobody is not authorized to perform: {action}{where} "
            f"because no identity-based policy allows the {action} action"
        ), method
        assert got.blocked_by == "identity"


def test_roles_that_are_passed_and_tags_at_creation(world):
    """PassRole names the ARN; tags are named as the call that sets them names its resource."""
    role = world.role("r", trusts(ADMIN))
    iam = world.user("nobody", allow(("iam:CreateRole", "iam:CreatePolicy"))).client("iam")
    tags = [{"Key": "a", "Value": "b"}]
    trust, document = policy(trusts(ADMIN)), policy(allow("s3:*"))
    got = world.lab.attempt(
        iam.create_role, RoleName="n", AssumeRolePolicyDocument=trust, Tags=tags
    )
    assert f"iam:TagRole on resource: {IAM}:role/n " in got.message
    got = world.lab.attempt(iam.create_policy, PolicyName="n", PolicyDocument=document, Tags=tags)
    assert "iam:TagPolicy on resource: policy n " in got.message
    adder = world.user("adder", allow("iam:AddRoleToInstanceProfile")).client("iam")
    add = adder.add_role_to_instance_profile
    got = world.lab.attempt(add, InstanceProfileName="p", RoleName="r")
    assert f"iam:PassRole on resource: {role} " in got.message


def test_a_policy_on_all_users_lets_list_users_through(world):
    """AWS asks ListUsers on user/, and on the path of its PathPrefix."""
    lea = world.user("lea", allow("iam:List*", f"{IAM}:user/*")).client("iam")
    assert world.lab.attempt(lea.list_users).succeeded
    assert world.lab.attempt(lea.list_users, PathPrefix="/a/").succeeded
    assert not world.lab.attempt(lea.list_roles).allowed
    narrow = world.user("narrow", allow("iam:ListUsers", f"{IAM}:user/a/*")).client("iam")
    assert not world.lab.attempt(narrow.list_users).allowed
    assert world.lab.attempt(narrow.list_users, PathPrefix="/a/").succeeded


def test_organizations_has_a_sentence_of_its_own(world):
    nobody = world.user("nobody", deny("organizations:ListRoots")).client("organizations")
    for call in (nobody.describe_organization, nobody.list_roots):
        got = world.lab.attempt(call)
        assert got.code == "AccessDeniedException"
        assert got.message == "You don't have permissions to access this resource."
    assert got.blocked_by == "identity" and got.outcome == "ExplicitlyDenied"


class TestExplicitDeniesNameThePolicy:
    """Managed policies, boundaries and service control policies by ARN, no others."""

    def managed(self, world, *statements, name="no"):
        made = world.iam().create_policy(PolicyName=name, PolicyDocument=policy(*statements))
        return made["Policy"]["Arn"]

    def test_managed_policy(self, world):
        arn = self.managed(world, deny("sqs:*"), deny("iam:ListUsers"), deny("ec2:*"))
        lea = world.user("lea", allow("*"))
        world.iam().attach_user_policy(UserName="lea", PolicyArn=arn)
        words = f"with an explicit deny in an identity-based policy: {arn}"
        got = world.lab.attempt(lea.client("iam").list_users).message
        assert reason(got).endswith(words)
        assert world.lab.attempt(lea.client("sqs").list_queues).message.endswith(words)
        got = world.lab.attempt(lea.client("ec2").describe_instances).message
        assert f"{words}. Encoded authorization failure message: " in got

    def test_boundary(self, world):
        arn = self.managed(world, allow("*"), deny("iam:ListUsers"), name="b")
        lea = world.user("lea", allow("*"))
        world.iam().put_user_permissions_boundary(UserName="lea", PermissionsBoundary=arn)
        got = world.lab.attempt(lea.client("iam").list_users).message
        assert reason(got).endswith(f"with an explicit deny in a permissions boundary: {arn}")

    @pytest.mark.parametrize("kind", ["inline", "session", "resource"])
    def test_policies_without_an_arn(self, world, kind):
        world.bucket("reports")
        statements = [allow("*")] + ([deny("s3:ListBucket")] if kind == "inline" else [])
        role = world.role("r", trusts(ADMIN), permissions=statements)
        more = {"Policy": policy(allow("*"), deny("s3:ListBucket"))} if kind == "session" else {}
        if kind == "resource":
            stop = deny("s3:ListBucket", "arn:aws:s3:::reports", Principal={"AWS": role})
            s3 = world.lab.client("s3")
            s3.put_bucket_policy(Bucket="reports", Policy=policy(stop))
        taken = world.assume(world.lab.session(), role, **more)
        s3 = world.lab.session_from(taken.response).client("s3")
        got = world.lab.attempt(s3.list_objects_v2, Bucket="reports")
        name = {"inline": "an identity-based", "session": "a session"}.get(kind, "a resource-based")
        assert got.message.endswith(f"with an explicit deny in {name} policy")
