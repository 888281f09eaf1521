"""The learner's own credentials: found by boto3's own chain, confirmed once, used from then on.

What has been confirmed stays: where the environment or a file says something else later (a cell
may have set it, a test has taken it back), no client goes to another address or as somebody else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import CredentialProvider, CredentialResolver
from botocore.exceptions import ProfileNotFound

from labhelpers.account.answers import check_answered
from labhelpers.account.settings import Settings, check_same_account, confirmed_caller
from labhelpers.account.state.threads import Turns
from labhelpers.boto_session import builtin_handlers, shared_loader
from labhelpers.errors import LabError

_KEYS = ("AccessKeyId", "SecretAccessKey", "SessionToken")
_PROFILES = ("LAB_AWS_PROFILE", "LAB_AWS_SECOND_PROFILE")
_FIRST, _SECOND = "LAB_AWS_ACCOUNT_ID", "LAB_AWS_SECOND_ACCOUNT_ID"
#: Throttled calls are made again, later and later: botocore's own standard mode. Presigned links
#: name the Region's own host, for S3 redirects from the global one until a bucket is known there.
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 10},
    s3={"addressing_style": "virtual"},
    ignore_configured_endpoint_urls=True,  # _Session has them
)


class Learner:
    """Who runs the lab, in one account or two. Raises LabError unless both are confirmed.

    `arns` are the learner's, `accounts` the real account ids, of the first account first.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str, str | None], Any] = {}
        self._turns = Turns()
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
        with self._turns:
            if which not in self._clients:
                made = self._sessions[account].client(service, region_name=region_name)
                self._clients[which] = made
            return self._clients[which]

    def session(self, account: str) -> botocore.session.Session:
        """A new botocore session of the confirmed learner in an account."""
        confirmed: _Session = self._sessions[account]._session
        new = opened(confirmed.profile, self._settings.region, confirmed)
        provider = _Confirmed(confirmed.get_credentials())
        new.register_component("credential_provider", CredentialResolver([provider]))
        return new

    def account_of(self, keys: Mapping[str, Any]) -> str:
        """The account whose confirmed credentials these are, "" if they are others."""
        given = tuple(keys.get(name) or None for name in _KEYS)
        for account, session in self._sessions.items():
            if given == tuple(session.get_credentials().get_frozen_credentials())[:3]:
                return account
        return ""

    def _confirm(self, profile: str | None, wanted: str, variable: str) -> None:
        own = opened(profile, self._settings.region)
        session = boto3.Session(botocore_session=own)
        self.arns.append(confirmed_caller(session, wanted, variable))
        own.account = wanted
        self._sessions[wanted] = session


class _Session(botocore.session.Session):
    """A botocore Session whose endpoints are those that were configured when it was opened, or
    when the one that it is to be `like` was; that one's profiles and files are its own, too."""

    _environ: dict[str, str]
    account = ""  # once it is confirmed

    def __init__(self, profile: str | None, like: _Session | None) -> None:
        self._like = like
        super().__init__(profile=profile, **builtin_handlers())
        environ = like._environ if like else os.environ
        self._environ = {k: v for k, v in environ.items() if k.startswith("AWS_ENDPOINT_URL")}
        ignored = "ignore_configured_endpoint_urls"
        self._ignored: bool = like._ignored if like else self.get_config_variable(ignored)

    @property
    def full_config(self) -> dict[str, Any]:
        return self._like.full_config if self._like else super().full_config

    def get_scoped_config(self) -> dict[str, Any]:
        return self._like.get_scoped_config() if self._like else super().get_scoped_config()

    def get_credentials(self, *args: Any, **kwargs: Any) -> Any:
        found = super().get_credentials(*args, **kwargs)
        if found is not None and self._like is None and not isinstance(found, _Steady):
            found = self._credentials = _Steady(found, self._check_same)
        return found

    def _check_same(self, keys: Any) -> bool:
        """Whether other keys have been confirmed to be of the same account, so that there is one.
        Raises LabError for another account's."""
        if not self.account:
            return False
        new = opened(self.profile, self.get_config_variable("region"), self)
        new.set_credentials(keys.access_key, keys.secret_key, keys.token)
        check_same_account(boto3.Session(botocore_session=new), self.account)
        return True

    def create_client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        if self._like is not None:
            _check_stays_the_labs(*args, **kwargs)
        if kwargs.get("endpoint_url") is None and not self._ignored:
            found = (self.full_config, self.get_scoped_config(), service_name, self._environ)
            kwargs["endpoint_url"] = ConfiguredEndpointProvider(*found).provide()
        return super().create_client(service_name, *args, **kwargs)


def _check_stays_the_labs(
    region_name: Any = None,
    api_version: Any = None,
    use_ssl: Any = True,
    verify: Any = None,
    endpoint_url: Any = None,
    aws_access_key_id: Any = None,
    aws_secret_access_key: Any = None,
    aws_session_token: Any = None,
    config: Any = None,
    **_: Any,
) -> None:
    """Raises LabError for a client of the lab's that would ask as somebody else, or elsewhere:
    the lab would take what it makes for its own account's, and find it nowhere."""
    if any((aws_access_key_id, aws_secret_access_key, aws_session_token)):
        raise LabError(
            "A client of this lab takes no keys of its own: lab.session_from(keys) makes a session "
            "from those that a call of this lab has handed out."
        )
    if endpoint_url is not None or getattr(config, "proxies", None):
        raise LabError(
            "A client of this lab takes no endpoint_url and no proxies of its own: it asks where "
            "the learner's account was confirmed."
        )


class _Steady:
    """Credentials that renew themselves, as long as they are the same account's: where they come
    from (environment, a program, a file), somebody may have switched to another one."""

    def __init__(self, found: Any, check_same: Callable[[Any], bool]) -> None:
        self._found, self._check_same = found, check_same
        self._known: set[str] = set()

    def get_frozen_credentials(self) -> Any:
        keys = self._found.get_frozen_credentials()
        if keys.access_key not in self._known:
            is_same = self._check_same(keys)
            self._known = {keys.access_key, *(self._known if is_same else ())}
        return keys

    @property
    def access_key(self) -> str:
        return self.get_frozen_credentials().access_key

    @property
    def secret_key(self) -> str:
        return self.get_frozen_credentials().secret_key

    @property
    def token(self) -> str | None:
        return self.get_frozen_credentials().token

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)


class _Confirmed(CredentialProvider):
    """Credentials that were found before; they renew themselves as they would there."""

    METHOD = CANONICAL_NAME = "confirmed"

    def __init__(self, credentials: Any) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Any:
        return self._credentials


def opened(profile: str | None, region: str, like: _Session | None = None) -> _Session:
    """A new botocore session with a profile; LabError if there is none of that name. Its endpoints
    are those of now, or of the session that it is to be `like`."""
    try:
        session = _Session(profile, like)
        session.get_scoped_config()
    except ProfileNotFound as error:
        named = [name for name in _PROFILES if os.environ.get(name) == profile]
        said = ": ".join((*named[:1], str(error)))
        raise LabError(f"{said}. `aws configure list-profiles` shows what there is.") from None
    session.register_component("data_loader", shared_loader())
    session.set_config_variable("region", region)
    session.set_default_client_config(_CONFIG)
    session.register("before-parse", check_answered)
    return session
