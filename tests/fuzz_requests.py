"""Requests of the fuzzer: any operation of the allowed services, by any way, with any names.

Parameters come from botocore's models. Where one names something, it gets a label of fuzz_world.py:
somebody else's thing of that kind, the run's own, or a text that only looks like it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from scene import allow, policy, trusts

SERVICES = ("iam", "sts", "s3", "ec2")
READS = re.compile(r"Get|List|Describe|Head|Simulate|Decode|Select|Search")
#: How a request is made; "client" is what lessons do mostly.
WAYS = ("client",) * 9 + ("presigned",) * 5 + ("resource", "resource", "paginator", "elsewhere")
WHO = ("learner",) * 3 + ("learner's keys",) * 3
WHO += ("second", "alice", "bounded", "app", "plain alice", "plain bounded")
_DEEP = 4
#: Changes nothing; a server would wait for the rest of the body.
_LEFT_OUT = ("DryRun", "ContentLength")
_UNKNOWN = 2  # times that moto says so before an operation is left out
#: What a parameter names, by the end of its path; the first that fits counts.
_KINDS = [
    (r"NewUserName|UserName", "user"),
    (r"InstanceProfile\.Arn|InstanceProfileArn", "profile_arn"),
    (r"InstanceProfile\.Name|InstanceProfileName", "profile"),
    (r"RoleArn", "role_arn"),
    (r"RoleName", "role"),
    (r"PolicyArns?(\.arn)?|PermissionsBoundary|PolicySourceArn", "policy_arn"),
    (r"PolicyNames?", "policy"),
    (r"SerialNumber", "mfa"),
    (r"OpenIDConnectProviderArn", "oidc"),
    (r"ServerCertificateName", "cert"),
    (r"AccessKeyId", "key"),
    (r"\bBucket|TargetBucket|CopySource|BucketName", "bucket"),
    (r"\bKey|ObjectKey|Prefix", "object"),
    (r"InstanceIds?|Instances", "instance"),
    (r"AssociationId", "iip", "association"),
    (r"AllocationIds?", "allocation"),
    (r"PublicIps?", "public_ip"),
    (r"SecurityGroupIds?|GroupIds?|Groups|SecurityGroups", "sg"),
    (r"VpcIds?", "vpc"),
    (r"SubnetIds?", "subnet"),
    (r"KeyNames?|KeyPairName", "key_name"),
    (r"KeyPairIds?", "key_pair"),
    (r"VolumeIds?", "volume"),
    (r"SnapshotIds?", "snapshot"),
    (r"NetworkInterfaceIds?", "eni"),
    (r"InternetGatewayId|GatewayId", "igw"),
    (r"RouteTableIds?", "route_table"),
    (r"AccountIds?|Account|OwnerId|UserIds?|ExpectedBucketOwner", "account"),
    (r"TargetPrincipal|PrincipalArn", "user_arn", "role_arn", "account"),
    (r"Resources?|ResourceIds?", "instance", "sg", "vpc", "volume", "eni", "bucket"),
    (r"Arns?", "user_arn", "role_arn", "policy_arn", "profile_arn"),
]
_NAMING = [(re.compile(rf"(?:{row[0]})(?:\.item)?$"), row[1:]) for row in _KINDS]
_EVERY = sorted({kind for row in _KINDS for kind in row[1:]} | {"group", "sg_name", "user_arn"})
_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument", "Policy", "PolicyInputList.item")
#: What people have called like the lab's, or another run has made.
_LOOKALIKES = ("user", "role", "group", "policy_arn", "user_arn", "role_arn", "bucket")
_DRESSES = (
    "«real prefix»{0}",
    "{0}-«real prefix»",
    "{0}/«real prefix»x",
    "«real prefix»x/../{0}",
    "{0}?«real prefix»",
    " {0}",
    "{0} ",
    "/{0}",
    "arn:aws:s3:::{0}",
    "arn:aws:iam::«foreign account»:user/{0}",
    "arn:aws:iam::«own account»:policy/sts-lab/{0}",
    "arn:aws:ec2:ap-northeast-2:«foreign account»:instance/{0}",
)


@dataclass(frozen=True)
class Request:
    """One request in labels; `more` is what its way needs beside the parameters."""

    service: str
    operation: str
    way: str
    who: str
    parameters: dict[str, Any]
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        also = f" {json.dumps(self.more)}" if self.more else ""
        given = json.dumps(self.parameters, ensure_ascii=False, default=str)
        return f"{self.who}: {self.service}:{self.operation} ({self.way}{also}) {given}"


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@cache
def operations() -> tuple[tuple[str, str], ...]:
    """(service, operation) of all, EC2's reads left out but for each twentieth."""
    found = []
    for service in SERVICES:
        names = model(service).operation_names
        if service == "ec2":
            reads = [name for name in names if READS.match(name)]
            names = [name for name in names if not READS.match(name)] + reads[::20]
        found += [(service, name) for name in names]
    return tuple(found)


@cache
def actions(service: str) -> tuple[tuple[str, tuple[str, ...], str, dict[str, Any]], ...]:
    """(name, identifiers, action, its request) of what boto3's resources of a service can do."""
    told = boto3.Session()._loader.load_service_model(service, "resources-1")
    found = []
    for name, has in told["service"]["has"].items():
        kind = has["resource"]["type"]
        ids = tuple(one["target"] for one in has["resource"].get("identifiers", ()))
        for action, does in told["resources"][kind].get("actions", {}).items():
            if "request" in does:
                found.append((name, ids, xform_name(action), does["request"]))
    return tuple(found)


