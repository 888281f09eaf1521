"""A Decision in plain words: the verdict, the statement that made it, and what nearly matched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from .decision import Decision
from .model import EXPLICITLY_DENIED, POLICY_NAMES, Failure, StatementResult

_NEAR = 3


@dataclass(frozen=True)
class Explanation:
    """Readable as text (`str`) and as HTML in a notebook.

    `headline` is one sentence; `details` say which statement did it or came near, and which
    element failed with both values.
    """

    decision: Decision
    headline: str
    details: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([self.headline, *(f"  - {line}" for line in self.details)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(line)}</li>" for line in self.details)
        rows = "".join(
            f"<tr{' style=font-weight:bold' if step.ended else ''}>"
            f'<td style="text-align:left">{escape(step.name)}</td>'
            f'<td style="text-align:left">{escape(step.result or "–")}</td>'
            f'<td style="text-align:left">{escape(step.detail)}</td></tr>'
            for step in self.decision.steps
        )
        listed = f"<ul>{items}</ul>" if items else ""
        return f"<p>{escape(self.headline)}</p>{listed}<table>{rows}</table>"


def explain(decision: Decision) -> Explanation:
    """Say why a decision came out as it did."""
    return Explanation(decision, _headline(decision), tuple(_details(decision)))


def _headline(decision: Decision) -> str:
    request = decision.request
    what = request.action + (f" on {request.resource}" if request.resource else "")
    if decision.note:
        return decision.note
    if decision.blocked_by == "not modelled":
        return (
            f"Nobody here knows the value of {decision.unmodelled}, which a statement asks for; "
            f"{what} is refused rather than guessed."
        )
    if decision.allowed:
        return f"{what} is allowed."
    name = POLICY_NAMES[decision.blocked_by]
    if decision.outcome == EXPLICITLY_DENIED:
        return f"A Deny in the {name} refuses {what}; no Allow can outweigh it."
    return f"No {name} allows {what}."


def _details(decision: Decision) -> Iterator[str]:
    if decision.case is None or decision.note:
        return
    results = decision.statements
    if decision.allowed or decision.outcome == EXPLICITLY_DENIED:
        effect = "Allow" if decision.allowed else "Deny"
        for result in results:
            if result.matched and result.effect == effect:
                yield f"{place(result)} matches ({effect})."
        return
    blocked_by = decision.blocked_by
    near = [
        result
        for result in results
        if result.failures
        and result.effect == "Allow"
        and blocked_by in (result.policy_type, "not modelled")
    ]
    near.sort(key=lambda result: len(result.failures))
    for result in near[:_NEAR]:
        failed = "; ".join(map(sentence, result.failures))
        yield f"{place(result)} does not match: {failed}."
    if not near and blocked_by != "not modelled":
        yield _nothing_near(decision)


def _nothing_near(decision: Decision) -> str:
    kind = "resource" if decision.blocked_by == "trust" else decision.blocked_by
    name = POLICY_NAMES[decision.blocked_by]
    if any(decision.case.groups[kind]):
        return f"No Allow statement there names {decision.request.action}."
    return f"There is no {name} at all."


def place(result: StatementResult) -> str:
    """Name a statement: its Sid or number (from 0), and its policy."""
    policy = result.policy_name or f"the {POLICY_NAMES[result.policy_type]}"
    which = f'"{result.sid}"' if result.sid else str(result.index)
    return f"Statement {which} of {policy}"


def sentence(failure: Failure) -> str:
    """Say in words why one element did not match, with both values."""
    wanted = " or ".join(failure.wanted) or "nothing"
    got = "none" if failure.got is None else ", ".join(failure.got)
    if failure.unmodelled:
        return f"{failure.element} needs {failure.key or 'a value'}, which is not known here"
    if failure.element == "Condition":
        return f"Condition {failure.operator} {failure.key} wants {wanted}, the request has {got}"
    if failure.element == "Principal":
        return f"Principal names {wanted}, the caller is {got}"
    if failure.element.startswith("Not"):
        return f"{failure.element} leaves out {wanted}, the request has {got}"
    return f"{failure.element} names {wanted}, the request has {got}"
