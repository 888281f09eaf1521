"""What every part of the grammar needs: rules, the parser's passes, names, lists of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from labhelpers.policy.language.model import PolicyError

SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))


class Stage(IntEnum):
    """The passes of IAM's parser over an identity-based policy, each over the whole document.

    Source: the order in which moto's table of documents, tried on AWS, tells their defects.
    """

    SYNTAX = 0
    PRINCIPAL = 1
    LEGACY = 2
    SIDS = 3
    ACTIONS = 4
    RESOURCES = 5
    VENDORS = 6
    NO_RESOURCES = 7


@dataclass(frozen=True, slots=True)
class Rules:
    """What one kind of policy demands: which elements it must and must not have.

    `legacy` marks what IAM's parser of identity-based policies reads: most defects of its
    first pass are "syntax errors" and no more. `dates` says that IAM reads the values of the date
    operators, where variables are none. `unknown` is said of a name that is no element.
    """

    principal: bool
    resource: bool
    version: str = SYNTAX
    unique_sids: bool = True
    legacy: bool = False
    dates: bool = False
    unknown: str = SYNTAX
    bad_json: str = "This policy contains invalid Json"

    def told(self, message: str) -> str:
        """The message, or what IAM's parser of identity-based policies says in its stead."""
        return SYNTAX if self.legacy else message


_IDENTITY = Rules(False, True, legacy=True, dates=True, bad_json=SYNTAX)
RULES = {
    "identity": _IDENTITY,
    "session": Rules(
        False, True, legacy=True, dates=True, bad_json="The policy is not in the valid JSON format."
    ),
    "boundary": _IDENTITY,
    "scp": Rules(False, True, version="Policy document must be version 2012-10-17 or greater."),
    "trust": Rules(
        True,
        False,
        dates=True,
        version="The policy must contain a valid version string",
        unknown="Unknown field {}",
    ),
    "resource": Rules(True, True, unique_sids=False),
    "rcp": Rules(True, True),
}


class Duplicated(dict[str, object]):
    """A JSON object that named `key` twice; the value kept is the last."""

    def __init__(self, pairs: Iterable[tuple[str, object]], key: str):
        super().__init__(pairs)
        self.key = key


def names(
    value: Mapping, known: tuple[str, ...], path: str, unknown: str = SYNTAX
) -> Iterator[PolicyError]:
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
            yield PolicyError(unknown.format(name), f"{dot}{name}", hint, at_name=True)


def texts(
    value: object, path: str, empty_too: bool = False
) -> Iterator[tuple[str, str | PolicyError]]:
    """Yield (path, text) for each entry; in place of a text a defect where there is none.

    `empty_too`: an empty text is one, whatever the caller makes of it.
    """
    if value == [] or (value == "" and not empty_too):
        yield path, PolicyError(SYNTAX, path, "It is empty; name at least one.")
        return
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        place = f"{path}[{number}]" if isinstance(value, list) else path
        if isinstance(item, str) and (item or empty_too):
            yield place, item
        else:
            yield place, PolicyError(SYNTAX, place, "This must be a text that is not empty.")
