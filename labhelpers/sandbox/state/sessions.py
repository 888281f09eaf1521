"""Sessions: what STS hands out, and what the sandbox remembers of each."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from labhelpers.policy import Policy, Principal
from labhelpers.sandbox.wire.ids import token_bytes

#: Bytes that a token takes at most. Not documented; MinimumSessionTokenSize goes up to it.
MAX_TOKEN_SIZE = 4096
_EMPTY_TOKEN = 264  # bytes before base64, without policies and tags


KEPT, KEPT_ENDS = 2_000, 100_000  # sessions; ends of sessions


def new_key_id(prefix: str, account_id: str) -> str:
    """20 characters in the form of AWS's access key ids, which hold their account.

    Ids since 2019 do, and how was published in 2020 and 2023: base32, of whose first 48 bits
    the first is set, the next 40 are the account's number.
    """
    start = (1 << 47 | int(account_id) << 7 | token_bytes(1)[0] >> 1).to_bytes(6, "big")
    return prefix + base64.b32encode(start + token_bytes(4)).decode()


def account_in(key_id: str) -> str:
    """The account that an access key id holds, "" where it is none or from before 2019."""
    if not re.fullmatch(r"A[KS]IA[Q-Z2-7][A-Z2-7]{15}", key_id):
        return ""
    start = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    return f"{start >> 7 & (1 << 40) - 1:012d}"


def token_size(packed: int) -> int:
    """Bytes of a token with so many packed bytes of policies and tags in it."""
    return len(base64.b64encode(bytes(_EMPTY_TOKEN + packed)))


def _new_token(packed: int, minimum: int) -> str:
    size = max(_EMPTY_TOKEN + packed, -(-minimum // 4) * 3)
    return base64.b64encode(token_bytes(size)).decode()


def new_secret() -> str:
    """40 characters of base64, as AWS's secret access keys have."""
    return base64.b64encode(token_bytes(30)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One set of temporary credentials and everything that STS tied to it at issue.

    The ids in `principal` tie it to its role or user: no namesake revives it. `policies` are
    its session policies, None where none were passed; `scopes` the scope-down policies of
    GetScopedCredentials, the first layer first. `transitive` are the tag keys that
    chained sessions inherit; `carried` the identity provider's condition keys that later
    requests still hold. `mfa_at` is when the caller proved MFA, None without; a role
    session has none, and `opened_with_mfa` where its user had. `packed` counts the bytes of
    policies and tags in the token.
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
    scopes: tuple[Policy, ...] = ()
    packed: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    source_identity: str = ""
    mfa_at: datetime | None = None
    opened_with_mfa: bool = False
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
    """The sessions of this lab by access key id, expired ones included: their keys still have to
    be answered with ExpiredToken rather than with "never heard of it". Where there are more than
    KEPT, of those that are over an id and an end remain."""

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self._tokens: set[str] = set()
        self._ended: dict[str, datetime] = {}  # access key id -> end
        self._room = KEPT
        self._lock = threading.Lock()

    def add(self, minimum_token_size: int = 0, **fields: Any) -> Session:
        """Issue a session with new credentials in AWS's shapes (STS_FACTS 1.4)."""
        return self._keep(
            Session(
                access_key_id=new_key_id("ASIA", fields["principal"].account),
                secret_access_key=new_secret(),
                session_token=_new_token(fields.get("packed", 0), minimum_token_size),
                **fields,
            )
        )

    def narrow(self, session: Session, minimum_token_size: int = 0, **changes: Any) -> Session:
        """The same session once more, under new credentials and with less in it."""
        return self._keep(
            replace(
                session,
                access_key_id=new_key_id("ASIA", session.account_id),
                secret_access_key=new_secret(),
                session_token=_new_token(changes["packed"], minimum_token_size),
                **changes,
            )
        )

    def _keep(self, session: Session) -> Session:
        with self._lock:
            self._by_key[session.access_key_id] = session
            self._tokens.add(session.session_token)
            if len(self._by_key) > self._room:
                self._let_go(session.issued)
                self._room = max(KEPT, 2 * len(self._by_key))
        return session

    def _let_go(self, lab_now: datetime) -> None:
        for over in [s for s in self._by_key.values() if s.expires <= lab_now]:
            self._ended[over.access_key_id] = over.expires
            del self._by_key[over.access_key_id]
            self._tokens.discard(over.session_token)
        for oldest in list(self._ended)[: max(0, len(self._ended) - KEPT_ENDS)]:
            del self._ended[oldest]

    def end_of(self, access_key_id: str) -> datetime | None:
        """When a session ended of which nothing else is known any more."""
        return self._ended.get(access_key_id)

    def is_other_token(self, token: str, session: Session) -> bool:
        """Whether the token was issued, but with another session's keys."""
        return token in self._tokens and token != session.session_token

    def get(self, access_key_id: str) -> Session | None:
        return self._by_key.get(access_key_id)

    def all(self) -> list[Session]:
        """In order of issue."""
        return list(self._by_key.values())
