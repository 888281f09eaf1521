"""The learner's own credentials: confirmed once, used as boto3's own chain finds them."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from labhelpers.account.settings import Settings, confirmed_caller
from labhelpers.boto_session import builtin_handlers, shared_loader
from labhelpers.errors import LabError

_FIRST, _SECOND = "LAB_AWS_ACCOUNT_ID", "LAB_AWS_SECOND_ACCOUNT_ID"
#: Throttled calls are made again, later and later: botocore's own standard mode. Presigned links
#: name the Region's own host, for S3 redirects from the global one until a bucket is known there.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 10}, s3={"addressing_style": "virtual"}
)


class Learner:
    """Who runs the lab, in one account or two. Raises LabError unless both are confirmed.

    `arns` are the learner's, `accounts` the real account ids, of the first account first.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self.arns: list[str] = []
        self._confirm(settings.profile, settings.account_id, _FIRST)
        if settings.second_profile:
            if settings.second_account_id == settings.account_id:
                raise LabError(f"{_SECOND} is the first account once more; it has to be another.")
            self._confirm(settings.second_profile, settings.second_account_id, _SECOND)
        elif settings.second_account_id:
            raise LabError(f"{_SECOND} is set, but LAB_AWS_SECOND_PROFILE is not.")

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(self._sessions)

    def client(self, account: str, service: str, region_name: str | None = None) -> Any:
        """A client that rewrites nothing: for the lab's own housekeeping, in any Region."""
        which = (account, service, region_name)
        if which not in self._clients:
            made = self._sessions[account].client(service, region_name=region_name)
            self._clients[which] = made
        return self._clients[which]

    def session(self, account: str) -> botocore.session.Session:
        """A new botocore session with the learner's profile in an account."""
        first = account == self._settings.account_id
        return self._opened(self._settings.profile if first else self._settings.second_profile)

    def _confirm(self, profile: str | None, wanted: str, variable: str) -> None:
        session = boto3.Session(botocore_session=self._opened(profile))
        self.arns.append(confirmed_caller(session, wanted, variable))
        self._sessions[wanted] = session

    def _opened(self, profile: str | None) -> botocore.session.Session:
        return opened(profile, self._settings.region)


def opened(profile: str | None, region: str) -> botocore.session.Session:
    """A new botocore session with a profile; LabError if there is none of that name."""
    session = botocore.session.Session(profile=profile, **builtin_handlers())
    session.register_component("data_loader", shared_loader())
    session.set_config_variable("region", region)
    session.set_default_client_config(_CONFIG)
    try:
        session.get_scoped_config()
    except ProfileNotFound as error:
        raise LabError(f"{error}. `aws configure list-profiles` shows what there is.") from None
    return session
