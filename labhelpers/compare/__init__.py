"""The project's own way to stay true: the same scenarios on a real account and in the sandbox.

results = replay(ground, SCENARIOS, "results.jsonl")
print(report(aws.results, sandbox.results, SCENARIOS))
"""

from .asking import AT_ONCE, Patience
from .report import Difference, differences, report
from .results import Result, ResultsFile
from .run import replay
from .scenario import Scenario, table_hash
from .scenarios import SCENARIOS

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
