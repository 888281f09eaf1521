"""Matching text against `*` (any run) and `?` (any one character), in linear time.

A pattern is a tuple of tokens: plain strings, STAR and ONE. Tokens instead of one string keep
a literal asterisk (from `${*}` or from a variable's value) apart from a wildcard. The text
between two stars is searched from left to right and the first hit is final, so there is no
backtracking: 10,000 stars cost 10,000 searches at most.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeGuard


class Sign:
    """A wildcard; there are two, STAR and ONE."""

    __slots__ = ()


STAR, ONE = Sign(), Sign()

# A str, a Sign or, in a pattern that is not resolved yet, a Variable (variables.py).
Token = object
Tokens = tuple[Token, ...]
Matcher = Callable[[str], bool]


def tokens_of(text: str) -> Tokens:
    """Split text into literals and wildcards."""
    found: list[Token] = []
    literal = ""
    start = 0
    for position, character in enumerate(text):
        if character in "*?":
            literal = text[start:position]
            if literal:
                found.append(literal)
            found.append(STAR if character == "*" else ONE)
            start = position + 1
    if text[start:]:
        found.append(text[start:])
    return tuple(found)


def joined(tokens: Iterable[Token]) -> Tokens:
    """Merge neighbouring literals and repeated stars."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if token is STAR and last is STAR:
            continue
        if isinstance(token, str) and isinstance(last, str):
            found[-1] = last + token
        else:
            found.append(token)
    return tuple(found)


def is_literal(tokens: Tokens) -> TypeGuard[tuple[str, ...]]:
    """Say whether the pattern has no wildcard."""
    return all(isinstance(token, str) for token in tokens)


def matcher(tokens: Tokens) -> Matcher:
    """Compile a pattern into a function text -> bool that looks at the whole text."""
    tokens = joined(tokens)
    if is_literal(tokens):
        return "".join(tokens).__eq__
    if tokens == (STAR,):
        return _anything
    if len(tokens) == 2 and tokens[1] is STAR and isinstance(tokens[0], str):
        prefix = tokens[0]
        return lambda text: text.startswith(prefix)
    return _Segments(tokens).match


def _anything(text: str) -> bool:
    return True


class _Run:
    """The pattern between two stars: its length and its literals with their offsets."""

    __slots__ = ("length", "pieces")

    def __init__(self, tokens: Iterable[Token]):
        self.length = 0
        pieces: list[tuple[int, str]] = []
        for token in tokens:
            if isinstance(token, str):
                pieces.append((self.length, token))
            self.length += len(token) if isinstance(token, str) else 1
        self.pieces = tuple(pieces)

    def at(self, text: str, start: int) -> bool:
        return all(text.startswith(piece, start + offset) for offset, piece in self.pieces)

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first position in [start, end - length] where the run fits, else -1."""
        if not self.pieces:
            return start if start + self.length <= end else -1
        offset, piece = self.pieces[0]
        while start + self.length <= end:
            start = text.find(piece, start + offset, end) - offset
            if start < 0 or start + self.length > end:
                return -1
            if self.at(text, start):
                return start
            start += 1
        return -1


class _Segments:
    """A pattern with at least one wildcard, cut at its stars."""

    __slots__ = ("first", "last", "middle", "minimum")

    def __init__(self, tokens: Tokens):
        runs: list[list[Token]] = [[]]
        for token in tokens:
            if token is STAR:
                runs.append([])
            else:
                runs[-1].append(token)
        self.first = _Run(runs[0])
        self.last = _Run(runs[-1]) if len(runs) > 1 else None
        self.middle = tuple(_Run(run) for run in runs[1:-1])
        ends = self.first.length + (self.last.length if self.last else 0)
        self.minimum = ends + sum(run.length for run in self.middle)

    def match(self, text: str) -> bool:
        if len(text) < self.minimum or not self.first.at(text, 0):
            return False
        if self.last is None:
            return len(text) == self.first.length
        end = len(text) - self.last.length
        if not self.last.at(text, end):
            return False
        position = self.first.length
        for run in self.middle:
            position = run.find(text, position, end)
            if position < 0:
                return False
            position += run.length
        return True
