"""Malformed documents: which IAM, S3 and STS refuse to store, and by which code (2.7)."""

from __future__ import annotations

import json
from typing import Any

from labhelpers.compare.scenario import Scenario

_DROP = object()
#: Deny, here and below: a document that is stored after all lets nobody do anything.
_IDENTITY = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
_TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "<starter arn>"}}
_BUCKET = {
    "Effect": "Deny",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::<bucket>/refused/*",
    "Principal": "*",
}
IAM = "arn:aws:iam::<account>:"

IDENTITY: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "a Principal": {"Principal": "*"},
    "an action without prefix": {"Action": "GetObject"},
    "a wildcard in the prefix": {"Action": "s*:GetObject"},
    "an action that does not exist": {"Action": "s3:CompareNobody"},
    "a resource that is a name": {"Resource": "bucket"},
    "no Resource": {"Resource": _DROP},
    "no Action": {"Action": _DROP},
    "no Effect": {"Effect": _DROP},
    "Action and NotAction": {"NotAction": "s3:*"},
    "Effect in another case": {"Effect": "allow"},
    "an operator that does not exist": {"Condition": {"StringEqual": {"aws:username": "a"}}},
    "a condition key without prefix": {"Condition": {"StringEquals": {"username": "a"}}},
    "a condition key that does not exist": {"Condition": {"StringEquals": {"aws:nobody": "a"}}},
    "a number that is none": {"Condition": {"NumericEquals": {"s3:max-keys": "five"}}},
    "a variable in an action": {"Action": "s3:${aws:username}"},
    "a variable before the fifth colon": {"Resource": "arn:aws:sqs:${aws:username}:*:q"},
}
TRUST: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "a bare star": {"Principal": "*", "Effect": "Deny"},
    "a Resource": {"Resource": "*"},
    "another service's action": {"Action": "s3:GetObject"},
    "no Principal": {"Principal": _DROP},
    "no Effect": {"Effect": _DROP},
    "no Action": {"Action": _DROP},
    "a NotPrincipal": {
        "Principal": _DROP,
        "NotPrincipal": {"AWS": "<starter arn>"},
        "Effect": "Deny",
    },
    "Cognito without a condition": {"Principal": {"Federated": "cognito-identity.amazonaws.com"}},
    "a user that does not exist": {"Principal": {"AWS": IAM + "user/compare-nobody"}},
    "a service that does not exist": {"Principal": {"Service": "nobody.amazonaws.com"}},
    "a provider that does not exist": {
        "Principal": {"Federated": IAM + "oidc-provider/nobody.example.com"}
    },
    "any session of a role": {
        "Principal": {"AWS": "arn:aws:sts::<account>:assumed-role/<role name>/*"}
    },
}
BUCKET: dict[str, dict[str, Any]] = {
    "nothing wrong": {},
    "no Principal": {"Principal": _DROP},
    "a user that does not exist": {"Principal": {"AWS": IAM + "user/compare-nobody"}},
    "another bucket": {"Resource": "arn:aws:s3:::compare-another-bucket/*"},
    "no Resource": {"Resource": _DROP},
    "an action of another service": {"Action": "sqs:SendMessage"},
    "an action that does not exist": {"Action": "s3:CompareNobody"},
    "an object's action on the bucket": {"Resource": "arn:aws:s3:::<bucket>"},
    "Allow with NotPrincipal": {
        "Effect": "Allow",
        "Principal": _DROP,
        "NotPrincipal": {"AWS": "<starter arn>"},
        "Resource": "arn:aws:s3:::<bucket>/refused/nothing",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": "<account>"}},
    },
    "an operator that does not exist": {"Condition": {"StringEqual": {"aws:username": "a"}}},
    "a condition key of no use to S3": {"Condition": {"StringEquals": {"ec2:Region": "a"}}},
}
#: Whole texts that are no policy, for every kind.
TEXTS: dict[str, str] = {
    "no JSON": "{",
    "no Statement": '{"Version": "2012-10-17"}',
    "an empty Statement": '{"Version": "2012-10-17", "Statement": []}',
    "a Version that does not exist": '{"Version": "2012-10-18", "Statement": [%s]}',
    "no Version": '{"Statement": [%s]}',
    "the old Version": '{"Version": "2008-10-17", "Statement": [%s]}',
    "one statement, not in a list": '{"Version": "2012-10-17", "Statement": %s}',
    "a Sid twice": '{"Version": "2012-10-17", "Statement": [%s, %s]}',
    "an element twice": '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": [%s]}',
}

_Rows = dict[str, dict[str, Any]]  # what is wrong -> the elements that differ
#: Kind -> call, whom it is about, the parameter of the document, a good statement, changes to it.
_WRITES: dict[str, tuple[str, dict[str, str], str, dict[str, Any], _Rows]] = {
    "identity-based policy": (
        "iam:PutRolePolicy",
        {"RoleName": "<scratch name>", "PolicyName": "compare"},
        "PolicyDocument",
        _IDENTITY,
        IDENTITY,
    ),
    "trust policy": (
        "iam:UpdateAssumeRolePolicy",
        {"RoleName": "<scratch name>"},
        "PolicyDocument",
        _TRUST,
        TRUST,
    ),
    "bucket policy": (
        "s3:PutBucketPolicy",
        {"Bucket": "<scratch bucket>"},
        "Policy",
        _BUCKET,
        BUCKET,
    ),
}


def scenarios() -> list[Scenario]:
    found = []
    for kind, (call, who, parameter, good, rows) in _WRITES.items():
        texts = {says: _text({**good, **changes}) for says, changes in rows.items()}
        for says, text in list(TEXTS.items())[:: 1 if kind.startswith("identity") else 8]:
            statement = {**good, "Sid": "a"} if "Sid" in says else good
            texts[says] = text.replace("%s", json.dumps(statement))
        if kind != "bucket policy":
            long = {**good, "Condition": {"StringNotEquals": {"aws:username": "x" * 12000}}}
            texts["a document of 12000 characters"] = _text(long)
        for says, text in texts.items():
            found.append(
                Scenario(
                    f"documents/{kind}: {says}",
                    f"A {kind} with {says} is written.",
                    call,
                    {**who, parameter: text.replace("<bucket>", "<scratch bucket>")},
                    caller="administrator",
                )
            )
    return found


def _text(statement: dict[str, Any]) -> str:
    kept = {name: value for name, value in statement.items() if value is not _DROP}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})
