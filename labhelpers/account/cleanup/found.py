"""One thing in an account that is called or tagged like the lab's, and what its marks say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labhelpers.account.creates import EXPIRES, KEEPS, PROJECT
from labhelpers.account.names import PREFIX
from labhelpers.account.state.folder import is_run
from labhelpers.account.state.signature import RUN

_RUN = r"[0-9a-f]{6}"
_NAMED = re.compile(rf"{PREFIX}({_RUN})-")
_ANYWHERE = re.compile(rf"{PREFIX}({_RUN})-")
#: What people make with all of another one's tags, or what has none on AWS, under a name that they
#: could give as well.
_UNMARKED = ("security group", "volume", "group")


def runs_in(place: str) -> frozenset[str]:
    """The runs that a path and name speak of, as far as boundary.py lets a run's identities put
    its name anywhere."""
    return frozenset(_ANYWHERE.findall(place))


def printable(text: str) -> str:
    """A text that somebody has written, for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def run_in(name: str) -> str:
    """The run whose prefix a name has, "" without one."""
    found = _NAMED.match(name)
    return found[1] if found else ""


@dataclass(frozen=True)
class Found:
    """One thing: what it is, what it is called, what its marks say, and how it is removed.

    `create` is the operation that makes its kind, `named` the name that its maker gave it (None
    where a kind has none), `disarm` takes away what is dangerous about it.
    """

    kind: str
    name: str
    remove: Callable[[], Any]
    create: str
    named: str | None
    tags: Mapping[str, str] = field(default_factory=dict)
    made: datetime | None = None
    disarm: Callable[[], Any] | None = None
    unread: str = ""  # why its tags could not be read
    id: str = ""  # AWS's own name for it, which no tool can change
    claims: frozenset[str] = frozenset()  # runs in its name, where only the lab's things are

    def __str__(self) -> str:
        return printable(f"{self.kind} {self.name}")

    @property
    def is_group(self) -> bool:
        """AWS keeps no tags of IAM groups."""
        return self.create == "CreateGroup"

    @property
    def is_unmarked(self) -> bool:
        """Whether its marks prove nothing: then only a journal can tell."""
        return self.kind in _UNMARKED

    @property
    def could_be(self) -> frozenset[str]:
        """The runs that it may be of, by its place or its marks."""
        return self.claims if self.is_group or not self.run else self.claims | {self.run}

    @property
    def run(self) -> str:
        """The run of which its name, its project tag and its run tag all speak, or ""."""
        named = None if self.named is None else run_in(self.named)
        if self.is_group:
            return named or ""
        tagged = self.tags.get(RUN, "")
        agree = self.tags.get("project") == PROJECT and is_run(tagged) and named in (None, tagged)
        return tagged if agree else ""

    @property
    def born(self) -> datetime | None:
        """When it was made, or else when its run began; None where neither can be told."""
        if self.made is not None:
            return self.made
        try:
            ends = datetime.fromisoformat(self.tags[EXPIRES])
            return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) - KEEPS
        except (KeyError, ValueError, OverflowError):
            return None
