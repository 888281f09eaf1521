"""What goes wrong in Terraform files, told to the person who wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class TerraformError(ValueError):
    """A fault in a Terraform configuration, or something in it that is not supported here.

    `message` says what and to whom, `file` is relative to the configuration's directory (""
    when no file is to blame), `line` counts from 1 (0: no line), `hint` says what to do.
    """

    def __init__(
        self, message: str, file: str = "", line: int = 0, hint: str = "", address: str = ""
    ):
        super().__init__(message, file, line, hint)
        self.address = address
        self.message = message
        self.file = file
        self.line = line
        self.hint = hint
        self.undeclared = self.endless = False

    def __str__(self) -> str:
        return _told(self.file, self.line, self.message, self.hint)

    def _render_traceback_(self) -> list[str]:
        """IPython shows these lines in place of a stack trace."""
        return [str(self)]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What load() could not make sense of; everything else is resolved all the same.

    `severity` is "error" (Terraform would refuse it too) or "warning" (it is left out here);
    the rest is as in TerraformError, `address` "" when no block is to blame.
    """

    severity: str
    message: str
    address: str = ""
    file: str = ""
    line: int = 0
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {_told(self.file, self.line, self.message, self.hint)}"


class Report:
    """The diagnostics of one load(), in the order in which they are met."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.broken = False  # a file could not be read: what it declares seems undeclared

    def add(self, error: TerraformError, severity: str = "error") -> None:
        """Take in a fault, once."""
        if error.undeclared and self.broken:
            return
        found = Diagnostic(
            severity, error.message, error.address, error.file, error.line, error.hint
        )
        if found not in self.diagnostics:
            self.diagnostics.append(found)


class Problem(Exception):
    """The same before its place is known: file, address and (if 0) line are added outside.

    `undeclared` marks references to what does not exist at all, `endless` what takes too long
    here (budget.py): try() catches neither.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        line: int = 0,
        undeclared: bool = False,
        endless: bool = False,
    ):
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.undeclared = undeclared
        self.endless = endless


def _told(file: str, line: int, message: str, hint: str) -> str:
    place = f"{file}, line {line}: " if line else f"{file}: "
    text = f"{place if file else ''}{message}"
    return f"{text}\n{hint}" if hint else text


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return 'Did you mean "x"?' for the closest known name, or ""."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f'Did you mean "{close[0]}"?' if close else ""
