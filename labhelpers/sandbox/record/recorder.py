"""Step 5: what happened, as CloudTrail would log it, with the sandbox's decision beside it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from labhelpers.policy import Decision
from labhelpers.sandbox.interpret.call import ServiceUse
from labhelpers.sandbox.record.events import events_of
from labhelpers.sandbox.record.observe import Observation, observe_service
from labhelpers.sandbox.wire.errors import Refusal

#: Requests kept, and the bytes of what they sent and got; older ones are dropped so that a lab
#: left running does not grow for ever, whoever asks it what.
MAX_EVENTS = 10_000
MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Record:
    """One request: what its events are written from, and what the sandbox knows beyond them.

    `seen` is None for requests that no trail shows. `number` grows from record to record, `size`
    is what a record holds of a stranger's bytes, about.
    """

    seen: Observation | None
    decision: Decision | None = None
    refusal: Refusal | None = None
    number: int = 0
    size: int = 0

    @property
    def events(self) -> list[dict[str, Any]]:
        """One event for each account that sees it, the caller's first."""
        return events_of(self.seen) if self.seen is not None else []


class Recorder:
    """Records in the order of the requests; the last one of a request id can be looked up."""

    def __init__(self) -> None:
        self._records: deque[tuple[str, Record]] = deque()
        self._by_id: dict[str, Record] = {}
        self._count = self._bytes = 0
        self._lock = threading.Lock()

    def add(self, request_id: str, record: Record) -> None:
        with self._lock:
            self._count += 1
            record.number = self._count
            self._records.append((request_id, record))
            self._by_id[request_id] = record
            self._bytes += record.size
            while len(self._records) > MAX_EVENTS or self._bytes > MAX_BYTES:
                oldest_id, oldest = self._records.popleft()
                self._bytes -= oldest.size
                # Some of moto's answers all carry the same request id.
                if self._by_id.get(oldest_id) is oldest:
                    del self._by_id[oldest_id]

    def note_service(
        self, use: ServiceUse, role_arn: str, lab_now: datetime, result: Mapping[str, Any]
    ) -> None:
        """AssumeRole by a service, e.g. by EC2 for an instance; `result` as STS answers it."""
        seen = observe_service(use, role_arn, lab_now, result)
        self.add(seen.request_id, Record(seen))

    @property
    def total(self) -> int:
        """All requests ever recorded, those included that are dropped by now."""
        return self._count

    def get(self, request_id: str) -> Record | None:
        return self._by_id.get(request_id)

    def newest_first(self) -> Iterator[Record]:
        with self._lock:
            records = list(self._records)
        return (record for _, record in reversed(records))

    def events(self) -> list[dict[str, Any]]:
        """Every event of every account, oldest first."""
        with self._lock:
            records = list(self._records)
        return [event for _, record in records for event in record.events]
