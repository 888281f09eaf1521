"""The roles and users that a configuration declares, each with its policies, ready to be judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from labhelpers.policy import Policy, PolicyError, Principal, parse
from labhelpers.terraform.access.arguments import items_of, name_of, policy_text
from labhelpers.terraform.access.known_part import known_part
from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.modules.configuration import Configuration, Resource
from labhelpers.terraform.provider.managed import managed_document

STAND_IN = "111122223333"  # the account of ARNs as long as nobody has named one


@dataclass(frozen=True, slots=True)
class Grant:
    """One identity-based policy (or boundary) of a role or user.

    `resource` and `attribute` say where it is attached; `text` is Unknown for a policy that
    is not in the files and not one of AWS's. If it is not `whole`, `text` is the certain part.
    """

    name: str
    text: Any
    resource: Resource
    attribute: str = "policy"
    whole: bool = True


@dataclass
class Identity:
    """A role or user: who it is, what it may do, and (roles) who may assume it."""

    resource: Resource
    arn: str
    grants: list[Grant] = field(default_factory=list)
    boundary: Grant | None = None
    trust_part: str | None = None

    @property
    def address(self) -> str:
        return self.resource.address

    @property
    def is_role(self) -> bool:
        return self.resource.type == "aws_iam_role"

    @property
    def name(self) -> str:
        return name_of(self.resource)

    @cached_property
    def principal(self) -> Principal:
        """Who makes a request with it; a role as a session named "session"."""
        account, (_, _, name) = self.arn.split(":")[4], self.arn.rpartition("/")
        if not self.is_role:
            return Principal("user", self.arn, account, "AIDAEXAMPLE", user_arn=self.arn)
        arn = self.arn.split(":")
        session = f"{':'.join(arn[:2])}:sts::{account}:assumed-role/{name}/session"
        return Principal("role-session", session, account, "AROAEXAMPLE", role_arn=self.arn)

    @cached_property
    def trust(self) -> Policy | None:
        """The trust policy; None if it is not known, or no policy."""
        return compiled(self.resource.values.get("assume_role_policy"), "trust", "trust policy")

    @cached_property
    def certain_trust(self) -> Policy | None:
        """The trust policy, or the statements of it in which everything is known."""
        return self.trust or compiled(self.trust_part, "trust", "trust policy")

    @cached_property
    def policies(self) -> list[Policy]:
        """The identity-based policies that are known."""
        found = [compiled(grant.text, "identity", grant.name) for grant in self.grants]
        return [policy for policy in found if policy is not None]

    @cached_property
    def boundaries(self) -> list[Policy]:
        if self.boundary is None or not self.boundary.whole:
            return []  # a part of it would be a narrower limit than the whole
        found = compiled(self.boundary.text, "boundary", self.boundary.name)
        return [found] if found else []

    @property
    def complete(self) -> bool:
        """Whether every policy of it is known to its end."""
        grants = [*self.grants, *([self.boundary] if self.boundary else [])]
        return all(isinstance(grant.text, str) and grant.whole for grant in grants)


def compiled(text: Any, kind: str, name: str) -> Policy | None:
    """Return the compiled policy, None for Unknown and for what AWS would refuse."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return parse(text, kind, name)
    except PolicyError:
        return None


def identities(configuration: Configuration) -> dict[str, Identity]:
    """Return address -> Identity for every role and user."""
    return _Finder(configuration).found


