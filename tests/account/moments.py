"""In a process under test: what to do at each moment in which a run might die.

A run dies at its worst between a create and whatever it would have done next. What it has left
then is what AWS holds and what stands in its journal: both can be kept, and the run goes on.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from account_clock import ask
from botocore.endpoint import Endpoint
from served_aws import ServedAws

from labhelpers.account.state.folder import state_directory
from labhelpers.account.state.journal import Journal


def after_each_create(do: Callable[[int], None]) -> None:
    """Call do(n) when AWS has answered the create whose line was the nth in the journal."""
    noted = done = 0
    send, written = Endpoint.make_request, Journal.about_to_create

    def note(self, *entry):
        nonlocal noted
        written(self, *entry)
        noted += 1

    def answer(self, *request):
        nonlocal done
        number = noted
        found = send(self, *request)
        if number > done and self.host == os.environ["AWS_ENDPOINT_URL"]:  # and no mirror's
            done = number
            do(number)
        return found

    Journal.about_to_create, Endpoint.make_request = note, answer


def keep(number: int, folder: str) -> None:
    """Keep the served AWS as it is now, and a copy of the journal."""
    place = Path(folder, f"{number:03}")
    shutil.copytree(state_directory(), place / "state")
    (place / "aws.json").write_text(json.dumps(ask("fork")))


def kept(folder: Path, aws: ServedAws) -> Iterator[ServedAws]:
    """The served AWS as it was at each moment that was kept, in order."""
    for place in sorted(folder.iterdir()):
        told = json.loads((place / "aws.json").read_text())
        with aws.forked(told, place / "state") as then:
            yield then
