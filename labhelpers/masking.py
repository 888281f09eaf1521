"""Hide secrets before they are printed: a notebook keeps every output that it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: What stands for a value that is hidden whole.
HIDDEN = "••••"

# Eight shown characters are a fifth of a secret access key (40), but half of a good password:
# only what is at least this long shows its ends.
_LONG = 32

# Access key IDs name a key and are no secret; AKIA is a long-term, ASIA a temporary one.
_ACCESS_KEY_ID = re.compile(r"A(?:KI|SI)A[A-Z0-9]{12,124}", re.ASCII)

# How the name of a secret field ends, in lower case without "_" and "-": SecretAccessKey,
# ServiceCredentialSecret, NewPassword, Base32StringSeed, aws_session_token, ...
_SECRET_NAME = re.compile(
    r".*(?:password|passwd|passphrase|secret|secretaccesskey|secretkey|secretstring|secretbinary"
    r"|token|privatekey|privatekeypem|keymaterial|base32stringseed|qrcodepng|samlassertion)"
)
# These only say where a list goes on, that a call is a repeated one, or whom a token is about.
_PLAIN_NAME = re.compile(
    r".*(?:next|continuation|client|pagination|starting|idempotency)token"
    r"|subjectfromwebidentitytoken"
)


def mask(secret: str) -> str:
    """The secret with its first and last four characters at most: `wJal…EKEY`.

    Values under 32 characters are hidden whole (`••••`, whatever their length). An access key
    ID is no secret: its prefix and last four characters stay, however short it is.
    Raises TypeError for anything but text.
    """
    if not isinstance(secret, str):
        raise TypeError(f"mask() takes text, not {type(secret).__name__}.")
    if len(secret) >= _LONG or _ACCESS_KEY_ID.fullmatch(secret):
        return f"{secret[:4]}…{secret[-4:]}"
    return HIDDEN


def masked(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an STS or IAM answer that can be printed.

    Secret access keys, tokens, passwords and their like are masked at any depth, access key IDs
    are left as they are, and ResponseMetadata is left out. The answer itself is not changed.
    Raises TypeError if it is no mapping (None, say, because the call was refused).
    """
    if not isinstance(answer, Mapping):
        raise TypeError(f"masked() takes the answer of a call, not {type(answer).__name__}.")
    return _copy(answer)


def _copy(value: Any, secret: bool = False) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _copy(inner, _is_secret(name))
            for name, inner in value.items()
            if name != "ResponseMetadata"
        }
    if isinstance(value, (list, tuple)):
        return [_copy(inner, secret) for inner in value]
    if not secret:
        return bytearray(value) if isinstance(value, bytearray) else value
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, bytes, bytearray)):
        return value  # PasswordResetRequired, dates: they tell nothing
    return HIDDEN


def _is_secret(name: Any) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", str(name).lower())
    return bool(_SECRET_NAME.fullmatch(plain)) and not _PLAIN_NAME.fullmatch(plain)
