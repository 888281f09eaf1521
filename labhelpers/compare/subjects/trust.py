"""Trust policies: who is named, and what the caller's own policies still have to say (3.4)."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import ASSUME, HERE, TARGET, Scenario, allow, deny, trusts

MINE, SILENT = (allow("sts:AssumeRole", TARGET),), (allow("s3:ListAllMyBuckets"),)
NO = (allow("sts:AssumeRole", TARGET), deny("sts:AssumeRole", TARGET))
ROOT = "arn:aws:iam::<account>:root"
NAMED: dict[str, Any] = {
    "its own ARN": "<caller arn>",
    "its unique id": "<caller id>",
    "the account's root ARN": ROOT,
    "the account's number": "<account>",
    "another user": "<bounded user arn>",
    "another role": "<chained arn>",
    "a service": {"Service": "ec2.amazonaws.com"},
    "a star": "*",
    "two, of which one is it": ["<bounded user arn>", "<caller arn>"],
}
#: Whether a session meets the other forms is no other question than whether a user does.
_FOR_SESSIONS = ("its own ARN", "its unique id", "the account's root ARN", "its session ARN")
_DIRECT = ("its own ARN", "its unique id", "its session ARN", "a star", "two, of which one is it")


def scenarios() -> list[Scenario]:
    return [*_named(), *_caps(), *_denies(), *_actions(), *_self(), *_across(), *_blind()]


def _trusts(name: str, **more: Any) -> dict[str, Any]:
    principal = (NAMED | {"its session ARN": "<session arn>"})[name]
    return trusts(principal, **({"Condition": HERE} if name == "a star" else {}), **more)


def _of(says: str, caller: str = "user", **more: Any) -> Scenario:
    parameters = more.pop("parameters", ASSUME)
    told = says[0].upper() + says[1:] + "."
    return Scenario(f"trust/{caller}: {says}", told, "sts:AssumeRole", parameters, caller, **more)


def _named() -> list[Scenario]:
    found = []
    for caller in ("user", "role", "token", "chained"):
        names = [*NAMED, *(["its session ARN"] if caller in ("role", "chained") else [])]
        if caller in ("token", "chained"):
            names = [
                n
                for n in names
                if n in ("its own ARN", "its session ARN", "the account's root ARN")
            ]
        for name in names:
            if caller == "role" and name not in _FOR_SESSIONS:
                continue
            both = name in ("another user", "the account's root ARN")
            for identity in ((), MINE) if both else ((),):
                mine = "its own policy allows" if identity else "its own policy is silent"
                moot = ("identity",) if identity and name in _DIRECT else ()
                if not identity and name.startswith("the account"):
                    moot = ("trust",)
                if identity and not (name in _DIRECT or name.startswith("the account")):
                    moot = ("identity",)
                found.append(
                    _of(
                        f"the trust policy names {name}, {mine}",
                        caller,
                        identity=identity,
                        trust=(_trusts(name),),
                        moot=moot,
                    )
                )
    return found


def _caps() -> list[Scenario]:
    """A boundary or session policy that is silent, under each way to be named."""
    found = []
    silent: dict[str, dict[str, Any]] = {
        "a silent boundary": {"boundary": SILENT},
        "a silent session policy": {"session_policy": SILENT},
    }
    for caller in ("user", "role"):
        for cap, policies in silent.items():
            if caller == "user" and "session" in cap:
                continue
            names = ["its own ARN", "the account's root ARN", "a star"]
            for name in [*names, *(["its session ARN"] if caller == "role" else [])]:
                found.append(
                    _of(
                        f"{cap}, the trust policy names {name}",
                        caller,
                        identity=MINE,
                        trust=(_trusts(name),),
                        **policies,
                        moot=("identity", "trust", *policies),
                    )
                )
    return found


def _denies() -> list[Scenario]:
    everything = {"identity": MINE, "boundary": MINE, "session_policy": MINE}
    found = []
    for where in everything:
        policies: dict[str, Any] = {**everything, where: NO}
        others = [name for name in everything if name != where]
        found.append(
            _of(
                f"all allow, {where} denies",
                "role",
                trust=(trusts("<caller arn>"),),
                **policies,
                moot=("trust", *others),
            )
        )
    for name in ("its own ARN", "the account's number", "another role", "its session ARN"):
        found.append(
            _of(
                f"the trust policy allows it and denies {name}",
                "role",
                identity=MINE,
                trust=(trusts("<caller arn>"), _trusts(name) | {"Effect": "Deny"}),
                blind=("trust",) if name == "the account's number" else (),
                moot=("identity", "trust"),
            )
        )
    return found


def _actions() -> list[Scenario]:
    actions = ["sts:*", "STS:assumerole", "sts:Assume*", "sts:TagSession"]
    found = [
        _of(f"the trust policy allows {a}", trust=(trusts("<caller arn>", a),)) for a in actions
    ]
    resources = {
        "the role": TARGET,
        "any role": "arn:aws:iam::<account>:role/*",
        "another role": "<witness arn>",
        "the role with more to its name": TARGET + "x",
        "everything": "*",
        "users only": "arn:aws:iam::<account>:user/*",
    }
    found += [
        _of(
            f"the account is trusted, its own policy is about {word}",
            identity=(allow("sts:AssumeRole", resource),),
            trust=(trusts(ROOT),),
        )
        for word, resource in resources.items()
        if word != "another role"
    ]
    found.append(
        _of(
            "the role does not exist",
            parameters=ASSUME | {"RoleArn": "arn:aws:iam::<account>:role/compare-nobody"},
            identity=(allow("sts:AssumeRole", "*"),),
            moot=("identity",),
        )
    )
    return found


def _self() -> list[Scenario]:
    """A role that takes itself needs itself in its trust policy."""
    return [
        _of(
            "the role trusts somebody else",
            "target",
            identity=MINE,
            trust=(trusts("<user arn>"),),
            moot=("identity",),
        ),
        _of("the role trusts itself", "target", trust=(trusts(TARGET),)),
        _of(
            "the role trusts the account, its own policy allows",
            "target",
            identity=MINE,
            trust=(trusts(ROOT),),
        ),
        _of(
            "the role trusts the account, its own policy is silent",
            "target",
            trust=(trusts(ROOT),),
            moot=("trust",),
        ),
    ]


def _across() -> list[Scenario]:
    there = ASSUME | {"RoleArn": "<other target arn>"}
    mine = (allow("sts:AssumeRole", "<other target arn>"),)
    found = []
    for caller in ("user", "role"):
        for name in ("its own ARN", "a star"):
            for identity in ((), mine):
                told = "its own policy allows" if identity else "its own policy is silent"
                found.append(
                    _of(
                        f"across accounts, named by {name}, {told}",
                        caller,
                        parameters=there,
                        identity=identity,
                        trust=(_trusts(name),),
                        accounts=2,
                        moot=() if identity else ("trust",),
                    )
                )
        found.append(
            _of(
                "across accounts, its own policy alone",
                caller,
                parameters=there,
                identity=mine,
                trust=(trusts("arn:aws:iam::<other account>:root"),),
                accounts=2,
                moot=("identity",),
            )
        )
    return found


def _blind() -> list[Scenario]:
    everything = (deny("*", "*"),)
    found = [
        _of(
            "its own policy denies everything, the trust policy names it",
            identity=everything,
            trust=(trusts("<caller arn>"),),
            blind=("identity",),
            moot=("trust",),
        ),
        _of(
            "the trust policy names it and denies everybody",
            identity=MINE,
            trust=(trusts("<caller arn>"), trusts("*") | {"Effect": "Deny"}),
            blind=("trust",),
            moot=("identity",),
        ),
    ]
    for call in ("sts:GetCallerIdentity", "sts:GetSessionToken"):
        found.append(
            Scenario(
                f"trust/{call} by a user whose policy denies everything",
                f"A user whose policy denies everything calls {call}.",
                call,
                caller="user",
                identity=everything,
                blind=("identity",),
                moot=("identity",),
            )
        )
    return found
