"""Things to play with in a notebook: policies and requests to edit, decisions that follow.

Built on labhelpers.policy alone; no lab, no boto3. Without a front end (nbval, nbconvert) the
same cell works: it shows the table as text, and everything can be asked and edited from code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import ipywidgets

from labhelpers.policy import (
    ALLOWED,
    EXPLICITLY_DENIED,
    IMPLICITLY_DENIED,
    POLICY_NAMES,
    Decision,
    PolicyError,
    decide_line,
    explain,
)

MALFORMED = "Malformed"

# Where `decide_line` wants the policy of each kind.
_FIELDS = {
    "trust": "resource_policy",
    "resource": "resource_policy",
    "identity": "identity_policies",
    "boundary": "permissions_boundaries",
    "session": "session_policies",
    "scp": "service_control_policies",
    "rcp": "resource_control_policies",
}
_MARKS = {ALLOWED: "✓", IMPLICITLY_DENIED: "✗", EXPLICITLY_DENIED: "⊘", MALFORMED: "!"}
_MOST_ROWS = 24

# ipywidgets sets lines as far apart as its buttons are high.
_LINES = "line-height:1.4"
_CELL, _WHOLE = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;", "white-space:nowrap"


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the table; `told` is the evaluation step by step, as HTML."""

    label: str
    outcome: str
    blocked_by: str = "–"
    why: str = ""
    told: str = ""

    @property
    def marked(self) -> str:
        return f"{_MARKS[self.outcome]} {self.outcome}"


class Playground:
    """Made by playground(). A cell that ends on it shows editors and the table of decisions."""

    def __init__(self, requests: Mapping[str, Mapping], policies: Mapping[str, Any]) -> None:
        _check(requests, policies)
        self._requests = {label: _as_text(request) for label, request in requests.items()}
        self._editors = {
            kind: _editor(POLICY_NAMES[kind], _as_text(document))
            for kind, document in policies.items()
        }
        self._chosen = ipywidgets.Dropdown(
            options=list(requests), description="Request", layout={"width": "98%"}
        )
        self._request = _editor("request", self._requests[self._chosen.value])
        self._result = ipywidgets.HTML()
        for editor in self._editors.values():
            editor.observe(self._redraw, "value")
        self._chosen.observe(self._show_request, "value")
        self._request.observe(self._take_request, "value")
        self._box: ipywidgets.VBox | None = None
        self._redraw()

    @property
    def requests(self) -> dict[str, str]:
        """The requests by label, as JSON text: what the editor holds at this moment."""
        return dict(self._requests)

    @property
    def policies(self) -> dict[str, str]:
        """The policies by kind, as JSON text: what the editors hold at this moment."""
        return {kind: editor.value for kind, editor in self._editors.items()}

    def edit(self, kind: str, document: Mapping | str) -> Playground:
        """Put another policy in an editor, as if it were typed there; "" takes it away."""
        if kind not in self._editors:
            raise ValueError(f"This playground has no {kind!r}; it has {', '.join(self._editors)}.")
        self._editors[kind].value = _as_text(document)
        return self

    def decide(self, label: str | None = None) -> Decision:
        """The Decision on one request, by default the one that the menu shows.

        Raises PolicyError if the request or a policy is malformed: AWS would refuse to store it.
        """
        label = self._chosen.value if label is None else label
        if label not in self._requests:
            raise ValueError(f"There is no request {label!r}; there are {list(self._requests)}.")
        try:
            request = json.loads(self._requests[label])
        except ValueError as error:
            raise PolicyError("the request is no JSON", "", f"{error}.") from None
        if not isinstance(request, dict):
            raise PolicyError("the request is no JSON object", "", "Write {…}.")
        policies = {_FIELDS[kind]: [text] for kind, text in self.policies.items() if text.strip()}
        return decide_line(json.dumps(policies | request))

    @property
    def decision(self) -> Decision:
        """The Decision on the request that the menu shows."""
        return self.decide()

    @property
    def outcomes(self) -> dict[str, str]:
        """Allowed, ImplicitlyDenied, ExplicitlyDenied or Malformed, by label."""
        return {row.label: row.outcome for row in self._rows()}

    def _rows(self) -> Iterator[_Row]:
        for label in self._requests:
            try:
                decision = self.decide(label)
            except PolicyError as error:
                where = f" (at {error.path})" if error.path else ""
                yield _Row(label, MALFORMED, why=f"{error}{where}. {error.hint}".strip())
                continue
            told = explain(decision)
            yield _Row(
                label,
                decision.outcome,
                decision.blocked_by or "–",
                told.sentences,
                told._repr_html_(),
            )

    def _show_request(self, _change: object = None) -> None:
        self._request.value = self._requests[self._chosen.value]
        self._redraw()

    def _take_request(self, _change: object = None) -> None:
        self._requests[self._chosen.value] = self._request.value
        self._redraw()

    def _redraw(self, _change: object = None) -> None:
        self._result.value = self._html()

    def _html(self) -> str:
        rows = list(self._rows())
        heads = "".join(
            f'<th style="{_CELL}{_WHOLE}">{head}</th>'
            for head in ("request", "outcome", "blocked by", "why")
        )
        lines = "".join(
            f"<tr>{_cell(row.label)}{_cell(row.marked, _WHOLE)}"
            f"{_cell(row.blocked_by)}{_cell(row.why)}</tr>"
            for row in rows
        )
        whole = "".join(
            f"<details><summary>The evaluation of {escape(row.label)}</summary>{row.told}</details>"
            for row in rows
            if row.told and row.label == self._chosen.value
        )
        table = f"<table><tr>{heads}</tr>{lines}</table>"
        no_formula = 'class="tex2jax_ignore mathjax_ignore"'
        return f'<div {no_formula} role="status" style="{_LINES}">{table}{whole}</div>'

    def __str__(self) -> str:
        return "\n".join(
            f"{row.outcome:<17} {row.label}"
            + (f"\n    {row.why}" if row.outcome != ALLOWED else "")
            for row in self._rows()
        )

    __repr__ = __str__

    @property
    def box(self) -> ipywidgets.VBox:
        """The widgets: policies beside each other, then the request, then the decisions."""
        if self._box is None:
            editors = ipywidgets.HBox(
                [_titled(POLICY_NAMES[kind], e) for kind, e in self._editors.items()],
                layout={"flex_flow": "row wrap"},
            )
            asked = ipywidgets.VBox([self._chosen, self._request], layout={"width": "auto"})
            self._box = ipywidgets.VBox([editors, asked, self._result])
        return self._box

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """The widgets where there is a front end for them; the table as text everywhere."""
        bundle = self.box._repr_mimebundle_() or {}
        return {**bundle, "text/plain": str(self)}


