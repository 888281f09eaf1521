"""Scenarios put together that can share their policies, so that a run writes little."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labhelpers.compare.scenario import Scenario, Slot, Statement

#: How many characters of statements a document may hold, with room for longer real names and
#: the witness. AWS: user 2,048, role 10,240 of inline policies, bucket 20 KB, managed 6,144.
_ROOM = {"user": 1100, "role": 7000, "boundary": 2600, "bucket": 12000}


@dataclass
class Setup:
    """Scenarios and the documents under which all of them can be asked."""

    scenarios: list[Scenario]
    documents: dict[Slot, list[tuple[Scenario, Statement]]] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        return self.scenarios[0].version

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(sorted({scenario.service for scenario in self.scenarios}))

    @property
    def blind(self) -> tuple[str, ...]:
        return self.scenarios[0].blind

    @classmethod
    def of(cls, scenarios: list[Scenario]) -> Setup:
        """One document for each policy; statements that two scenarios share stand there once."""
        documents: dict[Slot, list[tuple[Scenario, Statement]]] = {}
        for scenario in scenarios:
            for slot, statements in scenario.documents().items():
                listed = documents.setdefault(slot, [])
                if not scenario.is_keyed and listed:
                    continue  # the scenarios of a setup that is not keyed have equal documents
                listed += [(scenario, statement) for statement in statements]
        return cls(scenarios, documents)

    def alone(self) -> list[Setup]:
        """The same scenarios one by one."""
        return [Setup.of([scenario]) for scenario in self.scenarios]


def setups(scenarios: Iterable[Scenario]) -> list[Setup]:
    """Group scenarios, in the order in which the first of each group stands in the table."""
    groups: dict[str, list[list[Scenario]]] = {}
    for scenario in scenarios:
        several = groups.setdefault(_group(scenario), [[]])
        if scenario.is_keyed and not _fits([*several[-1], scenario]):
            several.append([])
        several[-1].append(scenario)
    return [Setup.of(group) for several in groups.values() for group in several]


def _group(scenario: Scenario) -> str:
    """Scenarios with the same text can share their documents."""
    slots = scenario.documents()
    if scenario.is_keyed:
        told: Any = sorted(slots)
    else:
        told = sorted((slot, _as_told(scenario, s)) for slot, s in slots.items())
    return json.dumps([scenario.version, scenario.blind, told])


def _as_told(scenario: Scenario, statements: Iterable[Statement]) -> str:
    text = json.dumps(list(statements), sort_keys=True)
    text = text.replace("<session arn>", str(scenario.session.get("RoleSessionName", "")))
    return text.replace("<key>", scenario.key)


def _fits(scenarios: list[Scenario]) -> bool:
    sizes: dict[Slot, int] = {}
    for scenario in scenarios:
        for slot, statements in scenario.documents().items():
            sizes[slot] = sizes.get(slot, 0) + sum(_size(s) for s in statements)
    return all(size <= _room(slot) for slot, size in sizes.items())


def _size(statement: Mapping[str, Any]) -> int:
    text = json.dumps(statement, separators=(",", ":"))
    return len(text) + 40 * text.count("arn") + 10 * text.count("<")


def _room(slot: Slot) -> int:
    kind, entity = slot
    if kind == "identity":
        return _ROOM["user" if entity.endswith("user") else "role"]
    return _ROOM.get(kind, 10**6)
