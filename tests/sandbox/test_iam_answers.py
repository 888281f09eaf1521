"""What IAM answers and moto does not: AWS's own names, attachments, fields, pages."""

from __future__ import annotations

import pytest
from scene import World, allow, deny, policy, trusts

from labhelpers import open_lab
from labhelpers.sandbox.state import iam as state

ACCOUNT = "111122223333"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ECS = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
BUCKETS = policy(allow("s3:ListAllMyBuckets"))


@pytest.fixture(scope="module")
def world():
    with open_lab() as lab:
        yield World(lab)


@pytest.fixture(scope="module")
def iam(world):
    return world.iam()


def told(world, call, **parameters):
    got = world.lab.attempt(call, **parameters)
    return got.code, got.message


def managed(iam, name, path="/"):
    created = iam.create_policy(PolicyName=name, Path=path, PolicyDocument=BUCKETS)
    return created["Policy"]["Arn"]


PROTECTED = [
    # method, parameters beside RoleName
    ("attach_role_policy", {"PolicyArn": READ_ONLY}),
    ("detach_role_policy", {"PolicyArn": READ_ONLY}),
    ("put_role_policy", {"PolicyName": "p", "PolicyDocument": BUCKETS}),
    ("delete_role_policy", {"PolicyName": "p"}),
    ("delete_role", {}),
    ("update_role", {"MaxSessionDuration": 7200}),
    ("update_assume_role_policy", {"PolicyDocument": policy(trusts(ROOT))}),
    ("put_role_permissions_boundary", {"PermissionsBoundary": READ_ONLY}),
    ("delete_role_permissions_boundary", {}),
]


@pytest.mark.parametrize(("method", "more"), PROTECTED, ids=[row[0] for row in PROTECTED])
def test_roles_of_aws_are_protected(world, iam, method, more):
    """UnmodifiableEntity, for roles of Identity Center and service-linked ones alike."""
    for path in ("/aws-reserved/sso.amazonaws.com/", "/aws-service-role/ecs.amazonaws.com/"):
        name = f"Of_{method[:40]}_{path[5:8]}"
        state.iam_backend(ACCOUNT).create_role(
            name, policy(trusts(ROOT)), path, None, "", [], "3600"
        )
        assert told(world, getattr(iam, method), RoleName=name, **more) == (
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{name}' - this role is only "
            "modifiable by AWS",
        )
        assert iam.get_role(RoleName=name)["Role"]["Path"] == path


def test_paths_of_aws_are_not_given_away(world, iam):
    document = policy(trusts(ROOT))
    role = {"RoleName": "mine", "AssumeRolePolicyDocument": document}
    path = "/aws-service-role/ecs.amazonaws.com/"
    text = "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles"
    assert told(world, iam.create_role, Path=path, **role) == ("InvalidInput", text)
    assert told(world, iam.create_user, Path="/aws-reserved/", UserName="mine")[0] == "InvalidInput"


def test_awss_policies_are_its_own(world, iam):
    change = {"PolicyArn": READ_ONLY, "PolicyDocument": BUCKETS}
    outside = ("AccessDenied", "Policy is outside your own account.")
    assert told(world, iam.create_policy_version, **change) == outside
    assert told(world, iam.delete_policy, PolicyArn=READ_ONLY) == outside
    world.role("customer", trusts(ROOT))
    text = "Cannot attach a Service Role Policy to a Customer Role."
    got = told(world, iam.attach_role_policy, RoleName="customer", PolicyArn=ECS)
    assert got == ("PolicyNotAttachable", text)


