"""The sub-command `compare`: scenarios on a real account and in the sandbox, and a report."""

from __future__ import annotations

import fnmatch
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labhelpers.compare.asking import Patience
from labhelpers.errors import LabError
from labhelpers.terminal import show_anything

_ABOUT = """\
Put the same requests under the same policies to a real AWS account and to the sandbox, and
report where their answers differ. AWS is asked first, then the sandbox; what differs is asked on
AWS once more. A resumed run goes on in the same account only, and says which answers are from
before, and of when. Users, roles and a bucket are made for it and taken away at the end. Exit
status 1 if there are differences, 2 if the comparison cannot be made.
"""
_FILE = "compare-aws.jsonl"
#: How long AWS may take to believe a policy, and how often it is asked meanwhile.
PATIENCE = Patience(seconds=60.0, pause=1.0, steady=3)
Open = Callable[[], AbstractContextManager[Any]]


def add_compare(commands: Any) -> None:
    """Add `compare` to argparse's sub-parsers; it sets `run`."""
    compare = commands.add_parser(
        "compare", help="compare the sandbox with a real AWS account", description=_ABOUT
    )
    compare.add_argument("--report", metavar="FILE", help="write the report there as Markdown")
    compare.add_argument(
        "--resume", metavar="FILE", help="AWS's answers so far; go on where that run ended"
    )
    compare.add_argument(
        "--only", metavar="PATTERN", help="scenarios whose id matches, e.g. 'trust/*'"
    )
    compare.add_argument("--list", action="store_true", help="print the scenarios and end")
    compare.set_defaults(run=_run)


def _grounds() -> tuple[Open, Open]:
    """How to open AWS and the sandbox. Each is closed before the other is opened: a process
    holds one lab, and moto's state is the process's.

    On AWS without the sandbox beside it, which would only be compared with itself, and without
    the lab's own waiting: here the witnesses tell when AWS is to be believed. Raises LabError
    where no account is configured, before anything is asked or written.
    """
    from labhelpers.account.settings import for_a_command
    from labhelpers.lab import open_lab

    for_a_command()
    return lambda: open_lab("aws", lesson="compare", mirrored=False), lambda: open_lab("sandbox")


def _second_account(ground: Any) -> str | None:
    """A second account of this ground, None without one."""
    from labhelpers.lab import DEFAULT_ACCOUNT

    other = "444455556666"
    if ground.account_id == other:
        return DEFAULT_ACCOUNT
    try:
        ground.session(account_id=other)
    except LabError:
        return None
    return other


def _run(options: Any) -> int:
    from labhelpers.compare.scenarios import SCENARIOS

    show_anything()
    only = _matching(options.only, [scenario.id for scenario in SCENARIOS])
    if options.list:
        for scenario in SCENARIOS:
            if scenario.id in only:
                print(scenario.id)
        return 0
    try:
        if not only:
            raise LabError(f"No scenario's id matches {options.only!r}; --list prints them.")
        return _compare(options, only)
    except LabError as error:
        print(f"labhelpers compare: {' '.join(str(error).split())}", file=sys.stderr)
    except KeyboardInterrupt:
        how = f"--resume {options.resume or _FILE} goes on with AWS's answers."
        print(
            f"\nlabhelpers compare: interrupted; everything is taken away. {how}", file=sys.stderr
        )
    return 2


def _matching(pattern: str | None, ids: list[str]) -> list[str]:
    """The ids that match as file names do, or hold the pattern as it is."""
    if not pattern:
        return ids
    return [i for i in ids if pattern in i or fnmatch.fnmatchcase(i, pattern)]


def _where() -> str:
    """Which Region was asked, and at which host."""
    from urllib.parse import urlsplit

    from labhelpers.account.learner import opened
    from labhelpers.account.settings import Settings

    settings = Settings.read()
    url = opened(settings.profile, settings.region).create_client("sts").meta.endpoint_url
    return f"{settings.region}, {urlsplit(url).hostname}"


def _compare(options: Any, only: list[str]) -> int:
    from labhelpers.compare.report import differences, left_out, report
    from labhelpers.compare.scenarios import SCENARIOS

    path = Path(options.resume or _FILE)
    if not options.resume and path.exists():
        raise LabError(f"{path} exists: go on with it by --resume {path}, or take it away.")
    open_aws, open_sandbox = _grounds()
    if options.report:  # an hour later would be too late to learn that it cannot be written
        _write(Path(options.report), "", "a")
    wanted, began = set(only), datetime.now(UTC)
    aws = _replay(open_aws, path, "aws", patience=PATIENCE, only=wanted)
    with tempfile.TemporaryDirectory() as folder:
        sandbox = _replay(open_sandbox, Path(folder, "sandbox.jsonl"), "sandbox", only=wanted)
    found = {d.id for d in differences(aws.results, sandbox.results)} & wanted
    again = len(found)
    if found:
        aws = _replay(open_aws, path, "aws", patience=PATIENCE, only=found, again=True)
    text = report(aws, sandbox, SCENARIOS, only=only, again=again, began=began, where=_where())
    if options.report:
        _write(Path(options.report), text)
    left = [d for d in differences(aws.results, sandbox.results) if d.id in wanted]
    for one in left:
        print(f"{one.id}\n  AWS: {one.first}\n  sandbox: {one.second}")
    out = left_out(aws.results, sandbox.results, only)
    if len(out) == len(only):
        raise LabError(f"Nothing was compared: {out[only[0]]}.")
    more = f"; {len(out)} left out, see the report" if out else ""
    print(f"{len(left)} differences in {len(only) - len(out)} scenarios{more}.")
    _tell_when(aws, wanted, began)
    return 1 if left else 0


def _tell_when(aws: Any, wanted: set[str], began: datetime) -> None:
    """How many scenarios AWS was asked now, and of when the other answers are."""
    from labhelpers.compare.results import in_words

    before = aws.days_before(began, wanted)
    asked = len(aws.finished & wanted) - before.total()
    if before and not asked:
        print(
            f"Nothing was asked: {aws.path} has all answers, {in_words(before)}. To ask AWS now, "
            "give --resume a new file, or take this one away."
        )
    elif before:
        print(f"AWS was asked now: {asked}. From before: {before.total()}, {in_words(before)}.")


def _real_accounts(ground: Any, second: str | None) -> list[str]:
    """The numbers of a real ground's accounts; none for the sandbox."""
    settings = getattr(ground, "settings", None)
    if settings is None:
        return []
    return [settings.account_id, *([settings.second_account_id] if second else [])]


def _replay(open_ground: Open, path: Path, name: str, **more: Any) -> Any:
    from labhelpers.compare.run import replay
    from labhelpers.compare.scenarios import SCENARIOS

    with open_ground() as ground:
        second = _second_account(ground)
        more |= {"other_account": second, "real_accounts": _real_accounts(ground, second)}
        return replay(ground, SCENARIOS, path, _progress(name), name=name, **more)


def _progress(name: str) -> Callable[[int, int, str], None]:
    """One line on a terminal that is written over; nothing elsewhere."""

    def show(done: int, total: int, step: str) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(f"\r\033[K{name}: {done} of {total} {step[:60]}", end=end, file=sys.stderr)

    return show


def _write(path: Path, text: str, mode: str = "w") -> None:
    try:
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise LabError(f"{os.fspath(path)} cannot be written: {error.strerror}.") from None
