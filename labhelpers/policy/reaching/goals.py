"""Goals of a search: what nobody of those that it starts from should come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from labhelpers.policy.linting.catalogue import actions, arn_patterns, services
from labhelpers.policy.reaching.facts import Power
from labhelpers.policy.reaching.search import Search

#: Services whose things are worth the most, or lead to more.
_FIRST = ("ec2", "iam", "kms", "lambda", "organizations", "s3", "secretsmanager", "ssm", "sts")
_PLACES = {"Partition": "aws", "Region": "us-east-1"}
#: Concerns nobody but its caller: needs no permission, or makes tokens that can do no more.
_OWN = frozenset(
    ("sts:getcalleridentity", "sts:getfederationtoken", "sts:getsessiontoken")
    + ("sts:taggetfederationtoken",)
)


@dataclass(frozen=True)
class Target:
    """One action on one thing that is none of theirs."""

    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


def targets(
    accounts: Iterable[str], names: Iterable[str], of: Iterable[str] | None = None
) -> Iterator[Target]:
    """Each action of the services (None: of all of AWS) on each kind of thing that it takes, in
    these accounts and under these names; and on "*" what takes nothing else.

    Takes 0.03 s for first_targets, 2 s for all of AWS at first use.
    """
    accounts, names = list(accounts), list(names)
    for service in sorted(services()) if of is None else of:
        for action in (f"{service}:{name}" for name in actions(service).values()):
            if action.lower() in _OWN:
                continue
            patterns = arn_patterns(action)
            if not patterns:
                yield Target(action, "*")
            for arn in dict.fromkeys(
                _filled(p, account, name)
                for p in patterns
                for account in accounts
                for name in names
            ):
                yield Target(action, arn)


def first_targets(accounts: Iterable[str], names: Iterable[str]) -> list[Target]:
    """Those of the services that are worth the most."""
    return list(targets(accounts, names, _FIRST))


def _filled(pattern: str, account: str, name: str) -> str:
    places = _PLACES | {"Account": account}
    return re.sub(r"\$\{(\w+)\}", lambda found: places.get(found[1], name), pattern)


def one_of(wanted: Iterable[Target], *, tagged: bool = False) -> Callable[[Search, Power], str]:
    """The goal to be allowed one of these things, which have no tags; with `tagged` they have
    whatever a policy asks for, as things of others may."""
    by_action: dict[str, list[Target]] = {}
    for target in wanted:
        by_action.setdefault(target.action, []).append(target)

    hopeful: dict[tuple, list[Target]] = {}

    def reached(search: Search, power: Power) -> str:
        if power.limits not in hopeful:
            there = (a for a in by_action if not search.hopeless(power, a))
            hopeful[power.limits] = [target for action in there for target in by_action[action]]
        for target in hopeful[power.limits]:
            if search.may(power, target.action, target.resource, free=tagged):
                return str(target)
        return ""

    return reached


def administrator(search: Search, power: Power) -> str:
    """The goal to be allowed everything: an action on everything that no policy names singly."""
    everything = search.may(
        power, "iam:CreateUser", f"arn:aws:iam::{power.identity.account}:user/x"
    )
    more = search.may(power, "organizations:LeaveOrganization", "*")
    return "do everything in the account" if everything and more else ""
