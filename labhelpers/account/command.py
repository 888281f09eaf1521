"""The sub-command `sweep`: remove from the account what runs of the lab have left."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import timedelta
from typing import Any

from labhelpers.errors import LabError

_ABOUT = """\
Remove from the confirmed account (LAB_AWS_ACCOUNT_ID, and the second one if it is set) what runs
of the lab have left there: only what lies under the path /sts-lab/ or is named sts-lab-… and
carries the lab's tags, or stands in a journal. Can be repeated. Exit status 1 where something
could not be removed, 2 where the account is not confirmed.
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
    sweep.set_defaults(run=_run)


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _run(options: Any) -> int:
    from labhelpers.account.learner import Learner
    from labhelpers.account.settings import Settings

    try:
        learner = Learner(Settings.read())
    except LabError as error:
        print(f"labhelpers sweep: {error}", file=sys.stderr)
        return 2
    left = [thing for account in learner.accounts for thing in _swept(learner, account, options)]
    if not left and not options.dry_run and options.older_than is None:
        _forget(learner.accounts)
    return 1 if left else 0


def _swept(learner: Any, account: str, options: Any) -> list[str]:
    from labhelpers.account.sweep import Sweep
    from labhelpers.progress import terminal_bar

    sweep = Sweep(
        lambda service: learner.client(account, service), account, older_than=options.older_than
    )
    things = sweep.found()
    for name in sweep.strange:
        print(f"{account}: {name} looks like the lab's and lacks its tags: not touched")
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


def _forget(accounts: tuple[str, ...]) -> None:
    """Throw away the journals that speak of these accounts only: nothing of them is left."""
    from labhelpers.account.journal import journals

    for journal in journals():
        if {entry["account"] for entry in journal.entries()} <= set(accounts):
            journal.done()
