"""IAM, S3 and STS calls by each kind of credentials (STS_FACTS 1.5): what they may never do."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import BUCKET, Scenario, allow, deny

_FEDERATE = allow("sts:GetFederationToken", "*")
KEY_INFO = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}

# call, parameters, what allows it
CALLS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("iam:GetUser", {"UserName": "<user name>"}, allow("iam:GetUser", "<user arn>")),
    ("iam:ListUsers", {}, allow("iam:ListUsers")),
    ("iam:GetRole", {"RoleName": "<target name>"}, allow("iam:GetRole", "<target arn>")),
    ("iam:ListAccessKeys", {"UserName": "<user name>"}, allow("iam:ListAccessKeys", "<user arn>")),
    ("s3:ListBuckets", {}, allow("s3:ListAllMyBuckets")),
    ("sts:GetCallerIdentity", {}, allow("sts:GetCallerIdentity")),
    ("sts:GetAccessKeyInfo", KEY_INFO, allow("sts:GetAccessKeyInfo")),
    ("sts:GetSessionToken", {}, allow("sts:GetSessionToken")),
    ("sts:GetFederationToken", {"Name": "fred"}, allow("sts:GetFederationToken")),
]
_WITHOUT = ("sts:GetCallerIdentity", "sts:GetSessionToken")


def scenarios() -> list[Scenario]:
    return [*_kinds(), *_denied(), *_resources(), *_objects(), *_limits()]


def _kinds() -> list[Scenario]:
    found = []
    for caller in ("user", "role", "token", "federated"):
        for call, parameters, permission in CALLS:
            for allowed in (True, False):
                mine = [permission] if allowed else []
                if caller == "federated":
                    if call == "sts:GetFederationToken" or not allowed:
                        continue
                    mine.append(_FEDERATE)
                found.append(
                    Scenario(
                        f"calls/{caller}: {call}, {'allowed' if allowed else 'nothing allowed'}",
                        f"A {caller} calls {call}; {'a' if allowed else 'no'} policy allows it.",
                        call,
                        parameters,
                        caller=caller,
                        identity=tuple(mine),
                        session_policy=(permission,) if caller == "federated" else None,
                        moot=("identity", "session_policy"),
                    )
                )
    return found


def _denied() -> list[Scenario]:
    """An explicit deny of the call alone."""
    found = []
    for caller in ("user", "role"):
        for call, parameters, permission in CALLS:
            denied = deny(permission["Action"], permission["Resource"])
            found.append(
                Scenario(
                    f"calls/{caller}: {call}, allowed and denied",
                    f"A {caller} calls {call}; its policy allows and denies it.",
                    call,
                    parameters,
                    caller=caller,
                    identity=(permission, denied),
                    moot=("identity",) if call in _WITHOUT or caller == "role" else (),
                )
            )
    return found


def _resources() -> list[Scenario]:
    get_user: dict[str, Any] = {
        "any user": "arn:aws:iam::<account>:user/*",
        "any user of any account": "arn:aws:iam::*:user/*",
        "another user": "<starter arn>",
        "the name with an asterisk": "<user arn>*",
        "the name with a question mark": "<user arn>?",
        "roles": "arn:aws:iam::<account>:role/*",
    }
    found = [
        Scenario(
            f"calls/user: iam:GetUser, allowed for {word}",
            f"iam:GetUser is allowed for {word}.",
            "iam:GetUser",
            {"UserName": "<user name>"},
            caller="user",
            identity=(allow("iam:GetUser", resource),),
        )
        for word, resource in get_user.items()
    ]
    for action in ("iam:get*", "iam:*", "iam:GetUserPolicy"):
        found.append(
            Scenario(
                f"calls/user: iam:GetUser, allowed by {action}",
                f"iam:GetUser is allowed by {action}.",
                "iam:GetUser",
                {"UserName": "<user name>"},
                caller="user",
                identity=(allow(action, "<user arn>"),),
            )
        )
    found += [
        Scenario(
            "calls/user: iam:GetUser of nobody, by who may",
            "iam:GetUser names a user that does not exist.",
            "iam:GetUser",
            {"UserName": "compare-nobody"},
            caller="user",
            identity=(allow("iam:GetUser", "arn:aws:iam::<account>:user/*"),),
            moot=("identity",),
        ),
        Scenario(
            "calls/user: iam:GetUser without a name",
            "iam:GetUser without a name is about the caller.",
            "iam:GetUser",
            {},
            caller="user",
            identity=(allow("iam:GetUser", "<user arn>"),),
        ),
    ]
    return found


def _objects() -> list[Scenario]:
    """Objects that exist or not, with and without the right to list."""
    folder, get, list_ = f"{BUCKET}/folder/*", "s3:GetObject", "s3:ListBucket"
    rows: dict[str, tuple[str, dict[str, Any], tuple]] = {
        "an object": ("GetObject", {"Key": "folder/a.txt"}, (allow(get, folder),)),
        "an object, another allowed": (
            "GetObject",
            {"Key": "folder/a.txt"},
            (allow(get, f"{BUCKET}/folder/b"),),
        ),
        "no object, listing not allowed": (
            "GetObject",
            {"Key": "folder/none"},
            (allow(get, folder),),
        ),
        "no object, listing allowed": (
            "GetObject",
            {"Key": "folder/none"},
            (allow(get, folder), allow(list_, BUCKET)),
        ),
        "no object to delete": (
            "DeleteObject",
            {"Key": "folder/none"},
            (allow("s3:DeleteObject", folder),),
        ),
        "a listing": ("ListObjectsV2", {}, (allow(list_, BUCKET),)),
        "a listing, objects allowed": ("ListObjectsV2", {}, (allow(list_, f"{BUCKET}/*"),)),
        "a listing, the operation's name allowed": (
            "ListObjectsV2",
            {},
            (allow("s3:ListObjectsV2", BUCKET),),
        ),
        "an ACL with an object": (
            "PutObject",
            {"Key": "folder/b", "ACL": "bucket-owner-full-control"},
            (allow("s3:PutObject", folder),),
        ),
        "tags with an object": (
            "PutObject",
            {"Key": "folder/b", "Tagging": "a=b"},
            (allow("s3:PutObject", folder),),
        ),
        "tags with an object, tagging allowed": (
            "PutObject",
            {"Key": "folder/b", "Tagging": "a=b"},
            (allow(["s3:PutObject", "s3:PutObjectTagging"], folder),),
        ),
    }
    return [
        Scenario(
            f"calls/role: {operation}, {says}",
            f"{operation}: {says}.",
            f"s3:{operation}",
            {"Bucket": "<bucket>"} | parameters,
            identity=statements,
            moot=("identity",),
        )
        for says, (operation, parameters, statements) in rows.items()
    ]


def _limits() -> list[Scenario]:
    rows: dict[str, dict[str, Any]] = {
        "a name of 33 characters": {"Name": "x" * 33},
        "a name with a blank": {"Name": "a b"},
        "129601 seconds": {"Name": "fred", "DurationSeconds": 129601},
        "900 seconds": {"Name": "fred", "DurationSeconds": 900},
        "a malformed policy": {"Name": "fred", "Policy": "{"},
    }
    found = [
        Scenario(
            f"calls/user: sts:GetFederationToken, {says}",
            f"sts:GetFederationToken with {says}.",
            "sts:GetFederationToken",
            parameters,
            caller="user",
            identity=(_FEDERATE,),
            moot=("identity",),
        )
        for says, parameters in rows.items()
    ]
    for seconds in (899, 900, 129600, 129601):
        found.append(
            Scenario(
                f"calls/user: sts:GetSessionToken, {seconds} seconds",
                f"sts:GetSessionToken for {seconds} seconds.",
                "sts:GetSessionToken",
                {"DurationSeconds": seconds},
                caller="user",
            )
        )
    return found
