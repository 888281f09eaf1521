"""A client, what it does, and how that went."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 300  # for one thing; prowler takes the longest


class NotToBeHad(Exception):
    """A client cannot be installed here; the message says why."""


@dataclass(frozen=True)
class Installed:
    """`command` runs a script that follows it; `environ` is what the client needs besides."""

    version: str
    command: tuple[str, ...]
    environ: Mapping[str, str]


@dataclass(frozen=True)
class Thing:
    """One thing that a client does as somebody (people.py). `wants` is a pattern of what it says;
    a thing that `fails` ends with an error, whose words have to be AWS's."""

    name: str
    who: str
    script: str
    wants: str
    fails: bool = False


@dataclass(frozen=True)
class Client:
    """`install` brings the pinned client into a folder of its own; `before` begins each script.
    The scripts run in one directory, one after another."""

    name: str
    install: Callable[[Path], Installed]
    things: tuple[Thing, ...]
    before: str = ""


@dataclass(frozen=True)
class Done:
    """`words` is "" where all went as it should, otherwise what the client said."""

    thing: Thing
    words: str


def do(
    client: Client, installed: Installed, people: Mapping[str, Mapping[str, str]], place: Path
) -> Iterator[Done]:
    """Everything that a client does, in order."""
    place.mkdir(parents=True)
    for thing in client.things:
        environ = {**people[thing.who], "HOME": str(place), **installed.environ}
        command = [*installed.command, client.before + thing.script]
        try:
            ran = subprocess.run(
                command,
                env=environ,
                cwd=place,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            yield Done(thing, f"no end after {SECONDS} s")
            continue
        said = ran.stdout + ran.stderr
        good = re.search(thing.wants, said) and bool(ran.returncode) == thing.fails
        yield Done(thing, "" if good else said.strip() or f"nothing, status {ran.returncode}")
