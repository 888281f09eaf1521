"""Where a syntax error really is. The parser reports where it gave up, often far below."""

from __future__ import annotations

import re
from typing import NamedTuple

_PIECES = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?\*/)
      | (?P<heredoc><<-?(?P<mark>[A-Za-z][\w.-]*)\r?\n)
      | (?P<text>")
      | (?P<open>[\[({])
      | (?P<close>[\])}])""",
    re.VERBOSE | re.DOTALL,
)
_CLOSER = {"{": "}", "[": "]", "(": ")"}
_OPENER = {closer: opener for opener, closer in _CLOSER.items()}
_HEADER = re.compile(r'[ \t]*[A-Za-z_][\w-]*(?:[ \t]+(?:"[^"\n]*"|[\w-]+))*[ \t]*\{[ \t\r]*\n')
_SIGNS = {"EQ": "=", "COMMA": ",", "DBLQUOTE": '"', "LBRACE": "{", "RBRACE": "}"}
_SIGNS |= {"LSQB": "[", "RSQB": "]", "LPAR": "(", "RPAR": ")", "COLON": ":"}


class Fault(NamedTuple):
    """A fault that the brackets and quotes of a text give away."""

    line: int
    message: str
    hint: str
    early: bool = False  # the parser may have seen a fault above this one


def explain_syntax(text: str, line: int, error: Exception) -> tuple[int, str, str]:
    """Return (line, message, hint) for a text that the parser gave up at `line` (0: the end)."""
    fault = _Brackets(text).fault()
    if fault and not (fault.early and 0 < line < fault.line):
        return fault[:3]
    last = max(text.rstrip().count("\n") + 1, 1)
    line = min(line, last) if line > 0 else last
    shown = text.split("\n")[line - 1].strip()[:60]
    if re.match(r"[\w-]+\s*:", shown):
        return line, f"An argument is set with =, not with a colon: {shown}", "Write: name = value"
    if re.fullmatch(r"[\w-]+\s*=", shown):
        return line, f"This argument has no value: {shown}", "Write the value behind the =."
    if "'" in shown:
        return line, f"Texts stand in double quotes: {shown}", "Replace each ' by a \"."
    token = str(getattr(error, "token", "") or getattr(error, "char", "") or "").strip()
    if token == "~":
        message = f"A strip marker ~ in quotes is not supported here: {shown}"
        return line, message, "Leave the ~ out, or write the text as a heredoc."
    at = f' at "{token[:20]}"' if token and token != shown else ""
    hint = _possible(error) or "Compare the line with: name = value, or: block { }."
    return line, f"This is not Terraform syntax{at}: {shown}", hint


def _possible(error: Exception) -> str:
    wanted = getattr(error, "expected", None) or getattr(error, "accepts", None) or ()
    signs = sorted(_SIGNS[name] for name in wanted if name in _SIGNS)
    return f"Possible here: {' '.join(signs)}" if 0 < len(signs) <= 4 else ""


class _Brackets:
    """Walks over a text's brackets, quotes and heredocs.

    Which bracket lacks its partner follows from the lines' indentation: the innermost one
    that is still open where a line stands as far left as the line that opened it.
    """

    def __init__(self, text: str):
        self.text = text
        self.open: list[int] = []  # positions of the brackets that are open
        self.suspect: Fault | None = None

    def fault(self) -> Fault | None:
        """Return the first fault, None if every bracket and quote has its partner."""
        at, line = 0, -1
        while piece := _PIECES.search(self.text, at):
            start, at = piece.start(), piece.end()
            if piece["comment"]:
                continue
            begin = self.text.rfind("\n", 0, start) + 1
            if begin != line:
                line = begin
                self._suspect(begin, start)
            if piece["heredoc"]:
                mark = re.escape(piece["mark"])
                end = re.compile(rf"^[ \t]*{mark}[ \t\r]*$", re.MULTILINE).search(self.text, at)
                if not end:
                    hint = f"Write {piece['mark']} alone on the line after the text."
                    message = f"The heredoc {piece['mark']} is never closed."
                    return Fault(self._line(start), message, hint)
                at = end.end()
            elif piece["text"]:
                at = end_of_text(self.text, start)
                if at < 0:
                    message = 'A text in quotes begins here and its closing " is missing.'
                    return Fault(self._line(start), message, 'Add the " at the end of the text.')
            elif piece["open"]:
                self.open.append(start)
            elif fault := self._close(start):
                return fault
        return self.suspect or self._unclosed(self.open[-1]) if self.open else None

    def _close(self, start: int) -> Fault | None:
        sign = self.text[start]
        if not self.open:
            message = f"There is no {_OPENER[sign]} for this {sign}."
            return Fault(self._line(start), message, f"Remove the {sign}.", early=True)
        opener = self.open.pop()
        if _CLOSER[self.text[opener]] == sign:
            return None
        return self.suspect or self._unclosed(opener)

    def _suspect(self, begin: int, start: int) -> None:
        if self.suspect or not self.open:
            return
        opener = self.open[-1]
        here, there = self._indentation(begin), self._indentation(opener)
        closes = self.text[start] in _OPENER and not self.text[begin:start].strip()
        header = self.text[opener] == "{" and _HEADER.match(self.text, begin)
        if (closes and here < there) or (header and here <= there):
            self.suspect = self._unclosed(opener)

    def _unclosed(self, opener: int) -> Fault:
        sign = self.text[opener]
        line = self.text[self.text.rfind("\n", 0, opener) + 1 : opener + 1].strip()[-60:]
        message = f"The {sign} that is opened here is never closed: {line}"
        return Fault(self._line(opener), message, f"Add the {_CLOSER[sign]} that belongs to it.")

    def _indentation(self, position: int) -> int:
        begin = self.text.rfind("\n", 0, position) + 1
        return len(self.text[begin:]) - len(self.text[begin:].lstrip(" \t"))

    def _line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1


def end_of_text(text: str, start: int) -> int:
    """Return the position after the quote that closes the text at `start`; -1: there is none."""
    at = start + 1
    while at < len(text) and text[at] != "\n":
        if text[at] == '"':
            return at + 1
        if text[at] == "\\" or text[at : at + 3] in ("$${", "%%{"):
            at += 2 if text[at] == "\\" else 3
        elif text[at : at + 2] in ("${", "%{"):
            at = end_of_expression(text, at + 2) + 1
            if at == 0:
                return -1
        else:
            at += 1
    return -1


def end_of_expression(text: str, start: int) -> int:
    """Return the position of the } that ends the ${ before `start`; -1: there is none."""
    at, depth = start, 0
    while at < len(text):
        if text[at] == '"':
            at = end_of_text(text, at)
            if at < 0:
                return -1
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth < 0:
            return at
        at += 1
    return -1
