"""The project's own way to stay true: the same scenarios on a real account and in the sandbox.

results = replay(ground, SCENARIOS, "results.jsonl")
print(report(aws.results, sandbox.results, SCENARIOS))
"""

from labhelpers.compare.asking import AT_ONCE, Patience
from labhelpers.compare.report import Difference, differences, report
from labhelpers.compare.results import Result, ResultsFile
from labhelpers.compare.run import replay
from labhelpers.compare.scenario import Scenario, table_hash
from labhelpers.compare.scenarios import SCENARIOS

__all__ = [
    "AT_ONCE",
    "SCENARIOS",
    "Difference",
    "Patience",
    "Result",
    "ResultsFile",
    "Scenario",
    "differences",
    "replay",
    "report",
    "table_hash",
]
