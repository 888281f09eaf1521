"""A scenario: one request, and every policy that has a say in it, as plain data.

Names of things are placeholders, because each run makes its things anew: `<bucket>`, `<account>`,
`<caller arn>` and so on; names.py lists them. `<key>` is a word that belongs to one scenario
alone. No scenario says what is expected: two grounds answer it, and the answers are compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Statement = Mapping[str, Any]
#: Which policy, and whose: ("identity", "role"), ("trust", "target"), ("bucket", "bucket") ...
Slot = tuple[str, str]

VERSION, OLD_VERSION = "2012-10-17", "2008-10-17"
CALLERS = {
    "user": "an IAM user with its access key",
    "role": "a role session, taken by another user",
    "token": "the IAM user with credentials of GetSessionToken",
    "federated": "a federated user: credentials of GetFederationToken from the IAM user",
    "chained": "a role session that a role session took",
    "target": "a session of the role that is asked for",
    "administrator": "the account's administrator",
}
_ENTITIES = {"token": "user", "federated": "user"}
#: The roles whose trust policies scenarios write, by the placeholder that asks for them.
ROLES = {
    "<target arn>": "target",
    "<long target arn>": "long-target",
    "<other target arn>": "other-target",
}
#: A role session's name where a scenario gives it no other.
SESSION_NAME = "compare"
_OBJECT_CALLS = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")


@dataclass(frozen=True)
class Scenario:
    """One request to be made on both grounds.

    `call` is a service and an operation of its API, `parameters` are the operation's. `session`
    holds what the caller's own session was taken with (RoleSessionName, Tags, SourceIdentity …),
    `session_policy` its session policy. None: there is no such policy; (): it allows nothing.
    `blind` names policies under which no witness can live (see witness.py), `moot` those that
    are there to show that they change nothing.
    """

    id: str
    says: str
    call: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    caller: str = "role"
    session: Mapping[str, Any] = field(default_factory=dict)
    identity: tuple[Statement, ...] = ()
    boundary: tuple[Statement, ...] | None = None
    session_policy: tuple[Statement, ...] | None = None
    trust: tuple[Statement, ...] | None = None
    bucket: tuple[Statement, ...] | None = None
    version: str | None = VERSION
    accounts: int = 1
    blind: tuple[str, ...] = ()
    moot: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        return self.call.partition(":")[0]

    @property
    def key(self) -> str:
        """What `<key>` stands for: a word of this scenario's own."""
        return "k" + hashlib.sha256(self.id.encode()).hexdigest()[:9]

    @property
    def entity(self) -> str:
        """The user or role of the pool whose policies count; with a boundary another one."""
        name = _ENTITIES.get(self.caller, self.caller)
        return name if self.boundary is None else f"bounded-{name}"

    @property
    def asked_role(self) -> str | None:
        """The role whose trust policy has a say."""
        return ROLES.get(str(self.parameters.get("RoleArn")))

    @property
    def asked_bucket(self) -> str | None:
        name = self.parameters.get("Bucket")
        return (
            name.strip("<>").replace(" ", "-") if name in ("<bucket>", "<other bucket>") else None
        )

    def documents(self) -> dict[Slot, tuple[Statement, ...]]:
        """The statements of every stored policy that has a say, the empty ones too."""
        found: dict[Slot, tuple[Statement, ...]] = {}
        if self.caller != "administrator":
            found["identity", self.entity] = self.identity
        if self.boundary is not None:
            found["boundary", self.entity] = self.boundary
        if self.asked_role:
            found["trust", self.asked_role] = self.trust or ()
        if self.asked_bucket:
            found["bucket", self.asked_bucket] = self.bucket or ()
        return found

    @property
    def is_keyed(self) -> bool:
        """Whether all its statements are about objects of its own alone.

        Such scenarios can share one document: the statements of one say nothing to another.
        """
        if self.call not in _OBJECT_CALLS or self.blind:
            return False
        mine = f"arn:aws:{self.service}:::{self.parameters.get('Bucket')}/<key>"
        statements = [s for document in self.documents().values() for s in document]
        return str(self.parameters.get("Key")).startswith("<key>") and all(
            r.startswith(mine) for s in statements for r in _listed(s.get("Resource", "*"))
        )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def table_hash(scenarios: Iterable[Scenario]) -> str:
    """A short hash of a table: results of another table are not comparable."""
    text = json.dumps([asdict(scenario) for scenario in scenarios], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---------------------------------------------------------------- short ways to write a table


def allow(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    """An Allow statement of an identity-based policy, a boundary or a session policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(actions, resources, **more) | {"Effect": "Deny"}


def trusts(principal: Any, actions: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    """A statement of a trust policy; `principal` a text means the type AWS."""
    named = {"AWS": principal} if isinstance(principal, (str, list)) else principal
    return {"Effect": "Allow", "Principal": named, "Action": actions, **more}


def grants(
    principal: Any, actions: Any = "s3:PutObject", resources: Any = "", **more: Any
) -> dict[str, Any]:
    """A statement of a bucket policy, by default about the scenario's own objects."""
    named = {"AWS": principal} if isinstance(principal, (str, list)) else principal
    return {
        "Effect": "Allow",
        "Principal": named,
        "Action": actions,
        "Resource": resources or OWN,
        **more,
    }


def when(operator: str, key: str, value: Any) -> dict[str, Any]:
    """`**when("StringEquals", "sts:ExternalId", "42")` for a statement's Condition."""
    return {"Condition": {operator: {key: value}}}


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


#: The scenario's own objects, and the parameters of a PutObject of one.
OWN = "arn:aws:s3:::<bucket>/<key>/*"
BUCKET = "arn:aws:s3:::<bucket>"
OTHER_OWN = "arn:aws:s3:::<other bucket>/<key>/*"
PUT = {"Bucket": "<bucket>", "Key": "<key>/a", "Body": ""}
ASSUME = {"RoleArn": "<target arn>", "RoleSessionName": "asked"}
TARGET = "<target arn>"
#: Everybody of this account; nobody else is ever let in, not even for a second.
HERE = {"StringEquals": {"aws:PrincipalAccount": "<account>"}}
