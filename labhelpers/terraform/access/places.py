"""Where something in a policy is written: the file and line of the very argument."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

from labhelpers.files import read_regular
from labhelpers.terraform.access.known_part import known_part
from labhelpers.terraform.language.values import Attributes
from labhelpers.terraform.modules.configuration import Configuration, Resource

_STEP = re.compile(r"\.?([A-Za-z]\w*)|\[(\d+)\]|\[['\"]([^'\"]*)['\"]\]")
_ARGUMENTS = {"NotAction": "not_actions", "NotResource": "not_resources", "Sid": "sid"}
_ARGUMENTS |= {"Action": "actions", "Resource": "resources", "Effect": "effect"}
_BLOCKS = {"Principal": "principals", "NotPrincipal": "not_principals", "Condition": "condition"}


class Places:
    """Finds lines in the files of a configuration."""

    def __init__(self, configuration: Configuration):
        self.configuration = configuration
        self._files: dict[str, list[str]] = {}

    def of(self, resource: Resource, attribute: str, path: str = "") -> tuple[str, int]:
        """Return (file, line) of what a JSON path of a policy means.

        That is the argument in a policy document, the text in jsonencode() or a heredoc, or
        else the attribute that holds the policy.
        """
        block, name = self._holder(resource, attribute)
        line = block.line_of(name) or resource.line
        text = block.get(name)
        steps = [a or (int(b) if b else c) for a, b, c in _STEP.findall(path)]
        part = known_part(self.configuration, resource, block, name)
        if part is not None and len(steps) > 1:
            steps[1] = part[2][steps[1]]
            return part[1].file, _in_document(part[1], steps)
        if not isinstance(text, str) or not path:
            return resource.file, line
        document = self._document(resource, text)
        if document is not None:
            return document.file, _in_document(document, steps)
        return resource.file, self._searched(resource, line, _leaf(text, steps))

    def known_text(self, resource: Resource, attribute: str) -> str | None:
        """Return the policy in an attribute, or what is certain of it; None if nothing is."""
        block, name = self._holder(resource, attribute)
        part = known_part(self.configuration, resource, block, name)
        text = block.get(name) if part is None else part[0]
        return text if isinstance(text, str) else None

    def _holder(self, resource: Resource, attribute: str) -> tuple[Attributes, str]:
        name, _, number = attribute.partition(".")
        if number:  # inline_policy.0
            return resource.values[name][int(number)], "policy"
        return resource.values, name

    def _document(self, resource: Resource, text: str) -> Resource | None:
        prefix = resource.address[: resource.address.rfind(resource.type)]
        for name in resource.references:
            if name.startswith("data.aws_iam_policy_document."):
                for found in self._documents.get(prefix + name, ()):
                    if _same(found.values.get("json"), text):
                        return found
        return None

    @cached_property
    def _documents(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.configuration.resources.values():
            if resource.type == "aws_iam_policy_document" and resource.mode == "data":
                base = re.sub(r"\[[^\]]*\]$", "", resource.address)
                found.setdefault(base, []).append(resource)
        return found

    def _searched(self, resource: Resource, line: int, leaf: str) -> int:
        """Return the line below the attribute's beginning that holds a text in quotes."""
        if not leaf:
            return line
        for number, text in enumerate(self._lines(resource.file)[line - 1 :], line):
            if f'"{leaf}"' in text or f"'{leaf}'" in text or f"{leaf} =" in text:
                return number
            if text.startswith("}"):
                break
        return line

    def _lines(self, file: str) -> list[str]:
        if file not in self._files:
            path = self.configuration.directory / file
            try:
                self._files[file] = read_regular(path).decode("utf-8-sig").split("\n")
            except (OSError, UnicodeDecodeError):
                self._files[file] = []
        return self._files[file]


def _same(one: Any, other: str) -> bool:
    try:
        return isinstance(one, str) and (one == other or json.loads(one) == json.loads(other))
    except ValueError:
        return False


def _leaf(text: str, steps: list) -> str:
    """Return the text that a path leads to in JSON, or the last name of the path."""
    try:
        value = json.loads(text)
        for step in steps:
            value = value[step]
        return value if isinstance(value, str) else str(steps[-1]) if steps else ""
    except (ValueError, KeyError, IndexError, TypeError):
        return next((s for s in reversed(steps) if isinstance(s, str)), "")


def _in_document(document: Resource, steps: list) -> int:
    """Return the line of the argument in the blocks of a policy document."""
    written = document.values.get("statement")
    number = steps[1] if len(steps) > 1 and isinstance(steps[1], int) else 0
    if not isinstance(written, list) or document.values.get("source_policy_documents"):
        return document.line
    blocks = document.written
    if number >= len(blocks):
        return document.line
    block, element = blocks[number], steps[2] if len(steps) > 2 else ""
    if element in _ARGUMENTS:
        return block.line_of(_ARGUMENTS[element])
    inner = block.get(_BLOCKS.get(element, ""))
    if isinstance(inner, list) and inner and isinstance(inner[0], Attributes):
        names = [step for step in steps[3:] if isinstance(step, str)]
        chosen = next((b for b in inner if _matches(b, element, names)), inner[0])
        return chosen.line_of("identifiers" if element != "Condition" else "values")
    return block.line


def _matches(block: Attributes, element: str, names: list[str]) -> bool:
    if element == "Condition":
        return names[:1] == [block.get("test")] and names[1:2] in ([], [block.get("variable")])
    return names[:1] == [block.get("type")]
