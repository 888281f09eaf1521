"""What the record of a decision carries that is drawn; a Decision of labhelpers.policy does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Principal(Protocol):
    @property
    def account(self) -> str:
        """12 digits, "" for callers that belong to no account."""


class Request(Protocol):
    @property
    def principal(self) -> Principal: ...

    @property
    def action(self) -> str: ...

    @property
    def resource(self) -> str | None: ...


class Case(Protocol):
    """The policies that bear on the request, by `kind`: identity, boundary, session, scp, rcp,
    and "resource" for the resource's own policy, a trust policy too."""

    @property
    def resource_type(self) -> str:
        """Either "resource" or "trust"."""

    @property
    def same_account(self) -> bool: ...

    @property
    def groups(self) -> Mapping[str, Sequence[Any]]:
        """The policy sets of each kind, each of which must allow."""

    @property
    def strength(self) -> int:
        """Above 0 where the resource's own policy allows."""

    @property
    def naming(self) -> str:
        """A sentence: how the resource's own policy names the caller."""

    @property
    def has_all_rights(self) -> bool: ...

    def title(self, kind: str) -> str: ...

    def in_use(self, kind: str) -> bool: ...

    def allows(self, kind: str) -> bool: ...

    def denies(self, kind: str) -> bool: ...

    def denied_by(self) -> str | None: ...


class Decision(Protocol):
    @property
    def request(self) -> Request: ...

    @property
    def outcome(self) -> str: ...

    @property
    def headline(self) -> str:
        """One sentence: `Denied: ` or `Allowed: `, and why."""

    @property
    def case(self) -> Case | None:
        """None where no policy was asked."""
