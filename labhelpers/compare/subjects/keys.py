"""Condition keys: which a request holds, for which caller, and with what value (STS_FACTS 5)."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import (
    ASSUME,
    BUCKET,
    HERE,
    OWN,
    PUT,
    TARGET,
    Scenario,
    allow,
    tags,
    trusts,
    when,
)

PAST, FUTURE = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
ROLES = "arn:aws:iam::<account>:role/*"

# what is said, caller, condition, session
OF_CALLER: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("its ARN", "user", {"ArnEquals": {"aws:PrincipalArn": "<user arn>"}}, {}),
    ("its role's ARN", "role", {"ArnEquals": {"aws:PrincipalArn": "<role arn>"}}, {}),
    ("its session's ARN", "role", {"ArnEquals": {"aws:PrincipalArn": "<session arn>"}}, {}),
    ("any role of the account", "role", {"ArnLike": {"aws:PrincipalArn": ROLES}}, {}),
    ("the account", "role", HERE, {}),
    ("another account", "role", {"StringEquals": {"aws:PrincipalAccount": "000000000000"}}, {}),
    ("AssumedRole", "role", {"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, {}),
    ("User", "token", {"StringEquals": {"aws:PrincipalType": "User"}}, {}),
    ("its unique id", "user", {"StringEquals": {"aws:userid": "<user id>"}}, {}),
    ("the role's id alone", "role", {"StringEquals": {"aws:userid": "<role id>"}}, {}),
    ("the role's id and a name", "role", {"StringLike": {"aws:userid": "<role id>:*"}}, {}),
    ("its user name", "user", {"StringEquals": {"aws:username": "<user name>"}}, {}),
    ("a user name at all", "role", {"Null": {"aws:username": "false"}}, {}),
    ("a tag of the role", "role", {"StringEquals": {"aws:PrincipalTag/team": "green"}}, {}),
    (
        "the tag's key in another case",
        "user",
        {"StringEquals": {"AWS:principaltag/TEAM": "red"}},
        {},
    ),
    (
        "a session tag over a role's tag",
        "role",
        {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
        {"Tags": tags(team="blue")},
    ),
    (
        "the role's tag under a session tag",
        "role",
        {"StringEquals": {"aws:PrincipalTag/team": "green"}},
        {"Tags": tags(team="blue")},
    ),
    (
        "the role's tag beside another session tag",
        "role",
        {"StringEquals": {"aws:PrincipalTag/team": "green"}},
        {"Tags": tags(other="blue")},
    ),
    ("MFA false", "user", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, {}),
    ("MFA false", "token", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, {}),
    ("MFA false", "role", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, {}),
    ("MFA false if known", "user", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {}),
    ("a token issued before 2099", "role", {"DateLessThan": {"aws:TokenIssueTime": FUTURE}}, {}),
    ("a token issued before 2020", "role", {"DateLessThan": {"aws:TokenIssueTime": PAST}}, {}),
    (
        "its source identity",
        "role",
        {"StringEquals": {"aws:SourceIdentity": "anna"}},
        {"SourceIdentity": "anna"},
    ),
]
OF_REQUEST: list[tuple[str, dict[str, Any]]] = [
    ("TLS", {"Bool": {"aws:SecureTransport": "true"}}),
    ("after 2020, in epoch seconds", {"DateGreaterThan": {"aws:EpochTime": PAST}}),
    ("an epoch time as a number", {"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}),
    ("another Region", {"StringEquals": {"aws:RequestedRegion": "us-gov-west-1"}}),
    ("any IPv4 address", {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}),
    ("an address of a test network", {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
    ("the bucket's account", {"StringEquals": {"aws:ResourceAccount": "<account>"}}),
    ("a signature in a header", {"StringEquals": {"s3:authType": "REST-HEADER"}}),
    (
        "two keys of which one fails",
        {"StringEquals": {"aws:PrincipalAccount": "<account>", "aws:PrincipalType": "User"}},
    ),
    (
        "two operators that hold",
        {
            "StringEquals": {"aws:PrincipalAccount": "<account>"},
            "Bool": {"aws:SecureTransport": "true"},
        },
    ),
    ("an empty condition", {}),
]

LIST = {"Bucket": "<bucket>"}
# condition, parameters of ListObjectsV2
LISTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"StringEquals": {"s3:prefix": "folder/"}}, {"Prefix": "folder/"}),
    ({"StringEquals": {"s3:prefix": "folder/"}}, {}),
    ({"StringLike": {"s3:prefix": "folder/*"}}, {"Prefix": "folder/a"}),
    ({"StringLike": {"s3:prefix": "folder/*"}}, {"Prefix": "Folder/a"}),
    ({"StringNotLike": {"s3:prefix": "folder/*"}}, {}),
    ({"Null": {"s3:prefix": "true"}}, {}),
    ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"MaxKeys": 11}),
    ({"StringEquals": {"s3:delimiter": "/"}}, {"Delimiter": "/"}),
]

# condition of the trust policy, parameters of AssumeRole
IDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    *[
        (block, given)
        for block in (
            {"StringEquals": {"sts:ExternalId": "Tenant-7"}},
            {"StringEqualsIgnoreCase": {"STS:externalid": "TENANT-7"}},
            {"StringEqualsIfExists": {"sts:ExternalId": ["Tenant-7", "Tenant-9"]}},
            {"Null": {"sts:ExternalId": "true"}},
        )
        for given in ({"ExternalId": "Tenant-7"}, {"ExternalId": "tenant-7"}, {})
    ],
    (
        {"StringEquals": {"sts:ExternalId": "a:b/c=d@e,f+g.h_i-j"}},
        {"ExternalId": "a:b/c=d@e,f+g.h_i-j"},
    ),
    ({"StringEquals": {"sts:RoleSessionName": "asked"}}, {"RoleSessionName": "Asked"}),
    ({"StringEquals": {"aws:ResourceTag/team": "blue"}}, {}),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}),
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, {}),
]


def scenarios() -> list[Scenario]:
    return [*_of_caller(), *_of_request(), *_listings(), *_ids()]


def _of_caller() -> list[Scenario]:
    return [
        Scenario(
            f"keys/{caller}: {said}, {next(iter(block))}",
            f"A condition of a {caller} on {said}.",
            "s3:PutObject",
            PUT,
            caller=caller,
            session=session,
            identity=(allow("s3:PutObject", OWN, Condition=block),),
        )
        for said, caller, block, session in OF_CALLER
    ]


def _of_request() -> list[Scenario]:
    return [
        Scenario(
            f"keys/request: {said}",
            f"A condition on the request: {said}.",
            "s3:PutObject",
            PUT,
            identity=(allow("s3:PutObject", OWN, Condition=block),),
        )
        for said, block in OF_REQUEST
    ]


def _listings() -> list[Scenario]:
    return [
        Scenario(
            f"keys/listing {_short(block)} with {given}",
            f"A listing under {_short(block)}, with {given or 'no parameters'}.",
            "s3:ListObjectsV2",
            LIST | given,
            identity=(allow("s3:ListBucket", BUCKET, Condition=block),),
        )
        for block, given in LISTINGS
    ]


def _ids() -> list[Scenario]:
    return [
        Scenario(
            f"keys/trust {_short(block)} with {given}",
            f"A trust policy under {_short(block)}; AssumeRole with {given or 'no more'}.",
            "sts:AssumeRole",
            ASSUME | given,
            caller="user",
            trust=(trusts("<user arn>", Condition=block),),
        )
        for block, given in IDS
    ] + [
        Scenario(
            f"keys/identity ExternalId {wanted!r} with {given}",
            "The caller's own policy asks for an external ID.",
            "sts:AssumeRole",
            ASSUME | given,
            caller="user",
            identity=(
                allow("sts:AssumeRole", TARGET, **when("StringEquals", "sts:ExternalId", wanted)),
            ),
            trust=(trusts("arn:aws:iam::<account>:root"),),
        )
        for wanted, given in (
            ("42", {"ExternalId": "42"}),
            ("42", {}),
            ("42", {"ExternalId": "43"}),
        )
    ]


def _short(block: dict[str, Any]) -> str:
    return ", ".join(f"{o} {k} {v!r}" for o, keys in block.items() for k, v in keys.items())
