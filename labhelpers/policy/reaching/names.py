"""Names that somebody who means harm would try: those that the policies have room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from labhelpers.policy.language.arn import PARTS
from labhelpers.policy.language.statement import Policy

_MADE = "made"
_REGION = "us-east-1"


def candidates(policies: Iterable[Policy], service: str, kind: str, account: str) -> list[str]:
    """ARNs that do not exist yet, of a kind, one for each pattern of a policy that
    could mean such a thing, and one more that no pattern asks for."""
    slash = "/" if ":" not in kind else ""
    found = {f"arn:aws:{service}:{_place(service)}:{account}:{kind}{slash}{_MADE}": None}
    for policy in policies:
        for pattern in _arns(policy.document):
            made = _filled(pattern, service, kind, account)
            if made:
                found[made] = None
    return list(found)


def _arns(value: object) -> Iterator[str]:
    """In Resource elements and in conditions, which may ask for a name of a certain form."""
    if isinstance(value, str):
        if value.startswith("arn:"):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _arns(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _arns(inner)


def _place(service: str) -> str:
    return "" if service == "iam" else _REGION


def _filled(pattern: str, service: str, kind: str, account: str) -> str:
    parts = pattern.split(":", PARTS - 1)
    if len(parts) < PARTS or parts[2] not in (service, "*") or "${" in pattern:
        return ""
    of, slash, name = parts[5].partition("/")
    if not slash or of.rstrip("*") not in (kind, "") or parts[4] not in (account, "*"):
        return ""
    name = name.replace("*", _MADE).replace("?", "x")
    return f"arn:aws:{service}:{_place(service)}:{account}:{kind}/{name}"