class _Finder:
    """Joins roles, users, groups and policies by name, ARN or reference: each looked up once."""

    def __init__(self, configuration: Configuration):
        self.configuration = configuration
        self.by_key: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for type_ in ("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy"):
            for resource in configuration.of_type(type_):
                keys = {resource.values.get(key) for key in ("name", "id", "arn")}
                for key in keys | {resource.address, resource.address.partition("[")[0]}:
                    if isinstance(key, str):
                        self.by_key[type_, key].append(resource)
        self.found = {
            r.address: Identity(r, _arn_of(r))
            for r in configuration.of_type("aws_iam_role", "aws_iam_user")
        }
        for identity in self.found.values():
            resource = identity.resource
            part = known_part(configuration, resource, resource.values, "assume_role_policy")
            identity.trust_part = part and part[0]
            self._own(identity)
        self.members = self._members()
        for type_, argument, wanted in _INLINE:
            for resource in configuration.of_type(type_):
                grant = self._grant(name_of(resource), resource)
                self._give(resource, argument, wanted, grant)
        for type_, argument, wanted, policies in _ATTACHED:
            for resource in configuration.of_type(type_):
                for grant in self._managed(resource, policies):
                    self._give(resource, argument, wanted, grant)

    def _grant(
        self,
        name: str,
        resource: Resource,
        attribute: str = "policy",
        block: Attributes | None = None,
    ) -> Grant:
        """Return the policy in a block's `policy`, or what is certain of it."""
        block = resource.values if block is None else block
        part = known_part(self.configuration, resource, block, "policy")
        if part is not None:
            return Grant(name, part[0], resource, attribute, whole=False)
        return Grant(name, policy_text(block.get("policy")), resource, attribute)

    def _own(self, identity: Identity) -> None:
        """Take in what stands in the role's or user's own block."""
        resource = identity.resource
        for number, block in enumerate(items_of(resource.values.get("inline_policy"))):
            if isinstance(block, Attributes):
                name = block.get("name")
                label = name if isinstance(name, str) else f"inline_policy[{number}]"
                grant = self._grant(label, resource, f"inline_policy.{number}", block)
                identity.grants.append(grant)
        identity.grants += self._managed(resource, "managed_policy_arns")
        for grant in self._managed(resource, "permissions_boundary"):
            identity.boundary = grant

    def _members(self) -> dict[str, list[str]]:
        """Return address of a group -> addresses of its users."""
        found: dict[str, list[str]] = defaultdict(list)
        for type_, group, user in _MEMBERSHIPS:
            for resource in self.configuration.of_type(type_):
                users = self._named(resource, user, "aws_iam_user")
                for one in self._named(resource, group, "aws_iam_group"):
                    found[one.address] += [u.address for u in users]
        return found

    def _give(self, resource: Resource, argument: str, wanted: str, grant: Grant) -> None:
        for owner in self._named(resource, argument, wanted):
            addresses = [owner.address]
            if wanted == "aws_iam_group":
                addresses = self.members[owner.address]
            for address in addresses:
                self.found[address].grants.append(grant)

    def _named(self, resource: Resource, argument: str, wanted: str) -> list[Resource]:
        """Return the resources of a type that an argument names, by value or by reference."""
        found: list[Resource] = []
        for value in items_of(resource.values.get(argument)):
            if isinstance(value, str):
                found += self.by_key.get((wanted, value), ())[:1]
            elif value is Unknown:
                prefix = resource.address[: resource.address.rfind(resource.type)]
                named = [resource.values.references.get(argument, "")]
                named += [prefix + name for name in resource.references if name.startswith(wanted)]
                hits = [
                    self.by_key[wanted, name] for name in named if (wanted, name) in self.by_key
                ]
                found += hits[0][:1] if hits else []
        return found

    def _managed(self, resource: Resource, argument: str) -> Iterator[Grant]:
        for value in items_of(resource.values.get(argument)):
            policies = (
                self.by_key.get(("aws_iam_policy", value)) if isinstance(value, str) else None
            )
            if value is Unknown:
                policies = self._named(resource, argument, "aws_iam_policy")
            for policy in (policies or ())[:1]:
                yield self._grant(name_of(policy), policy)
            if not policies and value is not None:
                text = managed_document(value) if isinstance(value, str) else None
                name = value if isinstance(value, str) else f"{resource.address}.{argument}"
                yield Grant(name, Unknown if text is None else text, resource, argument)


# type, argument that names the owner, type of the owner
_INLINE = (
    ("aws_iam_role_policy", "role", "aws_iam_role"),
    ("aws_iam_user_policy", "user", "aws_iam_user"),
    ("aws_iam_group_policy", "group", "aws_iam_group"),
)
# the same, and the argument with the ARNs of policies
_ATTACHED = (
    ("aws_iam_role_policy_attachment", "role", "aws_iam_role", "policy_arn"),
    ("aws_iam_role_policy_attachments_exclusive", "role_name", "aws_iam_role", "policy_arns"),
    ("aws_iam_user_policy_attachment", "user", "aws_iam_user", "policy_arn"),
    ("aws_iam_group_policy_attachment", "group", "aws_iam_group", "policy_arn"),
    ("aws_iam_policy_attachment", "roles", "aws_iam_role", "policy_arn"),
    ("aws_iam_policy_attachment", "users", "aws_iam_user", "policy_arn"),
    ("aws_iam_policy_attachment", "groups", "aws_iam_group", "policy_arn"),
)
_MEMBERSHIPS = (
    ("aws_iam_group_membership", "group", "users"),
    ("aws_iam_user_group_membership", "groups", "user"),
)


def _arn_of(resource: Resource) -> str:
    arn = resource.values.get("arn")
    if isinstance(arn, str):
        return arn
    path, name = resource.values.get("path"), resource.values.get("name")
    path = path if isinstance(path, str) else "/"
    name = name if isinstance(name, str) else resource.address.replace('"', "")
    return f"arn:aws:iam::{STAND_IN}:{resource.type.removeprefix('aws_iam_')}{path}{name}"
