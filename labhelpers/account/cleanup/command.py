"""The sub-command `sweep`: remove from the account what runs of the lab have left."""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from datetime import timedelta
from typing import Any

from labhelpers.errors import LabError

_ABOUT = """\
Remove from the confirmed account (LAB_AWS_ACCOUNT_ID, and the second one if it is set) what runs
of the lab have left there: only what carries a run's name and tags, and only of runs that this
machine's journals or the learner's signature on the thing vouch for. What else looks like the
lab's is listed and not touched; where the state folder is lost, --run and --account take a run
from that list. Can be repeated. Exit status 1 where something could not be removed, 2 where the
account is not confirmed.
"""
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_sweep(commands: Any) -> None:
    """Add `sweep` to argparse's sub-parsers; it sets `run`."""
    sweep = commands.add_parser(
        "sweep", help="remove what the lab has left in a real account", description=_ABOUT
    )
    sweep.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    sweep.add_argument(
        "--older-than", type=_age, default=None, metavar="AGE", help="e.g. 30m, 2h or 1d"
    )
    sweep.add_argument(
        "--run",
        dest="of_run",
        type=_run_id,
        metavar="RUN",
        help="only this run, known here or not; with --account",
    )
    sweep.add_argument("--account", metavar="NUMBER", help="the account in which --run counts")
    sweep.set_defaults(run=_run)


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _run_id(text: str) -> str:
    from labhelpers.account.cleanup.found import is_run

    if not is_run(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no run: write its six hex digits")
    return text


def _run(options: Any) -> int:
    from labhelpers.account.learner import Learner
    from labhelpers.account.settings import Settings

    try:
        if (options.of_run is None) != (options.account is None):
            raise LabError("--run and --account go together: one run in one account.")
        learner = Learner(Settings.read())
        accounts = _chosen(learner.accounts, options.account)
    except LabError as error:
        print(f"labhelpers sweep: {error}", file=sys.stderr)
        return 2
    left = [thing for account in accounts for thing in _swept(learner, account, options)]
    if not left and not options.dry_run and options.older_than is None:
        _forget(accounts, options.of_run)
    return 1 if left else 0


def _chosen(confirmed: tuple[str, ...], account: str | None) -> tuple[str, ...]:
    if account is None:
        return confirmed
    if account not in confirmed:
        raise LabError(f"Account {account} is not confirmed; {' and '.join(confirmed)} is.")
    return (account,)


def _swept(learner: Any, account: str, options: Any) -> list[str]:
    from labhelpers.account.cleanup.sweep import Sweep
    from labhelpers.progress import terminal_bar

    sweep = Sweep(
        lambda service: learner.client(account, service),
        account,
        run=options.of_run or "",
        older_than=options.older_than,
    )
    things = sweep.found()
    _tell_untouched(account, sweep)
    if options.dry_run:
        for thing in things:
            print(f"{account}: would remove {thing}")
        print(f"{account}: {len(things)} to remove")
        return []
    left = sweep.remove(terminal_bar(f"Sweeping {account}"), things)
    for text in left:
        print(f"{account}: not removed: {text}", file=sys.stderr)
    print(f"{account}: {len(things)} found, {len(left)} left")
    return left


def _tell_untouched(account: str, sweep: Any) -> None:
    """What is not taken; and of each run that its marks name, how it is."""
    by_run: dict[str, list[str]] = defaultdict(list)
    for thing in sweep.strange:
        by_run[thing.run].append(str(thing))
    for run, names in sorted(by_run.items()):
        for name in names:
            print(
                f"{account}: {name} looks like the lab's and is not known to be of a run of "
                "yours: not touched"
            )
        if run:
            print(
                f"{account}: run {run}: if all of this is yours (its journal and key may be "
                f"lost), `python -m labhelpers sweep --run {run} --account {account}` takes it"
            )
    for thing in sweep.ageless:
        print(f"{account}: {thing} is of unknown age: not touched")


def _forget(accounts: tuple[str, ...], run: str | None) -> None:
    """Throw away the journals that speak of these accounts only: nothing of them is left."""
    from labhelpers.account.journal import journals

    for journal in journals():
        told = {entry["account"] for entry in journal.entries()}
        if told <= set(accounts) and run in (None, journal.path.stem):
            journal.done()
