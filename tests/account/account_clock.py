"""In a kernel under test: the lab's waits move the clocks of the served AWS and of the mirror."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.retries.standard import ExponentialBackoff

from labhelpers import lab as handles
from labhelpers.account import asking, clock

LAG = 0.2  # seconds; a little more than test_series lets the served AWS lag


def ask(verb: str, **wanted: Any) -> Any:
    """Have the served AWS do something; LAB_TEST_CONTROL says where, and with which token."""
    address, header, token = json.loads(os.environ["LAB_TEST_CONTROL"])
    request = urllib.request.Request(address + verb, json.dumps(wanted).encode(), {header: token})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def make_waits_short() -> None:
    """Waiting moves the clocks instead."""

    def move(seconds: float) -> timedelta:
        """Move the served clock; how far it is ahead of real time now."""
        return datetime.fromisoformat(ask("advance", seconds=seconds)) - datetime.now(UTC)

    ahead = [max(move(0), timedelta(0))]
    opened = handles.Lab.__init__

    def open_at_the_served_time(self, *arguments):
        opened(self, *arguments)
        self.clock.advance(ahead[0])

    def wait(seconds: float) -> None:
        time.sleep(LAG)  # while the lab waits, AWS catches up
        move(seconds)
        handles._open_lab._mirror.sandbox.clock.advance(seconds=seconds)
        ahead[0] += timedelta(seconds=seconds)

    handles.Lab.__init__ = open_at_the_served_time
    asking.SETTLES_IN, asking._PAUSES = 2 * LAG, (LAG / 4,)
    clock.let_time_pass = wait
    ExponentialBackoff.delay_amount = lambda self, context: LAG / 10  # after throttling
    clock.AccountClock.now = lambda self: datetime.now(UTC) + ahead[0]
