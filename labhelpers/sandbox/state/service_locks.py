"""A lock for each service: moto's state is not made for threads, and a slow call of one service
must not hold up those of the others.

A request holds the lock of its service until it is answered. Those of other services are taken
at the moment that something looks at their state: by the decision, which gives them back when it
is made, or by moto itself (EC2 looks for instance profiles, Lambda for roles and buckets).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from types import TracebackType

#: How long a request waits for the answer to an earlier one; clients give up after 60 seconds.
PATIENCE = 20.0  # seconds
#: Every decision looks at their state, which their own calls alone change.
_LOOKED_AT = ("iam", "organizations")


class StillBusy(Exception):
    """A service has not answered an earlier call for PATIENCE seconds."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


class ServiceLocks:
    """The locks of one sandbox, by service; each is made when somebody asks for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._owners: dict[str, set[int]] = {}  # service -> threads
        self._shared: set[str] = set()  # services whose owners only look
        self._waiting: dict[int, str] = {}  # thread -> service

    def take(self, service: str, shared: bool = False) -> bool:
        """Wait for a service's lock; who only looks may share it with others that do. False where
        there is nothing to give back: this thread has it already, or its owner is itself waiting
        for this thread and stands still meanwhile. Raises StillBusy."""
        me, until = threading.get_ident(), 0.0
        with self._changed:
            while owners := self._owners.get(service):
                if shared and service in self._shared and me not in owners:
                    break
                if self._leads_to(me, service):
                    return False
                until = until or monotonic() + PATIENCE
                self._waiting[me] = service
                free = self._changed.wait(until - monotonic())
                del self._waiting[me]
                if not free:
                    raise StillBusy(service)
            self._owners.setdefault(service, set()).add(me)
            if shared:
                self._shared.add(service)
            return True

    def give_back(self, services: list[str]) -> None:
        me = threading.get_ident()
        with self._changed:
            for service in services:
                owners = self._owners[service]
                owners.remove(me)
                if not owners:
                    del self._owners[service]
                    self._shared.discard(service)
            self._changed.notify_all()

    def _leads_to(self, me: int, service: str) -> bool:
        """Whether those who wait for one another end at this thread: waiting, too, would be for
        ever."""
        found, ahead = set[int](), [service]
        while ahead:
            owners = self._owners.get(ahead.pop(), set()) - found
            found |= owners
            ahead += [self._waiting[owner] for owner in owners if owner in self._waiting]
        return me in found

    @contextmanager
    def nobody(self) -> Iterator[None]:
        """A `with` block during which no request is being answered."""
        with self._changed:
            self._changed.wait_for(lambda: not self._owners)
            yield

    def hold(self, service: str = "", shared: bool = False) -> Hold:
        """A `with` block that holds a service, and those that are touched within."""
        return Hold(self, service, shared)


class Hold:
    """What one `with` block of a thread has taken; blocks may stand in one another."""

    __slots__ = ("locks", "_outer", "_service", "_shared", "_taken")

    def __init__(self, locks: ServiceLocks, service: str, shared: bool) -> None:
        self.locks, self._service, self._shared = locks, service, shared
        self._taken: list[str] = []

    def __enter__(self) -> None:
        self._outer: Hold | None = getattr(_thread, "hold", None)
        if self._service:
            self.take(self._service, self._shared)
        _thread.hold = self

    def has(self, service: str) -> bool:
        """Whether this block or one around it has taken the service."""
        return service in self._taken or (self._outer is not None and self._outer.has(service))

    def take(self, service: str, shared: bool) -> None:
        if self.locks.take(service, shared):
            self._taken.append(service)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _thread.hold = self._outer
        if self._taken:
            self.locks.give_back(self._taken)


_thread = threading.local()


def briefly() -> AbstractContextManager[None]:
    """A `with` block after which what was touched within is given back, whoever goes on."""
    hold: Hold | None = getattr(_thread, "hold", None)
    return nullcontext() if hold is None else Hold(hold.locks, "", False)


def touch(service: str) -> None:
    """Somebody looks at a service's state; outside of requests (a cell of the notebook, which the
    lab itself waits for) nothing is taken."""
    hold: Hold | None = getattr(_thread, "hold", None)
    if hold is not None and not hold.has(service):
        hold.take(service, service in _LOOKED_AT)