@pytest.mark.parametrize("kind", ["Role", "User", "Group"])
def test_ten_managed_policies(world, iam, kind):
    """Attached twice counts once; the eleventh is too many."""
    holder = {f"{kind}Name": f"ten-{kind}"}
    trust = {"AssumeRolePolicyDocument": policy(trusts(ROOT))} if kind == "Role" else {}
    getattr(iam, f"create_{kind.lower()}")(**holder, **trust)
    attach = getattr(iam, f"attach_{kind.lower()}_policy")
    arns = [managed(iam, f"{kind}{number}") for number in range(11)]
    for arn in [*arns[:10], arns[0]]:
        attach(PolicyArn=arn, **holder)
    text = f"Cannot exceed quota for PoliciesPer{kind}: 10"
    assert told(world, attach, PolicyArn=arns[10], **holder) == ("LimitExceeded", text)
    getattr(iam, f"detach_{kind.lower()}_policy")(PolicyArn=arns[0], **holder)
    iam.delete_policy(PolicyArn=arns[0])


@pytest.mark.parametrize("kind", ["role", "user", "group"])
def test_inline_policies_that_are_not_there(world, iam, kind):
    name = {f"{kind.title()}Name": f"inline-{kind}"}
    trust = {"AssumeRolePolicyDocument": policy(trusts(ROOT))} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **trust)
    text = f"The {kind} policy with name q cannot be found."
    for verb in ("get", "delete"):
        call = getattr(iam, f"{verb}_{kind}_policy")
        assert told(world, call, PolicyName="q", **name) == ("NoSuchEntity", text)


def test_policies_that_are_not_there(world, iam):
    gone = f"arn:aws:iam::{ACCOUNT}:policy/gone"
    assert told(world, iam.get_policy, PolicyArn=gone)[1] == f"Policy {gone} was not found."
    world.user("attacher")
    parameters = {"UserName": "attacher", "PolicyArn": gone}
    text = f"Policy {gone} does not exist or is not attachable."
    assert told(world, iam.attach_user_policy, **parameters) == ("NoSuchEntity", text)
    not_an_arn = {"PolicyArn": "ReadOnlyAccess-of-somebody"}
    refusal = ("ValidationError", "Invalid ARN:  Could not be parsed!")
    assert told(world, iam.get_policy, **not_an_arn) == refusal
    assert told(world, iam.attach_user_policy, UserName="attacher", **not_an_arn) == refusal


