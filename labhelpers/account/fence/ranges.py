"""The addresses that security groups of a run let in: a lesson needs few, nobody needs all."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labhelpers.account.state.threads import Turns
from labhelpers.errors import SandboxOnly

_WORLD = "The lab opens no port to the world on a real account."
#: A /8 of IPv4, a /32 of IPv6: what the largest networks have for themselves.
_MOST = {4: 2**24, 6: 2**96}

_IPV4_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # the IPv4 addresses once more

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Ranges:
    """All ranges of a run together: many small ones may add up to everybody."""

    def __init__(self) -> None:
        self._open: dict[int, list[Any]] = {4: [], 6: []}
        self._turns = Turns()

    def add(self, texts: Iterable[str]) -> None:
        """Raises SandboxOnly, and keeps nothing, where these are too many or no addresses."""
        networks = [_network(text) for text in texts]
        found: dict[int, list[Any]] = {}
        with self._turns:
            for version, known in self._open.items():
                wanted = [one for one in networks if one.version == version]
                found[version] = list(ipaddress.collapse_addresses([*known, *wanted]))
                if sum(one.num_addresses for one in found[version]) > _MOST[version]:
                    raise SandboxOnly(_WORLD)
            self._open = found


def cidrs(rules: Any) -> Iterator[str]:
    """The ranges in IpPermissions."""
    for rule in rules if isinstance(rules, (list, tuple)) else ():
        for kind, name in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
            for one in rule.get(kind, ()) if isinstance(rule, Mapping) else ():
                yield one.get(name, "")


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except (ValueError, TypeError):
        raise SandboxOnly(f"{text!r} is no range of addresses such as 203.0.113.7/32.") from None
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_IPV4_MAPPED):
        return ipaddress.IPv4Network((network[0].packed[12:], network.prefixlen - 96))
    return network
