"""Which account and Region a provider configuration works in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from labhelpers.terraform.language.blocks import Block
from labhelpers.terraform.language.scope import Scope
from labhelpers.terraform.language.values import Unknown

_ACCOUNT = re.compile(r"arn:[\w-]+:(?:iam|sts)::(\d{12}):", re.ASCII)
_PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com")}


@dataclass(frozen=True)
class Target:
    """Where resources go: account, Region and caller (each Unknown if nobody has said so)."""

    account_id: Any = Unknown
    region: Any = Unknown
    caller_arn: Any = Unknown
    default_tags: Any = field(default_factory=dict)

    @property
    def partition(self) -> str:
        """The Region's partition; "aws" as long as the Region is not known."""
        return self._of_region()[0]

    @property
    def dns_suffix(self) -> str:
        """The Region's domain."""
        return self._of_region()[1]

    def _of_region(self) -> tuple[str, str]:
        for start, found in _PARTITIONS.items():
            if isinstance(self.region, str) and self.region.startswith(start):
                return found
        return "aws", "amazonaws.com"


def account_of(arn: object) -> Any:
    """Return the account in the ARN of an IAM or STS principal, Unknown without one."""
    found = _ACCOUNT.match(arn) if isinstance(arn, str) else None
    return found[1] if found else Unknown


def configured(block: Block, base: Target, scope: Scope) -> Target:
    """Return what a provider block makes of the target that the caller's credentials give."""
    attributes = block.body.attributes
    target = base
    if "region" in attributes:
        region = scope.evaluate(attributes["region"].expression)
        target = replace(target, region=target.region if region is None else region)
    for role in block.body.blocks_of("assume_role"):
        if "role_arn" in role.body.attributes:
            arn = scope.evaluate(role.body.attributes["role_arn"].expression)
            target = replace(target, account_id=account_of(arn), caller_arn=Unknown)
    for tags in block.body.blocks_of("default_tags"):
        if "tags" in tags.body.attributes:
            found = scope.evaluate(tags.body.attributes["tags"].expression)
            target = replace(target, default_tags=found)
    return target


def tags_all(tags: object, target: Target) -> Any:
    """Return the tags of a resource with the provider's default tags under them."""
    default = target.default_tags
    if not isinstance(default, Mapping) or not isinstance(tags, Mapping | None):
        return Unknown
    return {**default, **(tags or {})}
