"""Remove what runs of the lab have left in an account, and nothing else.

A thing is taken where its project tag, its run tag and its name speak of the same run, and that
run is known: this machine has its journal, or the thing carries the learner's signature. Where a
crash came between create and tags, or where somebody has renamed, moved or untagged it since, the
run's journal names the thing (known.py). AWS keeps no tags of groups: the journal names them, or
something else that is known is of the run in their name. What a run that is at work has made is
left to it. Whatever else looks like the lab's is told and not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from labhelpers.account.answers import told
from labhelpers.account.cleanup.found import Found
from labhelpers.account.cleanup.known import Known
from labhelpers.account.cleanup.removal import is_gone, patiently
from labhelpers.account.cleanup.survey import Clients, Survey
from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal, journals
from labhelpers.account.state.lock import runs_at_work
from labhelpers.account.state.signature import is_signed


class Sweep:
    """`client(service)` asks as the learner; `run` limits it to one run, which counts as known;
    `older_than` to what is at least so old. `own` is the journal of the run that this process is,
    which remembers what the file may have lost."""

    def __init__(
        self,
        client: Clients,
        account: str,
        *,
        run: str = "",
        older_than: timedelta | None = None,
        own: Journal | None = None,
    ) -> None:
        self._run = run
        self._before = datetime.now(UTC) - older_than if older_than is not None else None
        kept = [one for one in journals() if own is None or one.run != own.run]
        self._alive = runs_at_work(state_directory()) - {run, own.run if own else run}
        self._known = Known([*kept, *([own] if own else [])], account)
        self._survey = Survey(client, account, run, self._known.of(run) if run else self._known)
        #: Called or tagged like the lab's, and not known to be of a run of this learner's.
        self.strange: list[Found] = []
        #: Of a known run, but nobody can tell since when it is there; only with `older_than`.
        self.ageless: list[Found] = []
        #: Of runs that are at work: they need it.
        self.needed: list[Found] = []
        #: Where AWS did not let us look, in words.
        self.unseen: list[str] = []

    def found(self) -> list[Found]:
        """Everything that would be removed, in the order in which it can be."""
        self._survey.unseen.clear()
        things = self._survey.things()
        self.needed = [one for one in things if self.run_of(one) in self._alive]
        things = [one for one in things if one not in self.needed]
        runs = {one.run for one in things if not one.is_group and self._is_known(one)}
        known = [one for one in things if self._is_known(one, runs)]
        others = [one for one in things if one not in known]
        self.unseen = [*self._survey.unseen, *(one.unread for one in others if one.unread)]
        self.strange = [one for one in others if not one.unread]
        if self._before is None:
            return known
        self.ageless = [one for one in known if one.born is None]
        return [one for one in known if one.born is not None and one.born <= self._before]

    def run_of(self, thing: Found) -> str:
        """The run that a thing is of, by its journal or by what it says itself."""
        return self._known.run_of(thing) or thing.run

    def _is_known(self, thing: Found, runs: Collection[str] = ()) -> bool:
        """`runs` are those of which something that can be tagged is known."""
        vouched = self._known.run_of(thing)
        if vouched:
            return self._run in ("", vouched)
        if not thing.run or thing.run == self._run:
            return bool(thing.run)
        if thing.is_group:
            return thing.run in runs
        return thing.run in self._known.runs or is_signed(thing.tags)

    def remove(
        self,
        progress: Callable[[int, int, str], None] | None = None,
        things: list[Found] | None = None,
    ) -> list[str]:
        """Remove `things`, by default what found() finds: live keys before all else. Returns
        what is left, with the service's words."""
        things = self.found() if things is None else things
        left = list(dict.fromkeys(self.unseen))  # one reason may keep many from being seen
        for thing in things:
            if thing.disarm is not None:
                _tried(thing.disarm)  # what could not be done now is told when it is removed
        for number, thing in enumerate(things):
            if progress:
                progress(number, len(things), str(thing))
            said = _tried(thing.remove)
            if said:
                left.append(f"{thing} ({said})")
        if progress and things:
            progress(len(things), len(things), "")
        return left


def _tried(remove: Callable[[], object]) -> str:
    """What kept it from being removed, "" if nothing did."""
    try:
        patiently(remove)
    except ClientError as error:
        said = error.response["Error"]
        return "" if is_gone(said["Code"]) else f"{said['Code']}: {said.get('Message', '')}"
    except BotoCoreError as error:
        return f"{type(error).__name__}: {told(error)}"
    return ""
