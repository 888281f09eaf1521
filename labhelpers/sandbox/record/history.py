"""What a list of events tells beyond each of them: ARNs, roles in profiles, ids that are new."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labhelpers.sandbox.interpret.ec2_resources import OTHER_NAMES

_ENTITY = re.compile(r"arn:aws:iam::(\d{12}):(role|user|group|instance-profile)/[\w+=,.@/-]+\Z")
_LAUNCHED = ("instance", "network-interface", "volume")


class History:
    """Names and ids of all events together.

    An event that names a role says nothing of its path; the event that created it does.
    """

    def __init__(self, events: Iterable[Mapping[str, Any]], profiles: Mapping[str, str]):
        self._arns: dict[tuple[str, str, str], str] = {}
        self._profiles = dict(profiles)  # name of an instance profile -> ARN of its role
        self._born: set[str] = set()
        events = list(events)
        for event in events:
            for text in _texts(event):
                if found := _ENTITY.match(text):
                    self._arns[found[1], found[2], text.rpartition("/")[2]] = text
            if event["eventSource"] == "ec2.amazonaws.com" and not event.get("errorCode"):
                self._born |= _born(event)
        for event in events:
            if event["eventName"] == "AddRoleToInstanceProfile" and not event.get("errorCode"):
                asked = event["requestParameters"]
                role = self.arn(account_of(event), "role", asked["roleName"])
                self._profiles.setdefault(asked["instanceProfileName"], role)

    def arn(self, account: str, kind: str, name: str, path: str = "/") -> str:
        """The ARN of an IAM entity: as some event shows it, else with this path."""
        made = f"arn:aws:iam::{account}:{kind}{path}{name}"
        return self._arns.get((account, kind, name), made)

    def role_in(self, profile: str) -> str:
        """The ARN of the role in an instance profile; raises ValueError if no event tells."""
        name = profile.rpartition("/")[2]
        if name not in self._profiles:
            raise ValueError(
                f"No event says which role the instance profile {name} holds: "
                f"give profiles={{'{name}': 'arn:aws:iam::…:role/…'}}."
            )
        return self._profiles[name]

    def is_new(self, id_: str) -> bool:
        """Whether the id was given to something that these events created: next time it will be
        another one."""
        return id_ in self._born


def account_of(event: Mapping[str, Any]) -> str:
    """The caller's account."""
    return event["userIdentity"].get("accountId") or event.get("recipientAccountId", "")


def ids_in(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """(placeholder of an ARN template, text) for every text below an EC2 parameter."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            if (name, key) != ("groupSet", "groupName"):  # a security group's, which is no id
                yield from ids_in(member, name if key == "items" else key)
    elif isinstance(value, list):
        for member in value:
            yield from ids_in(member, name)
    elif isinstance(value, str) and value:
        name = name[:1].upper() + name[1:]
        name = name[:-1] if name.endswith("Ids") else name
        yield OTHER_NAMES.get(name, name), value


def created_kinds(operation: str) -> tuple[str, ...]:
    """The resource types of EC2 that an operation creates."""
    if operation == "RunInstances":
        return _LAUNCHED
    if operation == "AllocateAddress":
        return ("elastic-ip",)
    if not operation.startswith("Create") or operation == "CreateTags":
        return ()
    return ("-".join(re.findall(r"[A-Z][a-z0-9]*", operation)[1:]).lower(),)


def _born(event: Mapping[str, Any]) -> set[str]:
    """The ids in the answer to a Create call that are of what it created."""
    wanted = {
        "".join(part.title() for part in kind.split("-")) + "Id"
        for kind in created_kinds(event["eventName"])
    }
    wanted |= {"AllocationId"} if event["eventName"] == "AllocateAddress" else set()
    return {id_ for name, id_ in ids_in(event.get("responseElements")) if name in wanted}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
