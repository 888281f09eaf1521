"""The gate: until the fence holds, the lab works with an AWS that this machine serves, only.

Asked before the first request and without credentials. `sweep` does not ask: it goes on working.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError
from urllib3.util import parse_url

from labhelpers.account.fence.guard import SERVICES
from labhelpers.account.learner import opened
from labhelpers.account.settings import Settings
from labhelpers.errors import LabError

_CLOSED = (
    "The real-account mode is closed until its fence holds against somebody who means harm "
    "({where}); without LAB_BACKEND=aws every lesson runs in the sandbox, and "
    "`python -m labhelpers sweep` goes on working."
)
#: "auto" would ask the instance metadata service where this is.
_CONFIG = Config(defaults_mode="legacy")
_NOBODY = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobody"}


def check_open(settings: Settings) -> None:
    """Raises LabError unless each service's endpoint, in each account, is on this machine.

    Sends no request and looks for no credentials.
    """
    profiles = [settings.profile]
    if settings.second_profile:
        profiles.append(settings.second_profile)
    for profile in profiles:
        for service, url in _endpoints(profile, settings.region):
            if not is_here(url):
                where = f"{service} would be asked at {_host(url) or 'an address without a host'}"
                raise LabError(_CLOSED.format(where=where))


def is_here(url: str) -> bool:
    """Whether a request to this address stays on this machine: by its true host, as both Python
    and urllib3, which sends it, read it."""
    try:
        hosts = (urlsplit(url).hostname, parse_url(url).host)
        return urlsplit(url).scheme in ("http", "https") and all(map(_is_loopback, hosts))
    except ValueError:
        return False


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    """What may be shown of an address: it may hold a password."""
    try:
        return parse_url(url).host or ""
    except ValueError:
        return ""


def _endpoints(profile: str | None, region: str) -> Iterator[tuple[str, str]]:
    """Where boto3 asks: AWS_ENDPOINT_URL…, the profile's endpoint_url, or AWS itself."""
    session = opened(profile, region)
    for service in SERVICES:
        try:
            client = session.create_client(service, config=_CONFIG, **_NOBODY)
        except (BotoCoreError, ValueError):  # an address that is none
            raise LabError(_CLOSED.format(where=f"boto3 finds no address for {service}")) from None
        yield service, client.meta.endpoint_url
        client.close()
