"""What the journals on this machine vouch for: the things that runs of this learner have made.

A line with an id speaks for the thing with that id, however it is called by now, and for no other
that got its name later. A line without one (its process died before AWS had answered, or AWS gives
no id) speaks for the thing of that name, unless that was there before the line was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from labhelpers.account.cleanup.found import Found, run_in
from labhelpers.account.state.journal import Journal

#: AWS takes no request of a clock that is further off its own.
_SKEW = timedelta(minutes=15)
#: Their ids are made of their names, so another may have the same one later.
_NAME_IS_ID = frozenset(("CreateOpenIDConnectProvider", "CreateVirtualMFADevice"))
#: What has no name that begins with its run's prefix.
_UNNAMED = frozenset(("CreateOpenIDConnectProvider", "RunInstances"))


@dataclass(frozen=True)
class Line:
    """One line of a run's journal."""

    run: str
    account: str
    kind: str
    name: str
    id: str
    region: str
    at: datetime | None
    gone: bool = False  # whether the run itself has deleted what has this id

    @classmethod
    def of(cls, run: str, entry: Mapping[str, Any]) -> Line:
        """From what a journal holds, of which account, kind and name are texts for certain."""
        more = (entry.get(key) for key in ("id", "region"))
        id_, region = (value if isinstance(value, str) else "" for value in more)
        at = _moment(entry.get("at"))
        gone = entry.get("gone") is True
        return cls(run, entry["account"], entry["kind"], entry["name"], id_, region, at, gone)


class Known:
    """The lines that bear on one account; of(run) are those of one run."""

    def __init__(self, kept: Iterable[Journal], account: str) -> None:
        journals = {journal.run: journal for journal in kept}
        lines = [Line.of(name, e) for name, one in journals.items() for e in one.entries()]
        self._take(
            line
            for line in lines
            if line.account == account
            and (run_in(line.name) == line.run or (line.kind in _UNNAMED and line.id))
        )

    def _take(self, lines: Iterable[Line]) -> None:
        self._lines = list(lines)
        last = {(line.kind, line.id): line for line in self._lines if line.id}
        self._by_id = {which: line for which, line in last.items() if not line.gone}
        self._open = _without_ids(self._lines)
        #: Those of which a line speaks; a journal without one knows nothing.
        self.runs = frozenset(line.run for line in self._lines)

    def of(self, run: str) -> Known:
        found = Known((), "")
        found._take(line for line in self._lines if line.run == run)
        return found

    @property
    def regions(self) -> frozenset[str]:
        """Where what these lines name is to be looked for."""
        return frozenset(line.region for line in self._lines if line.region)

    def names(self, kind: str) -> list[str]:
        """What things of a kind were called when they were made."""
        return sorted({line.name for line in self._lines if line.kind == kind})

    def ids(self, kind: str) -> list[str]:
        return sorted(id_ for of, id_ in self._by_id if of == kind)

    def could_have_made(self, run: str, thing: Found) -> bool:
        """Whether a thing is not older than all that a run has noted, if it has."""
        lines = [line for line in self._lines if line.run == run]
        return not lines or any(not _is_older(thing, line.at) for line in lines)

    def run_of(self, thing: Found) -> str:
        """The run whose journal vouches for a thing, "" if none does."""
        line = self._by_id.get((thing.create, thing.id))
        if line is not None and (thing.create not in _NAME_IS_ID or _was_new(thing, line)):
            return line.run
        if not thing.named:
            return ""
        lines = self._open.get((thing.create, thing.named), ())
        return next(
            (one.run for one in lines if one.at is None or not _is_older(thing, one.at)), ""
        )


def _without_ids(lines: Iterable[Line]) -> dict[tuple[str, str], list[Line]]:
    """The lines on which no line with the id has followed."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        open_ = found.setdefault((line.kind, line.name), [])
        if not line.id:
            open_.append(line)
        elif line.gone:
            continue
        elif open_:
            open_.pop()
    return found


def _is_older(thing: Found, at: datetime | None) -> bool:
    return thing.made is not None and at is not None and thing.made < at - _SKEW


def _was_new(thing: Found, line: Line) -> bool:
    """Whether a thing was made when the line was written."""
    if thing.made is None or line.at is None:
        return True
    return abs(thing.made - line.at) <= _SKEW


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found.year > 2000 else None  # a date that nobody has written
