"""What a learner can put right, and what only the sandbox can do."""

from __future__ import annotations

#: What to do about a cell that has run before, or ran before others had.
RUN_ALL_ABOVE = "choose Run > Run All Above Selected Cell, then run this cell again."


class LabError(Exception):
    """Something that the learner can put right; the message says what, where and how."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines in place of a stack trace."""
        return [f"{type(self).__name__}: {self}"]


class SandboxOnly(LabError):
    """A step of a lesson that a real AWS account cannot or must not take; says why.

    In a notebook on AWS the step is left out and the notebook goes on (account/cells.py).
    """
