"""What one configuration may cost. Terraform has no such bound: it waits, and so may whoever wrote
the files. Here others' files are read, and a reading has to end; what is beyond is Unknown, and
told.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from labhelpers.terraform.language.errors import Problem

STEPS, ALL_STEPS = 300_000, 3_000_000  # evaluations of one expression, of a configuration
PARTS, ALL_PARTS = 500_000, 5_000_000  # of one value, of all values together
ALL_LETTERS = 200_000_000  # characters of all texts that are put together
MODULES = 1_000


class Budget:
    """Counts evaluations, the parts of values, and modules. Each raises Problem beyond its bound,
    which try() does not catch: Terraform would have found a value."""

    def __init__(self) -> None:
        self.depth = self._here = self._steps = 0
        self._parts = self._letters = self._modules = 0
        # A value that stands in another one twice counts twice, as whoever walks through it finds
        # it twice. Kept with the value, whose id would else be another one's.
        self._weights: dict[int, tuple[Any, int]] = {}

    def enter(self) -> None:
        """An expression is evaluated, for its own sake or for that of another one."""
        if not self.depth:
            self._here = 0
        self.depth += 1

    def step(self) -> None:
        """One more evaluation in it."""
        self._here += 1
        self._steps += 1
        if self._here > STEPS:
            raise _beyond(f"This takes more than {STEPS:,} steps to evaluate.")
        if self._steps > ALL_STEPS:
            raise _beyond(f"This configuration takes more than {ALL_STEPS:,} steps to evaluate.")

    def weigh(self, value: Any) -> int:
        """How many parts a list or object has, those of its parts included."""
        known = self._weights.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        total = 1
        for item in value.values() if isinstance(value, dict) else value:
            total += self.weigh(item) if type(item) in _PLAIN or isinstance(item, list) else 1
            if total > PARTS:
                raise _beyond(f"This value has more than {PARTS:,} parts.")
        self._parts += total
        if self._parts > ALL_PARTS:
            raise _beyond(f"The values of this configuration have more than {ALL_PARTS:,} parts.")
        self._weights[id(value)] = (value, total)
        return total

    def spell(self, letters: int) -> None:
        """A text of so many characters is made."""
        if self._letters + letters > ALL_LETTERS:
            raise _beyond(
                f"The texts of this configuration have more than {ALL_LETTERS:,} letters."
            )

        self._letters += letters

    def module(self) -> None:
        """One more module is called."""
        self._modules += 1
        if self._modules > MODULES:
            raise _beyond(f"This configuration calls more than {MODULES:,} modules.")


#: What is walked through; the attributes of resources are made when they are asked for.
_PLAIN = (list, dict)
_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


def budget() -> Budget:
    """That of the configuration that is being loaded; outside, a new one for each expression."""
    return _current.get() or Budget()


@contextmanager
def own_budget() -> Iterator[None]:
    """A `with` block that reads one configuration."""
    token = _current.set(Budget())
    try:
        yield
    finally:
        _current.reset(token)


def _beyond(message: str) -> Problem:
    return Problem(message, "What depends on it is not known here.", endless=True)
