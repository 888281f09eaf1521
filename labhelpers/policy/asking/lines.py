"""One line of `python -m labhelpers decide`: an object that holds a request and its policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from labhelpers.policy.asking.callers import caller
from labhelpers.policy.asking.fields import named, text_of
from labhelpers.policy.asking.own_keys import own_keys
from labhelpers.policy.deciding.decision import Decision
from labhelpers.policy.deciding.trust import evaluate_as
from labhelpers.policy.language.arn import account_of
from labhelpers.policy.language.model import PolicyError, Principal, Request, Value
from labhelpers.policy.language.statement import Policy
from labhelpers.policy.writing.grammar import TRUST_ACTIONS
from labhelpers.policy.writing.parse import compiled, read

FIELDS = {
    "action": (),
    "resource": ("resource_arn",),
    "resource_account": ("resource_account_id", "resource_owner"),
    "principal": ("caller",),
    "context": ("condition_context", "context_keys"),
    "identity_policies": ("identity_policy", "identity_based_policies"),
    "resource_policy": (
        "resource_policies",
        "resource_based_policy",
        "trust_policy",
        "role_trust_policy",
        "assume_role_policy_document",
        "bucket_policy",
        "key_policy",
    ),
    "permissions_boundaries": (
        "permissions_boundary",
        "permission_boundaries",
        "permission_boundary",
        "boundaries",
        "boundary",
    ),
    "session_policies": ("session_policy",),
    "service_control_policies": ("service_control_policy", "scps", "scp"),
    "resource_control_policies": ("resource_control_policy", "rcps", "rcp"),
}
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+", re.ASCII)
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9_-]+", re.ASCII)
_WRAPPERS = ("document", "policydocument", "policy")


def decide_line(text: str) -> Decision:
    """Decide the request of one line of JSON; raises PolicyError (path: the field)."""
    try:
        value = read(text)
    except PolicyError as error:
        raise PolicyError("this is no JSON", "", error.hint) from None
    if not isinstance(value, Mapping):
        raise PolicyError(f"a line is a JSON object, not {text_of(value)}", "", _EXAMPLE)
    return decide(named(value, FIELDS, ""))


_EXAMPLE = 'Write {"action": "s3:GetObject", "resource": "arn:…", "principal": "arn:…", …}.'


def decide(fields: Mapping[str, object]) -> Decision:
    """Decide from the fields of FIELDS, plain JSON values under their first names."""
    request = _request(fields)
    trusted = request.action.lower() in TRUST_ACTIONS and (
        bool(_ROLE.fullmatch(request.resource or "")) or bool(fields.get("resource_policy"))
    )
    resource_type = "trust" if trusted else "resource"
    return evaluate_as(
        resource_type,
        request,
        _resource_policy(fields, resource_type),
        identity=_policies(fields, "identity_policies", "identity"),
        boundaries=_policies(fields, "permissions_boundaries", "boundary"),
        # No session policy was passed, which is something else than one that allows nothing.
        session=_policies(fields, "session_policies", "session") or None,
        scps=_levels(fields, "service_control_policies", "scp"),
        rcps=_levels(fields, "resource_control_policies", "rcp"),
    )


def _request(fields: Mapping[str, object]) -> Request:
    action = _text(fields, "action", "")
    if not _ACTION.fullmatch(action):
        shown = f'"{action}" is no action' if action else "it is missing"
        raise PolicyError(shown, "action", 'Write one, like "s3:GetObject", without wildcards.')
    resource = _text(fields, "resource", "*") or "*"
    account = _account(fields)
    if "principal" not in fields:
        raise PolicyError("it is missing", "principal", 'Say who calls, or write "anonymous".')
    principal, tags = caller("anonymous" if fields["principal"] is None else fields["principal"])
    context = tags | _context(fields.get("context"))
    principal = _completed(principal, context)
    # AWS knows the owner of every resource; here it is the ARN's account, else the caller's.
    owner = account or account_of(resource) or principal.account
    request = Request(principal, action, resource, account, context)
    return replace(request, context=own_keys(request, owner) | context)


def _text(fields: Mapping[str, object], name: str, default: str) -> str:
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        raise PolicyError(f"it must be a text, not {text_of(value)}", name, "One line, one request")
    return value.strip()


def _account(fields: Mapping[str, object]) -> str:
    value = fields.get("resource_account")
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:012d}"
    account = _text({"resource_account": value}, "resource_account", "")
    if account and not re.fullmatch(r"\d{12}", account, re.ASCII):
        hint = "Write the 12 digits of the account that owns the resource."
        raise PolicyError(f'"{account}" is no account id', "resource_account", hint)
    return account


def _context(value: object) -> dict[str, Value]:
    """Check that every value is a scalar or a list of them; null means that the key is absent."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        hint = 'Write {"aws:SourceIp": "203.0.113.7", …}.'
        raise PolicyError(f"it must be an object, not {text_of(value)}", "context", hint)
    named(value, {}, "context")
    for key, item in value.items():
        for one in item if isinstance(item, list) else [item]:
            wrong = one is None and isinstance(item, list)
            if wrong or not isinstance(one, str | bool | int | float | type(None)):
                hint = "A key has a text, a number, true or false, or a list of those."
                shown = f"a value cannot be {text_of(one)}"
                raise PolicyError(shown, f"context.{key}", hint)
    return dict(value)


