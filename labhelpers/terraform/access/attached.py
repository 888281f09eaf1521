"""Which identity-based policies a role has: inline, attached, managed by AWS, as boundary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labhelpers.terraform.access.arguments import items_of, name_of, policy_text
from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource

INLINE, ATTACHED, BOUNDARY = "inline policy", "attached policy", "permissions boundary"


@dataclass(frozen=True, slots=True)
class Attached:
    """One policy of a role. `text` is Unknown for policies that are not in the files.

    `node` is an address, or the ARN of a policy from elsewhere; `aws` marks those of AWS.
    """

    node: str
    label: str
    text: Any
    how: str
    resource: Resource | None = None

    @property
    def aws(self) -> bool:
        return ":iam::aws:policy/" in self.node


def policies_of(configuration: Configuration, role: Resource) -> Iterator[Attached]:
    """Yield the policies of a role, in the order inline, attached, boundary."""
    for number, block in enumerate(items_of(role.values.get("inline_policy"))):
        if isinstance(block, Attributes):
            name = block.get("name") or f"inline_policy[{number}]"
            text = block.get("policy", Unknown)
            yield Attached(f"{role.address}.{name}", str(name), policy_text(text), INLINE, role)
    for found in configuration.of_type("aws_iam_role_policy"):
        if referred(configuration, found, "role", "aws_iam_role") is role:
            text = policy_text(found.values.get("policy", Unknown))
            yield Attached(found.address, name_of(found), text, INLINE, found)
    for owner, argument in _attachments(configuration, role):
        for arn in items_of(owner.values.get(argument, Unknown)):
            yield _managed(configuration, owner, argument, arn, ATTACHED)
    boundary = role.values.get("permissions_boundary")
    if boundary is not None:
        yield _managed(configuration, role, "permissions_boundary", boundary, BOUNDARY)


def referred(
    configuration: Configuration, resource: Resource, argument: str, wanted: str
) -> Resource | None:
    """Return the resource of type `wanted` that an argument names, None if there is none.

    Its value is a name, an id or an ARN; as long as that is Unknown, what the expression
    refers to counts.
    """
    value = resource.values.get(argument)
    for found in configuration.of_type(wanted):
        if value is not Unknown and value in [found.values.get(k) for k in ("name", "id", "arn")]:
            return found
    address = resource.values.references.get(argument, "")
    return configuration.resources.get(address) if value is Unknown else None


def _attachments(configuration: Configuration, role: Resource) -> Iterator[tuple[Resource, str]]:
    if role.values.get("managed_policy_arns") is not None:
        yield role, "managed_policy_arns"
    for found in configuration.of_type("aws_iam_role_policy_attachment"):
        if referred(configuration, found, "role", "aws_iam_role") is role:
            yield found, "policy_arn"
    for found in configuration.of_type("aws_iam_role_policy_attachments_exclusive"):
        if referred(configuration, found, "role_name", "aws_iam_role") is role:
            yield found, "policy_arns"
    for found in configuration.of_type("aws_iam_policy_attachment"):
        if role.values.get("name") in items_of(found.values.get("roles")):
            yield found, "policy_arn"


def _managed(
    configuration: Configuration, owner: Resource, argument: str, arn: Any, how: str
) -> Attached:
    for policy in configuration.of_type("aws_iam_policy"):
        same = arn is not Unknown and arn == policy.values.get("arn")
        refers = arn is Unknown and owner.values.references.get(argument) == policy.address
        if same or refers:
            text = policy_text(policy.values.get("policy", Unknown))
            return Attached(policy.address, name_of(policy), text, how, policy)
    if arn is Unknown:
        node = f"{owner.address}.{argument}"
        return Attached(node, node, Unknown, how, owner)
    return Attached(str(arn), str(arn).rpartition("policy/")[2], Unknown, how)
