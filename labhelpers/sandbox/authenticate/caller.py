"""Who is calling: what step 1 finds out and every later step asks."""

from __future__ import annotations

from dataclasses import dataclass

from labhelpers.policy import Principal
from labhelpers.sandbox.state.sessions import Session


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, and the Region and service that the signature was made for.

    `source_ip` is the address that the lab chose for the session, "" for the connection's.
    """

    principal: Principal
    user_id: str  # as GetCallerIdentity shows it
    access_key_id: str
    region: str
    service: str
    session: Session | None = None
    user_name: str = ""
    source_ip: str = ""

    @property
    def is_temporary(self) -> bool:
        return self.session is not None
