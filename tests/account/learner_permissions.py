"""The least policy for a learner on a real account, from what CloudTrail shows of a full run.

The package's own least_privilege finds actions and resources of each lesson; here the names of a
run become patterns, and what creates identities gets the condition that they carry a boundary
which the learner cannot write: the ceiling. own-boundaries.json lifts that condition for the
lessons that set boundaries of their own.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from series import ROOT

from labhelpers import least_privilege
from labhelpers.account.creates import PROJECT
from labhelpers.account.fence.boundary import CEILING, ceiling

FOLDER = ROOT / "terraform" / "learner-permissions"
FILE = FOLDER / "policy.json"
_OWN = "own-boundaries.json"
_CEILING = {"ArnLike": {"iam:PermissionsBoundary": CEILING}}
_LABS = {"ArnLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/sts-lab/*"}}
_OURS = {"StringEquals": {"aws:ResourceTag/project": PROJECT}}
_NEW = {"StringEquals": {"aws:RequestTag/project": PROJECT}}
_CREATED = {"StringEquals": {"ec2:CreateAction": ["CreateSecurityGroup", "RunInstances"]}}
#: The lab's own marks stay as they are: by them its things are found again.
_NO_MARKS = {"ForAllValues:StringNotLike": {"aws:TagKeys": ["project", "sts-lab:*"]}}
_SMALL = {"StringLike": {"ec2:InstanceType": ["t*.micro", "t*.nano"]}}
_BOUNDING = {
    "iam:CreateRole": "role",
    "iam:CreateUser": "user",
    "iam:PutRolePermissionsBoundary": "role",
    "iam:PutUserPermissionsBoundary": "user",
}
#: Only with the ceiling, only what is tagged or is being made: the sandbox's trail tells neither.
#: (Action, kind of resource) goes before the action.
_CONDITIONS: dict[str | tuple[str, str], dict] = {
    **dict.fromkeys(_BOUNDING, _CEILING),
    "iam:PassRole": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    "ec2:CreateTags": _CREATED,
    "ec2:TerminateInstances": _OURS,
    "ec2:DeleteSecurityGroup": _OURS,
    "ec2:AuthorizeSecurityGroupEgress": _OURS,
    "ec2:AuthorizeSecurityGroupIngress": _OURS,
    "ec2:RevokeSecurityGroupEgress": _OURS,
    "ec2:ModifyInstanceMetadataOptions": _OURS,
    ("ec2:CreateSecurityGroup", "security-group"): _NEW,
    ("ec2:RunInstances", "instance"): _NEW | _SMALL,
    ("ec2:RunInstances", "volume"): _NEW,
}
#: AWS asks for these with tags in a create; moto's events of them do not lead to it.
#: Source: Service Authorization Reference, IAM, dependent actions.
_BESIDE = {
    "iam:CreateVirtualMFADevice": "iam:TagMFADevice",
    "iam:CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
    "iam:CreateInstanceProfile": "iam:TagInstanceProfile",
}


#: A name that does not exist has no path: asking for it is asking for ROLE, not for sts-lab/ROLE.
#: People's may be called so as well: whatever changes something stays under the path, even where
#: a lesson tries it on what does not exist (AWS then says AccessDenied instead of NoSuchEntity).
_PATHLESS = ("iam:GetGroup", "iam:GetInstanceProfile", "iam:GetRole", "iam:GetUser")
#: As far as patterns can say that six hex digits of a run follow, and not "sts-lab-learners".
_RUNS = "sts-lab-??????-*"


def asked(trail: Iterable[Mapping[str, Any]], learners: Iterable[str]) -> dict[str, list[str]]:
    """Action -> patterns of the resources on which the learners called it.

    Calls that were refused count as well: a lesson makes them to see another policy refuse.
    Whether one of them got through for a moment, before AWS had caught up, is chance.
    """
    events = [{k: v for k, v in event.items() if k != "errorCode"} for event in trail]
    found = defaultdict(set)
    for learner in learners:
        for statement in least_privilege(events, principal=learner)["Statement"]:
            for action in statement["Action"]:
                found[action].update(map(pattern, statement["Resource"]))
    return {action: sorted(found[action]) for action in sorted(found)}


def pattern(resource: str) -> str:
    """A resource of one run as the same of any run."""
    kinds = "user|role|group|policy|instance-profile|mfa"
    iam = re.match(rf"arn:aws:iam::\d+:({kinds})/sts-lab([/-])", resource)
    if iam:  # without a path: a name that does not exist, or not any more
        return f"arn:aws:iam::*:{iam[1]}/sts-lab{iam[2]}*"
    bucket = re.match(r"arn:aws:s3:::(sts-lab-)[^/]*(/?)", resource)
    if bucket:
        return f"arn:aws:s3:::{bucket[1]}*" + ("/*" if bucket[2] else "")
    ec2 = re.match(r"arn:aws:ec2:[\w*-]+:[\d*]*:([\w-]+)/", resource)
    return f"arn:aws:ec2:*:*:{ec2[1]}/*" if ec2 else re.sub(r"(?<=:)\d{12}(?=:)", "*", resource)


def policy(lessons: Iterable[Mapping[str, list[str]]]) -> dict[str, Any]:
    """One statement for all actions on the same resources under the same condition."""
    needed: dict[str, set[str]] = defaultdict(set)
    for asks in lessons:
        for action, resources in asks.items():
            for one in filter(None, (action, _BESIDE.get(action))):
                needed[one].update(map(_placed, resources))
    for action in filter(_lists_all, needed):
        needed[action] = {"*"}
    for action in _PATHLESS:
        needed[action] |= {r.replace("/sts-lab/*", f"/{_RUNS}") for r in needed[action]}
    apart: dict[tuple[str, str], set[str]] = defaultdict(set)
    for action, resources in needed.items():
        for resource in {"*"} if "*" in resources else resources:
            for condition in _conditions(action, resource):
                apart[action, json.dumps(condition)].add(resource)
    groups: dict[tuple, list[str]] = defaultdict(list)
    for (action, condition), resources in sorted(apart.items()):
        groups[tuple(sorted(resources)), condition].append(action)
    statements = [
        _statement(actions, list(resources), json.loads(condition))
        for (resources, condition), actions in sorted(groups.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _lists_all(action: str) -> bool:
    """Whether a call lists what an account has. IAM's refusals name a path for these that no
    reference has (user/, mfa/): a learner's policy does not depend on it."""
    lists = r"iam:List(VirtualMFADevices|OpenIDConnectProviders|InstanceProfiles|[A-Z][a-z]+s)"
    return re.fullmatch(lists, action) is not None


