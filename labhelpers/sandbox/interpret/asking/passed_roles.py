"""iam:PassRole: the roles that a request hands to a service, and to which.

passed_roles.json has, for every service of moto, each member of an operation's input that holds
a role or an instance profile, by ARN or by name: the principal that gets it, "" where nobody
does. `Operation:member` stands before `member`. It is made from botocore's models and reviewed;
a test fails where a new botocore brings a member that it does not have.

Source: IAM User Guide, "Grant a user permissions to pass a role"; each service's own guide for
the principal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from labhelpers.sandbox.interpret.call import Check, pass_role
from labhelpers.sandbox.interpret.models import service_model
from labhelpers.sandbox.state import iam, instances
from labhelpers.sandbox.wire.errors import not_modelled

FILE = Path(__file__).with_name("passed_roles.json")
#: Operations that hand nothing over: a role in them is something to look for.
READS = re.compile(
    r"(BatchGet|Check|Describe|Estimate|Get|Head|List|Preview|Query|Search|Select|Simulate|Validate)"
    r"(?![a-z])"
)
_PROFILE = "profile:"
_NAME = re.compile(r"[\w+=,.@/-]{1,577}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/.+", re.ASCII | re.DOTALL)
#: Maps whose keys are names of settings, and how a form spells one setting alone.
_SETTINGS = ("Attributes", "attributes")
_PAIRS = {"key": "value", "AttributeName": "AttributeValue"}


@lru_cache(maxsize=1)
def receivers() -> Mapping[str, Mapping[str, str]]:
    """botocore's name of a service -> member -> principal, as in the file."""
    found: dict[str, dict[str, str]] = json.loads(FILE.read_text())
    return found


def passed(
    service: str, operation: str, params: Mapping[str, Any], account: str
) -> tuple[Check, ...]:
    """What iam:PassRole is asked for. `service` is botocore's name, `params` an operation's own,
    flat if they are a form's; raises a Refusal for a role that nobody could pass."""
    table = receivers().get(service)
    if table is None or READS.match(operation):
        return ()
    asked: dict[tuple[str, str], None] = {}
    for member, value in _members(service, operation, params):
        receiver = table.get(f"{operation}:{member}", table.get(member, ""))
        if receiver and value:
            arn = _arn(value, account, receiver.startswith(_PROFILE))
            if arn:
                asked[arn, receiver.removeprefix(_PROFILE)] = None
    return tuple(pass_role(arn, account, receiver) for arn, receiver in sorted(asked))


def passed_to_s3(body: bytes, account: str) -> tuple[Check, ...]:
    """The role that a replication configuration hands to S3; none in what is no XML."""
    try:
        elements = ElementTree.fromstring(body).iter()
    except ElementTree.ParseError:
        return ()
    roles = {e.text.strip() for e in elements if e.tag.rpartition("}")[2] == "Role" and e.text}
    arns = {_arn(role, account, False) for role in roles}
    return tuple(pass_role(arn, account, "s3.amazonaws.com") for arn in sorted(filter(None, arns)))


def _arn(value: str, account: str, is_profile: bool) -> str | None:
    """The role's ARN; None for a profile without one."""
    if is_profile:
        named = (None, value) if value.startswith("arn:") else (value, None)
        return instances.role_of_instance_profile(account, *named)
    found = _ROLE_ARN.fullmatch(value)
    if found is None and (value.startswith("arn:") or not _NAME.fullmatch(value)):
        raise not_modelled(f"a role that is called {value[:60]!r}")
    if found is not None and found[1] != account:
        raise not_modelled("a role of another account", "AWS lets nobody pass one.")
    if found is not None:
        return value
    role = iam.find_entity(account, "role", value.rpartition("/")[2])
    return role.arn if role is not None else f"arn:aws:iam::{account}:role/{value.lstrip('/')}"


def _members(service: str, operation: str, params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(member, text) of a request; a form's names hold their members between dots."""
    if params.get("Action") == operation:  # Lambda has a parameter of that name
        for name, value in params.items():
            yield from ((part, value) for part in name.split(".") if not part.isdigit())
            path, dot, last = name.rpartition(".")
            if last in _PAIRS:
                yield value, params.get(f"{path}{dot}{_PAIRS[last]}", "")
    else:
        shape = service_model(service).operation_model(operation).input_shape
        yield from _texts(shape, params, "") if shape is not None else ()


def _texts(shape: Any, value: Any, member: str) -> Iterator[tuple[str, str]]:
    """Every text with the member that it stands under; keys of maps are the learner's own."""
    if isinstance(value, str):
        yield member, value
    elif isinstance(value, list) and shape.type_name == "list":
        for inner in value:
            yield from _texts(shape.member, inner, member)
    elif isinstance(value, Mapping) and shape.type_name == "map":
        for key, inner in value.items():
            yield from _texts(shape.value, inner, key if member in _SETTINGS else member)
    elif isinstance(value, Mapping) and shape.type_name == "structure":
        for name, inner in shape.members.items():
            wire = inner.serialization.get("name", name)
            for told in dict.fromkeys((wire, name)):
                if told in value:
                    yield from _texts(inner, value[told], name)
        yield from _patched(value)


def _patched(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One of API Gateway's patch operations: a path, and what is to stand there."""
    if isinstance(value.get("path"), str) and isinstance(value.get("value"), str):
        last = value["path"].rpartition("/")[2]
        yield _PATCHED.get(last.lower(), last), value["value"]


_PATCHED = {
    "authorizercredentials": "authorizerCredentials",
    "cloudwatchrolearn": "credentials",
    "credentials": "credentials",
}
