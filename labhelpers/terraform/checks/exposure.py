"""Instances: SSH open to the world, IMDSv1, and a role: each a door, together a theft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from labhelpers.terraform.access.best_case import listed, statements
from labhelpers.terraform.checks.findings import WARNING, Finding
from labhelpers.terraform.checks.view import View
from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.modules.configuration import Resource

_WORLD = ("0.0.0.0/0", "::/0")
_INSTANCES = ("aws_instance", "aws_launch_template", "aws_spot_instance_request")
_TOKENS = 'metadata_options {\n  http_tokens = "required"\n}'
_CLOSED = (
    "# No inbound rule: AWS Systems Manager opens a shell without one. Or your own address:\n"
    'cidr_blocks = ["203.0.113.7/32"]'
)


def openings(view: View) -> Iterator[Finding]:
    """Open SSH, IMDSv1, and the two together in front of a role."""
    opened = _open_groups(view)
    for resource, line in opened.values():
        found = view.finding(
            "ssh-open-to-the-world",
            resource,
            "ingress",
            "SSH is open to every address there is.",
            "Every password and every key that leaks is tried within minutes of its leak.",
            _CLOSED,
            severity=WARNING,
        )
        yield replace(found, line=line)
    roles = {c.resource.address: c.role for c in view.carriers if c.kind == "instance"}
    for instance in view.configuration.of_type(*_INSTANCES):
        if _tokens(instance):
            continue
        yield view.finding(
            "imdsv1",
            instance,
            "metadata_options",
            "The metadata service answers plain GET requests (IMDSv1).",
            "A web application that can be talked into fetching an address hands out the "
            "credentials of the instance; IMDSv2 asks for a PUT and a token first.",
            _TOKENS,
            severity=WARNING,
        )
        role = roles.get(instance.address)
        groups = [group for group in opened if _uses(instance, group, view)]
        if role is not None and groups:
            yield _story(view, instance, role, groups[0])


def _story(view: View, instance: Resource, role: Any, group: str) -> Finding:
    told = [
        f"{', '.join(listed(s.get('Action', s.get('NotAction'))))} on "
        f"{', '.join(listed(s.get('Resource', '*')))}"
        for policy in role.policies
        for s in statements(policy)
        if s["Effect"] == "Allow"
    ]
    loot = "; ".join(told[:3]) or "whatever its policies allow"
    return view.finding(
        "credential-theft-path",
        instance,
        "iam_instance_profile",
        f"Anyone on the internet can try to get in over SSH ({group}); who is in reads the "
        f"credentials of {role.name} with one GET, and may then: {loot}.",
        "Three settings that are each common make one path. The stolen credentials work from "
        "anywhere, for up to six hours, and EC2 keeps on making new ones.",
        f"{_TOKENS}\n\n# and in {group}:\n{_CLOSED}",
    )


def _open_groups(view: View) -> dict[str, tuple[Resource, int]]:
    """Return address of a security group -> (the resource that opens it, line)."""
    found: dict[str, tuple[Resource, int]] = {}
    for group in view.configuration.of_type("aws_security_group"):
        rules = group.values.get("ingress")
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, Attributes) and _lets_ssh_in(rule):
                line = rule.line_of(
                    "cidr_blocks" if _world(rule, "cidr_blocks") else "ipv6_cidr_blocks"
                )
                found[group.address] = (group, line)
    for rule in view.configuration.of_type("aws_security_group_rule", _RULE):
        if rule.values.get("type", "ingress") == "ingress" and _lets_ssh_in(rule.values):
            names = [n for n in rule.references if n.startswith("aws_security_group.")]
            prefix = rule.address[: rule.address.rfind(rule.type)]
            opened = prefix + names[0] if names else rule.address
            found[opened] = (rule, rule.values.line_of("cidr_blocks"))
    return found


_RULE = "aws_vpc_security_group_ingress_rule"


def _lets_ssh_in(rule: Attributes) -> bool:
    names = ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6")
    if not any(_world(rule, name) for name in names):
        return False
    protocol = str(rule.get("protocol", rule.get("ip_protocol", "")))
    if protocol in ("-1", "all"):
        return True
    first, last = rule.get("from_port"), rule.get("to_port")
    if protocol not in ("tcp", "6") or not isinstance(first, int) or not isinstance(last, int):
        return False
    return first <= 22 <= last


def _world(rule: Attributes, name: str) -> bool:
    value = rule.get(name)
    items = value if isinstance(value, list) else [value]
    return any(item in _WORLD for item in items)


def _tokens(instance: Resource) -> bool:
    """Whether IMDSv2 is required, the service is off, or nobody knows."""
    blocks = instance.values.get("metadata_options")
    if blocks is Unknown:
        return True
    for block in blocks if isinstance(blocks, list) else ():
        if isinstance(block, Attributes):
            tokens = block.get("http_tokens")
            return tokens in ("required", Unknown) or block.get("http_endpoint") == "disabled"
    return False


def _uses(instance: Resource, group: str, view: View) -> bool:
    prefix = instance.address[: instance.address.rfind(instance.type)]
    base = group.partition("[")[0]
    return any(prefix + name == base for name in instance.references)
