"""What goes wrong in Terraform files, told to the person who wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TerraformError(ValueError):
    """A fault in a Terraform configuration, or something in it that is not supported here.

    `message` says what and to whom, `file` is relative to the configuration's directory (""
    when no file is to blame), `line` counts from 1 (0: no line), `hint` says what to do.
    """

    def __init__(self, message: str, file: str = "", line: int = 0, hint: str = ""):
        super().__init__(message, file, line, hint)
        self.message = message
        self.file = file
        self.line = line
        self.hint = hint
        self.undeclared = False

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}: " if self.line else f"{self.file}: "
        text = f"{place if self.file else ''}{self.message}"
        return f"{text}\n{self.hint}" if self.hint else text

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines in place of a stack trace."""
        return [str(self)]


class Problem(Exception):
    """The same before its place is known: file, address and (if 0) line are added outside.

    `undeclared` marks references to what does not exist at all, which try() does not catch.
    """

    def __init__(self, message: str, hint: str = "", line: int = 0, undeclared: bool = False):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.undeclared = undeclared


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return 'Did you mean "x"?' for the closest known name, or ""."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f'Did you mean "{close[0]}"?' if close else ""
