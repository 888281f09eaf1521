"""Policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}`.

Only documents of Version 2012-10-17 have them; elsewhere `${aws:username}` is literal text.
The value of a variable is literal: an asterisk in a tag does not become a wildcard.
Source: IAM User Guide, "Policy variables".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from labhelpers.policy.language.wildcard import ONE, STAR, Token, Tokens, joined, tokens_of

_PLACE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"'([^']*)'")


class Variable:
    """One `${key}` with its default, None where it has none."""

    __slots__ = ("default", "key", "lookup")

    def __init__(self, inner: str):
        # Stripping by hand keeps this linear; one pattern for all of it would backtrack.
        key, _, rest = inner.partition(",")
        found = _DEFAULT.fullmatch(rest.strip())
        self.key = (key if found else inner).strip()
        self.default = found[1] if found else None
        self.lookup = self.key.lower()


# Returns the single value of a key or None; may raise NotModelled.
Lookup = Callable[[Variable], str | None]


class NotModelled(Exception):
    """A variable's key is not among those that the caller of the engine can fill in."""

    def __init__(self, key: str):
        super().__init__(key)
        self.key = key


def template(text: str, *, wildcards: bool, variables: bool) -> Tokens:
    """Split text into literals, wildcards (where asked) and Variables (where asked)."""
    found: list[Token] = []
    start = 0
    for place in _PLACE.finditer(text) if variables and "${" in text else ():
        found += _plain(text[start : place.start()], wildcards)
        found.append(place[1] if place[1] in ("*", "?", "$") else Variable(place[1]))
        start = place.end()
    found += _plain(text[start:], wildcards)
    return joined(found)


def _plain(text: str, wildcards: bool) -> Tokens:
    if wildcards:
        return tokens_of(text)
    return (text,) if text else ()


def has_variables(tokens: Tokens) -> bool:
    return any(isinstance(token, Variable) for token in tokens)


def resolve(tokens: Tokens, lookup: Lookup) -> Tokens | None:
    """Put values in the place of Variables; None if one has neither a value nor a default."""
    found: list[Token] = []
    for token in tokens:
        if isinstance(token, Variable):
            value = lookup(token)
            token = token.default if value is None else value
            if token is None:
                return None
        found.append(token)
    return joined(found)


def show(tokens: Tokens) -> str:
    """Return resolved tokens as text again, for messages."""
    signs = {id(STAR): "*", id(ONE): "?"}
    return "".join(token if isinstance(token, str) else signs[id(token)] for token in tokens)
