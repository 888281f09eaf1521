"""Placeholders of scenarios, filled with a run's names, and names turned back to placeholders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"<[a-z0-9 ]+>")
#: What may still be in a message although nobody told it to us; each hides a whole word.
_HIDDEN = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), "<key id>"),
    (re.compile(r"\bA(?:IDA|ROA|NPA|GPA|CCA)[A-Z0-9]{12,}\b"), "<unique id>"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "<account>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"(?<=authorization id: )[A-Za-z0-9]+"), "<id>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "<address>"),
    (re.compile(r"[A-Za-z0-9+/=_-]{60,}"), "<blob>"),
    (re.compile(r"https?://[^\s\"']+"), "<url>"),
    (re.compile(r"(?<![\w:/<>.-])(?:/[\w.-]+){2,}"), "<path>"),
)


class Names:
    """The names of one run: `<account>`, `<bucket>`, and for each user and role of the pool
    `<NAME name>`, `<NAME arn>`, `<NAME id>`."""

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known = dict(known or {})

    def __getitem__(self, placeholder: str) -> str:
        return self._known[placeholder]

    def add(self, placeholder: str, value: str) -> None:
        self._known[placeholder] = value

    def also(self, more: Mapping[str, str]) -> Names:
        """These names and some that count for one scenario."""
        return Names({**self._known, **more})

    def fill(self, value: Any) -> Any:
        """The value with every placeholder filled in. Raises KeyError for an unknown one."""
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda m: self._known[m[0]], value)
        if isinstance(value, Mapping):
            return {self.fill(key): self.fill(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.fill(inner) for inner in value]
        return value

    def mask(self, text: str) -> str:
        """A message without names, account numbers, ids, keys and paths."""
        pairs = sorted(self._known.items(), key=lambda pair: -len(pair[1]))
        for placeholder, value in pairs:
            if len(value) > 3:
                text = text.replace(value, placeholder)
        for pattern, placeholder in _HIDDEN:
            text = pattern.sub(placeholder, text)
        return text


def of_caller(names: Names, entity: str, session_name: str, key: str) -> Names:
    """The names for one scenario: `<caller …>` is whoever calls, `<session arn>` its session."""
    more = {"<key>": key}
    if entity != "administrator":
        kinds = ("name", "arn", "id")
        word = entity.replace("-", " ")
        more |= {f"<caller {kind}>": names[f"<{word} {kind}>"] for kind in kinds}
        account, name = names["<account>"], more["<caller name>"]
        more["<session arn>"] = f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}"
        more["<federated arn>"] = f"arn:aws:sts::{account}:federated-user/fred"
    return names.also(more)
