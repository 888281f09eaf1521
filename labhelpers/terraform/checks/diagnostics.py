"""Faults of the files themselves: undeclared variables, syntax, cycles …"""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.terraform.checks.findings import Finding
from labhelpers.terraform.checks.view import View

_WORDS = {
    "has not been declared": "undeclared",
    "Cycle": "cycle",
    "declared twice": "declared-twice",
    "is skipped": "module-not-here",
    "is not supported": "not-supported",
    "not known before apply": "not-known",
}


def faults(view: View) -> Iterator[Finding]:
    """What could not be resolved, as findings."""
    for found in view.configuration.diagnostics:
        id_ = next((id_ for words, id_ in _WORDS.items() if words in found.message), "fault")
        why = "What depends on it could not be checked."
        message = found.message.removeprefix(f"{found.address}: ")
        yield Finding(
            id_, found.severity, found.address, found.file, found.line, message, why, found.hint
        )
