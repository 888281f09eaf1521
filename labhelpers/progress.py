"""Progress bars for what takes longer than two seconds: in a notebook, and on the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html import escape
from typing import Any


class _Bar:
    """One line that is shown again and again: a bar where HTML is read, text elsewhere."""

    def __init__(self, title: str) -> None:
        self.title, self.done, self.total, self.step = title, 0, 1, ""

    def __repr__(self) -> str:
        return f"{self.title}: {self.done} of {self.total} {self.step}".strip()

    def _repr_html_(self) -> str:
        bar = f'<progress value="{self.done}" max="{self.total}"></progress>'
        told = f"{escape(self.title)} {bar} {self.done} of {self.total} {escape(self.step)}"
        return f'<div class="tex2jax_ignore mathjax_ignore">{told}</div>'


def progress_bar(title: str) -> Callable[[int, int, str], None]:
    """Return show(done, total, step), to be called before each step and once at the end.

    Outside of IPython it shows nothing.
    """
    bar = _Bar(title)
    shown: list[Any] = []  # of IPython's display handles, one at the most

    def show(done: int, total: int, step: str) -> None:
        try:
            from IPython import get_ipython
        except ImportError:
            return
        if get_ipython() is None:
            return
        from IPython.display import display

        bar.done, bar.total, bar.step = done, max(total, 1), step
        if shown:
            shown[0].update(bar)
        else:
            shown.append(display(bar, display_id=True))

    return show


def terminal_bar(title: str) -> Callable[[int, int, str], None]:
    """Return show(done, total, step) for the command line; it writes to standard error.

    On a terminal one line is drawn again and again; elsewhere each step is a line of its own.
    """

    def show(done: int, total: int, step: str) -> None:
        total = max(total, 1)
        if not sys.stderr.isatty():
            text = f"{title}: {done} of {total} {step}".rstrip()
            print(text, file=sys.stderr, flush=True)
            return
        bar = "#" * (20 * done // total)
        end = "\n" if done >= total else ""
        line = f"\r\033[K{title} [{bar:<20}] {done} of {total} {step}"
        print(line, end=end, file=sys.stderr, flush=True)

    return show
