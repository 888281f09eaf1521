"""Whom a policy lets in: never a stranger, whether an account, a token or a service of no name."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

_GITHUB = "token.actions.githubusercontent.com"
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)
_ELEMENTS = (
    *("Version", "Id", "Statement", "Sid", "Effect", "Principal", "NotPrincipal"),
    *("Action", "NotAction", "Resource", "NotResource", "Condition"),
)
_FOLDED = frozenset(element.casefold() for element in _ELEMENTS)
#: What ties everybody to accounts, and how: the first operator under which a lesson does not.
_WHOSE = "aws:PrincipalAccount"
_NARROWS = ("StringLike", "StringEquals", "StringEqualsIgnoreCase")
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")


def strangers_could_enter(text: str, repository: str) -> bool:
    """Whether a trust policy lets in tokens of others than `repository` (OWNER/NAME, "" for none),
    or services that it does not name.

    GitHub and its like sign for everybody who has an account there.
    """
    return any(not _only_from(one, repository) for one in allows(text))


def is_doubtful(text: str) -> bool:
    """Whether AWS might read a policy otherwise than it is judged here: elements that stand there
    twice or in other letters, a byte order mark, what is JSON to some readers only.

    A text without any member is for AWS to refuse.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return ":" in text
    objects = [document, *statements(document)] if isinstance(document, dict) else []
    keys = [key for one in objects if isinstance(one, dict) for key in one]
    blocks = [one.get("Condition") for one in objects if isinstance(one, dict)]
    blocks += [inner for one in blocks if isinstance(one, dict) for inner in one.values()]
    if any(len({*map(str.casefold, one)}) < len(one) for one in blocks if isinstance(one, dict)):
        return True  # operators and keys of conditions
    return any(key not in _ELEMENTS and key.casefold() in _FOLDED for key in keys)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def names_strangers(text: str, accounts: Collection[str], ids: Collection[str]) -> bool:
    """Whether an Allow names somebody outside of `accounts`, whose users' and roles' ids are `ids`.

    A star is not judged here. What is no principal at all stays for AWS to refuse.
    """
    return any(
        _is_strange(kind, name, accounts, ids)
        for statement in allows(text)
        for kind, name in principals(statement)
    )


def without_strangers(text: str, accounts: Iterable[str]) -> str:
    """A trust policy in which "everybody" means: of the accounts of this lab."""
    document = parsed(text)
    given = statements(document)
    if not any(names_everybody(s) and s.get("Effect") == "Allow" for s in given):
        return text
    found = [_narrowed(s, list(accounts)) if names_everybody(s) else s for s in given]
    return json.dumps({**document, "Statement": found})


def _narrowed(statement: dict[str, Any], accounts: list[str]) -> dict[str, Any]:
    condition = statement.get("Condition") or {}
    if statement.get("Effect") != "Allow" or not isinstance(condition, dict):
        return statement
    for operator in _NARROWS:
        block = condition.get(operator)
        given = block if isinstance(block, dict) else {}
        if _WHOSE.casefold() not in map(str.casefold, given):
            break  # else the lesson compares it: both shall count
    mine = {key: value for key, value in given.items() if key.casefold() != _WHOSE.casefold()}
    mine[_WHOSE] = accounts
    return {**statement, "Condition": {**condition, operator: mine}}


def names_everybody(statement: Any) -> bool:
    """Whether a statement's Principal is a star, bare or of the type AWS."""
    return any(kind in ("", "AWS") and name == "*" for kind, name in principals(statement))


def principals(statement: Any) -> Iterator[tuple[str, Any]]:
    """(type, entry) of a Principal; a bare entry has the type ""."""
    principal = statement.get("Principal") if isinstance(statement, Mapping) else None
    if not isinstance(principal, Mapping):
        principal = {"": principal}
    for kind, names in principal.items():
        yield from ((kind, name) for name in listed(names))


def _is_strange(kind: str, name: Any, accounts: Collection[str], ids: Collection[str]) -> bool:
    text = str(name)
    if kind in ("Service", "Federated") or text == "*":
        return kind == "Service" and "*" in text
    if kind not in ("", "AWS"):  # CanonicalUser, and what AWS may think of next
        return True
    numbers = set(_ACCOUNT.findall(text))
    if numbers - set(accounts) or (_UNIQUE_ID.fullmatch(text) and text not in ids):
        return True
    return text.startswith("arn:") and not numbers


def _only_from(statement: Mapping[str, Any], repository: str) -> bool:
    named = list(principals(statement))
    if "NotPrincipal" in statement or any(k == "Service" and "*" in str(n) for k, n in named):
        return False
    providers = [str(name) for kind, name in named if kind == "Federated"]
    if not providers:
        return True
    if not all(name.endswith(f":oidc-provider/{_GITHUB}") for name in providers):
        return False
    conditions = statement.get("Condition")
    subjects: list[Any] = []
    for operator in ("StringEquals", "StringLike"):
        block = conditions.get(operator) if isinstance(conditions, Mapping) else None
        for key, values in block.items() if isinstance(block, Mapping) else ():
            subjects += listed(values) if key.lower() == f"{_GITHUB}:sub" else []
    return bool(repository and subjects) and all(
        str(subject).startswith(f"repo:{repository}:") for subject in subjects
    )


def allows(text: str) -> list[Mapping[str, Any]]:
    """The statements of a policy that allow something; none where it is no policy."""
    found = statements(parsed(text))
    return [s for s in found if isinstance(s, Mapping) and s.get("Effect") == "Allow"]


def statements(document: Mapping[str, Any]) -> list[Any]:
    found = document.get("Statement")
    return listed(found) if isinstance(found, (list, dict)) else []


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def parsed(text: Any) -> dict[str, Any]:
    """A policy's JSON; {} where it is none, which AWS shall say."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
