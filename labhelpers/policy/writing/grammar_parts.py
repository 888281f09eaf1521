"""What every part of the grammar needs: rules, names of elements, lists of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from labhelpers.policy.language.model import PolicyError

SYNTAX = "Syntax errors in policy."
PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


@dataclass(frozen=True, slots=True)
class Rules:
    """What one kind of policy demands: which elements it must and must not have."""

    principal: bool
    resource: bool
    version: str = SYNTAX
    unique_sids: bool = True


_IDENTITY = Rules(False, True, version="Policy document must be version 2012-10-17 or greater.")
RULES = {
    "identity": _IDENTITY,
    "session": _IDENTITY,
    "boundary": _IDENTITY,
    "scp": _IDENTITY,
    "trust": Rules(True, False, version="The policy must contain a valid version string"),
    "resource": Rules(True, True, unique_sids=False),
    "rcp": Rules(True, True),
}


class Duplicated(dict[str, object]):
    """A JSON object that named `key` twice; the value kept is the last."""

    def __init__(self, pairs: Iterable[tuple[str, object]], key: str):
        super().__init__(pairs)
        self.key = key


def names(value: Mapping, known: tuple[str, ...], path: str) -> Iterator[PolicyError]:
    """Yield names that stand there twice and names that are no elements."""
    dot = f"{path}." if path else ""
    if isinstance(value, Duplicated):
        hint = f"{value.key} stands there twice; JSON keeps one of the two, unseen."
        yield PolicyError(SYNTAX, f"{dot}{value.key}", hint, at_name=True)
    for name in value:
        if name not in known:
            alike = next((k for k in known if k.lower() == str(name).lower()), "")
            hint = (
                f"Write {alike}: names of elements are case-sensitive."
                if alike
                else (f"There is no element {name}; the elements are {', '.join(known)}.")
            )
            yield PolicyError(SYNTAX, f"{dot}{name}", hint, at_name=True)


def texts(value: object, path: str) -> Iterator[tuple[str, str | PolicyError]]:
    """Yield (path, text) for each entry; in place of a text a defect where there is none."""
    if value == [] or value == "":
        yield path, PolicyError(SYNTAX, path, "It is empty; name at least one.")
        return
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        place = f"{path}[{number}]" if isinstance(value, list) else path
        if isinstance(item, str) and item:
            yield place, item
        else:
            yield place, PolicyError(SYNTAX, place, "This must be a text that is not empty.")
