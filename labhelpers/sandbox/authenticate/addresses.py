"""From where a request comes: the connection's address, or one that the lab chose for a session.

On loopback everybody is 127.0.0.1. So that networks can be taught, the lab makes a second secret
for a key, which stands for that key used from one address; the signature then shows which of them
was used. Nothing that a request says about its address is believed, X-Forwarded-For included.
"""

from __future__ import annotations

import ipaddress
from hmac import compare_digest

from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.sessions import new_secret


def secret_from(address: str, key_id: str, secret: str, registry: Registry) -> str:
    """The secret of an access key for use from an address: the same key and address, the same
    secret. A secret that is not the key's stays what it is, and fails.

    Raises ValueError for what is no IPv4 or IPv6 address.
    """
    try:
        address = str(ipaddress.ip_address(str(address)))
    except ValueError:
        example = "write one, e.g. source_ip='203.0.113.7'"
        raise ValueError(f"{address!r} is no IP address: {example}.") from None
    if not compare_digest(secret.encode(), _secret_of(key_id, registry).encode()):
        return secret
    return registry.addresses.setdefault(key_id, {}).setdefault(address, new_secret())


def _secret_of(key_id: str, registry: Registry) -> str:
    session, found = registry.sessions.get(key_id), iam.find_access_key(key_id)
    if session is not None:
        return session.secret_access_key
    if key_id in registry.root_keys:
        return registry.root_keys[key_id][1]
    return found[1].secret_access_key if found is not None else ""
