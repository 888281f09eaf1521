"""Checked records of role sessions, with the short names that a chart shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_FIELDS = (
    "session_name",
    "role_arn",
    "caller_arn",
    "issued",
    "expires",
    "chained",
    "max_session_duration",
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session. `abroad` is the caller's account if it is not the role's, otherwise ""."""

    role: str
    caller: str
    abroad: str
    name: str
    issued: datetime
    expires: datetime
    chained: bool
    maximum: timedelta

    @property
    def longest(self) -> datetime:
        """When it would end, had the caller asked for all that MaxSessionDuration gives."""
        return self.issued + self.maximum

    def state(self, now: datetime) -> str:
        """ "expired", "alive" or "later". At `expires` itself it has expired, as STS sees it."""
        if self.expires <= now:
            return "expired"
        return "alive" if self.issued <= now else "later"


def session_rows(sessions: Iterable[Any]) -> list[SessionRow]:
    """The sessions, mappings or objects, in their order.

    Raises ValueError, naming session (from 1) and field, for what is missing or malformed.
    """
    return [_row(session, number) for number, session in enumerate(sessions, start=1)]


def require_aware(value: Any, where: str) -> datetime:
    """Return a datetime with a time zone; anything else raises ValueError, naming `where`."""
    if not isinstance(value, datetime):
        raise ValueError(f"{where} must be a datetime, not {type(value).__name__}.")
    if value.utcoffset() is None:
        raise ValueError(f"{where} is naive ({value}); give it a time zone, e.g. tzinfo=UTC.")
    return value


def _row(session: Any, number: int) -> SessionRow:
    got = {field: _field(session, field, f"session {number}: {field}") for field in _FIELDS}
    if got["expires"] <= got["issued"]:
        raise ValueError(f"session {number}: expires must be later than issued.")
    caller, account = _caller(got["caller_arn"])
    owner = got["role_arn"].split(":")[4:5]
    return SessionRow(
        role=got["role_arn"].rsplit("/", 1)[-1],
        caller=caller,
        abroad="" if [account] == owner else account,
        name=got["session_name"],
        issued=got["issued"],
        expires=got["expires"],
        chained=got["chained"],
        maximum=timedelta(seconds=got["max_session_duration"]),
    )


def _field(session: Any, field: str, where: str) -> Any:
    try:
        value = session[field] if isinstance(session, Mapping) else getattr(session, field)
    except (KeyError, AttributeError):
        raise ValueError(f"{where} is missing.") from None
    if field in ("issued", "expires"):
        require_aware(value, where)
    elif field == "chained":
        if not isinstance(value, bool):
            raise ValueError(f"{where} must be True or False, not {value!r}.")
    elif field == "max_session_duration":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
            raise ValueError(f"{where} must be a number of seconds, not {value!r}.")
    elif not isinstance(value, str) or not value:
        raise ValueError(f"{where} must be text, not {value!r}.")
    return value


def _caller(arn: str) -> tuple[str, str]:
    """Short name and account: alice, or Role/session for a role session."""
    parts = arn.split(":", 5)
    if len(parts) < 6:  # an identity provider, say
        return arn, ""
    kind, _, name = parts[5].partition("/")
    # A user's path tells nothing here; a role session is named by both halves.
    return name if kind == "assumed-role" else name.rsplit("/", 1)[-1] or kind, parts[4]
