"""Remove what runs of the lab have left in an account, and nothing else.

A thing is taken where the run's journal names it (known.py), however it is called and tagged by
now. Or where its project tag, its run tag and its name speak of the same run and it carries the
learner's signature; but people copy volumes and security groups with all their marks, and AWS keeps
none of IAM groups. Once a run is known so, what else stands under the lab's path, or as a bucket,
with that run in its name, and not with another one in its tags, is of that run as well: its users
and roles may have made it with other tools. What a run that is at work has made is left to it.
Whatever else looks like the lab's is told and not touched.
"""

from __future__ import annotations

from collections.abc import Callable
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
from labhelpers.account.state.signature import RUN, is_signed
from labhelpers.errors import LabError

#: Of what stays, though it may be a run's.
MAYBE = "it may be of this run, and nothing proves it: if it is yours, remove it by hand"


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
        self._runs: frozenset[str] = frozenset()
        self._alive = runs_at_work(state_directory()) - {run, own.run if own else run}
        self._known = Known([*kept, *([own] if own else [])], account)
        self._survey = Survey(client, account, run, self._known.of(run) if run else self._known)
        #: Called or tagged like the lab's, and not known to be of a run of this learner's.
        self.strange: list[Found] = []
        #: Of these, what may be of a known run all the same: the run is not done with.
        self.doubtful: list[Found] = []
        #: Of a known run, but nobody can tell since when it is there; only with `older_than`.
        self.ageless: list[Found] = []
        #: Of a known run, and too young; only with `older_than`.
        self.younger: list[Found] = []
        #: Of runs that are at work: they need it.
        self.needed: list[Found] = []
        #: Where AWS did not let us look, in words.
        self.unseen: list[str] = []

    @property
    def journals(self) -> frozenset[str]:
        """The runs of which a journal says what they have made in this account."""
        return self._known.runs

    def found(self) -> list[Found]:
        """Everything that would be removed, in the order in which it can be."""
        self._survey.unseen.clear()
        things = self._survey.things()
        signed = (one for one in things if _is_signed(one) and not one.is_unmarked)
        self._runs = self._known.runs | {one.run for one in signed}
        self.needed = [one for one in things if self.run_of(one) in self._alive]
        things = [one for one in things if one not in self.needed]
        known = [one for one in things if self._is_known(one)]
        others = [one for one in things if one not in known]
        self.unseen = [*self._survey.unseen, *(one.unread for one in others if one.unread)]
        self.strange = [one for one in others if not one.unread]
        self.doubtful = [one for one in self.strange if self._may_be_known(one)]
        if self._before is None:
            return known
        self.ageless = [one for one in known if one.born is None]
        old = [one for one in known if one.born is not None and one.born <= self._before]
        self.younger = [one for one in known if one not in old and one not in self.ageless]
        return old

    def run_of(self, thing: Found) -> str:
        """The run that a thing is of, by its journal or by what it says itself."""
        return self._known.run_of(thing) or thing.run or next(iter(thing.claims), "")

    def _is_known(self, thing: Found) -> bool:
        vouched = self._known.run_of(thing)
        if vouched:
            return self._run in ("", vouched)
        if thing.run and thing.run == self._run and self._run not in self._known.runs:
            return True  # asked for by its number, and no journal tells better
        if thing.is_unmarked:
            return False
        if _is_signed(thing):
            return self._run in ("", thing.run)
        return not thing.unread and any(self._has_made(run, thing) for run in thing.claims)

    def _may_be_known(self, thing: Found) -> bool:
        runs = thing.could_be & self._runs
        return any(self._known.could_have_made(run, thing) for run in runs)

    def _has_made(self, run: str, thing: Found) -> bool:
        """Whether a known run, or one of its identities, has made what has its name."""
        agrees = RUN not in thing.tags or thing.run == run
        wanted = run in self._runs and self._run in ("", run)
        return agrees and wanted and self._known.could_have_made(run, thing)

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


def _is_signed(thing: Found) -> bool:
    """Whether its name and tags agree, and the learner has signed the tags."""
    return bool(thing.run) and not thing.is_group and is_signed(thing.tags)


def _tried(remove: Callable[[], object]) -> str:
    """What kept it from being removed, "" if nothing did."""
    try:
        patiently(remove)
    except ClientError as error:
        said = error.response["Error"]
        return "" if is_gone(said["Code"]) else f"{said['Code']}: {said.get('Message', '')}"
    except BotoCoreError as error:
        return f"{type(error).__name__}: {told(error)}"
    except LabError as error:  # the learner's credentials have become another account's
        return told(error)
    return ""
