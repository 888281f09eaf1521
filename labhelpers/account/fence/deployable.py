"""Which Terraform configurations go up on a real account: looked at before the first create."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labhelpers.account.fence.ranges import Ranges
from labhelpers.account.fence.trust import strangers_could_enter
from labhelpers.errors import SandboxOnly

if TYPE_CHECKING:
    from labhelpers.terraform import Configuration


def check_deployable(configuration: Configuration, ami: str, repository: str) -> None:
    """Raises SandboxOnly, with the resource's address, for what the guard would refuse later.

    `ami` is what an instance may be started from, "" for none; `repository` a real GitHub job's.
    """
    for address, resource in configuration.resources.items():
        values = resource.values
        if resource.type == "aws_security_group" and _is_open(values.get("ingress")):
            raise SandboxOnly(f"{address} opens a port to the world, which no lesson does on AWS.")
        if resource.type == "aws_instance" and resource.mode == "managed" and not ami:
            raise SandboxOnly(
                f"{address} costs money: set LAB_AWS_AMI to the id of an AMI of the lab's Region "
                "if the lab may start an instance."
            )
        trust = values.get("assume_role_policy")
        if isinstance(trust, str) and strangers_could_enter(trust, repository):
            raise SandboxOnly(f"{address} could be entered with strangers' tokens.")


def _is_open(rules: Any) -> bool:
    """Whether ingress rules let in what the guard would refuse; what nobody knows yet may pass."""
    texts = [
        text
        for rule in (rules if isinstance(rules, list) else [])
        for kind in ("cidr_blocks", "ipv6_cidr_blocks")
        if isinstance(rule.get(kind), list)
        for text in rule[kind]
        if isinstance(text, str)
    ]
    try:
        Ranges().add(texts)
    except SandboxOnly:
        return True
    return False