def _placed(pattern: str) -> str:
    """Where only the lab's things are: under its path, or for buckets under a run's name."""
    return pattern.replace("/sts-lab-*", "/sts-lab/*").replace(":::sts-lab-*", f":::{_RUNS}")


def _conditions(action: str, resource: str) -> list[dict]:
    """Each is enough."""
    kind = resource.rpartition(":")[2].partition("/")[0]
    first = _CONDITIONS.get((action, kind), _CONDITIONS.get(action, {}))
    return [first, _OURS | _NO_MARKS] if action == "ec2:CreateTags" else [first]


def _statement(actions: list[str], resources: list[str], condition: dict) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def own_boundaries() -> dict[str, Any]:
    """What the learner needs besides for lessons that set boundaries of their own. It opens a way
    to administrator: who writes a boundary can write one that allows everything."""
    resources = [f"arn:aws:iam::*:{kind}/sts-lab/*" for kind in sorted(set(_BOUNDING.values()))]
    return {
        "Version": "2012-10-17",
        "Statement": [_statement(sorted(_BOUNDING), resources, _LABS)],
    }


def files(lessons: Iterable[Mapping[str, list[str]]]) -> dict[str, str]:
    """Name -> text of the generated files in FOLDER."""
    return {
        "policy.json": text(policy(lessons)),
        "ceiling.json": text(json.loads(ceiling())),
        _OWN: text(own_boundaries()),
    }


def with_own_boundaries() -> str:
    """Both as one policy: with this the whole series runs."""
    both = [json.loads((FOLDER / name).read_text()) for name in ("policy.json", _OWN)]
    return json.dumps({**both[0], "Statement": [s for one in both for s in one["Statement"]]})


def text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
