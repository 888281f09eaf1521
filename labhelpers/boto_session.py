"""boto3 sessions that know one endpoint and one pair of keys, and nothing of this machine.

Environment variables, profiles, configuration files, proxies and instance metadata of the host
are never read: neither could real credentials reach the sandbox, nor a lab call reach AWS.
botocore's rules send a few operations to AWS whatever the endpoint is: those are not sent at all.
"""

from __future__ import annotations

import copy
import os
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import (
    BOTOCORE_DEFAUT_SESSION_VARIABLES,
    ConfigValueStore,
    ConstantProvider,
)
from botocore.exceptions import BotoCoreError
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import Loader


@lru_cache(maxsize=1)
def shared_loader() -> Loader:
    """One loader for all sessions: reading the service models again costs 50 ms a session."""
    own = [Loader.BUILTIN_DATA_PATH]  # and not ~/.aws/models, where a host may have put others
    return Loader(extra_search_paths=own, include_default_search_paths=False)


@lru_cache(maxsize=1)
def _builtin_handlers() -> HierarchicalEmitter:
    handlers = HierarchicalEmitter()
    botocore.session.Session(event_hooks=handlers)
    return handlers


def builtin_handlers() -> dict[str, Any]:
    """Arguments for a botocore Session: its own event handlers, copied. To register them anew
    takes 4 ms a session, a copy 0.6 ms."""
    return {"event_hooks": copy.copy(_builtin_handlers()), "include_builtin_handlers": False}


class LeavesTheLab(BotoCoreError):
    """A call that botocore would send to somebody else than the endpoint of its session."""

    fmt = (
        "{operation} would go to {host}: botocore gives it no other endpoint. A lab's session asks "
        "nobody but the lab, so it was not sent."
    )


class IsolatedSession(botocore.session.Session):
    """A botocore Session with constant settings and one endpoint for every service."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        super().__init__(**builtin_handlers())
        self._endpoint_url = endpoint_url
        self._host = urlsplit(endpoint_url).hostname
        self.register("before-send", self._stay)
        self.register_component("config_store", _constant_settings(region))
        self.register_component("data_loader", shared_loader())

    def create_client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        config = kwargs.get("config")
        ours = Config(proxies={}, ignore_configured_endpoint_urls=True)
        kwargs["config"] = ours.merge(config) if config is not None else ours
        if kwargs.get("endpoint_url") is None:
            kwargs["endpoint_url"] = self._endpoint_url
        return super().create_client(service_name, *args, **kwargs)

    def _stay(self, request: Any, event_name: str, **_: Any) -> None:
        host = urlsplit(request.url).hostname
        if host not in (self._host, "127.0.0.1", "localhost", "::1"):
            operation = ":".join(event_name.split(".")[1:])
            raise LeavesTheLab(operation=operation, host=host)


def _constant_settings(region: str) -> ConfigValueStore:
    """botocore's settings at their defaults, whatever environment and files say."""
    defaults = {name: v[2] for name, v in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()}
    defaults |= {"region": region, "config_file": os.devnull, "credentials_file": os.devnull}
    store = ConfigValueStore()
    for name, value in defaults.items():
        store.set_config_provider(name, ConstantProvider(value))
    return store


def isolated_session(
    endpoint_url: str,
    region: str,
    access_key_id: str,
    secret_access_key: str,
    session_token: str | None = None,
) -> boto3.Session:
    """A boto3 Session whose clients and resources talk to `endpoint_url` with these keys."""
    session = IsolatedSession(endpoint_url, region)
    session.set_credentials(access_key_id, secret_access_key, session_token)
    return boto3.Session(botocore_session=session, region_name=region)
