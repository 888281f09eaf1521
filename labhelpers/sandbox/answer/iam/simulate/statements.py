"""Which statements of which policy decided, and where they stand in its text."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from labhelpers.policy import ALLOWED, IMPLICITLY_DENIED, Decision
from labhelpers.policy.writing.places import Places, line_and_column
from labhelpers.sandbox.answer.iam.simulate.sources import Source


def matched(decision: Decision, sources: list[Source]) -> list[dict[str, Any]]:
    """The statements that allowed, or the one that denied: it is the only entry then."""
    if decision.outcome == IMPLICITLY_DENIED:
        return []
    effect = "Allow" if decision.outcome == ALLOWED else "Deny"
    by_name = {one.name: one for one in sources}
    found = [
        _told(by_name[result.policy_name], result.index)
        for result in decision.statements
        if result.matched and result.effect == effect and result.policy_name in by_name
    ]
    return found if effect == "Allow" else found[:1]


def _told(source: Source, index: int) -> dict[str, Any]:
    spans = _spans(source.text)
    start, end = (_position(source.text, offset) for offset in spans[index])
    return {
        "SourcePolicyId": source.name,
        "SourcePolicyType": source.kind,
        "StartPosition": start,
        "EndPosition": end,
    }


def _position(text: str, offset: int) -> dict[str, int]:
    line, column = line_and_column(text, offset)
    return {"Line": line, "Column": column}


@lru_cache(maxsize=256)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    """(Start, end) of each statement: from the end of what stands before it to its own."""
    places = Places(text)
    before = places.offset("Statement")
    assert before is not None  # the grammar saw to it
    if text[before] == "{":
        return ((before, _end(text, before)),)
    before += 1
    spans, number = [], 0
    while (start := places.offset(f"Statement[{number}]")) is not None:
        end = _end(text, start)
        spans.append((before, end))
        before, number = end, number + 1
    return tuple(spans)


def _end(text: str, start: int) -> int:
    return json.JSONDecoder().raw_decode(text, start)[1]
