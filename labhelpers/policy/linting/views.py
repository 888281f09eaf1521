"""The statements of a document as the checks look at them: texts and conditions with paths.

Whatever the grammar has already refused (a number as an action, a list as a condition) is left
out, so that a check never stumbles over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from labhelpers.policy.language.conditions import split_operator, texts
from labhelpers.policy.writing.findings import ERROR, WARNING, Finding


@dataclass(frozen=True)
class ConditionView:
    """One key under one operator; `key` as written, `values` as strings."""

    path: str
    operator: str
    prefix: str
    base: str
    if_exists: bool
    key: str
    values: tuple[str, ...]
    listed: bool = False

    @property
    def negated(self) -> bool:
        return "Not" in self.base

    def places(self) -> Iterator[tuple[str, str]]:
        """Yield each value with its path; a single value that is no list has the key's."""
        for number, value in enumerate(self.values):
            yield (f"{self.path}[{number}]" if self.listed else self.path), value


@dataclass(frozen=True)
class View:
    """One statement. `kind` is the policy's kind, `version` its language version."""

    path: str
    statement: Mapping
    kind: str
    version: str

    @property
    def allow(self) -> bool:
        return self.statement.get("Effect") == "Allow"

    def entries(self, element: str) -> list[tuple[str, str]]:
        """Return the texts of Action, Resource, ... with their paths."""
        return list(_entries(self.statement.get(element), f"{self.path}.{element}"))

    @cached_property
    def actions(self) -> list[tuple[str, str]]:
        return self.entries("Action")

    @cached_property
    def conditions(self) -> list[ConditionView]:
        return list(self._conditions())

    def _conditions(self) -> Iterator[ConditionView]:
        block = self.statement.get("Condition")
        for operator, keys in block.items() if isinstance(block, Mapping) else ():
            parts = split_operator(operator)
            if parts is None or not isinstance(keys, Mapping):
                continue
            for key, value in keys.items():
                listed = isinstance(value, list)
                if all(
                    isinstance(v, str | bool | int | float) for v in (value if listed else [value])
                ):
                    path = f"{self.path}.Condition.{operator}.{key}"
                    yield ConditionView(path, operator, *parts, key, texts(value), listed)

    @cached_property
    def keys(self) -> set[str]:
        """Return the condition keys of the statement in lower case."""
        return {condition.key.lower() for condition in self.conditions}

    def principals(self, element: str = "Principal") -> list[tuple[str, str, str]]:
        """Return (path, type, text) of every principal; a bare "*" has the type "*"."""
        value = self.statement.get(element)
        place = f"{self.path}.{element}"
        if isinstance(value, str):
            return [(place, "*", value)]
        found = []
        for kind, listed in value.items() if isinstance(value, Mapping) else ():
            found += [(path, kind, text) for path, text in _entries(listed, f"{place}.{kind}")]
        return found


def _entries(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, str):
                yield f"{path}[{number}]", item


def views_of(document: object, kind: str) -> list[View]:
    """Return the statements of a document that are objects."""
    if not isinstance(document, Mapping):
        return []
    listed = document.get("Statement")
    single = isinstance(listed, Mapping)
    version = document.get("Version")
    version = version if isinstance(version, str) else ""
    statements = [listed] if single else listed if isinstance(listed, list) else []
    found = []
    for number, statement in enumerate(statements):
        if isinstance(statement, Mapping):
            path = "Statement" if single else f"Statement[{number}]"
            found.append(View(path, statement, kind, version))
    return found


def error(
    code: str, message: str, path: str, why: str, instead: str, *, at_name: bool = False
) -> Finding:
    """A finding about something that can never do its work."""
    return Finding(ERROR, code, message, path, why, instead, at_name=at_name)


def warning(
    code: str, message: str, path: str, why: str, instead: str, *, at_name: bool = False
) -> Finding:
    """A finding about something that does not do what many expect."""
    return Finding(WARNING, code, message, path, why, instead, at_name=at_name)
