"""AccountLab: the handle of a notebook on a real AWS account, with the sandbox Lab's interface."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import boto3
import botocore.session

from labhelpers.account.asking import Asking
from labhelpers.account.calls import Caller, Calls
from labhelpers.account.cells import CellGuard, get_ipython
from labhelpers.account.cleanup.farewell import Farewell
from labhelpers.account.cleanup.occasions import Occasions
from labhelpers.account.cleanup.sweep import MAYBE, Sweep
from labhelpers.account.clock import AccountClock
from labhelpers.account.creates import Marks
from labhelpers.account.fence.boundaries import Boundaries
from labhelpers.account.fence.guard import Guard
from labhelpers.account.learner import Learner
from labhelpers.account.mirror import Mirror
from labhelpers.account.names import LESSON_ACCOUNTS, Names
from labhelpers.account.only_here import OnlyHere
from labhelpers.account.plan import Plan
from labhelpers.account.reasons import outcome_of
from labhelpers.account.settings import Settings
from labhelpers.account.state.journal import Journal
from labhelpers.account.state.threads import Turns
from labhelpers.attempt import attempt, credentials_in
from labhelpers.errors import LabError, SandboxOnly
from labhelpers.outcome import Outcome

if TYPE_CHECKING:
    from labhelpers.terraform import Configuration, Deployment

_NOT_HANDED_OUT = (
    "session_from() takes credentials that a call of this lab has handed out, and these are none: "
    "what they make would be removed by nobody. Ask for new ones, e.g. with AssumeRole."
)
_NOT_THE_LABS = (
    "deploy() takes a session of this lab: lab.session() or lab.session_from(…). What another one "
    "makes would have neither the lab's names nor its tags."
)
#: Seconds that close() waits for creates of other threads; where the process is about to end, the
#: thread may be the interrupted one.
_UNDERWAY, _ENDING = 60.0, 1.0


class AccountLab(OnlyHere):
    """An AWS account of the learner's, through the lesson's eyes.

    `lesson` is the notebook's number, `mirror` an open sandbox Lab, or None to do without.
    Raises LabError unless the account was confirmed by its number (settings.py); nothing
    is created before the first call that creates something was agreed to.
    """

    def __init__(self, lesson: str = "", mirror: Any = None, settings: Settings | None = None):
        self.settings = settings or Settings.read()
        self.region = self.settings.region
        self.account_id = LESSON_ACCOUNTS[0]
        self.clock = AccountClock()
        self._mirror = Mirror(mirror) if mirror is not None else None
        self._sessions: dict[str, boto3.Session] = {}
        self._made: WeakSet[boto3.Session] = WeakSet()  # every one that asks by this lab
        self._closed = self._clean = False
        self._process, self._turns = os.getpid(), Turns()
        try:
            self._learner = Learner(self.settings)
        except BaseException:
            if mirror is not None:
                mirror.close()
            raise
        run = secrets.token_hex(3)
        real = self.settings.account_id
        second = self.settings.second_account_id or None
        self._names = Names(run, real, second, self._learner.arns)
        self._marks = Marks.of(run, self._learner.arns[0])
        self._journal = Journal(run, region=self.region, at_work=True)
        prefix = self._names.prefix
        patience = self.settings.patience if self._mirror is not None else 0.0
        self._asking = Asking(self._mirror, patience)
        self._calls = Calls(
            names=self._names,
            marks=self._marks,
            journal=self._journal,
            guard=Guard(self._names, self.region, self.settings.ami, self._learner.arns),
            plan=Plan(lesson, self._names.accounts, prefix, self.settings.yes),
            asking=self._asking,
            boundaries=Boundaries(
                self._marks,
                self._journal,
                self._learner.client,
                self._learner.accounts,
                self.settings.ceiling,
            ),
            raw=self._learner.client,
            missing=self._missing,
            ceiling=self.settings.ceiling,
        )
        self._farewell = Farewell(self._journal, self._learner.client, self.settings)
        shell = get_ipython()
        self._cells = CellGuard(shell) if shell is not None else None
        self._occasions = Occasions(self._farewell, self.close, shell)

    # ------------------------------------------------------------------ the lesson's interface

    def session(self, account_id: str | None = None) -> boto3.Session:
        """A boto3 Session of the learner in an account of the lesson."""
        number = self.account_id if account_id is None else account_id
        real = self._names.account(number)
        if real not in self._learner.accounts:
            known = ", ".join(self._names.accounts)
            raise LabError(f"This lab has no account {account_id!r}; it has {known}.")
        with self._turns:
            if number not in self._sessions:
                own = self._learner.session(real)
                mirrored = self._mirror.session(number, own) if self._mirror else None
                self._sessions[number] = self._hooked(own, Caller(real, True, mirrored))
            return self._sessions[number]

    def client(self, service: str) -> Any:
        """Short for `lab.session().client(service)`."""
        with self._turns:  # boto3 makes clients in one thread at a time
            return self.session().client(service)

    def session_from(
        self, credentials: Mapping[str, Any], *, source_ip: str | None = None
    ) -> boto3.Session:
        """A boto3 Session from the credentials that a call of this lab has handed out.

        Raises LabError for any others but the learner's own: nobody knows whose account they ask;
        SandboxOnly for a `source_ip`: on AWS calls come from where they are made.
        """
        if source_ip is not None:
            raise SandboxOnly(f"A call to AWS cannot be made to come from {source_ip}.")
        getattr(credentials, "keys", None)  # what a left-out step would have made says so
        keys = credentials_in(credentials)
        issued = self._calls.account_of.get(keys["AccessKeyId"])
        real = issued or self._learner.account_of(keys)
        if not real:
            raise LabError(_NOT_HANDED_OUT)
        own = self._learner.session(real)
        own.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
        mirrored = self._mirror.session_of(keys) if self._mirror else None
        return self._hooked(own, Caller(real, not issued, mirrored))

    def attempt(self, call: Callable[..., Any], /, *args: Any, **parameters: Any) -> Outcome:
        """Make a boto3 call and report what became of it, refused or not.

        The words are the service's. Where it does not say which policy refused, the sandbox's
        decision on the same policies fills in, and the reason says so.
        """
        return attempt(call, args, parameters, self._refused, lambda: self._closed)

    def _refused(self, action: str, error: Any) -> Outcome:
        return outcome_of(action, error, getattr(error, "expected", None))

    def deploy(
        self, configuration: Configuration, session: boto3.Session | None = None
    ) -> Deployment:
        """Create what a Terraform configuration declares, with the lab's names and tags.

        Raises LabError for a session that is not this lab's: nobody would remove what it makes.
        """
        from labhelpers.account.fence.deployable import check_deployable
        from labhelpers.progress import progress_bar
        from labhelpers.terraform import deploy

        if session is not None and session not in self._made:
            raise LabError(_NOT_THE_LABS)
        check_deployable(configuration, self.settings.ami, self._names.repository)
        return deploy(configuration, lambda: session or self.session(), progress_bar("Deploying"))

    def sessions(self) -> list[Any]:
        """Every role session that STS handed out in this lab, in order of issue."""
        if self._mirror is None:
            raise SandboxOnly("AWS keeps no list of sessions.")
        return self._mirror.sandbox.sessions()

    def identity_provider(self, url: str) -> Any:
        """In a GitHub Actions job: its own tokens. Raises SandboxOnly for any other issuer."""
        from labhelpers.account.github_job import github_job

        return github_job(url, self._names, mirror=self._mirror)

    @property
    def endpoint_url(self) -> str:
        """Where STS is asked."""
        return self._learner.client(self.settings.account_id, "sts").meta.endpoint_url

    @property
    def differences(self) -> list[str]:
        """Calls on which AWS and the sandbox did not agree, in order."""
        return list(self._asking.differences)

    def real(self, name_or_arn: str) -> str:
        """What a name or an ARN of the lesson is called in the account."""
        if name_or_arn.startswith("arn:"):
            return self._names.text(name_or_arn)
        return self._names.real(name_or_arn, 128)

    @property
    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Remove everything that this lab has created, live keys first. Can be called again.

        Raises LabError where something could not be removed; calling it again, or the end of the
        process, goes on with what is left. Nothing can be created any more; what another thread
        creates at this moment is waited for. In a process that was forked it does nothing.
        """
        if self._clean:
            return
        if os.getpid() != self._process:
            print(f"This lab is process {self._process}'s, which removes what it has created.")
            return
        self._farewell.no_more()
        left: list[str] = []
        if self._journal.is_begun():
            late = self._journal.underway(_ENDING if self._occasions.is_ending else _UNDERWAY)
            self._farewell.end_keys()
            left = self._sweep(late)
        self._journal.release()
        if not self._closed:
            self._closed = True
            self._let_go()
        if left:
            goes_on = "lab.close() or `python -m labhelpers sweep` goes on"
            if self._farewell.goes_on():
                goes_on = "A sweep in a process of its own is at it"
            raise LabError(f"Not removed: {', '.join(left)}. {goes_on}.")
        self._clean = True
        self._occasions.remove()

    def _let_go(self) -> None:
        if self._cells is not None:
            self._cells.close()
        if self._mirror is not None:
            self._mirror.sandbox.close()
        if self._asking.asked:
            agreed, asked = self._asking.agreed, self._asking.asked
            print(f"AWS and the sandbox agreed on {agreed} of {asked} calls.")

    def _sweep(self, late: Sequence[str]) -> list[str]:
        from labhelpers.progress import progress_bar

        self._journal.check()
        if self._journal.lost and not self._farewell.goes_on():
            print(
                f"{self._journal.path} was lost meanwhile; what this run has made is found by its "
                "tags and by what this process remembers."
            )
        run = self._marks.run
        left = [f"{what} (AWS has not answered yet)" for what in late]
        # Its own keys may have made something in an account that no lesson has named.
        used = {entry["account"] for entry in self._journal.entries()} & {*self._learner.accounts}
        for real in dict.fromkeys([*self._names.accounts.values(), *sorted(used)]):
            client = partial(self._learner.client, real)
            sweep = Sweep(client, real, run=run, own=self._journal)
            left += sweep.remove(progress_bar("Removing"))
            left += [f"{thing} ({MAYBE})" for thing in sweep.doubtful]
        if not left:
            self._journal.done()
        return left

    def __enter__(self) -> AccountLab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"run {self._marks.run}"
        return (
            f"Lab(AWS account {self.settings.account_id}, here called {self.account_id}, "
            f"Region {self.region}, {state})"
        )

    # ------------------------------------------------------------------ sessions and clients

    def _hooked(self, session: botocore.session.Session, caller: Caller) -> boto3.Session:
        session.register("creating-client-class", self._calls.classes(caller))
        made = boto3.Session(botocore_session=session)
        self._made.add(made)
        return made

    def _missing(self, said: str) -> None:
        """Something is not there. Where an earlier step was left out, that is why."""
        why = self._cells.why_not_made(self._names.lesson(said)) if self._cells else ""
        if why:
            raise SandboxOnly(why)
