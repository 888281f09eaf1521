"""IAM, S3 and STS calls by each kind of credentials (STS_FACTS 1.5): what they may never do."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import BUCKET, OWN, Scenario, allow, deny

_FEDERATE = allow("sts:GetFederationToken", "*")
KEY_INFO = {"AccessKeyId": "<starter key>"}

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
_WHO = {
    "user": "A user",
    "role": "A role session",
    "token": "A user with credentials of GetSessionToken",
    "federated": "A federated user",
}
_BY_OTHERS = (
    "iam:GetUser",
    "s3:ListBuckets",
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
    "sts:GetFederationToken",
)


def scenarios() -> list[Scenario]:
    return [*_kinds(), *_denied(), *_resources(), *_objects(), *_limits()]


def _kinds() -> list[Scenario]:
    """Every call by every kind, under one policy that allows them all or allows none."""
    everything = tuple(permission for _, _, permission in CALLS)
    found = []
    for caller, identity in (
        ("user", everything),
        ("user", ()),
        ("role", everything),
        ("token", everything),
    ):
        told = "all allowed" if identity else "nothing allowed"
        for call, parameters, _ in CALLS:
            if call in _BY_OTHERS or caller == "user" and identity:
                found.append(_by(caller, call, parameters, told, identity=identity))
    for call, parameters, permission in CALLS:
        if call not in _BY_OTHERS:
            continue
        policies = {"identity": everything, "session_policy": (permission,)}
        found.append(_by("federated", call, parameters, "both policies allow", **policies))
    return found


def _by(caller: str, call: str, parameters: dict[str, Any], told: str, **policies: Any) -> Scenario:
    return Scenario(
        f"calls/{caller}: {call}, {told}",
        f"{_WHO[caller]} calls {call}; {told}.",
        call,
        parameters,
        caller=caller,
        moot=("identity", "session_policy"),
        **policies,
    )


def _denied() -> list[Scenario]:
    """An explicit deny of the call alone."""
    found = []
    for call, parameters, permission in CALLS:
        if call in (
            "iam:GetUser",
            "s3:ListBuckets",
            "sts:GetCallerIdentity",
            "sts:GetSessionToken",
        ):
            denied = deny(permission["Action"], permission["Resource"])
            told = "allowed and denied"
            found.append(_by("user", call, parameters, told, identity=(permission, denied)))
    return found


def _resources() -> list[Scenario]:
    get_user: dict[str, Any] = {
        "any user": "arn:aws:iam::<account>:user/*",
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
    for action in ("iam:get*",):
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
            {"Key": "<key>/none"},
            (allow(get, OWN),),
        ),
        "no object, listing allowed": (
            "GetObject",
            {"Key": "folder/none"},
            (allow(get, folder), allow(list_, BUCKET)),
        ),
        "no object to delete": (
            "DeleteObject",
            {"Key": "<key>/none"},
            (allow("s3:DeleteObject", OWN),),
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
            {"Key": "<key>/b", "ACL": "bucket-owner-full-control"},
            (allow("s3:PutObject", OWN),),
        ),
        "tags with an object": (
            "PutObject",
            {"Key": "<key>/b", "Tagging": "a=b"},
            (allow("s3:PutObject", OWN),),
        ),
        "tags with an object, tagging allowed": (
            "PutObject",
            {"Key": "<key>/b", "Tagging": "a=b"},
            (allow(["s3:PutObject", "s3:PutObjectTagging"], OWN),),
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
    for seconds in (899, 129600, 129601):
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
