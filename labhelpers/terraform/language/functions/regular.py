"""Regular expressions, which are RE2's in Terraform: they take as long as the text is.

With the package google-re2 they are the same here. Without it they are Python's, which try one way
after another: then an expression that could try too many on a text is refused, and says so.
"""

from __future__ import annotations

import re
import re._constants as signs  # what re itself parses with; re.compile() tells nothing of it
import re._parser as parser
from collections.abc import Iterable, Iterator
from typing import Any

from labhelpers.terraform.language.errors import Problem

try:
    import re2
except ImportError:
    re2 = None

MOST = 10_000_000  # ways that are tried at most: about a second
_REPEATS = (signs.MAX_REPEAT, signs.MIN_REPEAT)
_START = (signs.AT, signs.AT_BEGINNING)
_CLASSES = {"WORD": r"\w", "DIGIT": r"\d", "SPACE": r"\s"}


def compiled(pattern: str, text: str) -> Any:
    """The expression, for this text, as `re` has it. Raises Problem for what is none, and for what
    could take for ever."""
    try:
        if re2 is not None:
            return re2.compile(pattern)
        found = re.compile(pattern)
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise Problem(f"This is no regular expression: {error}.") from None
    except Exception as error:  # re2's own class is none of re's
        raise Problem(f"This is no regular expression: {error}.") from None
    if ways(parsed, len(text)) > MOST:
        raise Problem(
            f"This regular expression could take for ever on a text of {len(text)} characters.",
            "Install google-re2, whose expressions are Terraform's; or repeat nothing that is "
            "repeated, e.g. write a+ for (a+)+.",
            endless=True,
        )
    return found


def ways(parsed: Iterable[Any], length: int) -> int:
    """How many ways there may be to match a text of so many characters, at most."""
    items = list(_inline(parsed))
    anchored = bool(items) and items[0] in (_START, (signs.AT, signs.AT_BEGINNING_STRING))
    total = 1 if anchored else max(1, length)  # it may begin anywhere
    for (kind, given), follows in zip(items, [*items[1:], None], strict=True):
        if kind in _REPEATS and not _is_single(given[2]):
            once = ways([_START, *given[2]], length)
            total *= (2 * once) ** given[1] if given[1] <= 64 else 2 ** min(length, 200)
        elif kind in _REPEATS and given[0] != given[1]:
            if not (follows and _excludes(given[2][0], follows)):
                total *= max(1, min(length, int(given[1])))
        elif kind is signs.BRANCH:
            total *= sum(ways([_START, *b], length) for b in given[1])
        elif kind in (signs.ASSERT, signs.ASSERT_NOT):
            total *= max(1, length)
        if total > MOST:
            break
    return total


def _inline(parsed: Iterable[Any]) -> Iterator[Any]:
    """The parts of an expression, those of its groups included, also where they may be missing."""
    for kind, given in parsed:
        if kind is signs.SUBPATTERN:
            yield from _inline(given[3])
        elif kind in _REPEATS and given[1] == 1 and not _is_single(given[2]):
            yield from _inline(given[2])
        else:
            yield kind, given


def _is_single(inner: Any) -> bool:
    """Whether one character is repeated, and not something that may be shorter or longer."""
    return len(inner) == 1 and inner[0][0] in (
        signs.LITERAL,
        signs.NOT_LITERAL,
        signs.IN,
        signs.ANY,
    )


def _excludes(repeated: Any, follows: Any) -> bool:
    """Whether what follows is a letter at which the repetition has to end: one way only."""
    if follows[0] is not signs.LITERAL:
        return False
    kind, given = repeated
    if kind is signs.LITERAL:
        return bool(given != follows[1])
    if kind is signs.NOT_LITERAL:
        return bool(given == follows[1])
    if kind is not signs.IN:
        return False
    letter = chr(follows[1])
    negated = given[0][0] is signs.NEGATE
    return any(_holds(sign, value, letter) for sign, value in given[negated:]) == negated


def _holds(sign: Any, value: Any, letter: str) -> bool:
    """Whether one member of a class of characters is, or stands for, a letter."""
    if sign is signs.LITERAL:
        return bool(value == ord(letter))
    if sign is signs.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    *_, negated, name = ("", *str(value).split("_"))
    return bool(re.match(_CLASSES[name], letter)) != (negated == "NOT")
