"""Ask AWS, and the mirror what to expect; ask again while AWS is still on its way to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from labhelpers.account.clock import AccountClock
from labhelpers.account.mirror import Mirror, Reply
from labhelpers.account.reasons import blocked_by
from labhelpers.outcome import REFUSAL_CODES

Send = Callable[[str, Mapping[str, Any]], dict[str, Any]]
#: Seconds for which a refusal may still be the old state's, where nothing better is known.
SETTLES_IN = 10.0
READS = ("Get", "List", "Describe", "Head", "AssumeRole", "Simulate")
_PAUSES = (0.2, 0.4, 0.8, 1.5, 3.0)
#: Made once more they change nothing more: these may be asked again after a success.
_REPEATABLE = frozenset(("PutObject", "DeleteObject", "CopyObject", "PutBucketPolicy"))
#: What AWS says of a thing whose creation was left out before.
NEVER_MADE = ("NoSuchEntity", "NoSuchBucket")


@dataclass
class Asking:
    """`differences` are the calls on which AWS and the mirror did not agree; of `asked` calls
    they `agreed` on so many."""

    mirror: Mirror | None
    clock: AccountClock
    patience: float
    differences: list[str] = field(default_factory=list)
    asked: int = 0
    agreed: int = 0
    _changed_at: datetime = datetime.min.replace(tzinfo=UTC)

    def changed(self) -> None:
        """A policy is about to change: for some seconds AWS may answer from before."""
        self._changed_at = self.clock.now()

    def ask(
        self, operation: str, parameters: Mapping, send: Send
    ) -> tuple[Reply, ClientError | None]:
        early = self._unsettled() > 0
        try:
            return Reply(send(operation, parameters)), None
        except ClientError as error:
            said = error.response.get("Error", {})
            told = blocked_by(str(said.get("Message", "")))
            return Reply(None, str(said.get("Code", "")), told, early=early), error

    def expect(self, mirrored: Any, service: str, operation: str, given: Mapping) -> Reply | None:
        if self.mirror is None:
            return None
        return self.mirror.ask(mirrored, service, operation, given)

    def settle(
        self,
        operation: str,
        reply: Reply,
        error: ClientError | None,
        expected: Reply | None,
        sent: str,
        parameters: Mapping,
        send: Send,
    ) -> tuple[Reply, ClientError | None]:
        """Ask again while AWS may still be on its way to what the policies say."""
        started, told = time.monotonic(), False
        for number in range(10_000):
            waited = time.monotonic() - started
            if not self._may_change(operation, reply, expected, waited):
                break
            pause = _PAUSES[min(number, len(_PAUSES) - 1)]
            if expected is not None and _same(reply, expected):
                pause = self._unsettled()  # one more refusal before would prove nothing
            if waited + pause > 2 and not told:
                told = True
                print(f"{operation}: waiting for AWS to catch up (at most {self.patience:.0f} s) …")
            time.sleep(pause)
            reply, error = self.ask(sent, parameters, send)
        return reply, error

    def _unsettled(self) -> float:
        """Seconds for which the last change of a policy may still be on its way; 0 if none is."""
        age = (self.clock.now() - self._changed_at).total_seconds()
        return max(0.0, min(SETTLES_IN, self.patience) - age)

    def let_settle(self) -> None:
        """An MFA code works once, so it is not spent while AWS may still be catching up."""
        while left := self._unsettled():
            time.sleep(min(left, 1))

    def _may_change(
        self, operation: str, reply: Reply, expected: Reply | None, waited: float
    ) -> bool:
        if waited > self.patience:
            return False
        early = reply.early and reply.code in REFUSAL_CODES
        if expected is None:
            # EC2 knows a new instance profile some seconds after IAM does.
            return early or (operation == "RunInstances" and reply.code == "InvalidParameterValue")
        if reply.agrees_with(expected):
            return early
        again = operation.startswith(READS) or operation in _REPEATABLE
        return reply.parsed is None or again

    def compare(self, service: str, operation: str, reply: Reply, expected: Reply | None) -> None:
        if expected is None:
            return
        self.asked += 1
        if _same(reply, expected):
            self.agreed += 1
            return
        said = f"{service}:{operation}: AWS says {reply}, the sandbox {expected}."
        self.differences.append(said)
        print(f"A difference. {said} AWS's word counts.")


def _same(reply: Reply, expected: Reply) -> bool:
    return reply.agrees_with(expected) and not reply.blames_another(expected)


def eventually(call: Callable[..., Any], **parameters: Any) -> Any:
    """Call for something just made, which AWS may not find everywhere for some seconds."""
    for pause in (*_PAUSES, 5.0, 10.0, None):
        try:
            return call(**parameters)
        except ClientError as error:
            if pause is None or error.response["Error"]["Code"] not in NEVER_MADE:
                raise
            time.sleep(pause)
    return None
