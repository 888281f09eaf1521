"""The sub-command `sweep`: remove from the account what runs of the lab have left."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter, defaultdict
from datetime import UTC, timedelta
from functools import partial
from typing import Any

from labhelpers.errors import LabError

_ABOUT = """\
Remove from the confirmed account (LAB_AWS_ACCOUNT_ID, and the second one if it is set) what runs
of the lab have left there: only what carries a run's name and tags, and only of runs that this
machine's journals or the learner's signature on the thing vouch for. Volumes and security groups
need the journal, for people copy them with all their tags, and IAM groups, which have none. What
else looks like the lab's is listed and not touched; where the state folder is lost, --run and
--account take a run from that list. A run whose process is still at work on this machine keeps
what it has made: it holds RUN.lock in the state folder (on another machine: only where both share
that folder). All Regions are swept that the journals name, besides the configured one. Can be
repeated. Exit status 1 where something could not be removed, or stays and may be of a run that is
known here (its journal is kept then), 2 where the account is not confirmed or the wanted run is
at work.
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
    sweep.add_argument(
        "--account",
        action="append",
        metavar="NUMBER",
        help="the account in which --run counts; may be given twice",
    )
    # For farewell.py: of the run that this one's standard input comes from, which is ending.
    sweep.add_argument("--ending", action="store_true", help=argparse.SUPPRESS)
    sweep.set_defaults(run=_run)


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([mhd])", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no age: write 30m, 2h or 1d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _run_id(text: str) -> str:
    from labhelpers.account.state.folder import is_run

    if not is_run(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no run: write its six hex digits")
    return text


def _run(options: Any) -> int:
    from labhelpers.account.learner import Learner
    from labhelpers.account.settings import for_a_command

    try:
        if (options.of_run is None) != (options.account is None):
            raise LabError("--run and --account go together: one run in one account.")
        if options.of_run and not options.ending:
            _check_not_at_work(options.of_run)
        learner = Learner(for_a_command())
        accounts = _chosen(learner.accounts, options.account)
    except LabError as error:
        print(f"labhelpers sweep: {error}", file=sys.stderr)
        return 2
    dead = _dead()
    left = _swept_all(learner, accounts, options)
    if options.ending:
        sys.stdin.read()  # until the run's process is gone: what was on its way is there now
        dead = _dead()
        left = _swept_all(learner, accounts, options)
    if not left and not options.dry_run and options.older_than is None:
        _forget(accounts, options.of_run, dead)
    return 1 if left else 0


def _check_not_at_work(run: str) -> None:
    from labhelpers.account.state.journal import Journal

    journal = Journal(run)
    if journal.is_alive():
        raise LabError(
            f"Run {run} is still at work (process {journal.process}). Close that notebook's lab or "
            "end its kernel, which removes what it has made; then sweep again."
        )


def _chosen(confirmed: tuple[str, ...], accounts: list[str] | None) -> tuple[str, ...]:
    for account in accounts or ():
        if account not in confirmed:
            raise LabError(
                f"Account {account} is not confirmed; confirmed: {', '.join(confirmed)}."
            )
    return tuple(accounts or confirmed)


def _swept_all(learner: Any, accounts: tuple[str, ...], options: Any) -> list[str]:
    return [thing for account in accounts for thing in _swept(learner, account, options)]


def _swept(learner: Any, account: str, options: Any) -> list[str]:
    from labhelpers.account.cleanup.sweep import MAYBE, Sweep
    from labhelpers.progress import terminal_bar

    sweep = Sweep(
        partial(learner.client, account),
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
    bar = None if options.ending else terminal_bar(f"Sweeping {account}")
    left = sweep.remove(bar, things)
    left += [f"{thing} ({MAYBE})" for thing in sweep.doubtful]
    for text in left:
        print(f"{account}: not removed: {text}", file=sys.stderr)
    print(f"{account}: {len(things)} found, {len(left)} left", flush=True)
    return left


def _tell_untouched(account: str, sweep: Any) -> None:
    """What is not taken; and of each run that its marks name, how it is."""
    by_run: dict[str, list[Any]] = defaultdict(list)
    for thing in sweep.strange:
        by_run[thing.run].append(thing)
    for run, things in sorted(by_run.items()):
        for thing in things:
            print(
                f"{account}: {thing} looks like the lab's and is not known to be of a run of "
                "yours: not touched"
            )
        if run and run not in sweep.journals:
            print(
                f"{account}: run {run}{_whose(things)}: if all of this is yours (its journal and "
                f"key may be lost), `python -m labhelpers sweep --run {run} --account {account}` "
                "takes it"
            )
    at_work = Counter(map(sweep.run_of, sweep.needed))
    for run, count in sorted(at_work.items()):
        print(f"{account}: {count} of run {run}, which is still at work: not touched")
    for thing in sweep.ageless:
        print(f"{account}: {thing} is of unknown age: not touched")
    if sweep.younger:
        print(f"{account}: {len(sweep.younger)} younger than --older-than says: not touched")


def _whose(things: list[Any]) -> str:
    """Who has made them, and since when they are there, as far as they say it."""
    from labhelpers.account.cleanup.found import printable
    from labhelpers.account.state.signature import OWNER

    owners = sorted({thing.tags[OWNER] for thing in things if OWNER in thing.tags})
    born = [thing.born for thing in things if thing.born is not None]
    said = [f"of {' and '.join(map(printable, owners))}"] if owners else []
    said += [f"since {min(born).astimezone(UTC):%Y-%m-%d %H:%M} UTC"] if born else []
    return f" ({', '.join(said)})" if said else ""


def _dead() -> frozenset[str]:
    """The runs with a journal that can be read, and none of whose processes is at work. Those that
    end, or begin, while these are swept have not been looked for."""
    from labhelpers.account.state.journal import journals

    found = []
    for journal in journals():
        why = journal.unread
        if why:
            print(f"{journal.path} cannot be read ({why}): it is kept, and nothing of it swept.")
        elif not journal.is_alive():
            found.append(journal.run)
    return frozenset(found)


def _forget(accounts: tuple[str, ...], run: str | None, dead: frozenset[str]) -> None:
    """Throw away the journals of these accounts: what they name was looked for in each Region."""
    from labhelpers.account.state.journal import journals

    for journal in journals():
        if run not in (None, journal.run) or journal.run not in dead or journal.is_alive():
            continue
        others = {entry["account"] for entry in journal.entries()} - set(accounts)
        if not others:
            journal.done()
        elif run is None:
            print(
                f"The journal of run {journal.run} is kept: it also names account "
                f"{' and '.join(sorted(others))}, which is not confirmed."
            )
