"""What no lab identity can do on a real account, whatever a lesson's policy says.

Each user and role of the lab carries the permissions boundary below. A lesson that brings a
boundary of its own gets the same limits as Deny statements in it: the fence. Both close over
themselves: who carries them makes and fills nothing that does not carry one of this run's, and
every managed policy of a run holds the fence, in all its versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from labhelpers.account.names import PATH, PREFIX
from labhelpers.errors import SandboxOnly

#: Shows what things are called and how they are connected, or concerns the caller only; AWS takes
#: no other resource than "*" for it. Named one by one: among EC2's Describe… are some that show
#: what is in things (DescribeInstanceAttribute: user data, DescribeLaunchTemplateVersions).
LOOK = [
    "ec2:DescribeInstances",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "iam:ListRoles",
    "iam:ListUsers",
    "s3:ListAllMyBuckets",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetFederationToken",
    "sts:GetSessionToken",
    "sts:TagGetFederationToken",
]
#: Only where a boundary of the run is, or comes along.
_MAKE = ["iam:CreateRole", "iam:CreateUser"]
_FILL = ["iam:AttachRolePolicy", "iam:PutRolePolicy"]
#: Nothing here takes a boundary off, edits a managed policy or passes a role to a service. What
#: makes a bucket public, or one that cannot be removed (ACLs, Block Public Access, object lock,
#: bucket policies), is left to the lab's own calls, which are looked at before they are sent.
_INSIDE = [
    *LOOK,
    *_MAKE,
    *_FILL,
    "iam:CreateAccessKey",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:Get*",
    "iam:List*",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "s3:*Object",
    "s3:*ObjectTagging",
    "s3:*ObjectVersion",
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:Get*",
    "s3:List*",
    "s3:PutBucketTagging",
    "sts:AssumeRole",
    "sts:SetSourceIdentity",
    "sts:TagSession",
]
_KINDS = ("user", "role", "policy", "instance-profile", "mfa")
_MOST = 6144  # characters of a managed policy, white space apart
#: What IAM refuses in the very words that it has for the lesson's text.
_NO_JSON, _NO_POLICY = "{", "{}"
_ELEMENTS = {"Version", "Id", "Statement"}
_TOO_LONG = (
    "On AWS every managed policy of the lab carries the lab's limits, since it can become a "
    "permissions boundary. With them this one would be longer than the "
    f"{_MOST} characters that AWS takes: shorten it."
)
#: Made once by an account's administrator (terraform/learner-permissions), out of learners' reach.
CEILING = "arn:aws:iam::*:policy/StsLabCeiling"


def boundary(prefix: str, accounts: Iterable[str]) -> str:
    """The permissions boundary of one run as JSON; `prefix` begins the run's names."""
    return _limits(prefix, accounts, is_a_boundary(prefix))


def ceiling() -> str:
    """The boundary of all runs in any account, where learners may mean harm: CEILING's JSON."""
    return _limits(f"{PREFIX}??????-", ["*"], CEILING)  # any run's six hex digits


def is_a_boundary(prefix: str) -> str:
    """The pattern of the ARNs of the policies that a run uses as boundaries."""
    return f"arn:aws:iam::*:policy{PATH}*{prefix}*"


def is_the_runs(arn: str, prefix: str) -> bool:
    """Whether this run has made the managed policy, and with it the fence in it."""
    name = rf"arn:aws:iam::\d{{12}}:policy{PATH}([^/]+/)*{prefix}[^/]+"
    return re.fullmatch(name, arn) is not None


def _limits(prefix: str, accounts: Iterable[str], boundaries: str) -> str:
    # A Deny of all other actions would add nothing, and make an explicit deny of every implicit
    # one that a lesson is about.
    allow = {"Effect": "Allow", "Action": _INSIDE, "Resource": "*"}
    statements = [allow, *_outside(prefix, accounts, boundaries)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _outside(prefix: str, accounts: Iterable[str], boundaries: str) -> list[dict[str, Any]]:
    """A Deny, where an Allow that is missing is not enough: policies of other resources step
    over that if they name a user or session."""
    names = [f"arn:aws:s3:::{prefix}*"]
    names += [
        f"arn:aws:iam::{account}:{kind}{PATH}*{prefix}*" for account in accounts for kind in _KINDS
    ]
    return [
        {"Sid": "StsLabResources", "Effect": "Deny", "NotAction": LOOK, "NotResource": names},
        {
            "Sid": "StsLabBounded",
            "Effect": "Deny",
            "Action": [*_MAKE, *_FILL],
            "Resource": "*",
            "Condition": {"ArnNotLike": {"iam:PermissionsBoundary": boundaries}},
        },
    ]


def fenced(text: str, prefix: str, accounts: Iterable[str]) -> str:
    """A lesson's managed policy with the fence. Raises SandboxOnly where AWS would take the
    policy, but not the fence with it.

    What is no policy comes back as something shorter that IAM refuses in the same words: what
    only we could not read would be stored as it is.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _NO_JSON
    given = _statements(document) if isinstance(document, dict) else None
    if given is None or document.keys() - _ELEMENTS:
        return _NO_POLICY
    actions = {"Sid": "StsLabActions", "Effect": "Deny", "NotAction": _INSIDE, "Resource": "*"}
    fence = [actions, *_outside(prefix, accounts, is_a_boundary(prefix))]
    found = json.dumps({**document, "Statement": [*given, *fence]})
    if _size(found) > _MOST >= _size(text):
        raise SandboxOnly(_TOO_LONG)
    return found


def _size(text: str) -> int:
    return len("".join(text.split()))


def _statements(document: dict[str, Any]) -> list[Any] | None:
    """None where the document is no policy."""
    found = document.get("Statement")
    return _listed(found) if isinstance(found, (list, dict)) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