class Maker:
    """Makes requests from a seed; `reached` are operations that got through before: half of all
    requests try these again. `unknown` counts how often moto did not know an operation."""

    def __init__(self, seed: str) -> None:
        self._dice = Random(seed)
        self.reached: list[tuple[str, str]] = []
        self.unknown: Counter = Counter()
        self.begin()

    def begin(self) -> None:
        """Choose who asks in the next world: a client takes as long as twenty requests."""
        self._who = self._dice.sample(WHO, 3)
        known = [one for one in operations() if self.unknown[one] < _UNKNOWN]
        reached = [one for one in self.reached if self.unknown[one] < _UNKNOWN]
        self._operations, self.reached = known, reached

    def request(self) -> Request:
        dice = self._dice
        again = self.reached and dice.random() < 0.5
        service, operation = dice.choice(self.reached if again else self._operations)
        way, who = dice.choice(WAYS), dice.choice(self._who)
        if who.startswith("plain"):
            way = "client"
        if way == "resource":
            return self._of_resource(who)
        shape = model(service).operation_model(operation).input_shape
        given = self._structure(shape, "", 0) if shape else {}
        more: dict[str, Any] = {}
        if way == "presigned" and dice.random() < 0.1:
            bucket, key = self._text("Bucket"), self._text("Key")
            return Request("s3", "PostObject", "post", who, {"Bucket": bucket, "Key": key})
        if way == "presigned":
            more["method"] = dice.choice((None, None, "GET", "POST", "PUT", "DELETE"))
        elif way == "elsewhere":
            more["region"] = dice.choice(("us-east-1", "aws-global", "ap-northeast-2"))
        return Request(service, operation, way, who, given, more)

    def _of_resource(self, who: str) -> Request:
        service = self._dice.choice(("iam", "s3", "ec2"))
        name, ids, action, does = self._dice.choice(actions(service))
        operation = does["operation"]
        shape = model(service).operation_model(operation).input_shape
        given = self._structure(shape, "", 0) if shape else {}
        for parameter in does.get("params", ()):  # the thing itself gives these
            given.pop(re.split(r"[.\[]", parameter["target"])[0], None)
        more = {"thing": name, "ids": [self._text(name + one) for one in ids], "action": action}
        return Request(service, operation, "resource", who, given, more)

    # ------------------------------------------------------------------ parameters

    def _value(self, shape: Any, path: str, depth: int) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, path, depth + 1)
        if kind == "list":
            count = self._dice.choice((1, 1, 1, 2, 3))
            return [self._value(shape.member, f"{path}.item", depth + 1) for _ in range(count)]
        if kind == "map":
            return {self._text("MapKey"): self._value(shape.value, f"{path}.item", depth + 1)}
        if kind == "string":
            return self._dice.choice(shape.enum) if shape.enum else self._string(shape, path)
        plain = {
            "boolean": lambda: self._dice.random() < 0.7,
            "blob": lambda: b"x",
            "timestamp": lambda: datetime(2030, 1, 1, tzinfo=UTC).isoformat(),
        }
        return plain.get(kind, lambda: self._number(shape))()

    def _number(self, shape: Any) -> int:
        least = int(shape.metadata.get("min", 0))
        return self._dice.choice((least, least + 1, 1, 3))

    def _structure(self, shape: Any, path: str, depth: int) -> dict[str, Any]:
        found = {}
        likely = 0.0 if depth > _DEEP else min(0.5, 4 / max(1, len(shape.members)))
        if shape.is_tagged_union:
            name = self._dice.choice(list(shape.members))
            return {name: self._value(shape.members[name], f"{path}.{name}", depth)}
        for name, member in shape.members.items():
            if name in _LEFT_OUT:
                continue
            if name in shape.required_members or self._dice.random() < likely:
                found[name] = self._value(member, f"{path}.{name}", depth)
        return found

    def _string(self, shape: Any, path: str) -> str:
        text = self._text(path)
        least = int(shape.metadata.get("min", 0))
        return text if len(text) >= least else text + "x" * least

    def _text(self, path: str) -> str:
        dice = self._dice
        name = path.rpartition(".")[2]
        if name in _DOCUMENTS or path.endswith(_DOCUMENTS):
            return self._document()
        kinds = next((kinds for naming, kinds in _NAMING if naming.search(path)), None)
        if kinds is None and name in ("GroupName", "Name"):
            kinds = ("group", "sg_name", "profile")
        if kinds is None:
            # Free texts, and what no row names: where a guard looks for the prefix anywhere.
            return dice.choice(("text", "«real prefix»x", "«real user_arn»", "alice", self._any()))
        text = self._label(dice.choice(kinds)) if dice.random() < 0.9 else self._any()
        if name == "CopySource":
            text += f"/{self._label('object')}"
        return dice.choice(_DRESSES).format(text) if dice.random() < 0.1 else text

    def _label(self, kind: str) -> str:
        roll = self._dice.random()
        if roll < 0.45:
            return f"«foreign {kind}»"
        if roll < 0.55 and kind in _LOOKALIKES:
            suffix = "other" if kind == "bucket" else self._dice.choice(("team", "other"))
            return f"«foreign {kind} {suffix}»"
        if roll < 0.6:
            return f"«distant {kind}»"
        return f"«{self._dice.choice(('own', 'real'))} {kind}»"

    def _any(self) -> str:
        return self._label(self._dice.choice(_EVERY))

    def _document(self) -> str:
        who = self._dice.choice(("«foreign account»", "«own user_arn»", "999999999999", "*"))
        where = self._dice.choice(("*", "arn:aws:s3:::«own bucket»/*", "«foreign role_arn»"))
        statement = self._dice.choice(
            (
                allow("*"),
                allow("s3:*", where),
                trusts(who),
                {**allow("s3:GetObject", where), "Principal": {"AWS": who}},
                {**allow("*"), "Condition": {"StringLike": None}},
                {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": where},
            )
        )
        return policy(statement)
