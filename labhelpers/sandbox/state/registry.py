"""What the sandbox itself remembers, beside the state that moto keeps."""

from __future__ import annotations

import secrets
import string
from collections import OrderedDict
from typing import Any, Protocol

from labhelpers.sandbox.state.sessions import SessionRegistry, new_key_id, new_secret

#: Encoded authorization messages kept; the oldest are forgotten first.
MAX_MESSAGES = 1_000
_DIGITS = string.digits + string.ascii_lowercase


class Issuer(Protocol):
    """Who signs ID tokens: an identity provider of the lab, or AWS's own issuer of an account."""

    url: str

    def jwks(self) -> dict[str, Any]: ...

    def discovery(self, base: str = "") -> dict[str, Any]: ...


class Registry:
    """Sessions, root users' keys, identity providers of the lab, encoded messages, used codes."""

    def __init__(self) -> None:
        self.sessions = SessionRegistry()
        self.region = "ap-northeast-2"  # the lab's: called where neither signature nor Host tells
        self.addresses: dict[str, dict[str, str]] = {}  # access key id -> {IP address: secret}
        self.root_keys: dict[str, tuple[str, str]] = {}  # access key id -> (account, secret)
        self.issuers: dict[str, Issuer] = {}  # by issuer URL
        self.used_codes: set[tuple[str, str]] = set()  # (MFA serial number, TOTP code)
        self.outbound_accounts: set[str] = set()  # where GetWebIdentityToken is switched on
        self.root_sessions: set[str] = set()  # management accounts that may call AssumeRoot
        # Authorization id -> (account, decision) of IAM's denials.
        self.denials: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._messages: OrderedDict[str, str] = OrderedDict()

    def root_key(self, account_id: str) -> tuple[str, str]:
        """(access key id, secret) of an account's root user, made at first use."""
        for key_id, (account, secret) in self.root_keys.items():
            if account == account_id:
                return key_id, secret
        key_id, secret = new_key_id("AKIA", account_id), new_secret()
        self.root_keys[key_id] = (account_id, secret)
        return key_id, secret

    def keep_denial(self, account_id: str, decision: Any) -> str:
        """Keep what was decided about a denied request; the id is what its message ends with."""
        number = "".join(secrets.choice(_DIGITS) for _ in range(25))
        self.denials[number] = (account_id, decision)
        while len(self.denials) > MAX_MESSAGES:
            self.denials.popitem(last=False)
        return number

    def encode_message(self, text: str) -> str:
        """Keep an authorization message; what goes out says nothing by itself."""
        blob = secrets.token_urlsafe(150)
        self._messages[blob] = text
        while len(self._messages) > MAX_MESSAGES:
            self._messages.popitem(last=False)
        return blob

    def decode_message(self, blob: str) -> str | None:
        return self._messages.get(blob)
