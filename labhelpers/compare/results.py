"""What a ground answered: one JSON line for each scenario, so that a run can be resumed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labhelpers.errors import LabError
from labhelpers.outcome import Outcome
from labhelpers.policy import EXPLICITLY_DENIED, IMPLICITLY_DENIED

FORMAT = "labhelpers compare 1"
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
    own credentials. `skipped` says why there is no answer."""

    id: str
    allowed: bool = False
    code: str = ""
    outcome: str | None = None
    blocked_by: str | None = None
    message: str = ""
    step: str = "request"
    skipped: str = ""


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

    The last line of a scenario counts. Raises LabError for a file of another table or ground.
    """

    def __init__(self, path: str | os.PathLike, table: str, ground: str) -> None:
        self.path = Path(path)
        self.results: dict[str, Result] = {}
        self.runs: list[Mapping[str, Any]] = []
        header = {"format": FORMAT, "table": table, "ground": ground}
        if self.path.exists() and self.path.stat().st_size:
            self._read(header)
        else:
            self._write(header)

    @property
    def finished(self) -> set[str]:
        """Ids that were answered; what was skipped is tried again."""
        return {id_ for id_, result in self.results.items() if not result.skipped}

    def add(self, result: Result) -> None:
        self.results[result.id] = result
        self._write(asdict(result))

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
        if found.get("format") != FORMAT:
            raise LabError(f"{self.path} holds no results of compare: name another file.")
        if found.get("table") != header["table"]:
            raise LabError(
                f"{self.path} was made with another table of scenarios, and cannot be gone on "
                "with: name a new file, or check out the version that began it."
            )
        if found.get("ground") != header["ground"]:
            raise LabError(f"{self.path} holds the results of the ground {found.get('ground')}.")
        for line in map(_json, lines[1:]):
            if line and "run" in line:
                self.runs.append(line["run"])
            elif line:
                self.results[line["id"]] = Result(**line)
        if not text.endswith("\n"):  # the run died while it wrote
            with open(self.path, "a", encoding="utf-8") as file:
                file.write("\n")


def _json(line: str) -> dict[str, Any] | None:
    """A whole line; a run that was killed may have left half of one."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
