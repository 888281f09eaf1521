"""What dead runs have left, as far as this machine's state folder tells: for the next opening."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from labhelpers.account.state.folder import files_of_runs, state_directory
from labhelpers.account.state.journal import Journal, journals
from labhelpers.account.state.lock import is_held

_LOG = ".sweep.log"
_NAMED = 3


def remains() -> list[str]:
    """At most five lines, none where nothing is to be told. Logs of sweeps that have left nothing
    are told once and thrown away. Asks AWS nothing."""
    kept = {journal.run: journal for journal in journals()}
    logs = files_of_runs(state_directory(), _LOG)
    sweeping = sorted(run for run, path in logs.items() if is_held(path))
    swept = sorted(run for run in logs if run not in kept and run not in sweeping)
    dead = [one for one in kept.values() if one.run not in sweeping and not one.is_alive()]
    dead = [one for one in dead if not one.unread]
    lines = []
    if dead:
        lines.append(f"Ended without cleaning up: {_some(map(_told, dead))}.")
        said = [(one.run, _last_line(logs[one.run])) for one in dead if one.run in logs]
        lines += [f"The sweep of run {run} said last: {line}" for run, line in said[-1:] if line]
        lines.append("`python -m labhelpers sweep` removes what is left.")
    if sweeping:
        lines.append(f"Being swept at this moment: {_some(f'run {run}' for run in sweeping)}.")
    if swept:
        told = _some(f"run {run}" for run in swept)
        lines.append(f"Swept after its end, nothing is left: {told}.")
    for run in swept:
        with suppress(OSError):  # it is told once more
            logs[run].unlink(missing_ok=True)
    return lines


def _told(journal: Journal) -> str:
    entries = [entry for entry in journal.entries() if "id" not in entry]
    since = str(entries[0].get("at", "")).replace("T", " ")[:16] if entries else ""
    creates = f"{len(entries)} create{'' if len(entries) == 1 else 's'} noted"
    return f"run {journal.run} ({creates}{f' since {since} UTC' if since else ''})"


def _some(texts: Iterable[str]) -> str:
    found = list(texts)
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
