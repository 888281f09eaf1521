"""What threads and forked processes have to know of each other."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any


class Turns:
    """A lock: threads take turns, one of them as often as it likes. A forked process has it new,
    for the thread that may hold it is not there."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        at_fork(self)

    def forked(self) -> None:
        """In the child: nobody holds it."""
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_all: weakref.WeakSet[Any] = weakref.WeakSet()


def at_fork(one: Any) -> None:
    """From now on `one.forked()` is called in each process that is forked from this one; and where
    it has them, `one.forking()` before and `one.has_forked()` after that, here."""
    _all.add(one)


def _telling(what: str) -> Callable[[], None]:
    def tell() -> None:
        for one in list(_all):
            getattr(one, what, _nothing)()

    return tell


def _nothing() -> None:
    pass


if hasattr(os, "register_at_fork"):  # else nothing forks
    os.register_at_fork(
        before=_telling("forking"),
        after_in_child=_telling("forked"),
        after_in_parent=_telling("has_forked"),
    )