def test_a_boundary_keeps_its_policy(world, iam):
    """While it is somebody's permissions boundary a policy stays, and says whose it is."""
    arn = managed(iam, "ceiling")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 0
    iam.create_user(UserName="bounded", PermissionsBoundary=arn)
    world.role("bounded", trusts(ROOT), PermissionsBoundary=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 2
    text = "Cannot delete a policy attached to entities."
    shown = iam.get_role(RoleName="bounded")["Role"]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    iam.delete_user_permissions_boundary(UserName="bounded")
    assert told(world, iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", text)
    iam.delete_role_permissions_boundary(RoleName="bounded")
    iam.delete_policy(PolicyArn=arn)


def test_users_and_groups_go_last(world, iam):
    """IAM API Reference, DeleteUser and DeleteGroup; moto deletes a group with all that it has."""
    iam.create_group(GroupName="staff")
    iam.create_user(UserName="last")
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    attached = {"GroupName": "staff", "PolicyArn": arn}
    member = {"GroupName": "staff", "UserName": "last"}
    login = {"UserName": "last", "Password": "correct-Horse-7!"}
    inline = {"GroupName": "staff", "PolicyName": "p"}
    steps = [
        (iam.add_user_to_group, member, ("group", "user"), "remove users from group"),
        (
            iam.attach_group_policy,
            {"GroupName": "staff", "PolicyArn": arn},
            ("group",),
            "detach all policies",
        ),
        (iam.put_group_policy, inline | {"PolicyDocument": BUCKETS}, ("group",), "delete policies"),
        (iam.create_login_profile, login, ("user",), "delete login profile"),
    ]
    undo = [
        (iam.remove_user_from_group, member),
        (iam.detach_group_policy, attached),
        (iam.delete_group_policy, inline),
        (iam.delete_login_profile, {"UserName": "last"}),
    ]
    for (make, given, holders, what), (unmake, named) in zip(steps, undo, strict=True):
        make(**given)
        for kind in holders:
            name = {"group": {"GroupName": "staff"}, "user": {"UserName": "last"}}[kind]
            got = told(world, getattr(iam, f"delete_{kind}"), **name)
            assert got == ("DeleteConflict", f"Cannot delete entity, must {what} first.")
        unmake(**named)
    iam.delete_group(GroupName="staff")
    iam.delete_user(UserName="last")


def test_fields_of_answers(world, iam):
    """CreateRole says less than GetRole, lists say less than both, documents are decoded once."""
    escaped = {"StringLike": {"aws:PrincipalTag/x": "a%2Fb"}}
    document = policy(trusts(ROOT, Condition=escaped))
    created = iam.create_role(RoleName="fields", AssumeRolePolicyDocument=document)["Role"]
    assert {"MaxSessionDuration", "RoleLastUsed"}.isdisjoint(created)
    assert iam.get_role(RoleName="fields")["Role"]["MaxSessionDuration"] == 3600
    [listed] = [r for r in iam.list_roles()["Roles"] if r["RoleName"] == "fields"]
    assert listed["AssumeRolePolicyDocument"] == created["AssumeRolePolicyDocument"]
    arn = managed(iam, "of-a-user")
    made = iam.create_policy(PolicyName="counted", PolicyDocument=BUCKETS)["Policy"]
    assert made["PermissionsBoundaryUsageCount"] == 0
    iam.create_user(UserName="listed", PermissionsBoundary=arn)
    [user] = [u for u in iam.list_users()["Users"] if u["UserName"] == "listed"]
    assert "PermissionsBoundary" not in user
    assert iam.get_user(UserName="listed")["User"]["PermissionsBoundary"]


def test_tags_from_birth(iam):
    """Virtual MFA devices and instance profiles keep the tags that they are made with."""
    tags = [{"Key": "team", "Value": "red"}]
    iam.create_virtual_mfa_device(VirtualMFADeviceName="tagged", Tags=tags)
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/tagged"
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == tags
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "floor", "Value": "2"}])
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["team"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "floor", "Value": "2"}]


def test_the_root_user_asks_who_it_is(world):
    root = world.lab.root_session().client("iam")
    user = root.get_user()["User"]
    assert (user["Arn"], user["UserId"]) == (ROOT, ACCOUNT)
    assert "UserName" not in user
    assert world.lab.attempt(root.list_access_keys).code == "SandboxNotModelled"