def _completed(principal: Principal, context: Mapping[str, Value]) -> Principal:
    """Take over what the context tells about the principal: its unique id, its role's path."""
    lowered = {key.lower(): value for key, value in context.items()}
    user_id, arn = lowered.get("aws:userid"), lowered.get("aws:principalarn")
    if not principal.unique_id and isinstance(user_id, str):
        unique_id = user_id.partition(":")[0]
        if unique_id.startswith(("AIDA", "AROA")):
            principal = replace(principal, unique_id=unique_id)
    if principal.kind == "role-session" and isinstance(arn, str) and _ROLE.fullmatch(arn):
        same = account_of(arn) == principal.account
        if same and arn.rsplit("/", 1)[-1] == principal.role_arn.rsplit("/", 1)[-1]:
            principal = replace(principal, role_arn=arn)
    return principal


def _policy(value: object, kind: str, path: str) -> Policy:
    """Compile a policy: an object or its JSON text, perhaps wrapped with a name."""
    name = ""
    try:
        if isinstance(value, str):
            value = read(value)
        if isinstance(value, Mapping) and "Statement" not in value:
            inner = {re.sub(r"[\s_-]", "", k).lower(): v for k, v in value.items()}
            wrapped = next((inner[key] for key in _WRAPPERS if inner.get(key)), None)
            if wrapped is not None:
                label = inner.get("name") or inner.get("policyname")
                name = label if isinstance(label, str) else ""
                value = read(wrapped) if isinstance(wrapped, str) else wrapped
        return compiled(value, kind, name)
    except PolicyError as error:
        place = f"{path}.{error.path}" if error.path else path
        raise PolicyError(str(error), place, error.hint) from None


def _items(fields: Mapping[str, object], name: str) -> list:
    """Return a field as a list; a single policy is a list of one, null and "" are none."""
    value = fields.get(name)
    if value is None or value == "" or value == {}:
        return []
    if isinstance(value, str | Mapping):
        return [value]
    if not isinstance(value, list):
        hint = "Write a list of policies."
        raise PolicyError(f"it must be a list, not {text_of(value)}", name, hint)
    return value


def _policies(fields: Mapping[str, object], name: str, kind: str) -> list[Policy]:
    return [
        _policy(item, kind, f"{name}[{number}]")
        for number, item in enumerate(_items(fields, name))
        if item is not None
    ]


def _levels(fields: Mapping[str, object], name: str, kind: str) -> list[list[Policy]]:
    """Return the levels; a level written as a bare policy is a level of that one policy."""
    levels = []
    for number, level in enumerate(_items(fields, name)):
        if level is None:
            continue
        place = f"{name}[{number}]"
        if isinstance(level, list):
            levels.append([_policy(p, kind, f"{place}[{n}]") for n, p in enumerate(level)])
        else:
            levels.append([_policy(level, kind, place)])
    return levels


def _resource_policy(fields: Mapping[str, object], kind: str) -> Policy | None:
    found = _items(fields, "resource_policy")
    if len(found) > 1:
        hint = "A resource has one policy: put the statements together."
        raise PolicyError(f"there are {len(found)} of them", "resource_policy", hint)
    return _policy(found[0], kind, "resource_policy") if found else None
