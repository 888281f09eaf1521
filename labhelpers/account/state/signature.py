"""The lab's signature on what a run makes: this machine's learner made it, whatever else is said.

Tags can be written by anybody who may tag. The signature needs a key that never leaves the
learner's state folder. It says nothing about a thing but whose run it is of.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from labhelpers.account.state.folder import make_folder, state_directory, unwritable
from labhelpers.errors import LabError

RUN, OWNER, SIGNATURE = "sts-lab:run", "sts-lab:owner", "sts-lab:signature"
_LENGTH = 32  # bytes


def signature(run: str, owner: str) -> str:
    """HMAC-SHA256 of a run and its owner in hex. Makes the key where there is none yet.

    Raises LabError where the state folder cannot be written, and for a damaged key.
    """
    try:
        key = _key() or _new_key()
    except OSError as error:
        raise unwritable(_path(), error) from None
    return _signed(key, run, owner)


def is_signed(tags: Mapping[str, str]) -> bool:
    """Whether a thing's tags carry this learner's signature of their run and owner."""
    key = _key(strict=False)
    if key is None:
        return False
    wanted = _signed(key, tags.get(RUN, ""), tags.get(OWNER, ""))
    return hmac.compare_digest(wanted.encode(), tags.get(SIGNATURE, "").encode())


def _signed(key: bytes, run: str, owner: str) -> str:
    return hmac.digest(key, f"{run}\n{owner}".encode(), "sha256").hex()


def _path() -> Path:
    return state_directory() / "signing.key"


def _key(strict: bool = True) -> bytes | None:
    """The key, None without one. A file of another length is no key: anybody could guess it."""
    try:
        key = _path().read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        if strict:
            raise
        return None
    if len(key) == _LENGTH:
        return key
    if strict:
        raise LabError(
            f"{_path()} is no key of {_LENGTH} bytes. Remove it and the lab makes a new one; "
            "what it has signed is then taken by `sweep --run RUN --account NUMBER` only."
        )
    return None


def _new_key() -> bytes:
    """Whole or not at all, and the same for all who make one at the same time."""
    path = _path()
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key is the key
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
