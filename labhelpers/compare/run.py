"""Replay scenarios on a ground: write, wait for the witnesses, ask, note the answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

from labhelpers.compare.asking import AT_ONCE, Asking, Patience
from labhelpers.compare.pool import Pool, needed_by
from labhelpers.compare.results import Result, ResultsFile, result_of
from labhelpers.compare.scenario import VERSION, Scenario, Slot, table_hash
from labhelpers.compare.sessions import Sessions
from labhelpers.compare.setups import Setup, setups
from labhelpers.compare.witness import NoWitness, Witnesses
from labhelpers.errors import SandboxOnly
from labhelpers.outcome import Outcome
from labhelpers.policy import IMPLICITLY_DENIED

Progress = Callable[[int, int, str], None]


def replay(
    ground: Any,
    scenarios: Sequence[Scenario],
    results_path: str | os.PathLike,
    progress: Progress | None = None,
    *,
    name: str = "sandbox",
    patience: Patience = AT_ONCE,
    only: Collection[str] | None = None,
    again: bool = False,
    other_account: str | None = None,
    real_accounts: Sequence[str] = (),
) -> ResultsFile:
    """Ask a ground every scenario that `results_path` has no answer to yet.

    `only` are the ids to ask, `again` asks them although they are answered. `other_account` is
    a second account of the ground; without one the scenarios that need it are skipped.
    `real_accounts` are the numbers by which the file knows whose answers it holds. What was made
    is taken away at the end, whatever happens. Raises LabError for a file of another table or
    account.
    """
    file = ResultsFile(results_path, table_hash(scenarios), name, real_accounts)
    asked = [s for s in scenarios if only is None or s.id in only]
    if not again:
        asked = [s for s in asked if s.id not in file.finished]
    accounts = 2 if other_account else 1
    for scenario in asked:
        if scenario.accounts > accounts:
            file.add(Result(scenario.id, skipped="needs a second account"))
    asked = [s for s in asked if s.accounts <= accounts]
    if asked:
        # The second account's things are made only for those who ask for them.
        used = other_account if any(s.accounts == 2 for s in asked) else None
        asking = Asking(ground, patience)
        _Run(asking, Pool(asking, used), file, progress or (lambda *_: None)).all(asked)
    return file


class _Run:
    """One replay, from the making of the pool to its end."""

    def __init__(self, asking: Asking, pool: Pool, file: ResultsFile, progress: Progress) -> None:
        self._asking, self._pool, self._file = asking, pool, file
        self._progress = progress
        self._sessions = Sessions(asking, pool)
        self._witnesses = Witnesses(asking, pool, self._sessions)
        self._done = 0

    def all(self, scenarios: Sequence[Scenario]) -> None:
        began, total = self._asking.now(), len(scenarios)
        try:
            self._progress(0, total, "making users, roles and a bucket")
            self._pool.open(needed_by(scenarios))
            for setup in setups(scenarios):
                self._setup(setup, total)
            self._progress(total, total, "taking everything away")
        finally:
            try:
                self._pool.close()
            finally:
                self._asking.close()
                seconds = round(self._asking.now() - began, 1)
                self._file.end_of_run(
                    scenarios=self._done, calls=self._asking.calls, seconds=seconds
                )

    def _setup(self, setup: Setup, total: int) -> None:
        from botocore.exceptions import ClientError

        self._progress(self._done, total, setup.scenarios[0].says)
        try:
            slots = self._put(setup)
        except (SandboxOnly, NoWitness) as error:
            self._leave_out(setup, str(error))
            return
        except ClientError as error:
            if len(setup.scenarios) > 1:  # one of them has spoiled the document of all
                for alone in setup.alone():
                    self._setup(alone, total)
                return
            self._note(setup.scenarios[0], _outcome(error), "write")
            return
        try:
            for slot in slots:
                self._witnesses.wait(slot, self._services(slot, setup))
        except NoWitness as error:
            self._leave_out(setup, str(error))
            return
        except ClientError as error:
            self._leave_out(setup, f"no session for the witness: {_outcome(error).code}")
            return
        for scenario in setup.scenarios:
            self._ask(scenario)

    def _put(self, setup: Setup) -> list[Slot]:
        """Write what is not in place yet; the trust policy first, sessions may hang on it."""
        slots = sorted(setup.documents, key=lambda slot: slot[0] != "trust")
        for slot in slots:
            statements = []
            for scenario, statement in setup.documents[slot]:
                filled = self._sessions.names(scenario).fill(statement)
                if filled not in statements:
                    statements.append(filled)
            blind = slot[0] in setup.blind
            services = self._services(slot, setup)
            version = setup.version if statements else VERSION
            self._witnesses.store(slot, statements, version, services, blind)
        return slots

    def _services(self, slot: Slot, setup: Setup) -> tuple[str, ...]:
        """The services that must know a document: whoever federates asks STS as well."""
        federates = any(s.caller == "federated" for s in setup.scenarios)
        more = ("sts",) if federates and slot[0] in ("identity", "boundary") else ()
        return tuple(sorted({*setup.services, *more}))

    def _ask(self, scenario: Scenario) -> None:
        from botocore.exceptions import ClientError

        try:
            session = self._sessions.of(scenario)
        except ClientError as error:
            self._note(scenario, _outcome(error), "session")
            return
        service, operation = scenario.call.split(":")
        client = self._asking.client(session, service)
        methods = {api: name for name, api in client.meta.method_to_api_mapping.items()}
        parameters = self._sessions.names(scenario).fill(scenario.parameters)
        try:
            outcome = self._asking.attempt(getattr(client, methods[operation]), **parameters)
        except SandboxOnly as error:
            self._skip(scenario, str(error))
            return
        if self._asking.stumbled(outcome):
            self._skip(scenario, f"the service did not answer: {outcome.code}")
            return
        self._note(scenario, outcome, "request")

    def _note(self, scenario: Scenario, outcome: Outcome, step: str) -> None:
        self._done += 1
        self._file.add(result_of(scenario.id, outcome, self._sessions.names(scenario).mask, step))

    def _leave_out(self, setup: Setup, why: str) -> None:
        for scenario in setup.scenarios:
            self._skip(scenario, why)

    def _skip(self, scenario: Scenario, why: str) -> None:
        self._file.add(Result(scenario.id, skipped=self._pool.names.mask(why)))


def _outcome(error: Any) -> Outcome:
    """A service's error as attempt() would tell it."""
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    return Outcome(IMPLICITLY_DENIED, error.operation_name, code=code, message=message)
