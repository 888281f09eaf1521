"""The least policy for a learner on a real account, from what CloudTrail shows of a full run.

The package's own least_privilege finds actions and resources of each lesson; here the names of a
run become patterns, and what creates identities gets the condition that they carry a boundary.
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

FOLDER = ROOT / "terraform" / "learner-permissions"
FILE = FOLDER / "policy.json"
_BOUNDED = {"ArnLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/sts-lab/*"}}
_OURS = {"StringEquals": {"aws:ResourceTag/project": PROJECT}}
#: Only with a boundary, only what is tagged: the sandbox's trail tells neither.
_CONDITIONS = {
    "iam:CreateUser": _BOUNDED,
    "iam:CreateRole": _BOUNDED,
    "ec2:TerminateInstances": _OURS,
    "ec2:DeleteSecurityGroup": _OURS,
    "ec2:AuthorizeSecurityGroupEgress": _OURS,
    "ec2:AuthorizeSecurityGroupIngress": _OURS,
    "ec2:RevokeSecurityGroupEgress": _OURS,
    "ec2:ModifyInstanceMetadataOptions": _OURS,
}
#: AWS asks for these with tags in a create; moto's events of them do not lead to it.
#: Source: Service Authorization Reference, IAM, dependent actions.
_BESIDE = {
    "iam:CreateVirtualMFADevice": "iam:TagMFADevice",
    "iam:CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
    "iam:CreateInstanceProfile": "iam:TagInstanceProfile",
}


#: A name that does not exist has no path: asking for it is asking for ROLE, not for sts-lab/ROLE.
_PATHLESS = ("iam:GetGroup", "iam:GetInstanceProfile", "iam:GetRole", "iam:GetUser")


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
                needed[one].update(resources)
        for action in _PATHLESS:
            needed[action] |= {r.replace("/sts-lab/", "/sts-lab-") for r in needed[action]}
    groups: dict[tuple, list[str]] = defaultdict(list)
    for action in sorted(needed):
        condition = json.dumps(_CONDITIONS.get(action, {}))
        resources = ("*",) if "*" in needed[action] else tuple(sorted(needed[action]))
        groups[resources, condition].append(action)
    statements = []
    for (resources, condition), actions in sorted(groups.items()):
        statement = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
        if json.loads(condition):
            statement["Condition"] = json.loads(condition)
        statements.append(statement)
    return {"Version": "2012-10-17", "Statement": statements}


def text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
