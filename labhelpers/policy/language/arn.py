"""ARNs, compared part by part, and the Resource element made of them.

An ARN has six parts; the sixth holds all further colons. A wildcard stays inside its part, so
`arn:aws:svc:*:111122223333:x` never matches an ARN with another account by stretching `*`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeGuard

from labhelpers.policy.language.variables import (
    Lookup,
    NotModelled,
    has_variables,
    resolve,
    template,
)
from labhelpers.policy.language.wildcard import (
    STAR,
    Matcher,
    Token,
    Tokens,
    is_literal,
    joined,
    matcher,
)

PARTS = 6


def account_of(arn: str | None) -> str:
    """Return the 12-digit account of an ARN, "" if it holds none."""
    parts = (arn or "").split(":", PARTS - 1)
    if len(parts) < PARTS:
        return ""
    # AWS's own managed policies have "aws" there, which is nobody's account.
    account = parts[4]
    return account if len(account) == 12 and account.isascii() and account.isdigit() else ""


def _split(tokens: Tokens) -> list[list[Token]]:
    """Cut a pattern at its first five colons; colons count in literals only."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, str) and len(parts) < PARTS:
            head, *rest = token.split(":", PARTS - len(parts))
            if head:
                parts[-1].append(head)
            parts += [[piece] if piece else [] for piece in rest]
        else:
            parts[-1].append(token)
    return parts


def arn_matcher(tokens: Tokens) -> Matcher:
    """Compile an ARN pattern; a lone `*` matches any text, a broken ARN matches none."""
    if tokens == (STAR,):
        return matcher(tokens)
    if is_literal(tokens):
        return matcher(tokens)
    parts = _split(tokens)
    if len(parts) < PARTS:
        return _nothing
    if all(is_literal(tuple(part)) for part in parts[:-1]):
        return matcher(tokens)
    # `*` parts need no look; the last part goes first, for it tells most ARNs apart.
    tests = tuple(
        (number, matcher(tuple(part)))
        for number, part in reversed([*enumerate(parts)])
        if part != [STAR]
    )

    def match(text: str) -> bool:
        given = text.split(":", PARTS - 1)
        if len(given) != PARTS:
            return False
        for number, test in tests:  # noqa: SIM110 - a loop is three times as fast as all()
            if not test(given[number]):
                return False
        return True

    return match


def _nothing(text: str) -> bool:
    return False


@lru_cache(maxsize=4096)
def _resolved_matcher(tokens: Tokens) -> Matcher:
    return arn_matcher(tokens)


def _resource_template(text: str, variables: bool) -> Tokens:
    """Variables count after the fifth colon only."""
    parts = text.split(":", PARTS - 1)
    if not variables or len(parts) < PARTS:
        return template(text, wildcards=True, variables=False)
    head = template(":".join(parts[:-1]) + ":", wildcards=True, variables=False)
    return joined(head + template(parts[-1], wildcards=True, variables=True))


def _whole(token: Token) -> TypeGuard[str]:
    """Say whether a literal holds all colons of an ARN."""
    return isinstance(token, str) and token.count(":") >= PARTS - 1


class ResourceElement:
    """The values of Resource or NotResource, sorted by how they can be compared fastest."""

    __slots__ = ("dynamic", "everything", "exact", "patterns", "prefixes", "values")

    def __init__(self, values: Sequence[str], variables: bool):
        self.values = tuple(values)
        self.everything = "*" in self.values
        exact: set[str] = set()
        prefixes: list[str] = []
        patterns: list[Matcher] = []
        dynamic: list[Tokens] = []
        for value in self.values:
            tokens = _resource_template(value, variables)
            if has_variables(tokens):
                dynamic.append(tokens)
            elif is_literal(tokens):
                exact.add("".join(tokens))
            elif len(tokens) == 2 and tokens[1] is STAR and _whole(tokens[0]):
                prefixes.append(tokens[0])
            else:
                patterns.append(arn_matcher(tokens))
        self.exact = frozenset(exact)
        self.prefixes = tuple(prefixes)
        self.patterns = tuple(patterns)
        self.dynamic = tuple(dynamic)

    def covers(self, resource: str, lookup: Lookup) -> bool:
        """Say whether one of the values matches; raises NotModelled if nobody can know."""
        if self.everything or resource in self.exact or resource.startswith(self.prefixes):
            return True
        for test in self.patterns:
            if test(resource):
                return True
        return bool(self.dynamic) and self._covers_dynamic(resource, lookup)

    def _covers_dynamic(self, resource: str, lookup: Lookup) -> bool:
        unknown = None
        for tokens in self.dynamic:
            try:
                resolved = resolve(tokens, lookup)
            except NotModelled as error:
                unknown = error
                continue
            if resolved is not None and _resolved_matcher(resolved)(resource):
                return True
        if unknown:
            raise unknown
        return False
