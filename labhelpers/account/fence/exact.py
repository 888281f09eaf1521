"""Parameters as they are: what the guard looks at is what is sent, whatever class it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from labhelpers.errors import SandboxOnly

_TOO_DEEP = "{operation}: what it was given is nested too deep to be looked at; nothing was sent."


@contextmanager
def not_too_deep(operation: str) -> Iterator[None]:
    """Around a look at parameters, and at the policies in them, before they are sent."""
    try:
        yield
    except RecursionError:
        raise SandboxOnly(_TOO_DEEP.format(operation=operation)) from None


def exact(value: Any) -> Any:
    """A copy that nobody else has, of plain dicts, lists and texts; a subclass may answer each
    question otherwise (startswith, items, ==). Files and numbers stay as they are."""
    if isinstance(value, Mapping):
        return {exact(key): exact(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [exact(inner) for inner in value]
    return str.__str__(value) if isinstance(value, str) else value
