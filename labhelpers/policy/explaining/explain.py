"""A Decision in plain words: the verdict, its cause, and the smallest change that would allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from labhelpers.policy.deciding.case import slot
from labhelpers.policy.deciding.decision import Decision
from labhelpers.policy.deciding.wording import place, sentence
from labhelpers.policy.explaining.remedy import Change, changes
from labhelpers.policy.language.model import EXPLICITLY_DENIED, POLICY_NAMES, StatementResult

_NEAR = 3
_HEADS = ("step", "result", "why")


@dataclass(frozen=True)
class Explanation:
    """Readable as text (`str`) and as HTML in a notebook.

    `headline` is the verdict with its cause; `advice` says what would allow the request ("" if
    nothing can be proposed) and `changes` holds the same as values; `details` are the
    statements that did it or came near, each with the elements that failed and both values.
    """

    decision: Decision
    headline: str
    details: tuple[str, ...]

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        return changes(self.decision)

    @cached_property
    def advice(self) -> str:
        if self.changes:
            return " ".join(dict.fromkeys(change.advice for change in self.changes))
        if self.decision.outcome == EXPLICITLY_DENIED:
            return "No Allow can outweigh a Deny; only a change of that statement would."
        return ""

    @property
    def sentences(self) -> str:
        """Verdict and advice: two or three sentences."""
        return f"{self.headline} {self.advice}".rstrip()

    @property
    def table(self) -> str:
        """The evaluation steps in AWS's order as text; `>` marks the one that decided."""
        rows = [_HEADS, *((s.name, s.result or "-", s.detail) for s in self.decision.steps)]
        marks = [" ", *(">" if step.ended else " " for step in self.decision.steps)]
        first, second = (max(len(row[n]) for row in rows) for n in (0, 1))
        return "\n".join(
            f"{mark} {a:<{first}}  {b:<{second}}  {c}"
            for mark, (a, b, c) in zip(marks, rows, strict=True)
        )

    def __str__(self) -> str:
        return "\n".join([self.sentences, *(f"  - {line}" for line in self.details)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Nothing depends on styles: what is bold is also marked by a word.

        The classes keep MathJax from reading `${aws:username}` as a formula.
        """
        from html import escape  # a millisecond at start-up, for notebooks alone

        items = "".join(f"<li>{escape(line)}</li>" for line in self.details)
        heads = "".join(f'<th style="text-align:left">{head}</th>' for head in _HEADS)
        rows = "".join(
            f'<tr><td style="text-align:left">{_marked(escape(step.name), step.ended)}</td>'
            f'<td style="text-align:left">{_marked(escape(step.result or "–"), step.ended)}</td>'
            f'<td style="text-align:left">{escape(step.detail)}'
            f"{' <strong>Decided here.</strong>' if step.ended else ''}</td></tr>"
            for step in self.decision.steps
        )
        listed = f"<ul>{items}</ul>" if items else ""
        table = f"<table><tr>{heads}</tr>{rows}</table>"
        inside = f"<p>{escape(self.sentences)}</p>{listed}{table}"
        return f'<div class="tex2jax_ignore mathjax_ignore">{inside}</div>'


def _marked(words: str, ended: bool) -> str:
    return f"<strong>{words}</strong>" if ended else words


def explain(decision: Decision) -> Explanation:
    """Say why a decision came out as it did."""
    return Explanation(decision, decision.headline, tuple(_details(decision)))


def _details(decision: Decision) -> Iterator[str]:
    if decision.case is None or decision.note:
        return
    if decision.allowed or decision.outcome == EXPLICITLY_DENIED:
        effect = "Allow" if decision.allowed else "Deny"
        yield from map(_matched, _matching(decision, effect))
        return
    near = decision.nearest
    for result in near[:_NEAR]:
        failed = "; ".join(map(sentence, result.failures))
        yield f"{place(result)} does not match: {failed}."
    if not near and decision.blocked_by != "not modelled":
        yield _nothing_near(decision)


def _matching(decision: Decision, effect: str) -> list[StatementResult]:
    return [r for r in decision.statements if r.matched and r.effect == effect]


def _matched(result: StatementResult) -> str:
    return f"{place(result)} matches ({result.effect})."


def _nothing_near(decision: Decision) -> str:
    if any(decision.judged.groups[slot(decision.blocking)]):
        return f"No Allow statement there names {decision.request.action}."
    return f"There is no {POLICY_NAMES[decision.blocking]} at all."
