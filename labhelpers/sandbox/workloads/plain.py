"""Answers of the credential endpoints, and the variables that lead an SDK to them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from labhelpers.sandbox.wire.http import Answer


def text(content: str) -> Answer:
    return 200, [("Content-Type", "text/plain")], content.encode()


def document(content: Mapping[str, Any], status: int = 200) -> Answer:
    body = json.dumps(content, indent=2).encode()
    return status, [("Content-Type", "application/json" if status != 200 else "text/plain")], body


def page(status: int) -> Answer:
    """The metadata service says no with a small HTML page."""
    title = f"{status} - {HTTPStatus(status).phrase}"
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return status, [("Content-Type", "text/html")], body.encode()


def child_environ(endpoint_url: str, region: str, **variables: str) -> dict[str, str]:
    """The whole environment of a child process whose SDK finds its credentials at `variables`.

    Nothing of this machine's comes along that an SDK would rather take: no keys, no profiles,
    no proxies, no configuration files.
    """
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    nowhere = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG")
    return {
        **kept,
        **dict.fromkeys(nowhere, os.devnull),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ENDPOINT_URL_STS": endpoint_url,  # Terraform reads no other for its roles
        "AWS_METADATA_ENDPOINT": endpoint_url,  # where object_store, which knows no switch, asks
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **variables,
    }
