"""What no lab identity can do on a real account, whatever a lesson's policy says.

Each user and role of the lab carries the permissions boundary below. A lesson that brings a
boundary of its own gets the same limits as Deny statements in it: the fence. Trust policies that
name everybody are narrowed to the lab's own accounts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from labhelpers.account.creates import PROJECT
from labhelpers.account.names import PATH

_LOOK = [
    "ec2:Describe*",
    "iam:ListRoles",
    "iam:ListUsers",
    "s3:ListAllMyBuckets",
    "sts:DecodeAuthorizationMessage",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetFederationToken",
    "sts:GetSessionToken",
    "sts:TagGetFederationToken",
]
_ENTER = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
#: Nothing here takes a boundary off or edits one.
_MANAGE = [
    "iam:AttachRolePolicy",
    "iam:CreateAccessKey",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:Get*",
    "iam:List*",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
]
_MAKE = ["iam:CreateRole", "iam:CreateUser"]
_KINDS = ("user", "role", "policy", "instance-profile", "mfa")
_GITHUB = "token.actions.githubusercontent.com"
_MOST = 6144  # characters of a managed policy, white space apart


def _resources(prefix: str, accounts: Iterable[str]) -> dict[str, list[str]]:
    iam = [f"arn:aws:iam::{account}" for account in accounts]
    return {
        "buckets": [f"arn:aws:s3:::{prefix}*"],
        "roles": [f"{base}:role{PATH}*" for base in iam],
        "all": [f"{base}:{kind}{PATH}*" for base in iam for kind in _KINDS],
    }


def boundary(prefix: str, accounts: Iterable[str]) -> str:
    """The permissions boundary of one run as JSON; `prefix` begins the run's names."""
    at = _resources(prefix, accounts)
    ours = {"StringEquals": {"aws:ResourceTag/project": PROJECT}}
    bounded = {"ArnLike": {"iam:PermissionsBoundary": f"arn:aws:iam::*:policy{PATH}*"}}
    statements: list[dict[str, Any]] = [
        {"Sid": "Look", "Action": _LOOK, "Resource": "*"},
        {"Sid": "OwnBuckets", "Action": "s3:*", "Resource": at["buckets"]},
        {"Sid": "OwnRoles", "Action": _ENTER, "Resource": at["roles"], "Condition": ours},
        {"Sid": "Manage", "Action": _MANAGE, "Resource": at["all"], "Condition": ours},
        {"Sid": "Make", "Action": _MAKE, "Resource": at["all"], "Condition": bounded},
    ]
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed})


def fenced(text: str, prefix: str, accounts: Iterable[str]) -> str:
    """A lesson's managed policy with the fence, or as it is where the fence does not fit.

    What is not JSON or no policy stays as it is: IAM shall say so.
    """
    document = _parsed(text)
    given = _statements(document)
    if given is None:
        return text
    at = _resources(prefix, accounts)
    inside = [*_LOOK, *_ENTER, *_MANAGE, *_MAKE, "s3:*"]
    deny: dict[str, Any] = {"Effect": "Deny"}
    fence = [
        {**deny, "Sid": "StsLabActions", "NotAction": inside, "Resource": "*"},
        {
            **deny,
            "Sid": "StsLabResources",
            "NotAction": [*_LOOK, "iam:List*"],
            "NotResource": [*at["buckets"], *at["all"]],
        },
    ]
    found = json.dumps({**document, "Statement": [*given, *fence]})
    return found if len("".join(found.split())) <= _MOST else text


def without_strangers(text: str, accounts: Iterable[str]) -> str:
    """A trust policy in which "everybody" means: of the accounts of this lab."""
    document = _parsed(text)
    given = _statements(document)
    if given is None:
        return text
    if not any(names_everybody(s) and s.get("Effect") == "Allow" for s in given):
        return text
    found = [_narrowed(s, list(accounts)) if names_everybody(s) else s for s in given]
    return json.dumps({**document, "Statement": found})


def _narrowed(statement: dict[str, Any], accounts: list[str]) -> dict[str, Any]:
    condition = statement.get("Condition") or {}
    if statement.get("Effect") != "Allow" or not isinstance(condition, dict):
        return statement
    # An operator of its own: the lesson's StringEquals must stay as it is.
    return {
        **statement,
        "Condition": {
            **condition,
            "StringLike": {**condition.get("StringLike", {}), "aws:PrincipalAccount": accounts},
        },
    }


def names_everybody(statement: Any) -> bool:
    """Whether a statement's Principal is a star, bare or of the type AWS."""
    principal = statement.get("Principal") if isinstance(statement, dict) else None
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return "*" in (named if isinstance(named, list) else [named])


def strangers_could_enter(text: str, repository: str) -> bool:
    """Whether a trust policy lets in tokens of others than `repository` (OWNER/NAME, "" for none).

    GitHub and its like sign for everybody who has an account there.
    """
    document = _parsed(text)
    statements = document.get("Statement") if document else None
    return any(
        isinstance(s, dict) and s.get("Effect") == "Allow" and not _only_from(s, repository)
        for s in (statements if isinstance(statements, list) else [statements])
    )


def _only_from(statement: dict[str, Any], repository: str) -> bool:
    principal, conditions = statement.get("Principal"), statement.get("Condition")
    if "NotPrincipal" in statement:
        return False
    if not isinstance(principal, dict) or "Federated" not in principal:
        return True
    if not all(
        str(name).endswith(f":oidc-provider/{_GITHUB}") for name in _listed(principal["Federated"])
    ):
        return False
    subjects: list[Any] = []
    for operator in ("StringEquals", "StringLike"):
        block = conditions.get(operator) if isinstance(conditions, dict) else None
        for key, values in block.items() if isinstance(block, dict) else ():
            subjects += _listed(values) if key.lower() == f"{_GITHUB}:sub" else []
    return bool(repository and subjects) and all(
        str(subject).startswith(f"repo:{repository}:") for subject in subjects
    )


def _statements(document: dict[str, Any]) -> list[Any] | None:
    """None where the document is no policy."""
    found = document.get("Statement")
    return _listed(found) if isinstance(found, (list, dict)) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_public(text: str) -> bool:
    """Whether a bucket policy lets everybody in under no condition."""
    return any(
        names_everybody(s) and s.get("Effect") == "Allow" and not s.get("Condition")
        for s in _listed(_parsed(text).get("Statement"))
    )


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
