"""The base condition operators: how one value of the request is held against the policy's.

Each operator turns the policy's values into one function value -> bool that is True if any of
them fits. Negation, IfExists and the set prefixes are the business of conditions.py. A value
that cannot be read as the operator's type (a word where a number belongs) fits nothing.
Source: IAM User Guide, "Condition operators".
"""

from __future__ import annotations

import binascii
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from labhelpers.policy.language.arn import arn_matcher
from labhelpers.policy.language.wildcard import Matcher, Tokens, is_literal, matcher


@dataclass(frozen=True, slots=True)
class Operator:
    """One base operator; `compile` takes token patterns if `is_text`, else plain strings."""

    name: str
    compile: Callable[[Sequence], Matcher]
    negated: bool = False
    is_text: bool = False
    wildcards: bool = False


def _any_of(tests: Sequence[Matcher]) -> Matcher:
    if len(tests) == 1:
        return tests[0]
    return lambda value: any(test(value) for test in tests)


def _equals(patterns: Sequence[tuple[str, ...]]) -> Matcher:
    return frozenset("".join(tokens) for tokens in patterns).__contains__


def _equals_ignoring_case(patterns: Sequence[tuple[str, ...]]) -> Matcher:
    wanted = frozenset("".join(tokens).lower() for tokens in patterns)
    return lambda value: value.lower() in wanted


def _like(patterns: Sequence[Tokens]) -> Matcher:
    literals = [tokens for tokens in patterns if is_literal(tokens)]
    if len(literals) == len(patterns):
        return _equals(literals)
    return _any_of([matcher(tokens) for tokens in patterns])


def _arn_like(patterns: Sequence[Tokens]) -> Matcher:
    return _any_of([arn_matcher(tokens) for tokens in patterns])


@lru_cache(maxsize=4096)
def number(text: str) -> Decimal | None:
    """Read an integer or decimal; None for anything else."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", text.strip(), re.ASCII):
        return None
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        return None


_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(\.\d+)?)?"
    r"([Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)


@lru_cache(maxsize=4096)
def moment(text: str) -> Decimal | None:
    """Read a date (W3C profile of ISO 8601) or epoch seconds as seconds since 1970, else None.

    A missing part is its smallest value, a missing offset UTC. Four digits are a year.
    """
    found = _DATE.fullmatch(text.strip())
    if not found:
        return number(text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        whole = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=_offset(offset),
        )
    except ValueError:
        return None
    since = whole - datetime(1970, 1, 1, tzinfo=UTC)
    return Decimal(since.days * 86400 + since.seconds) + Decimal("0" + fraction if fraction else 0)


def _offset(text: str | None) -> timezone:
    if text in (None, "Z", "z"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _comparing(read: Callable[[str], Decimal | None], compare: Callable) -> Callable:
    def compile_values(texts: Sequence[str]) -> Matcher:
        bounds = [bound for bound in map(read, texts) if bound is not None]

        def match(value: str) -> bool:
            given = read(value)
            return given is not None and any(compare(given, bound) for bound in bounds)

        return match

    return compile_values


def _boolean(texts: Sequence[str]) -> Matcher:
    wanted = frozenset(text.lower() for text in texts) & {"true", "false"}
    return lambda value: value.lower() in wanted


def _binary(texts: Sequence[str]) -> Matcher:
    """Base64 in the policy against raw bytes (as Latin-1 characters) or text of the request."""
    wanted = set()
    for text in texts:
        try:
            wanted.add(binascii.a2b_base64(text, strict_mode=True))
        except (binascii.Error, ValueError):
            continue
    return lambda value: _octets(value) in wanted


def _octets(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=4096)
def address(text: str) -> tuple[int, int] | None:
    """Read an IP address as (version, number); None if it is none."""
    import ipaddress  # spares start-up a millisecond: few policies have such a condition

    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return found.version, int(found)


@lru_cache(maxsize=4096)
def network(text: str) -> tuple[int, int, int] | None:
    """Read a CIDR range as (version, network number, mask); without a prefix one address."""
    import ipaddress  # as above

    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), int(found.netmask)


def _in_network(texts: Sequence[str]) -> Matcher:
    ranges = [found for found in map(network, texts) if found]

    def match(value: str) -> bool:
        given = address(value)
        if given is None:
            return False
        version, digits = given
        return any(kind == version and digits & mask == base for kind, base, mask in ranges)

    return match


def _table() -> dict[str, Operator]:
    text = {"is_text": True}
    like = {"is_text": True, "wildcards": True}
    found = [
        Operator("StringEquals", _equals, **text),
        Operator("StringNotEquals", _equals, True, **text),
        Operator("StringEqualsIgnoreCase", _equals_ignoring_case, **text),
        Operator("StringNotEqualsIgnoreCase", _equals_ignoring_case, True, **text),
        Operator("StringLike", _like, **like),
        Operator("StringNotLike", _like, True, **like),
        Operator("Bool", _boolean),
        Operator("BinaryEquals", _binary),
        Operator("IpAddress", _in_network),
        Operator("NotIpAddress", _in_network, True),
        Operator("ArnEquals", _arn_like, **like),
        Operator("ArnLike", _arn_like, **like),
        Operator("ArnNotEquals", _arn_like, True, **like),
        Operator("ArnNotLike", _arn_like, True, **like),
    ]
    for family, read in (("Numeric", number), ("Date", moment)):
        equal = _comparing(read, operator.eq)
        found += [
            Operator(f"{family}Equals", equal),
            Operator(f"{family}NotEquals", equal, True),
            Operator(f"{family}LessThan", _comparing(read, operator.lt)),
            Operator(f"{family}LessThanEquals", _comparing(read, operator.le)),
            Operator(f"{family}GreaterThan", _comparing(read, operator.gt)),
            Operator(f"{family}GreaterThanEquals", _comparing(read, operator.ge)),
        ]
    return {entry.name: entry for entry in found}


OPERATORS = _table()
