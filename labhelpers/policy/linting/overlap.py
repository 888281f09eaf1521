"""Can a Resource of a policy and an ARN pattern of the service reference mean the same thing?"""

from __future__ import annotations

import re
from functools import lru_cache

from labhelpers.policy.language.wildcard import ONE, STAR, joined, tokens_of

# A bucket's name ends at the slash; other placeholders may hold one (paths, log groups).
_SEGMENT = object()
_NAMES = frozenset({"BucketName"})


@lru_cache(maxsize=4096)
def of_reference(pattern: str) -> tuple[tuple, ...]:
    """Compile the parts of `arn:${Partition}:s3:::${BucketName}/${ObjectName}` to units."""
    return tuple(map(_placeholders, pattern.split(":", 5)))


def _placeholders(part: str) -> tuple:
    units: list = []
    start = 0
    for place in re.finditer(r"\$\{(\w+)\}", part):
        units += part[start : place.start()]
        units.append(_SEGMENT if place[1] in _NAMES else STAR)
        start = place.end()
    return tuple(units + list(part[start:]))


@lru_cache(maxsize=4096)
def of_policy(resource: str) -> tuple[tuple, ...]:
    """Compile the parts of a Resource of a policy; a policy variable may become anything."""
    # Variables go first: their names have colons.
    parts = re.sub(r"\$\{[^{}]*\}", "*", resource).split(":", 5)
    return tuple(map(_wildcards, parts))


def _wildcards(part: str) -> tuple:
    units: list = []
    for token in joined(tokens_of(part)):
        units += token if isinstance(token, str) else [token]
    return tuple(units)


def overlap(policy: tuple[tuple, ...], reference: tuple[tuple, ...]) -> bool:
    """Say whether some ARN matches both, part by part; what is no ARN may be anything."""
    if len(policy) != len(reference):
        return True
    return all(_overlap(one, other) for one, other in zip(policy, reference, strict=True))


def _overlap(policy: tuple, reference: tuple) -> bool:
    """Say whether some text matches both.

    Walks from left to right with the set of positions that are still possible; the work is
    bounded by the product of the lengths.
    """
    reached = _closed({0}, reference)
    for unit in policy:
        step: set[int] = set()
        if unit is STAR:
            # Any text: whatever comes after the positions reached so far.
            step = set(range(min(reached), len(reference) + 1))
        else:
            for at in reached:
                if at < len(reference) and _agree(unit, reference[at]):
                    step.add(at if reference[at] in (STAR, _SEGMENT) else at + 1)
        reached = _closed(step, reference)
        if not reached:
            return False
    return len(reference) in reached


def _agree(unit: object, other: object) -> bool:
    if other is STAR or unit is ONE:
        return True
    if other is _SEGMENT:
        return unit not in ("/", ":")
    return unit == other


def _closed(positions: set[int], reference: tuple) -> set[int]:
    """Add the positions behind placeholders, which may be empty."""
    found = set(positions)
    for at in sorted(positions):
        while at < len(reference) and reference[at] in (STAR, _SEGMENT):
            at += 1
            found.add(at)
    return found
