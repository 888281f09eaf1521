"""Where two grounds differ, and a report of it that can be committed as evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from labhelpers.compare.results import Result, ResultsFile, in_words
from labhelpers.compare.scenario import Scenario

_NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Difference:
    """One scenario that two grounds answer differently, and both answers in short."""

    id: str
    first: str
    second: str


def differences(first: Mapping[str, Result], second: Mapping[str, Result]) -> list[Difference]:
    """The scenarios that both answered, and not alike, in the order of `first`.

    Compared are allowed or refused, the error's code and the step at which it came; what the
    message tells of outcome and policy type, only where both messages tell it.
    """
    found = []
    for id_, one in first.items():
        other = second.get(id_)
        if other is not None and not one.skipped and not other.skipped and _differ(one, other):
            found.append(Difference(id_, _short(one, other), _short(other, one)))
    return found


def left_out(
    first: Mapping[str, Result], second: Mapping[str, Result], ids: Iterable[str]
) -> dict[str, str]:
    """Why those of the scenarios that were not compared were not."""
    return {id_: why for id_ in ids if (why := _skipped(first.get(id_), second.get(id_)))}


def _differ(one: Result, other: Result) -> bool:
    if (one.allowed, one.code, one.step) != (other.allowed, other.code, other.step):
        return True
    told = ((one.outcome, other.outcome), (one.blocked_by, other.blocked_by))
    return any(a is not None and b is not None and a != b for a, b in told)


def _short(result: Result, beside: Result) -> str:
    """ "refused, AccessDenied"; where it fell if the two fell apart, and what the words tell."""
    text = "allowed" if result.allowed else f"refused, {result.code}"
    if result.step != beside.step:
        text += f" at the {result.step}"
    same = (result.allowed, result.code, result.step) == (beside.allowed, beside.code, beside.step)
    if same and result.outcome:
        text += f" ({result.outcome}, {result.blocked_by})"
    return text


def report(
    aws: ResultsFile,
    sandbox: ResultsFile,
    scenarios: Sequence[Scenario],
    *,
    only: Iterable[str] | None = None,
    again: int = 0,
    today: date | None = None,
    began: datetime | None = None,
    where: str = "",
) -> str:
    """Markdown: what was compared, the agreement, every difference, what was left out and why.

    `only` are the ids that were to be compared, `again` counts those asked a second time, `began`
    is since when AWS was asked for this report: answers from before are told with their day;
    `where` is the Region and the host that was asked. It
    holds no account number, no key and no path: results hold none.
    """
    import boto3
    import botocore

    says = {s.id: s.says for s in scenarios if only is None or s.id in set(only)}
    real = {id_: aws.results[id_] for id_ in says if id_ in aws.results}
    made = {id_: sandbox.results[id_] for id_ in says if id_ in sandbox.results}
    skipped = left_out(real, made, says)
    found = differences(real, made)
    compared = len(says) - len(skipped)
    day = today or datetime.now(UTC).date()
    before = aws.days_before(began, says) if began else Counter()
    asked = len(aws.finished & says.keys()) - before.total()
    return (
        "\n".join(
            [
                "# The sandbox beside AWS",
                "",
                f"{day:%Y-%m-%d}. The same requests under the same policies, put to a real AWS "
                f"account{where and f' ({where})'} and to the sandbox. Compared are allowed or "
                "refused and the error code, and what the message tells of the outcome where both "
                "tell it." + _of_when(asked, before),
                "",
                *_table(
                    ("What", "Number"),
                    _numbers(aws, sandbox, says, len(scenarios), compared, found, again),
                ),
                f"boto3 {boto3.__version__}, botocore {botocore.__version__}.",
                "",
                "## Differences",
                "",
                *_differences(found, says),
                "## Same answer, other words",
                "",
                *_words(real, made, skipped),
                "## Left out",
                "",
                *_left_out(skipped, says),
            ]
        ).rstrip("\n")
        + "\n"
    )


def _of_when(asked: int, before: Counter[str]) -> str:
    if not before:
        return ""
    return (
        f" For this report AWS was asked {asked or 'nothing'}; {before.total()} of its answers "
        f"are from before, {in_words(before)}."
    )


def _numbers(
    aws: ResultsFile,
    sandbox: ResultsFile,
    says: Mapping[str, str],
    there_are: int,
    compared: int,
    found: Sequence[Difference],
    again: int,
) -> list[tuple[str, str]]:
    share = f" ({(compared - len(found)) / compared:.1%})" if compared else ""
    rows = [
        ("Scenarios", f"{len(says)} of {there_are}"),
        ("Compared", str(compared)),
        ("Alike", f"{compared - len(found)}{share}"),
        ("Different", str(len(found))),
        ("Asked AWS again because they differed", str(again)),
    ]
    for word, file in (("AWS", aws), ("the sandbox", sandbox)):
        calls = sum(run.get("calls", 0) for run in file.runs)
        seconds = sum(run.get("seconds", 0) for run in file.runs)
        rows.append((f"Calls to {word}", f"{calls} in {seconds:.0f} s"))
    return rows


def _differences(found: list[Difference], says: Mapping[str, str]) -> list[str]:
    if not found:
        return ["None.", ""]
    rows = [(d.id, says[d.id], d.first, d.second) for d in found]
    return _table(("Scenario", "What it is", "AWS says", "The sandbox says"), rows)


def _words(
    real: Mapping[str, Result], made: Mapping[str, Result], skipped: Mapping[str, str]
) -> list[str]:
    """Messages that differ although the answers agree, by their shape."""
    pairs: Counter[tuple[str, str]] = Counter()
    for id_, one in real.items():
        other = made.get(id_)
        if other is None or id_ in skipped or _differ(one, other) or one.message == other.message:
            continue
        pairs[one.message, other.message] += 1
    if not pairs:
        return ["None.", ""]
    rows = [(str(n), a or "(none)", b or "(none)") for (a, b), n in pairs.most_common()]
    return _table(("Times", "AWS", "The sandbox"), rows)


def _left_out(skipped: Mapping[str, str], says: Mapping[str, str]) -> list[str]:
    if not skipped:
        return ["Nothing."]
    return _table(("Scenario", "What it is", "Why"), [(i, says[i], w) for i, w in skipped.items()])


def _skipped(real: Result | None, made: Result | None) -> str:
    for word, result in (("AWS", real), ("The sandbox", made)):
        if result is None:
            return f"{word}: {_NOT_ASKED}"
        if result.skipped:
            return f"{word}: {result.skipped}"
    return ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    return lines + ["| " + " | ".join(map(_cell, row)) + " |" for row in rows] + [""]


def _cell(text: str) -> str:
    """Text as it is: no table, no HTML, no emphasis of Markdown in it."""
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.split())
