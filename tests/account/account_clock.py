"""In a kernel under test: the lab's waits move the clocks of the served AWS and of the mirror."""

from __future__ import annotations

import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta

from labhelpers import lab as handles
from labhelpers.account import clock


def make_waits_short() -> None:
    """LAB_TEST_CONTROL is the address at which the served AWS moves its clock, with a token."""
    address, header, token = json.loads(os.environ["LAB_TEST_CONTROL"])
    ahead = [timedelta(0)]

    def wait(seconds: float) -> None:
        body = json.dumps({"seconds": seconds}).encode()
        urllib.request.urlopen(urllib.request.Request(address, body, {header: token})).read()
        handles._open_lab._mirror.sandbox.clock.advance(seconds=seconds)
        ahead[0] += timedelta(seconds=seconds)

    clock.let_time_pass = wait
    clock.AccountClock.now = lambda self: datetime.now(UTC) + ahead[0]
