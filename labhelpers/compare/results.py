"""What a ground answered: one JSON line for each scenario, so that a run can be resumed.

Each answer has its time, and the file knows whose account it was without telling it: there is no
account number in it, and none can be found out from it by trying all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labhelpers.errors import LabError
from labhelpers.outcome import Outcome
from labhelpers.policy import EXPLICITLY_DENIED, IMPLICITLY_DENIED

FORMAT = "labhelpers compare 2"
_NAME = "labhelpers compare "
_TYPES = {
    "identity-based": "identity",
    "resource-based": "resource",
    "permissions boundary": "boundary",
    "session": "session",
    "sessions": "session",
    "service control": "scp",
    "resource control": "rcp",
    "role trust": "trust",
}
_LONGEST = 300  # characters of a message: some repeat a whole parameter
_TOLD = re.compile(
    r"(?P<implicit>because no (?P<one>[a-z -]+?)(?: policy)? allows)"
    r"|(?:with an explicit deny in (?:an? |the )(?P<other>[a-z -]+?)(?: policy)?(?=[.:;,]|$| with))"
)


@dataclass(frozen=True)
class Result:
    """One answer. `outcome` and `blocked_by` are None where the service's message does not tell;
    `step` is where the answer fell: at the request, at the write of a policy, or at the caller's
    own credentials. `skipped` says why there is no answer, `at` when it was given (UTC)."""

    id: str
    allowed: bool = False
    code: str = ""
    outcome: str | None = None
    blocked_by: str | None = None
    message: str = ""
    step: str = "request"
    skipped: str = ""
    at: str = field(default="", compare=False)


def told(message: str) -> tuple[str | None, str | None]:
    """Outcome and policy type as far as an access-denied message tells them."""
    found = _TOLD.search(message)
    if found is None:
        return None, None
    outcome = IMPLICITLY_DENIED if found["implicit"] else EXPLICITLY_DENIED
    return outcome, _TYPES.get((found["one"] or found["other"]).strip())


def result_of(id_: str, outcome: Outcome, mask: Any, step: str = "request") -> Result:
    """The Result of an Outcome. Allowed is what the service answered without an error: whether
    another error came before or after IAM's decision only the sandbox could tell."""
    decided, blocked_by = told(outcome.message)
    return Result(
        id_,
        not outcome.code,
        outcome.code,
        decided,
        blocked_by,
        mask(outcome.message)[:_LONGEST],
        step,
        "the sandbox does not model this, and says so" if _unmodelled(outcome) else "",
    )


def _unmodelled(outcome: Outcome) -> bool:
    return outcome.code == "SandboxNotModelled"


class ResultsFile:
    """A file of results: a header, then a line for each scenario and one at the end of each run.

    The last line of a scenario counts. `accounts` are the ground's account numbers, the first
    and, where there is one, the second. Raises LabError for a file of another table, ground or
    account.
    """

    def __init__(
        self, path: str | os.PathLike, table: str, ground: str, accounts: Sequence[str] = ()
    ) -> None:
        self.path = Path(path)
        self.results: dict[str, Result] = {}
        self.runs: list[Mapping[str, Any]] = []
        self._known: dict[str, str] = {}  # "account" and "second" as they were noted
        self._salt = secrets.token_hex(16)
        header = {"format": FORMAT, "table": table, "ground": ground}
        if self.path.exists() and self.path.stat().st_size:
            self._read(header)
        else:
            self._write({**header, "salt": self._salt})
        for word, number in zip(("account", "second"), accounts, strict=False):
            self._check(word, number)

    def _check(self, word: str, number: str) -> None:
        """Note whose account it is, or see that it is the same as before."""
        marked = _marked(number, self._salt)
        if word not in self._known:
            self._known[word] = marked
            self._write({word: marked})
        elif self._known[word] != marked:
            which = {"account": "account", "second": "second account"}[word]
            raise LabError(
                f"{self.path} holds the answers of another {which} than the one that is "
                "confirmed now: go on with it there, or name a new file."
            )

    @property
    def finished(self) -> set[str]:
        """Ids that were answered; what was skipped is tried again."""
        return {id_ for id_, result in self.results.items() if not result.skipped}

    def add(self, result: Result) -> None:
        result = replace(result, at=datetime.now(UTC).isoformat())
        self.results[result.id] = result
        self._write(asdict(result))

    def days_before(self, moment: datetime, ids: Collection[str]) -> Counter[str]:
        """How many of these ids' answers were given before, by day (UTC), the oldest first."""
        given = sorted(self.results[id_].at for id_ in self.finished & set(ids))
        return Counter(at[:10] for at in given if at < moment.isoformat())

    def end_of_run(self, **numbers: Any) -> None:
        """Note calls, seconds and how many scenarios a run has asked."""
        self.runs.append(numbers)
        self._write({"run": numbers})

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise LabError(f"{self.path} cannot be written: {error.strerror}.") from None

    def _read(self, header: Mapping[str, str]) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise LabError(f"{self.path} cannot be read as a file of results.") from None
        lines = text.splitlines()
        found = _json(lines[0]) or {}
        told = str(found.get("format"))
        if told.startswith(_NAME) and told != FORMAT:
            raise LabError(
                f"{self.path} was begun by another version, which noted neither account nor date "
                "of an answer as this one does: name a new file."
            )
        if told != FORMAT:
            raise LabError(f"{self.path} holds no results of compare: name another file.")
        if found.get("table") != header["table"]:
            raise LabError(
                f"{self.path} was made with another table of scenarios, and cannot be gone on "
                "with: name a new file, or check out the version that began it."
            )
        if found.get("ground") != header["ground"]:
            raise LabError(f"{self.path} holds the results of the ground {found.get('ground')}.")
        self._salt = str(found.get("salt"))
        for line in map(_json, lines[1:]):
            if line and "run" in line:
                self.runs.append(line["run"])
            elif line and line.keys() <= {"account", "second"}:
                self._known |= line
            elif line:
                self.results[line["id"]] = Result(**line)
        if not text.endswith("\n"):  # the run died while it wrote
            with open(self.path, "a", encoding="utf-8") as file:
                file.write("\n")


def in_words(days: Mapping[str, int]) -> str:
    """ "answered on 2026-01-02", with the numbers where there are several days."""
    if len(days) == 1:
        return f"answered on {next(iter(days))}"
    return "answered on " + ", ".join(f"{day} ({count})" for day, count in days.items())


def _marked(number: str, salt: str) -> str:
    """An account as this file knows it. scrypt, since there are only 10^12 account numbers: a
    quick hash of each would be the work of an hour. RFC 7914; 32 MB and a tenth of a second."""
    cost = {"n": 2**15, "r": 8, "p": 1, "maxmem": 2**26}
    return hashlib.scrypt(number.encode(), salt=salt.encode(), dklen=16, **cost).hex()


def _json(line: str) -> dict[str, Any] | None:
    """A whole line; a run that was killed may have left half of one."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
