"""What all ways into a role ask for: the role's account, and the permissions to enter it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labhelpers.policy import Principal
from labhelpers.sandbox.interpret.call import Check
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.wire.errors import Refusal

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:[^:]*:[^:]*:\d{12}:.+", re.DOTALL)


def owner_of(role_arn: str) -> str:
    """The account in a role's ARN; a text that is no ARN is refused as STS does."""
    if not _ROLE_ARN.fullmatch(role_arn):
        raise Refusal("ValidationError", f"{role_arn} is invalid", 400)
    return role_arn.split(":")[4]


def role_checks(
    action: str,
    role_arn: str,
    owner: str,
    context: Mapping[str, Any],
    *,
    tags: Mapping[str, str],
    transitive: frozenset[str],
    source_identity: str,
    inherited: Mapping[str, str] | None = None,
    principal: Principal | None = None,
) -> tuple[Check, ...]:
    """The permissions that entering a role needs: `action`, sts:TagSession, sts:SetSourceIdentity.

    `inherited` are the transitive tags of the calling session: they need sts:TagSession too,
    and stand in for the role's own tags (STS_FACTS 5.1, 6.1). All checks get the keys of the
    call here; authorize leaves to each those that its action has.
    """
    inherited = inherited or {}
    keys = dict(context)
    for key, value in {**iam.role_tags(role_arn), **inherited}.items():
        keys[f"aws:ResourceTag/{key}"] = keys[f"iam:ResourceTag/{key}"] = value
    if tags:
        keys["aws:TagKeys"] = list(tags)
        keys |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if transitive:
        keys["sts:TransitiveTagKeys"] = sorted(transitive)
    if source_identity:
        keys["sts:SourceIdentity"] = source_identity
    actions = [action]
    actions += ["sts:TagSession"] if tags or inherited else []
    actions += ["sts:SetSourceIdentity"] if source_identity else []
    return tuple(Check(name, role_arn, owner, keys, principal, True) for name in actions)
