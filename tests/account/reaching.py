"""What lab identities could come to: the search of labhelpers.policy.reaching over an account."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from labhelpers.policy.linting.catalogue import is_reading
from labhelpers.policy.reaching.goals import Target, first_targets, one_of, targets
from labhelpers.policy.reaching.search import Search, Way
from labhelpers.policy.reaching.state import ADMINISTRATOR, State

#: An account of somebody who has nothing to do with the lab's.
STRANGERS = "999999999999"
#: What others have: theirs, some of it called like the lab's, a colleague's run, and what people
#: keep under the lab's path.
THEIRS = (
    "company",
    "sts-lab-learners",
    "sts-lab-ffffff-x",
    "sts-lab/sts-lab-ffffff-x",
    "sts-lab/team",
)
#: What every lab identity may see of the whole account, and why nobody minds. Whatever else it
#: could read, by LOOK in boundary.py or by itself, is a way out.
HARMLESS = {
    "ec2:DescribeInstances": "ids, addresses and tags; user data is DescribeInstanceAttribute's",
    "ec2:DescribeSecurityGroups": "ids and ports",
    "ec2:DescribeSubnets": "ids and ranges of addresses",
    "ec2:DescribeVpcs": "ids and ranges of addresses",
    "iam:ListRoles": "names and who may enter; neither permissions nor tags",
    "iam:ListUsers": "names and when a password was used last",
    "s3:ListAllMyBuckets": "names",
    "sts:GetAccessKeyInfo": "an account's number, to whoever has one of its key ids",
}
_RUN = re.compile(r"/(sts-lab-[0-9a-f]{6}-)")


def theirs(account: str) -> dict[str, Any]:
    """Identities of an account that are not the lab's, each with an open door."""
    base = f"arn:aws:iam::{account}"
    mighty = {"AttachedManagedPolicies": [{"PolicyArn": ADMINISTRATOR}]}
    trusted = {"everybody": "*", "the-account": f"{base}:root"}
    tags = [{"Key": "project", "Value": "sts-lab"}]
    return {
        "UserDetailList": [
            {"Arn": f"{base}:user/{name}", "UserId": f"AIDA{n}", "Tags": tags, **mighty}
            for n, name in enumerate(THEIRS)
        ],
        "RoleDetailList": [
            {
                "Arn": f"{base}:role/{name}-{who}",
                "RoleId": f"AROA{who}{n}",
                "AssumeRolePolicyDocument": _trust(principal),
                "Tags": tags,
                **mighty,
            }
            for n, name in enumerate(THEIRS)
            for who, principal in trusted.items()
        ],
        "GroupDetailList": [{"Arn": f"{base}:group/admins", "GroupName": "admins", **mighty}],
        "Policies": [_managed(f"{base}:policy/{name}") for name in THEIRS]
        + [_managed(ADMINISTRATOR)],
    }


def _trust(principal: str) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allow]}


def _managed(arn: str) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    return {"Arn": arn, "PolicyVersionList": [{"Document": document, "IsDefaultVersion": True}]}


def run_of(arn: str) -> str:
    """The run's prefix in the ARN of a user or role that it has made, "" for others."""
    found = _RUN.search(arn)
    return found[1] if found else ""


def goals(accounts: Iterable[str], *, whole: bool = False) -> list[Target]:
    """Actions on what is not the run's; with `whole` all actions that AWS has."""
    of = targets if whole else first_targets
    return [target for target in of(accounts, THEIRS) if target.action not in HARMLESS]


def some_goals(accounts: Iterable[str], seed: int = 1) -> list[Target]:
    """All that changes something, and of each action that reads one thing; LAB_EVERY_ACTION=1
    for all."""
    wanted = goals(accounts)
    if os.environ.get("LAB_EVERY_ACTION"):
        return wanted
    chance, reading = Random(seed), defaultdict(list)
    for target in wanted:
        if is_reading(target.action):
            reading[target.action].append(target)
    rest = [target for target in wanted if target.action not in reading]
    return rest + [chance.choice(one) for one in reading.values()]


def way_out(
    moments: Iterable[Mapping[str, Any]], accounts: Iterable[str], most: int = 4
) -> tuple[Way | None, Search]:
    """From the keys of all identities that a run has ever had, to anything that is not its own."""
    accounts = list(accounts)
    state = State.of(*moments, *map(theirs, accounts))
    start = [arn for arn in state.identities if run_of(arn) not in ("", "sts-lab-ffffff-")]
    search = Search(state, start)
    return search.way(one_of(some_goals([*accounts, STRANGERS]), tagged=True), most), search
