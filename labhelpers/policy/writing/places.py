"""Where the parts of a JSON text stand: path -> line and column.

Paths are written as in PolicyError: `Statement[0].Condition.Bool`. A small reader of our own:
the text is known to be JSON, so finding the places is a walk over its tokens, and the
libraries for it bring a parser along. Needed for defects only, so a good policy costs nothing.
"""

from __future__ import annotations

import json
import re

_TOKEN = re.compile(r'\s*("(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)


class Places:
    """The offsets of names and values of a JSON text."""

    def __init__(self, text: str):
        self._text = text
        self._values: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._walk()

    def of(self, path: str, name: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at a path (`name`: of its name).

        A path that the text does not have stands where its nearest parent does.
        """
        places = self._names if name else self._values
        while path not in places and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return line_and_column(self._text, places.get(path, self._values.get("", 0)))

    def offset(self, path: str) -> int | None:
        """Return where the value at exactly this path begins, None if there is none."""
        return self._values.get(path)

    def _walk(self) -> None:
        # One entry for each open container: [path, index in a list or None, name].
        stack: list[list] = []
        wants_name = False
        for found in _TOKEN.finditer(self._text):
            token, offset = found[1], found.start(1)
            if token in "}]":
                stack.pop()
            elif token == ",":
                wants_name = stack[-1][1] is None
                if not wants_name:
                    stack[-1][1] += 1
            elif token == ":":
                wants_name = False
            elif wants_name:
                stack[-1][2] = json.loads(token)
                self._names[_joined(stack)] = offset
            else:
                path = _joined(stack)
                self._values[path] = offset
                self._names.setdefault(path, offset)
                if token in "{[":
                    stack.append([path, 0 if token == "[" else None, ""])
                    wants_name = token == "{"


def _joined(stack: list[list]) -> str:
    if not stack:
        return ""
    path, index, name = stack[-1]
    if index is not None:
        return f"{path}[{index}]"
    return f"{path}.{name}" if path else name


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return where an offset stands, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
