"""Sessions: what STS hands out, and what the sandbox remembers of each."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from labhelpers.policy import Policy, Principal


def new_key_id(prefix: str) -> str:
    """20 characters in the form of AWS's access key ids."""
    return prefix + base64.b32encode(secrets.token_bytes(10)).decode()


def new_secret() -> str:
    """40 characters of base64, as AWS's secret access keys have."""
    return base64.b64encode(secrets.token_bytes(30)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One set of temporary credentials and everything that STS tied to it at issue.

    The ids in `principal` tie it to its role or user: no namesake revives it. `policies` are
    its session policies, None where none were passed. `transitive` are the tag keys that
    chained sessions inherit; `carried` the identity provider's condition keys that later
    requests still hold. `mfa_at` is when the caller proved MFA, None without.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str
    principal: Principal
    user_id: str  # as GetCallerIdentity shows it
    issued: datetime
    expires: datetime
    caller_arn: str
    session_name: str = ""
    user_name: str = ""
    chained: bool = False
    max_session_duration: int = 0  # seconds
    policies: tuple[Policy, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    mfa_at: datetime | None = None
    provider: str = ""
    carried: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Session({self.arn}, {self.access_key_id}, "
            f"{self.issued:%Y-%m-%d %H:%M:%S} to {self.expires:%Y-%m-%d %H:%M:%S} UTC)"
        )

    @property
    def arn(self) -> str:
        return self.principal.arn

    @property
    def account_id(self) -> str:
        return self.principal.account

    @property
    def is_role_session(self) -> bool:
        return self.principal.kind == "role-session"

    @property
    def role_arn(self) -> str:
        """The role's ARN with its path, "" for other sessions than a role's."""
        return self.principal.role_arn

    @property
    def role_id(self) -> str:
        return self.principal.unique_id if self.is_role_session else ""

    @property
    def inherited_tags(self) -> dict[str, str]:
        """The session tags that follow into every chained session."""
        return {key: value for key, value in self.tags.items() if key in self.transitive}


class SessionRegistry:
    """Every session of this lab by access key id, expired ones included: their keys still have
    to be answered with ExpiredToken rather than with "never heard of it"."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._tokens: set[str] = set()

    def add(self, **fields: Any) -> Session:
        """Issue a session with new credentials in AWS's shapes (STS_FACTS 1.4)."""
        session = Session(
            access_key_id=new_key_id("ASIA"),
            secret_access_key=new_secret(),
            session_token=base64.b64encode(secrets.token_bytes(264)).decode(),
            **fields,
        )
        self._by_key[session.access_key_id] = session
        self._tokens.add(session.session_token)
        return session

    def is_other_token(self, token: str, session: Session) -> bool:
        """Whether the token was issued, but with another session's keys."""
        return token in self._tokens and token != session.session_token

    def get(self, access_key_id: str) -> Session | None:
        return self._by_key.get(access_key_id)

    def all(self) -> list[Session]:
        """In order of issue."""
        return list(self._by_key.values())
