"""Check cells: tell a learner whether an answer is right, and why not, without ever raising."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from labhelpers.errors import SandboxOnly

RIGHT, WRONG, NOT_ATTEMPTED = "right", "wrong", "not attempted"

_MARKS = {RIGHT: "✓", WRONG: "✗", NOT_ATTEMPTED: "○"}
#: Grounds for white words: 6 to 1 at least in every theme.
_COLOURS = {RIGHT: "#1a6b2f", WRONG: "#a32020", NOT_ATTEMPTED: "#595959"}

# Wrong attempts in this kernel, by exercise: each one reveals one more hint.
_wrong_attempts: dict[Any, int] = {}


@dataclass(frozen=True)
class Result:
    """What became of an answer. A notebook shows it as a mark and a word, then the reason.

    `status` is "right", "wrong" or "not attempted"; `why` the reason, "" when it is right;
    `hint` the hint that this attempt revealed, "" without one.
    """

    status: str
    why: str = ""
    hint: str = ""

    def __str__(self) -> str:
        head = f"{_MARKS[self.status]} {self.status}"
        lines = [f"{head}: {self.why}" if self.why else head]
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = _COLOURS[self.status]
        badge = f"background:{colour};color:#fff;padding:1px 6px"
        parts = [f'<b style="{badge}">{_MARKS[self.status]} {self.status}</b>']
        if self.why:
            parts.append(_html(self.why))
        if self.hint:
            parts.append(f"<i>Hint:</i> {_html(self.hint)}")
        style = f"border-left:4px solid {colour};padding:2px 10px"
        no_formula = 'class="tex2jax_ignore mathjax_ignore"'  # MathJax leaves ${…} alone
        return f'<div {no_formula} style="{style}">{"<br>".join(parts)}</div>'


def check(
    answer: Any,
    judge: Callable[[Any], bool | str | None],
    hints: Sequence[str] = (),
    *,
    name: str | None = None,
) -> Result:
    """Judge an answer: `check(my_policy, names_the_role, hints=["Look at Principal."])`.

    `answer` is what the learner's variable holds; None and ... mean "not attempted", and the
    judge is not asked. `judge(answer)` returns True or None if it is right, or a text that says
    why it is wrong; it can use assert as well. Whatever else it raises counts as wrong.
    Each wrong attempt in this kernel reveals one more of the `hints`; the last one stays. An
    exercise is known by its `name`, otherwise by the judge's qualified name and the hints.
    Only a judge that cannot be called raises (TypeError): that is the author's mistake.
    """
    if not callable(judge):
        raise TypeError(f"check() needs a judge that can be called, not {type(judge).__name__}.")
    if answer is None or answer is ...:
        return Result(NOT_ATTEMPTED, "Put your answer in place of the dots, then run this again.")
    why = _verdict(answer, judge)
    if why is None:
        return Result(RIGHT)
    return Result(WRONG, why, _next_hint(judge, hints, name))


def _verdict(answer: Any, judge: Callable[[Any], Any]) -> str | None:
    """Why the answer is wrong, or None if it is right."""
    try:
        verdict = judge(answer)
    except SandboxOnly:
        raise  # no verdict: the notebook says why and goes on
    except AssertionError as error:
        return _sentence(error) or "This is not right yet."
    except Exception as error:  # whatever it is, Run All must go on
        return _in_plain_words(answer, error)
    if verdict is None or verdict is True:
        return None
    if isinstance(verdict, str):
        return verdict.strip() or "This is not right yet."
    if verdict is False:
        return "This is not right yet."
    return f"The check gave no verdict: it returned {type(verdict).__name__}, not True or a reason."


def _in_plain_words(answer: Any, error: Exception) -> str:
    """One sentence instead of a stack trace."""
    kind = type(answer).__name__
    if isinstance(error, KeyError):
        return f"Your answer ({kind}) has nothing under {_sentence(error)}."
    if isinstance(error, IndexError):
        return f"Your answer ({kind}) is shorter than the check expects."
    told = f"{type(error).__name__}: {_sentence(error)}".rstrip(": ")
    return f"The check could not make sense of your answer ({kind}). It met {told}."


def _sentence(error: Exception) -> str:
    """The text of an error; "" if even asking for it fails."""
    try:
        return str(error).strip()
    except Exception:
        return ""


def _next_hint(judge: Callable[..., Any], hints: Sequence[str], name: str | None) -> str:
    hints = (hints,) if isinstance(hints, str) else tuple(hints)
    # Every lambda of a notebook has the same qualified name: the hints tell them apart.
    known_as = getattr(judge, "__qualname__", type(judge).__qualname__)
    key = ("name", name) if name is not None else ("judge", known_as, hints)
    attempts = _wrong_attempts[key] = _wrong_attempts.get(key, 0) + 1
    return hints[min(attempts, len(hints)) - 1] if hints else ""


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")
