"""What the commands' output goes to."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def show_anything() -> None:
    """Let the terminal escape what it cannot show: JSON can hold halves of surrogate pairs."""
    if isinstance(sys.stdout, TextIOWrapper):  # not where something else takes the output
        sys.stdout.reconfigure(errors="backslashreplace")
