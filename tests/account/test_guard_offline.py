"""Every operation that boto3 knows of the lab's services, with made-up parameters, at the guard."""

from collections import Counter

import pytest

from labhelpers.account.fence.allowed import allowed, leaves
from labhelpers.account.fence.guard import SERVICES, Guard
from labhelpers.account.names import Names
from labhelpers.errors import LabError
from labhelpers.sandbox.interpret.models import service_model

OURS = "sts-lab-0a1b2c-"
#: By the ends of names: what others have in the same account, and some that hold our prefix.
FOREIGN = {
    "others": ("arn:aws:iam::123456789012:role/sts-lab/boss", "i-0123456789abcdef0", "theirs"),
    "elsewhere": ("arn:aws:iam::999999999999:policy/team", "AKIAIOSFODNN7EXAMPLE", "../theirs"),
    "ours inside": (
        f"arn:aws:iam::123456789012:role/{OURS}x/boss",
        f"x-{OURS}x",
        f"x/{OURS}x",
    ),
}
#: What names nothing: it looks, or makes one small thing of the run's own.
NAMELESS = {"iam:ListRoles", "iam:ListUsers", "s3:ListBuckets", "sts:GetAccessKeyInfo"}
NAMELESS |= {"ec2:DescribeInstances", "ec2:DescribeSubnets", "ec2:DescribeVpcs"}
NAMELESS |= {"ec2:DescribeSecurityGroups", "sts:GetCallerIdentity"}
NAMELESS |= {"ec2:RunInstances", "iam:CreateOpenIDConnectProvider"}
#: These mean whoever calls: an identity of the lab may look at itself.
OF_ONESELF = {"iam:GetUser", "iam:ListAccessKeys", "sts:GetFederationToken", "sts:GetSessionToken"}


def made_up(shape, name, foreign, everything, depth=0):
    """A value of a shape; with `everything`, of all its members and not the required ones only."""
    arn, id_, text = foreign
    if shape.type_name == "structure":
        members = shape.members if everything and depth < 4 else shape.required_members
        return {
            member: made_up(shape.members[member], member, foreign, everything, depth + 1)
            for member in members
        }
    if shape.type_name == "list":
        return [made_up(shape.member, name, foreign, everything, depth + 1)]
    if shape.type_name == "map":
        return {"k": made_up(shape.value, name, foreign, everything, depth + 1)}
    if shape.type_name == "string":
        named = arn if name.lower().endswith(("arn", "arns", "serialnumber")) else text
        return id_ if name.endswith(("Id", "Ids", "ID", "IDs", "Resources")) else named
    return {"boolean": True, "blob": b"x"}.get(shape.type_name, 1)


@pytest.mark.parametrize("administrator", [True, False])
@pytest.mark.parametrize("which", FOREIGN)
def test_no_operation_takes_what_is_others(which, administrator):
    """Whatever goes through is on the list, and names of others' things have become own names."""
    names = Names("0a1b2c", "123456789012")
    guard = Guard(names, "ap-northeast-2", "ami-1")
    counted, through = Counter(), set()
    for service in SERVICES:
        model = service_model(service)
        for operation in model.operation_names:
            shape = model.operation_model(operation).input_shape
            for everything in (False, True):
                given = made_up(shape, "", FOREIGN[which], everything) if shape else {}
                counted["asked"] += 1
                try:
                    guard.check(service, operation, given, administrator)
                    sent = names.request(service, operation, given)
                    guard.check_own(service, operation, sent, administrator)
                except LabError:
                    continue
                counted["through"] += 1
                through.add(f"{service}:{operation}")
                for path, value in leaves(sent):
                    kind = allowed()[f"{service}:{operation}"].get(path)
                    assert not kind or guard.owned.holds(kind, value), (operation, path, value)
    assert counted["asked"] > 1500 and through <= allowed().keys()
    if which == "elsewhere":  # no rewriting makes these names of the run
        assert through == NAMELESS | (set() if administrator else OF_ONESELF)
