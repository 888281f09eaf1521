"""From the way a caller is written in a request to a Principal.

An ARN tells the kind by itself; where it leaves something out (the path of a session's role,
a unique id) a mapping can say more. Source: IAM User Guide, "IAM identifiers".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from labhelpers.policy.asking.fields import named, text_of
from labhelpers.policy.language.arn import account_of
from labhelpers.policy.language.model import PolicyError, Principal
from labhelpers.policy.language.principals import WELL_KNOWN

_FIELDS = {
    "kind": ("type",),
    "arn": ("aws", "service", "federated", "provider", "principal", "value"),
    "account": ("account_id",),
    "unique_id": ("id", "user_id", "principal_id", "role_id"),
    "role_arn": ("role",),
    "user_arn": ("federated_by", "issuer_arn", "issuer"),
    "name": ("user_name", "session_name", "role_session_name", "role_name"),
    "tags": ("principal_tags",),
}
_KINDS = {
    "user": "user",
    "iamuser": "user",
    "role": "role-session",
    "iamrole": "role-session",
    "session": "role-session",
    "rolesession": "role-session",
    "assumedrole": "role-session",
    "assumedrolesession": "role-session",
    "root": "root",
    "account": "root",
    "accountroot": "root",
    "rootuser": "root",
    "awsaccount": "root",
    "federateduser": "federated-user",
    "service": "service",
    "awsservice": "service",
    "serviceprincipal": "service",
    "webidentity": "web-identity",
    "webidentityuser": "web-identity",
    "oidc": "web-identity",
    "oidcprovider": "web-identity",
    "saml": "saml",
    "samluser": "saml",
    "samlprovider": "saml",
    "anonymous": "anonymous",
    "public": "anonymous",
}
_ARN = re.compile(
    r"arn:(?P<partition>[\w-]+):(?:"
    r"iam::(?P<iam>\d{12}):(?:(?P<root>root)|(?P<type>user|role|oidc-provider|saml-provider)/\S+)"
    r"|sts::(?P<sts>\d{12}):(?:assumed-role/(?P<role>[^/\s]+)/[^/\s]+|federated-user/[^/\s]+))",
    re.ASCII,
)
_SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?", re.ASCII | re.I)
_OF_TYPE = {
    "user": "user",
    "role": "role-session",
    "oidc-provider": "web-identity",
    "saml-provider": "saml",
}
_HOW = (
    "Write the ARN of a user, role, role session, federated user, root or identity provider, "
    'an account id, a service such as "ec2.amazonaws.com", or "anonymous".'
)


def caller(value: object) -> tuple[Principal, dict[str, str]]:
    """Return the Principal that a text or mapping means, and its aws:PrincipalTag keys.

    A role's ARN stands for some session of that role, an account id for its root user. Raises
    PolicyError with path "principal" where nobody can be made of it.
    """
    if isinstance(value, str):
        return _from_text(value), {}
    if not isinstance(value, Mapping):
        raise _error(f"principal must be a text or an object, not {text_of(value)}")
    return _from_mapping(value)


def _error(what: str, how: str = _HOW) -> PolicyError:
    return PolicyError(what, "principal", how)


def _from_text(text: str) -> Principal:
    text = text.strip()
    found = _ARN.fullmatch(text)
    if found:
        return _from_arn(text, found)
    if text.lower() in ("*", "anonymous"):
        return Principal("anonymous", "", "")
    if re.fullmatch(r"\d{12}", text, re.ASCII):
        return Principal("root", f"arn:aws:iam::{text}:root", text)
    if text.lower() in WELL_KNOWN:
        return Principal("web-identity", text.lower(), "")
    if _SERVICE.fullmatch(text):
        return Principal("service", text, "")
    if ":group/" in text:
        raise _error("a group makes no request", "Name one of the group's users.")
    raise _error(f'"{text}" is no principal that makes requests')


def _from_arn(arn: str, found: re.Match) -> Principal:
    account = found["iam"] or found["sts"]
    if found["root"]:
        return Principal("root", arn, account)
    if found["sts"]:
        if not found["role"]:
            return Principal("federated-user", arn, account)
        # The session ARN drops the role's path; without more it is taken to have none.
        role_arn = f"arn:{found['partition']}:iam::{account}:role/{found['role']}"
        return Principal("role-session", arn, account, role_arn=role_arn)
    kind = _OF_TYPE[found["type"]]
    if kind in ("web-identity", "saml"):
        return Principal(kind, arn, "")
    return Principal(kind, arn, account, role_arn=arn if kind == "role-session" else "")


def _from_mapping(value: Mapping) -> tuple[Principal, dict[str, str]]:
    given = named(value, _FIELDS, "principal")
    tags = given.pop("tags", None) or {}
    if not isinstance(tags, Mapping):
        raise _error("principal.tags must be an object of keys and values")
    texts = {name: _text(name, item) for name, item in given.items() if item is not None}
    kind = _kind(texts.get("kind", ""), strict=not texts.get("arn"))
    principal = _from_text(texts.get("arn") or _assembled(kind, texts))
    if kind == "web-identity" and principal.kind == "service":
        principal = replace(principal, kind=kind)
    if kind and principal.kind != kind:
        raise _error(f'type is "{texts["kind"]}", but {texts["arn"]} is a {principal.kind}')
    account = texts.get("account", "")
    if account and principal.account and account != principal.account:
        raise _error(f"account is {account}, but the ARN says {principal.account}")
    more = {name: texts[name] for name in ("role_arn", "user_arn") if texts.get(name)}
    for name, arn in more.items():
        _check(name, arn, principal)
    # A session's aws:userid is the role's id, a colon and the session name.
    unique_id = texts.get("unique_id", "").partition(":")[0]
    principal = replace(principal, unique_id=unique_id, **more)
    return principal, {f"aws:PrincipalTag/{key}": tag for key, tag in tags.items()}


def _text(name: str, item: object) -> str:
    if isinstance(item, list) and len(item) == 1:
        item = item[0]
    if isinstance(item, int) and not isinstance(item, bool) and name == "account":
        item = f"{item:012d}"
    if not isinstance(item, str):
        raise _error(f"principal.{name} must be a text, not {text_of(item)}")
    return item.strip()


def _kind(text: str, strict: bool) -> str:
    """Return our word for a type; "" where the ARN tells better ("AWS", "Federated")."""
    plain = re.sub(r"[^a-z]", "", text.lower())
    if plain in _KINDS or not strict or plain in ("", "aws", "federated"):
        return _KINDS.get(plain, "")
    raise _error(f'there is no type of principal "{text}"')


def _assembled(kind: str, texts: Mapping[str, str]) -> str:
    """Build an ARN from kind, account and name where the mapping has no arn."""
    name, role = texts.get("name", ""), texts.get("role_arn", "")
    account = texts.get("account") or account_of(role) or account_of(texts.get("user_arn"))
    if kind == "anonymous":
        return "*"
    if kind == "root" and account:
        return f"arn:aws:iam::{account}:root"
    if kind == "user" and account and name:
        return f"arn:aws:iam::{account}:user/{name}"
    if kind == "federated-user" and account and name:
        return f"arn:aws:sts::{account}:federated-user/{name}"
    if kind == "role-session" and role:
        last = role.rsplit("/", 1)[-1]
        return f"arn:aws:sts::{account}:assumed-role/{last}/{name}" if name else role
    if kind in ("service", "web-identity", "saml") and name:
        return name
    raise _error("principal does not say who calls", 'Give it an "arn", or a type with account.')


def _check(name: str, arn: str, principal: Principal) -> None:
    """Refuse a role_arn or user_arn that cannot stand behind this principal."""
    fits = {"role_arn": "role-session", "user_arn": "federated-user"}[name]
    behind = _ARN.fullmatch(arn)
    kinds = {"role_arn": ("role",), "user_arn": ("user",)}[name]
    good = behind and (behind["type"] in kinds or (name == "user_arn" and behind["root"]))
    if principal.kind != fits or not good or account_of(arn) != principal.account:
        raise _error(f"{name} {arn} cannot stand behind {principal.arn or principal.kind}")
    if name == "role_arn" and ":assumed-role/" in principal.arn:
        session_of = principal.arn.split("/")[1]
        if arn.rsplit("/", 1)[-1] != session_of:
            raise _error(f"role_arn {arn} is not the role of the session {principal.arn}")
