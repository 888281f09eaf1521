"""Policy types together: which allows suffice, and whose deny ends it (STS_FACTS 3.1 to 3.3)."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import (
    HERE,
    OTHER_OWN,
    OWN,
    PUT,
    Scenario,
    Statement,
    allow,
    deny,
    grants,
    when,
)

ALL, OTHER = (allow("s3:*", OWN),), (allow("s3:GetObject", OWN),)
DENIED = (allow("s3:*", OWN), deny("s3:PutObject", OWN))
VERDICTS: dict[str, tuple[Statement, ...]] = {"allows": ALL, "is silent": OTHER, "denies": DENIED}
ROOT = "arn:aws:iam::<account>:root"

#: What a bucket policy may name a caller by; star is narrowed to this account.
NAMED: dict[str, Any] = {
    "its own ARN": "<caller arn>",
    "its unique id": "<caller id>",
    "the account's root ARN": ROOT,
    "the account's number": "<account>",
    "another user": "<starter arn>",
    "another role": "<chained arn>",
    "a service": {"Service": "ec2.amazonaws.com"},
    "a star": "*",
    "a bare star": {"*": "*"},
}
#: Whether a user meets these is no other question than whether a session does.
_FOR_ROLES = ("another role", "a bare star", "a service", "the account's number")
SESSION_NAMED = {"its session ARN": "<session arn>"}
FEDERATED_NAMED = {"the federated user's ARN": "<federated arn>"}
_FEDERATE = allow("sts:GetFederationToken", "*")


def scenarios() -> list[Scenario]:
    return [*_named(), *_caps(), *_denies(), *_over(), *_federated(), *_across(), *_conditions()]


def _grant(name: str, principal: Any, **more: Any) -> dict[str, Any]:
    if name == "a bare star":
        return grants("x", Condition=HERE, **more) | {"Principal": "*"}
    if name == "a star":
        return grants("*", Condition=HERE, **more)
    return grants(principal, **more)


def _of(id_: str, says: str, caller: str, **policies: Any) -> Scenario:
    return Scenario(f"layers/{id_}", says, "s3:PutObject", PUT, caller=caller, **policies)


def _named() -> list[Scenario]:
    """A bucket policy that names the caller in each way, with and without an identity allow."""
    found = []
    for caller in ("user", "role", "token"):
        for name, principal in (NAMED | (SESSION_NAMED if caller == "role" else {})).items():
            if caller == "user" and name in _FOR_ROLES:
                continue
            both = name in ("another user", "the account's root ARN") and caller != "token"
            if caller == "token" and name not in ("its own ARN", "a star"):
                continue
            for identity in ((), ALL) if both else ((),):
                mine = "and its own policy allows" if identity else "and nothing else allows"
                direct = name in ("its own ARN", "its unique id", "its session ARN")
                direct = direct or "star" in name
                named = direct or name.startswith("the account")
                moot = ["bucket"] if identity or not named else []
                moot += ["identity"] if identity and direct else []
                found.append(
                    _of(
                        f"{caller}: the bucket policy names {name}, {mine}",
                        f"A bucket policy names the {caller} by {name}, {mine}.",
                        caller,
                        identity=identity,
                        bucket=(_grant(name, principal),),
                        moot=tuple(moot),
                    )
                )
    return found


def _caps() -> list[Scenario]:
    """Identity-based policy, permissions boundary and session policy, each with each verdict."""
    found = []
    for caller in ("user", "role"):
        passed = [None] if caller == "user" else list(VERDICTS)
        for identity, statements in VERDICTS.items():
            for boundary, bounds in VERDICTS.items():
                for session in passed:
                    told = f"identity {identity}, boundary {boundary}"
                    told += f", session policy {session}" if session else ""
                    bad = [v for v in (identity, boundary, session) if v in ("is silent", "denies")]
                    several = len(bad) > 1
                    if several:
                        continue
                    names = ("identity", "boundary", "session_policy")
                    verdicts = dict(zip(names, (identity, boundary, session), strict=True))
                    moot = [n for n, v in verdicts.items() if bad and v == "allows"]
                    found.append(
                        _of(
                            f"{caller}: {told}",
                            f"A {caller}: {told}.",
                            caller,
                            identity=statements,
                            boundary=bounds,
                            session_policy=VERDICTS[session] if session else None,
                            moot=tuple(moot),
                        )
                    )
    for session in VERDICTS:
        found.append(
            _of(
                f"role: identity allows, session policy {session}",
                f"A role session without a boundary; its session policy {session}.",
                "role",
                identity=ALL,
                session_policy=VERDICTS[session],
                moot=() if session == "allows" else ("identity",),
            )
        )
    return found


def _denies() -> list[Scenario]:
    """An explicit deny in one policy type beats the allows of all others."""
    grant = grants("<caller arn>", "s3:*")
    found = []
    for where in ("identity", "boundary", "session_policy", "bucket"):
        policies: dict[str, Any] = dict.fromkeys(("identity", "boundary", "session_policy"), ALL)
        policies["bucket"] = (grant,)
        if where == "bucket":
            policies["bucket"] = (grant, grant | {"Effect": "Deny"})
        else:
            policies[where] = DENIED
        moot = tuple(name for name in policies if name != where)
        found.append(
            _of(
                f"role: all allow, {where} denies",
                f"Only the {where} denies.",
                "role",
                **policies,
                moot=moot,
            )
        )
    for name in ("its own ARN", "the account's number", "another role", "its session ARN"):
        principal = (NAMED | SESSION_NAMED)[name]
        found.append(
            _of(
                f"role: the bucket policy denies {name}",
                f"The identity-based policy allows; the bucket policy denies {name}.",
                "role",
                identity=ALL,
                bucket=(_grant(name, principal) | {"Effect": "Deny"},),
                moot=("identity", "bucket"),
            )
        )
    return found


def _over() -> list[Scenario]:
    """Which names in a bucket policy step over a boundary or session policy that is silent."""
    found = []
    caps: dict[str, dict[str, Any]] = {
        "boundary": {"boundary": OTHER},
        "session policy": {"session_policy": OTHER},
        "boundary that denies": {"boundary": DENIED},
    }
    for caller in ("user", "role"):
        names = ["its own ARN", "the account's root ARN", "a star"]
        names += ["its session ARN"] if caller == "role" else []
        for cap, policies in caps.items():
            if caller == "user" and "session" in cap:
                continue
            for name in names:
                principal = (NAMED | SESSION_NAMED)[name]
                found.append(
                    _of(
                        f"{caller}: the bucket policy names {name} over a {cap}",
                        f"Nothing but the bucket policy, by {name}, allows; there is a {cap}.",
                        caller,
                        bucket=(_grant(name, principal),),
                        **policies,
                        moot=("bucket", *policies),
                    )
                )
    return found


def _federated() -> list[Scenario]:
    """A federated user: its session policy, the user's own policy and the bucket's."""
    found = []
    names = {"the user's ARN": "<caller arn>", **FEDERATED_NAMED}
    rows: list[tuple[str, Any, Any, Any]] = [
        ("no session policy, the user allows", ALL, None, None),
        ("the session policy allows, the user is silent", (), ALL, None),
        ("both allow", ALL, ALL, None),
        ("the session policy is silent", ALL, OTHER, None),
        ("the user denies", DENIED, ALL, None),
        *[(f"the bucket names {n}, no session policy", (), None, n) for n in names],
        *[(f"the bucket names {n}, the session policy allows", (), ALL, n) for n in names],
        *[(f"the bucket names {n}, the session policy is silent", (), OTHER, n) for n in names],
    ]
    for says, identity, session, name in rows:
        found.append(
            _of(
                f"federated: {says}",
                f"A federated user: {says}.",
                "federated",
                identity=(*identity, _FEDERATE),
                session_policy=session,
                bucket=(grants(names[name]),) if name else None,
                moot=("identity", "session_policy", "bucket"),
            )
        )
    return found


def _across() -> list[Scenario]:
    """A bucket of another account: both sides, always."""
    there = {"Bucket": "<other bucket>", "Key": "<key>/a", "Body": ""}
    mine = (allow("s3:*", OTHER_OWN),)
    found = []
    for caller in ("user", "role"):
        for name in ("its own ARN", "a star"):
            for identity in ((), mine):
                told = "its own policy allows" if identity else "its own policy is silent"
                grant = _grant(name, NAMED[name], resources=OTHER_OWN)
                found.append(
                    Scenario(
                        f"layers/across accounts, {caller}: named by {name}, {told}",
                        f"A bucket of another account names {name}; {told}.",
                        "s3:PutObject",
                        there,
                        caller=caller,
                        identity=identity,
                        bucket=(grant,),
                        accounts=2,
                        moot=("bucket",),
                    )
                )
        found.append(
            Scenario(
                f"layers/across accounts, {caller}: its own policy alone",
                "A bucket of another account without a word about the caller.",
                "s3:PutObject",
                there,
                caller=caller,
                identity=mine,
                accounts=2,
                moot=("identity",),
            )
        )
    return found


def _conditions() -> list[Scenario]:
    """Conditions in a bucket policy, on keys of the caller."""
    rows: list[tuple[str, str, Any, Any]] = [
        ("aws:PrincipalArn of the role", "StringEquals", "aws:PrincipalArn", "<caller arn>"),
        ("aws:PrincipalArn of the session", "StringEquals", "aws:PrincipalArn", "<session arn>"),
        ("a tag of the role", "StringEquals", "aws:PrincipalTag/team", "green"),
        ("another tag", "StringEquals", "aws:PrincipalTag/team", "red"),
        ("aws:userid of any session", "StringLike", "aws:userid", "<caller id>:*"),
    ]
    found = []
    for says, operator, key, value in rows:
        for effect in ("Allow", "Deny") if "session" in says else ("Allow",):
            statement = grants("<caller arn>", **when(operator, key, value)) | {"Effect": effect}
            found.append(
                _of(
                    f"role: the bucket policy has {effect} under {says}",
                    f"{effect} in a bucket policy under a condition on {says}.",
                    "role",
                    identity=ALL if effect == "Deny" else (),
                    bucket=(statement,),
                    moot=("identity", "bucket") if effect == "Deny" else (),
                )
            )
    return found
