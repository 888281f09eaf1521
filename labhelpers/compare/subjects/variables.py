"""Policy variables: where they count, what they become, what if they cannot (STS_FACTS 4.3).

The old Version, and none, are those of a bucket policy: not every write of an identity-based
policy takes them.
"""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import (
    ASSUME,
    OLD_VERSION,
    OWN,
    VERSION,
    Scenario,
    allow,
    grants,
    tags,
    trusts,
    when,
)

HOME = "arn:aws:s3:::<bucket>/<key>/"
TEAM = "${aws:PrincipalTag/value}"

# Resource below <key>/, object below <key>/, the tag's value (None: no tag)
RESOURCES: list[tuple[str, str, str | None]] = [
    (TEAM, "red", "red"),
    ("a-" + TEAM + "-b", "a-red-b", "red"),
    (TEAM, "${aws:PrincipalTag/value}", None),
    (TEAM + "x", "x", None),
    ("${aws:PrincipalTag/value, 'all'}", "all", None),
    ("${aws:PrincipalTag/value, 'all'}", "all", "red"),
    ("${aws:PrincipalTag/value, '*'}", "x", None),
    ("${*}", "*", None),
    ("${*}", "x", None),
    ("a${?}", "ab", None),
    ("${aws:PrincipalType}/x", "AssumedRole/x", None),
]
OLD: list[tuple[str, str]] = [
    (TEAM, "red"),
    (TEAM, TEAM),
    ("${*}", "${anything}"),
]
# operator, value in the policy; the key is a tag of the value "AssumedRole"
CONDITIONS: list[tuple[str, Any]] = [
    ("StringEquals", "${aws:PrincipalType}"),
    ("StringEqualsIgnoreCase", "${AWS:PRINCIPALTYPE}"),
    ("StringNotEquals", "${aws:PrincipalTag/none}"),
    ("StringEquals", "${aws:PrincipalTag/none, 'AssumedRole'}"),
    ("StringLike", "${aws:PrincipalTag/none, 'Ass*'}"),
    ("StringLike", "Assumed${*}"),
]
#: Operators that take no variables: the tag holds what the variable would become.
OTHERS: list[tuple[str, str, str]] = [
    ("NumericEquals", "${aws:PrincipalTag/level}", "7"),
    ("DateLessThan", "${aws:CurrentTime}", "2020-01-01T00:00:00Z"),
    ("Bool", "${aws:SecureTransport}", "true"),
    ("ArnEquals", "${aws:PrincipalArn}", "<role arn>"),
    (
        "ArnLike",
        "arn:aws:sqs:*:*:${aws:PrincipalTag/team}",
        "arn:aws:sqs:eu-west-1:123456789012:green",
    ),
]


def scenarios() -> list[Scenario]:
    found = [_resource(VERSION, *row) for row in RESOURCES]
    found += [_resource(OLD_VERSION, *row, "red") for row in OLD]
    found += [_resource(None, *row, "red") for row in OLD]
    found += [_condition(VERSION, o, wanted, "AssumedRole") for o, wanted in CONDITIONS]
    found += [_condition(VERSION, *row) for row in OTHERS]
    found += [
        _condition(OLD_VERSION, "StringEquals", "${aws:PrincipalType}", "AssumedRole"),
        _condition(None, "StringNotEquals", "${aws:PrincipalType}", "AssumedRole"),
    ]
    return [*found, *_names()]


def _resource(version: str | None, resource: str, key: str, got: str | None) -> Scenario:
    shown = "no tag" if got is None else f"the tag {got!r}"
    told = version or "no Version"
    return Scenario(
        f"variables/{told}: {resource} for {key}, {shown}",
        f"Under {told}, a Resource ends in {resource}; asked is {key}, with {shown}.",
        "s3:PutObject",
        {"Bucket": "<bucket>", "Key": f"<key>/{key}", "Body": ""},
        session={} if got is None else {"Tags": tags(value=got)},
        identity=(allow("s3:PutObject", HOME + resource),) if version == VERSION else (),
        bucket=None if version == VERSION else (grants("<caller arn>", resources=HOME + resource),),
        version=version,
    )


def _condition(version: str | None, operator: str, wanted: Any, got: str) -> Scenario:
    told = version or "no Version"
    condition = when(operator, "aws:PrincipalTag/value", wanted)
    return Scenario(
        f"variables/{told}: {operator} {wanted!r} with {got!r}",
        f"Under {told}, {operator} {wanted!r} is put to {got!r}.",
        "s3:PutObject",
        {"Bucket": "<bucket>", "Key": "<key>/a", "Body": ""},
        session={"Tags": tags(value=got)},
        identity=(allow("s3:PutObject", OWN, **condition),) if version == VERSION else (),
        bucket=None if version == VERSION else (grants("<caller arn>", **condition),),
        version=version,
    )


def _names() -> list[Scenario]:
    """`${aws:username}` in a trust policy: for users, and for nobody else."""
    found = []
    for caller in ("user", "role", "token"):
        for name in ("<user name>", "somebody"):
            block = when("StringEquals", "sts:RoleSessionName", "${aws:username}")
            found.append(
                Scenario(
                    f"variables/session name is the user's: {caller} as {name}",
                    "A trust policy wants the session name to be the caller's user name.",
                    "sts:AssumeRole",
                    ASSUME | {"RoleSessionName": name},
                    caller=caller,
                    trust=(trusts("<caller arn>", **block),),
                )
            )
    owner = when("StringEquals", "aws:PrincipalTag/owner", "${aws:username}")
    found.append(
        Scenario(
            "variables/a tag that holds the user's name",
            "A tag of the user is compared with ${aws:username}.",
            "s3:PutObject",
            {"Bucket": "<bucket>", "Key": "<key>/a", "Body": ""},
            caller="user",
            identity=(allow("s3:PutObject", OWN, **owner),),
        )
    )
    return found
