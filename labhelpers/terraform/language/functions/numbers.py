"""Functions of the Terraform language on numbers and addresses. They raise Problem."""

from __future__ import annotations

import ipaddress
import itertools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from labhelpers.terraform.language.errors import Problem
from labhelpers.terraform.language.values import Value, number, to_number, to_text


def _range(*limits: Value) -> list:
    if not 1 <= len(limits) <= 3:
        raise Problem("range() takes one to three numbers.")
    start, *rest = (0, *limits) if len(limits) == 1 else limits
    start, end = to_number(start), to_number(rest[0])
    step = to_number(rest[1]) if len(rest) > 1 else (1 if end >= start else -1)
    if step == 0 or (end - start) / step > 1024:  # as Terraform does
        raise Problem("range() gives 1024 numbers at most, and the step is not 0.")
    steps = itertools.takewhile(
        lambda value: (value < end) if step > 0 else (value > end),
        (start + place * step for place in range(1025)),
    )
    return [number(value) for value in steps]


def _most(pick: Callable[..., Any], numbers: tuple[Value, ...]) -> int | float:
    if not numbers:
        raise Problem("At least one number is required.")
    return pick(to_number(item) for item in numbers)


def _parseint(text: Value, base: Value) -> int:
    try:
        return int(to_text(text), to_number(base))  # type: ignore[arg-type]  # a float is caught
    except (ValueError, TypeError):
        raise Problem(f"This is no whole number to the base {base}.") from None


def _sum(items: Value) -> int | float:
    if not isinstance(items, list) or not items:
        raise Problem("A list with at least one number is required.")
    return number(sum(Decimal(repr(to_number(item))) for item in items))


def _pow(base: Value, exponent: Value) -> int | float:
    base, exponent = to_number(base), to_number(exponent)
    try:
        return number(math.pow(base, exponent))
    except (ValueError, OverflowError):
        raise Problem("This power is not a number, or too large.") from None


def _network(text: Value) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(to_text(text), strict=False)
    except ValueError:
        raise Problem(f"{text} is no CIDR block, e.g. 10.0.0.0/16.") from None


def _cidrsubnet(prefix: Value, bits: Value, place: Value) -> str:
    network, bits, place = _network(prefix), to_number(bits), to_number(place)
    length = network.prefixlen + bits
    fits = isinstance(bits, int) and isinstance(place, int) and bits >= 0
    if not fits or length > network.max_prefixlen or not 0 <= place < 2**bits:
        raise Problem(f"{prefix} has no such part.")
    first = int(network.network_address) + (place << (network.max_prefixlen - length))
    return f"{type(network.network_address)(first)}/{length}"


def _cidrhost(prefix: Value, place: Value) -> str:
    network, place = _network(prefix), to_number(place)
    if not isinstance(place, int) or not -network.num_addresses <= place < network.num_addresses:
        raise Problem(f"{prefix} has no such address.")
    return str(network[place])


def _cidrsubnets(prefix: Value, *bits: Value) -> list[str]:
    network, found = _network(prefix), []
    place = int(network.network_address)
    for more in bits:
        length = network.prefixlen + to_number(more)
        if not isinstance(length, int) or not network.prefixlen < length <= network.max_prefixlen:
            raise Problem(f"{prefix} has no such part.")
        size = 1 << (network.max_prefixlen - length)
        place = -(-place // size) * size
        if place + size > int(network.network_address) + network.num_addresses:
            raise Problem(f"{prefix} is too small for all these parts.")
        found.append(f"{type(network.network_address)(place)}/{length}")
        place += size
    return found


def _log(value: Value, base: Value) -> int | float:
    try:
        return number(math.log(to_number(value)) / math.log(to_number(base)))
    except (ValueError, ZeroDivisionError):
        raise Problem("There is no such logarithm.") from None


NUMBERS: dict[str, Callable[..., Value]] = {
    "abs": lambda n: abs(to_number(n)),
    "ceil": lambda n: math.ceil(to_number(n)),
    "cidrhost": _cidrhost,
    "cidrnetmask": lambda prefix: str(_network(prefix).netmask),
    "cidrsubnet": _cidrsubnet,
    "cidrsubnets": _cidrsubnets,
    "floor": lambda n: math.floor(to_number(n)),
    "log": _log,
    "max": lambda *numbers: _most(max, numbers),
    "min": lambda *numbers: _most(min, numbers),
    "parseint": _parseint,
    "pow": _pow,
    "range": _range,
    "signum": lambda n: (to_number(n) > 0) - (to_number(n) < 0),
    "sum": _sum,
}
