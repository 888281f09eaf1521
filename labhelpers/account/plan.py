"""Before the first create of a notebook: what it will create, what that costs, and a question.

lessons.json holds what each lesson creates and leaves out. It is made by a run of the series:
tests/account/test_series.py checks that it is still so, and writes it with LAB_UPDATE=1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path

from labhelpers.account.creates import KINDS
from labhelpers.account.state.threads import Turns
from labhelpers.errors import LabError

_FILE = Path(__file__).with_name("lessons.json")
_WORDS = {operation: kind for (_, operation), kind in KINDS.items()}


def lessons() -> dict[str, dict]:
    """By number: {"creates": {operation: how many}, "ran": steps, "left out": {why: steps}}."""
    return json.loads(_FILE.read_text()) if _FILE.exists() else {}


def plan_of(lesson: str) -> dict[str, int]:
    """How many things of each kind a lesson creates: {"CreateUser": 3, …}; {} if unknown."""
    return lessons().get(lesson, {}).get("creates", {})


class Plan:
    """Shown once. `ask` is input(), or what a test puts in its place."""

    def __init__(
        self,
        lesson: str,
        accounts: Mapping[str, str],
        prefix: str,
        yes: bool,
        ask: Callable[[str], str] = input,
    ) -> None:
        self._lesson, self._accounts, self._prefix = lesson, accounts, prefix
        self._yes, self._ask, self._confirmed = yes, ask, False
        self._turns = Turns()

    def rows(self) -> list[tuple[str, int, str]]:
        """(what, how many, what it costs)."""
        counts = plan_of(self._lesson)
        return [(_WORDS[op].word, count, _WORDS[op].cost) for op, count in counts.items()]

    def __str__(self) -> str:
        lines = [self._head()]
        lines += [f"  {count:>3} × {word:<20} costs {cost}" for word, count, cost in self.rows()]
        return "\n".join((*lines, self._end()))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{count}</td><td>{escape(word)}</td><td>{escape(cost)}</td></tr>"
            for word, count, cost in self.rows()
        )
        head = "<tr><th>how many</th><th>what</th><th>costs</th></tr>"
        table = f"<p>{escape(self._head())}</p><table>{head}{rows}</table>"
        no_formula = 'class="tex2jax_ignore mathjax_ignore"'
        return f"<div {no_formula}>{table}<p>{escape(self._end())}</p></div>"

    def _head(self) -> str:
        number = self._accounts[next(iter(self._accounts))]
        if self.rows():
            return f"In the AWS account {number} the cells of this notebook create:"
        things = "users, roles, policies and buckets, which cost nothing"
        return f"In the AWS account {number} your cells will create what they say: {things}."

    def _end(self) -> str:
        return (
            f"Every name begins with {self._prefix}, under the IAM path /sts-lab/. The lab removes "
            "it all at lab.close(); `python -m labhelpers sweep` removes what a crash left."
        )

    def confirm(self) -> None:
        """Show the table and ask, the first time. Raises LabError for any answer but yes."""
        with self._turns:
            if self._confirmed:
                return
            self._show()
            if not self._yes and self._answer() not in ("y", "yes"):
                raise LabError(
                    "Nothing was created. Run the cell again and answer yes, or set LAB_AWS_YES=1."
                )
            self._confirmed = True

    def _show(self) -> None:
        from labhelpers.account.cells import in_notebook

        if in_notebook():
            from IPython.display import display

            display(self)
        else:
            print(self)

    def _answer(self) -> str:
        try:
            return self._ask("Create this? [yes/no] ").strip().lower()
        except (EOFError, OSError, RuntimeError):  # nobody is there to answer
            return ""
