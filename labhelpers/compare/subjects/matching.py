"""Action, NotAction, Resource and NotResource with wildcards and case (STS_FACTS 3.6)."""

from __future__ import annotations

from typing import Any

from labhelpers.compare.scenario import BUCKET, OWN, PUT, Scenario, allow, deny

HOME = "arn:aws:s3:::<bucket>/<key>/"
ACTIONS: list[Any] = [
    "s3:PutObject",
    "s3:putobject",
    "s3:PutObjectAcl",
    "s3:PUT*",
    "s3:?utObject",
    "s3:??utObject",
    "*",
    "s3express:*",
    ["iam:*", "s3:Put*"],
]
# Resource below <key>/, object below <key>/
RESOURCES: list[tuple[str, str]] = [
    ("a", "A"),
    ("*", "x/y/z"),
    ("*/z", "x/y/z"),
    ("??", "xy"),
    ("*.txt", "atxt"),
    ("a:*", "a:b:c"),
    ("a%20b", "a b"),
]
#: Whole Resource values that are about more than the scenario's own objects.
WHOLE: list[Any] = [
    "*",
    "arn:aws:s3:::<bucket>",
    "arn:aws:s3:*:*:<bucket>/*",
    "arn:*:s3:::<bucket>/*",
    "arn:aws:iam:::<bucket>/*",
]


def scenarios() -> list[Scenario]:
    found = []
    for named in ACTIONS:
        found.append(_of(f"Action {named}", allow(named, OWN)))
    for named in (ACTIONS[0], ACTIONS[2], "*"):
        found.append(_of(f"NotAction {named}", _not(allow(named, OWN), "Action")))
    for resource, key in RESOURCES:
        found.append(_of(f"Resource {resource} for {key}", allow("s3:*", HOME + resource), key=key))
    for named in WHOLE:
        found.append(_of(f"Resource {named}", allow("s3:PutObject", named)))
    found += [
        _of(f"NotResource {name}", _not(allow("s3:PutObject", value), "Resource"))
        for name, value in (
            ("the object", HOME + "a"),
            ("another object", HOME + "b"),
            ("the bucket", BUCKET),
            ("everything", "*"),
        )
    ]
    denied = _not(deny("s3:GetObject", OWN), "Action")
    found += [
        _of("Deny NotAction of another action", allow("s3:*", OWN), denied),
        _of("Deny in another case", allow("s3:*", OWN), deny("S3:putobject", OWN)),
        _of("Deny of another case of the key", allow("s3:*", OWN), deny("s3:*", HOME + "A")),
        _of("Deny with a wildcard", allow("s3:*", OWN), deny("s3:Put*", HOME + "?")),
        _of("Deny before the Allow", deny("s3:*", OWN), allow("s3:*", OWN)),
        _of("Deny of another action", allow("s3:*", OWN), deny("s3:GetObject", OWN)),
    ]
    return found


def _of(says: str, *statements: dict[str, Any], key: str = "a") -> Scenario:
    return Scenario(
        f"matching/{says}",
        f"The identity-based policy has {says}; the request is PutObject.",
        "s3:PutObject",
        PUT | {"Key": f"<key>/{key}"},
        identity=statements,
    )


def _not(statement: dict[str, Any], element: str) -> dict[str, Any]:
    """The statement with NotAction for Action, or NotResource for Resource."""
    rest = {name: value for name, value in statement.items() if name != element}
    return {**rest, f"Not{element}": statement[element]}
