"""Role sessions: what STS hands out, and what the sandbox remembers of each."""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass
from datetime import datetime

from labhelpers.policy import Principal

_KEY_ALPHABET = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class RoleSession:
    """One AssumeRole answer. `role_id` ties it to the role itself; no namesake revives it."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    role_arn: str
    role_id: str
    session_name: str
    account_id: str
    issued: datetime
    expires: datetime
    caller_arn: str
    chained: bool
    max_session_duration: int

    def __repr__(self) -> str:
        return (
            f"RoleSession({self.arn}, {self.access_key_id}, "
            f"{self.issued:%Y-%m-%d %H:%M:%S} to {self.expires:%Y-%m-%d %H:%M:%S} UTC)"
        )

    @property
    def arn(self) -> str:
        """The assumed-role ARN; the role's path is dropped, as AWS does (STS_FACTS 1.3)."""
        name = self.role_arn.rsplit("/", 1)[-1]
        return f"arn:aws:sts::{self.account_id}:assumed-role/{name}/{self.session_name}"

    @property
    def user_id(self) -> str:
        return f"{self.role_id}:{self.session_name}"

    @property
    def principal(self) -> Principal:
        return Principal(
            kind="role-session",
            arn=self.arn,
            account=self.account_id,
            unique_id=self.role_id,
            role_arn=self.role_arn,
        )


class SessionRegistry:
    """Every session of this lab by access key id, expired ones included: their keys still have
    to be answered with ExpiredToken rather than with "never heard of it"."""

    def __init__(self) -> None:
        self._by_key: dict[str, RoleSession] = {}
        self._tokens: set[str] = set()

    def add(self, **fields) -> RoleSession:
        """Issue a session with new credentials in AWS's shapes (STS_FACTS 1.4)."""
        session = RoleSession(
            access_key_id="ASIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16)),
            secret_access_key=base64.b64encode(secrets.token_bytes(30)).decode(),
            session_token=base64.b64encode(secrets.token_bytes(264)).decode(),
            **fields,
        )
        self._by_key[session.access_key_id] = session
        self._tokens.add(session.session_token)
        return session

    def is_other_token(self, token: str, session: RoleSession) -> bool:
        """Whether the token was issued, but with another session's keys."""
        return token in self._tokens and token != session.session_token

    def get(self, access_key_id: str) -> RoleSession | None:
        return self._by_key.get(access_key_id)

    def all(self) -> list[RoleSession]:
        """In order of issue."""
        return list(self._by_key.values())