def test_service_linked_roles(world, iam):
    """AWS names them, trusts one service, attaches its policy, and deletes them by a task."""
    role = iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")["Role"]
    arn = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    assert (role["RoleName"], role["Arn"]) == ("AWSServiceRoleForECS", arn)
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ecs.amazonaws.com"}
    assert statement["Action"] == "sts:AssumeRole"
    attached = iam.list_attached_role_policies(RoleName="AWSServiceRoleForECS")
    assert attached["AttachedPolicies"] == [
        {"PolicyName": "AmazonECSServiceRolePolicy", "PolicyArn": ECS}
    ]
    taken = "Service role name AWSServiceRoleForECS has been taken in this account, please try"
    got = told(world, iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")
    assert got == ("InvalidInput", f"{taken} a different suffix.")
    spot = {"AWSServiceName": "spot.amazonaws.com", "CustomSuffix": "x"}
    got = told(world, iam.create_service_linked_role, **spot)
    assert got == ("InvalidInput", "Custom suffix is not allowed for spot.amazonaws.com")
    scaling = {"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "x"}
    name = iam.create_service_linked_role(**scaling)["Role"]["RoleName"]
    assert name == "AWSServiceRoleForAutoScaling_x"
    unknown = {"AWSServiceName": "nobody.amazonaws.com"}
    assert told(world, iam.create_service_linked_role, **unknown)[0] == "SandboxNotModelled"
    world.role("of-a-customer", trusts(ROOT))
    got = told(world, iam.delete_service_linked_role, RoleName="of-a-customer")
    assert got[0] == "NoSuchEntity"
    task = iam.delete_service_linked_role(RoleName="AWSServiceRoleForECS")["DeletionTaskId"]
    assert task.startswith("task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/")
    status = iam.get_service_linked_role_deletion_status(DeletionTaskId=task)
    assert status["Status"] == "SUCCEEDED"
    assert iam.get_policy(PolicyArn=ECS)["Policy"]["AttachmentCount"] == 0


def test_who_may_make_service_linked_roles(world):
    """The usual permission: the role's ARN, and iam:AWSServiceName."""
    arn = "arn:aws:iam::*:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
    only = {"StringLike": {"iam:AWSServiceName": "rds.amazonaws.com"}}
    grant = allow("iam:CreateServiceLinkedRole", arn, Condition=only)
    create = world.user("linker", grant).client("iam").create_service_linked_role
    assert told(world, create, AWSServiceName="spot.amazonaws.com")[0] == "AccessDenied"
    assert world.lab.attempt(create, AWSServiceName="rds.amazonaws.com").succeeded


def test_the_whole_account_in_pages():
    """Names and ids of managed policies, the account's own before AWS's; MaxItems and Marker.

    The last test: its lab ends that of the others.
    """
    with open_lab() as lab:
        world = World(lab)
        iam = world.iam()
        arn = managed(iam, "own", "/team/")
        world.user("lea", deny("s3:*"))
        iam.attach_user_policy(UserName="lea", PolicyArn=arn)
        world.role("r", trusts(ROOT, Condition={"StringLike": {"aws:username": "%25"}}))
        whole = {"UserDetailList": [], "RoleDetailList": [], "Policies": []}
        pages = iam.get_paginator("get_account_authorization_details")
        for page in pages.paginate(PaginationConfig={"PageSize": 1000}):
            for name, items in whole.items():
                items += page[name]
        [lea] = [user for user in whole["UserDetailList"] if user["UserName"] == "lea"]
        assert lea["AttachedManagedPolicies"] == [{"PolicyName": "own", "PolicyArn": arn}]
        assert lea["UserPolicyList"][0]["PolicyDocument"]["Statement"] == [deny("s3:*")]
        [role] = whole["RoleDetailList"]
        assert "%25" in str(role["AssumeRolePolicyDocument"])
        assert whole["Policies"][0]["PolicyName"] == "own"
        assert whole["Policies"][0]["PolicyId"].startswith("ANPA")
        assert len(whole["Policies"]) == 1583
        first = iam.get_account_authorization_details(MaxItems=1, Filter=["User"])
        assert (len(first["UserDetailList"]), first["IsTruncated"]) == (1, True)
        assert first["Policies"] == []
        wrong = lab.attempt(iam.get_account_authorization_details, Marker="x")
        assert wrong.code == "ValidationError"


def test_the_boundary_of_what_is_created_is_the_requests(lab):
    """That something of this name has one already does not count."""
    world, iam = World(lab), lab.client("iam")
    bound = {"StringEquals": {"iam:PermissionsBoundary": READ_ONLY}}
    bob = world.user("bounding", allow("iam:Create*", Condition=bound)).client("iam")
    for kind in ("user", "role"):
        name = {f"{kind.title()}Name": f"there-{kind}"}
        trust = {"AssumeRolePolicyDocument": trusts(ROOT)} if kind == "role" else {}
        if kind == "role":
            world.role(f"there-{kind}", trusts(ROOT), PermissionsBoundary=READ_ONLY)
            trust = {"AssumeRolePolicyDocument": policy(trusts(ROOT))}
        else:
            iam.create_user(**name, PermissionsBoundary=READ_ONLY)
        create = getattr(bob, f"create_{kind}")
        assert world.lab.attempt(create, **name, **trust).outcome == "ImplicitlyDenied"
        repeated = world.lab.attempt(create, **name, **trust, PermissionsBoundary=READ_ONLY)
        assert repeated.code == "EntityAlreadyExists"
