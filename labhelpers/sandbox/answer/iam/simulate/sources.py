"""The policies of a simulation, each with its text and what the simulator calls it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labhelpers.policy import Policy, PolicyError, Principal, parse
from labhelpers.sandbox.answer.iam.faults import fault, missing
from labhelpers.sandbox.state import iam

_ENTITY = re.compile(r"arn:aws:iam::(\d{12}):(user|group|role)/(?:.*/)?([^/]+)", re.ASCII)


@dataclass(frozen=True)
class Source:
    """One policy of a simulation. `origin` is what PolicyExclusionList can say of it."""

    policy: Policy
    text: str
    name: str
    origin: Mapping[str, Any]
    kind: str = "IAM Policy"


def given(texts: list[str], parameter: str, kind: str) -> list[Source]:
    """The policies that a request brings along, numbered from 1."""
    return [source(text, kind, f"{parameter}.{number}", {}) for number, text in enumerate(texts, 1)]


def source(text: str, kind: str, name: str, origin: Mapping[str, Any]) -> Source:
    """Read one policy; a broken one is refused with its place."""
    try:
        policy = parse(text, kind=kind, name=name)
    except PolicyError as error:
        where = f"At {error.path}: " if error.path else ""
        raise fault("InvalidInput", f"{name}: {error}", 400, f"{where}{error.hint}") from None
    called = "Resource Policy" if kind == "resource" else "IAM Policy"
    return Source(policy, text, name, origin, called)


def entity_of(arn: str, account_id: str) -> tuple[str, Any]:
    """(user, group or role, moto's own) of a PolicySourceArn."""
    found = _ENTITY.fullmatch(arn)
    if found is None or found[1] != account_id:
        text = f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        why = "Name a user, group or role of the account, not a session or the root user."
        raise fault("InvalidInput", text, 400, why)
    entity = iam.find_entity(account_id, found[2], found[3])
    if entity is None or entity.arn != arn:
        raise missing(found[2], found[3])
    return found[2], entity


def policies_of(kind: str, entity: Any, account_id: str) -> list[Source]:
    """The identity-based policies of a user with its groups, a group or a role."""
    holders = [(kind, entity)]
    if kind == "user":
        groups = iam.iam_backend(account_id).groups.values()
        holders += [("group", group) for group in groups if entity in group.users]
    return [found for of, holder in holders for found in _held(of, holder)]


def boundary_of(kind: str, entity: Any, account_id: str) -> list[Source]:
    """The permissions boundary of a user or role, as a list of at most one."""
    arn = {
        "user": lambda: iam.user_boundary_arn(entity),
        "role": lambda: entity.permissions_boundary_arn,
        "group": lambda: None,
    }[kind]()
    text = iam.managed_policy(arn, account_id) if arn else None
    if not arn or text is None:
        return []
    origin = {"PolicyArn": arn, "PolicyType": "permission-boundary"}
    return [source(text, "boundary", arn.rsplit("/", 1)[-1], origin)]


def principal_of(arn: str, account_id: str) -> Principal | None:
    """Who a user or role is as a caller; None for a group, which calls nobody."""
    kind, entity = entity_of(arn, account_id)
    if kind == "user":
        return Principal("user", arn, account_id, entity.id)
    if kind == "role":
        return Principal("role-session", arn, account_id, entity.id, role_arn=arn)
    return None


def kept(sources: list[Source], excluded: list[Mapping[str, Any]]) -> list[Source]:
    """What is left when PolicyExclusionList has been taken out."""
    return [one for one in sources if not any(map(one.origin.items().__ge__, _told(excluded)))]


def _told(excluded: list[Mapping[str, Any]]) -> Iterator[Any]:
    for entry in excluded:
        flat = {name: value for name, value in entry.items() if not isinstance(value, Mapping)}
        flat |= entry.get("InlinePolicyIdentifier", {})
        if flat:
            yield flat.items()


def _held(kind: str, holder: Any) -> Iterator[Source]:
    for name, text in holder.policies.items():
        origin = {"PolicyType": "inline", "PolicyName": name}
        origin |= {"AttachmentType": kind, "AttachmentName": holder.name}
        yield source(text, "identity", f"{kind}_{holder.name}_{name}", origin)
    for arn, policy in holder.managed_policies.items():
        of_aws = arn.startswith("arn:aws:iam::aws:")
        origin = {"PolicyArn": arn, "PolicyType": "aws-managed" if of_aws else "user-managed"}
        yield source(iam.default_document(policy), "identity", policy.name, origin)
