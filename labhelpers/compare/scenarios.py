"""All scenarios, in the order in which they are asked: those that need few writes first."""

from __future__ import annotations

from labhelpers.compare.scenario import Scenario
from labhelpers.compare.subjects import (
    calls,
    documents,
    keys,
    layers,
    matching,
    operators,
    sessions,
    trust,
    variables,
)

SUBJECTS = (operators, keys, variables, matching, layers, trust, sessions, calls, documents)
SCENARIOS: tuple[Scenario, ...] = tuple(s for subject in SUBJECTS for s in subject.scenarios())
