"""The Principal and NotPrincipal elements: does an entry name the caller, and how directly?

How a resource-based policy names the caller decides which implicit denies it overrides
(IAM User Guide, "Policy evaluation logic"):

DIRECT      the user, session or federated-user ARN, or "*": no boundary, no session policy counts
CAPPED      the role behind a session, the user behind a federated user: both still count
DELEGATED   the account: the caller's own policies decide
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from labhelpers.policy.language.model import Principal

NOT_NAMED, DELEGATED, CAPPED, DIRECT = 0, 1, 2, 3

# The identity providers that STS knows by name, without an ARN of anybody's account.
WELL_KNOWN = frozenset(
    {
        "accounts.google.com",
        "cognito-identity.amazonaws.com",
        "graph.facebook.com",
        "www.amazon.com",
    }
)

_ROOT = re.compile(r"arn:[\w-]+:iam::(\d{12}):root", re.ASCII)


def account_in(entry: str) -> str:
    """Return the account that an AWS entry stands for ("" unless 12 digits or a root ARN)."""
    if len(entry) == 12 and entry.isascii() and entry.isdigit():
        return entry
    found = _ROOT.fullmatch(entry)
    return found[1] if found else ""


def entries_of(element: str | Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    """Return a Principal element as (type, value) pairs; a bare "*" is ("*", "*")."""
    if isinstance(element, str):
        return [("*", element)]
    return [
        (kind, value)
        for kind, values in element.items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def names_of(principal: Principal) -> dict[str, int]:
    """Return the AWS entries (accounts apart) that name the principal, with their strength."""
    if principal.kind in ("service", "web-identity", "saml", "anonymous", "root"):
        return {}
    names = {principal.arn: DIRECT}
    if principal.kind == "role-session":
        names |= {principal.role_arn: CAPPED, principal.unique_id: CAPPED}
    elif principal.kind == "federated-user":
        names |= {principal.user_arn: CAPPED, principal.unique_id: CAPPED}
        # Root behind a federated user is an account entry, which delegates.
        if account_in(principal.user_arn):
            del names[principal.user_arn]
    else:
        names[principal.unique_id] = DIRECT
    names.pop("", None)
    return names


def has_all_rights(principal: Principal) -> bool:
    """Say whether no identity-based policy is needed: root, and a federated user of root."""
    behind = principal.user_arn if principal.kind == "federated-user" else ""
    return principal.kind == "root" or behind.endswith(":root")


class PrincipalElement:
    """Compiled entries of Principal or NotPrincipal."""

    __slots__ = ("accounts", "aws", "everyone", "federated", "opaque", "services", "values")

    def __init__(self, element: str | Mapping):
        pairs = entries_of(element)
        self.values = tuple(value for _, value in pairs)
        aws = {value for kind, value in pairs if kind in ("*", "AWS")}
        self.everyone = "*" in aws
        self.accounts = frozenset(filter(None, map(account_in, aws)))
        self.aws = frozenset(aws)
        self.services = frozenset(value.lower() for kind, value in pairs if kind == "Service")
        self.federated = frozenset(value for kind, value in pairs if kind == "Federated")
        self.opaque = any(kind == "CanonicalUser" for kind, _ in pairs)

    def strength(self, principal: Principal, typed: bool = False) -> int:
        """Return how directly the element names the principal (NOT_NAMED to DIRECT).

        With `typed`, "*" stands for AWS principals only, not for services or providers.
        """
        if self.everyone and (principal.account or not typed):
            return DIRECT
        if principal.kind == "service":
            unnamed = self.services.isdisjoint((principal.arn.lower(), "*"))
            return NOT_NAMED if unnamed else DIRECT
        if principal.kind in ("web-identity", "saml"):
            return DIRECT if principal.arn in self.federated else NOT_NAMED
        named = [how for name, how in names_of(principal).items() if name in self.aws]
        if principal.account and principal.account in self.accounts:
            named.append(DELEGATED)
        return max(named, default=NOT_NAMED)

    def spares(self, principal: Principal, has_boundary: bool) -> bool:
        """Say whether a Deny with this NotPrincipal leaves the principal alone.

        All names of the principal must be listed: account, role and session for a role
        session. A principal with a permissions boundary is never spared.
        """
        if has_boundary:
            return False
        if self.everyone:
            return True
        if principal.kind in ("service", "web-identity", "saml", "anonymous"):
            return self.strength(principal) == DIRECT
        arns = [principal.arn, principal.role_arn, principal.user_arn]
        needed = {arn for arn in arns if arn and not account_in(arn)}
        listed_account = principal.account in self.accounts
        return listed_account and all(
            arn in self.aws or self._by_id(principal, arn) for arn in needed
        )

    def _by_id(self, principal: Principal, arn: str) -> bool:
        behind = principal.role_arn or principal.user_arn or principal.arn
        return arn == behind and principal.unique_id in self.aws
