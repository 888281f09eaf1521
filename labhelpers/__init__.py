"""Helpers of the STS lab. Notebooks need one line:

    from labhelpers import open_lab, check, charts

Everything is loaded at first use, so that the import itself costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers, and for import-linter: who imports from here imports these
    from labhelpers import charts, policy, terraform
    from labhelpers.errors import LabError, SandboxOnly
    from labhelpers.exercises import check
    from labhelpers.lab import Lab, open_lab
    from labhelpers.masking import mask, masked
    from labhelpers.outcome import Outcome
    from labhelpers.sandbox.record.files import read_cloudtrail_files, write_cloudtrail_files
    from labhelpers.sandbox.record.least_privilege import compare_grants, least_privilege
    from labhelpers.widgets import playground

_WHERE = {
    "open_lab": "labhelpers.lab",
    "Lab": "labhelpers.lab",
    "LabError": "labhelpers.errors",
    "Outcome": "labhelpers.outcome",
    "SandboxOnly": "labhelpers.errors",
    "check": "labhelpers.exercises",
    "compare_grants": "labhelpers.sandbox.record.least_privilege",
    "least_privilege": "labhelpers.sandbox.record.least_privilege",
    "mask": "labhelpers.masking",
    "masked": "labhelpers.masking",
    "playground": "labhelpers.widgets",
    "read_cloudtrail_files": "labhelpers.sandbox.record.files",
    "write_cloudtrail_files": "labhelpers.sandbox.record.files",
}
_ROOMS = ("charts", "policy", "terraform")

__all__ = [
    "open_lab",
    "Lab",
    "LabError",
    "Outcome",
    "SandboxOnly",
    "check",
    "compare_grants",
    "least_privilege",
    "mask",
    "masked",
    "playground",
    "read_cloudtrail_files",
    "write_cloudtrail_files",
    "charts",
    "policy",
    "terraform",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"labhelpers.{name}")
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"labhelpers has no {name!r}; it offers {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)