def playground(requests: Mapping[str, Mapping], **policies: Mapping | str) -> Playground:
    """Editors for policies and requests, and the decision on each request as you type.

        playground({"alice": {"principal": "arn:…", "action": "…", "resource": "arn:…"}},
                   identity={…}, boundary={…})

    `requests` is a mapping of labels to requests in the form of `python -m labhelpers decide`:
    principal, action, resource, context, and policies that belong to this request alone
    (identity_policies, …), which then count instead of the editor's. `policies` are the ones
    to edit, by kind: identity, trust, resource, session, boundary, scp, rcp.
    Raises ValueError for a kind that does not exist, or without any request.
    """
    return Playground(requests, policies)


def _check(requests: Mapping[str, Mapping], policies: Mapping[str, Any]) -> None:
    if not isinstance(requests, Mapping) or not requests:
        raise ValueError("playground() needs requests: {'alice': {'principal': …, 'action': …}}.")
    for kind in policies:
        if kind not in _FIELDS:
            raise ValueError(f"There is no policy kind {kind!r}; use {', '.join(_FIELDS)}.")
    if {"trust", "resource"} <= policies.keys():
        raise ValueError("A role's trust policy is its resource-based policy: give one of them.")


def _as_text(document: Mapping | str) -> str:
    """JSON that can be read and edited; text that is no JSON, or has lines already, as it is."""
    if not isinstance(document, str):
        return json.dumps(document, indent=2)
    try:
        return document if "\n" in document else json.dumps(json.loads(document), indent=2)
    except ValueError:
        return document


def _editor(name: str, text: str) -> ipywidgets.Textarea:
    rows = min(_MOST_ROWS, text.count("\n") + 2)
    # What a screen reader says; the visible title stands above.
    return ipywidgets.Textarea(
        value=text, rows=rows, tooltip=f"{name} (JSON)", layout={"width": "98%"}
    )


def _titled(name: str, editor: ipywidgets.Textarea) -> ipywidgets.VBox:
    title = ipywidgets.HTML(f"<b>{escape(name[0].upper() + name[1:])}</b>")
    return ipywidgets.VBox([title, editor], layout={"flex": "1 1 320px"})


def _cell(words: str, style: str = "") -> str:
    return f'<td style="{_CELL}{style}">{escape(words)}</td>'
