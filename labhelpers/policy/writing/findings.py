"""What validation and lint report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from labhelpers.policy.writing.places import Places

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect of a policy document.

    `severity` is "error" (AWS refuses the document, or a part of it can never do its work) or
    "warning" (it does something else than many expect). `code` is AWS's error code, or the
    name of the check in lower case. `path` is a JSON path, `line` and `column` count from 1.
    `why` gives the rule, `instead` how to write it; `at_name` says that the name of the
    element is wrong, not its value.
    """

    severity: str
    code: str
    message: str
    path: str
    why: str
    instead: str
    line: int = 1
    column: int = 1
    at_name: bool = False

    def __str__(self) -> str:
        return (
            f"{self.line}:{self.column}: {self.severity}: {self.message} [{self.code}]\n"
            f"    at {self.path or 'the document'}\n    {self.why}\n    {self.instead}"
        )


def placed(findings: Iterable[Finding], text: str) -> list[Finding]:
    """Fill in lines and columns and sort by them; `text` must be JSON."""
    found = list(findings)
    if not found:
        return found
    places = Places(text)
    settled = []
    for finding in found:
        line, column = places.of(finding.path, finding.at_name)
        settled.append(replace(finding, line=line, column=column))
    # Sorting is stable: findings of one place keep the order of the checks.
    return sorted(settled, key=lambda finding: (finding.line, finding.column))
