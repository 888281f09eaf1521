"""Random bytes, and ids of requests and events, without a system call for each: on a busy machine
that is where a request stands and waits."""

from __future__ import annotations

import os
import threading
import uuid

_AT_ONCE = 4096  # bytes
_lock = threading.Lock()
_pool = bytearray()


def token_bytes(count: int) -> bytes:
    """As good as those of the module `secrets`, from which many are fetched at once."""
    with _lock:
        if len(_pool) < count:
            _pool.extend(os.urandom(max(count, _AT_ONCE)))
        found = bytes(_pool[:count])
        del _pool[:count]
    return found


def new_id() -> str:
    """A UUID, version 4."""
    return str(uuid.UUID(bytes=token_bytes(16), version=4))


def _forget() -> None:
    """A forked process must not hand out what its parent does."""
    global _lock
    _lock = threading.Lock()
    _pool.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
