"""Ask AWS, and the mirror what to expect; ask again while AWS is still on its way to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from labhelpers.account.bodies import anew, differing
from labhelpers.account.fence.hooks import check_refused
from labhelpers.account.fence.once import READS, UNKNOWN, is_lost
from labhelpers.account.mirror import Mirror, Reply
from labhelpers.account.reasons import blocked_by
from labhelpers.errors import LabError
from labhelpers.outcome import REFUSAL_CODES

Send = Callable[[str, Mapping[str, Any]], dict[str, Any]]
#: Seconds for which a refusal may still be the old state's, where nothing better is known.
SETTLES_IN = 10.0
_PAUSES = (0.2, 0.4, 0.8, 1.5, 3.0)
#: What AWS says of a thing whose creation was left out before.
NEVER_MADE = ("NoSuchEntity", "NoSuchBucket")


@dataclass(frozen=True)
class Question:
    """A call as AWS gets it: `sent` may be another operation than the lesson's; `changes` tells
    whether policies are others afterwards."""

    operation: str
    sent: str
    parameters: Mapping[str, Any]
    send: Send
    changes: bool = False

    @property
    def reads(self) -> bool:
        """Whether it may be asked again after it got through."""
        return self.operation.startswith(READS)


@dataclass
class Asking:
    """`differences` are the calls on which AWS and the mirror did not agree; of `asked` calls
    they `agreed` on so many."""

    mirror: Mirror | None
    patience: float
    differences: list[str] = field(default_factory=list)
    asked: int = 0
    agreed: int = 0
    _changed_at: float = -inf  # of a clock that nobody puts right

    def ask(self, question: Question) -> tuple[Reply, ClientError | None]:
        """Ask AWS once. Each time botocore gets a copy of its own, for it changes what it gets.

        Raises LabError where a write may have got through, though its answer did not.
        """
        early, changed = self._unsettled() > 0, question.changes
        try:
            return Reply(question.send(question.sent, anew(question.parameters))), None
        except ClientError as error:
            check_refused()
            changed = False
            said = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            told = blocked_by(str(said.get("Message", "")))
            code = str(said.get("Code", ""))
            unsure = status >= 500
            if unsure and not question.reads:
                print(UNKNOWN.format(operation=question.operation, why=f"AWS says {code}"))
            return Reply(None, code, told, early=early, unsure=unsure), error
        except HTTPClientError as error:
            if not is_lost(question.operation, error):
                raise
            why = str(error).rstrip(".")
            raise LabError(UNKNOWN.format(operation=question.operation, why=why)) from None
        finally:
            if changed:  # for some seconds AWS may answer from before
                self._changed_at = time.monotonic()

    def expect(self, mirrored: Any, service: str, operation: str, given: Mapping) -> Reply | None:
        """What the mirror makes of the same call; None where it has no opinion."""
        if self.mirror is None:
            return None
        return self.mirror.ask(mirrored, service, operation, given)

    def settle(
        self, question: Question, reply: Reply, error: ClientError | None, expected: Reply | None
    ) -> tuple[Reply, ClientError | None]:
        """Ask again while AWS may still be on its way to what the policies say.

        A write that got through is never asked again, nor one that failed on AWS's side.
        """
        started, told = time.monotonic(), False
        for number in range(10_000):
            waited = time.monotonic() - started
            if not self._may_change(question, reply, expected, waited):
                break
            pause = _PAUSES[min(number, len(_PAUSES) - 1)]
            if expected is not None and _same(reply, expected):
                pause = self._unsettled()  # one more refusal before would prove nothing
            if waited + pause > 2 and not told:
                told = True
                self._say_waiting(question.operation, self.patience)
            time.sleep(pause)
            reply, error = self.ask(question)
        return reply, error

    def _unsettled(self) -> float:
        """Seconds for which the last change of a policy may still be on its way; 0 if none is."""
        return max(0.0, min(SETTLES_IN, self.patience) - self._age())

    def _age(self) -> float:
        """Seconds since the last change of a policy."""
        return time.monotonic() - self._changed_at

    def let_settle(self, question: Question, expected: Reply | None) -> None:
        """Wait before what can be asked only once, while AWS may still be catching up.

        An MFA code works once; a write that shall be refused would otherwise get through.
        """
        refused = expected is not None and expected.code in REFUSAL_CODES and not question.reads
        if not (refused or "TokenCode" in question.parameters):
            return
        if (left := self._unsettled()) > 2:
            self._say_waiting(question.operation, left)
        while left := self._unsettled():
            time.sleep(min(left, 1))

    def _say_waiting(self, operation: str, most: float) -> None:
        print(f"{operation}: waiting for AWS to catch up (at most {most:.0f} s) …")

    def _may_change(
        self, question: Question, reply: Reply, expected: Reply | None, waited: float
    ) -> bool:
        if waited > self.patience:
            return False
        if not question.reads and (reply.parsed is not None or reply.unsure):
            return False
        early = reply.early and reply.code in REFUSAL_CODES
        if expected is None:
            # EC2 knows a new instance profile some seconds after IAM does.
            late = question.operation == "RunInstances" and reply.code == "InvalidParameterValue"
            return early or late
        if reply.agrees_with(expected):
            return early
        # A write that shall be refused is refused: another code for it is no reason to risk it.
        harmless = question.reads or expected.code not in REFUSAL_CODES
        return harmless or reply.code in REFUSAL_CODES

    def compare(self, service: str, operation: str, reply: Reply, expected: Reply | None) -> None:
        """Count and tell whether AWS and the mirror agree, objects that were read included."""
        if expected is None:
            return
        self.asked += 1
        said = self._difference(operation, reply, expected)
        if not said:
            self.agreed += 1
            return
        self.differences.append(f"{service}:{operation}: AWS says {said}.")
        print(f"A difference. {self.differences[-1]} AWS's word counts.")

    def _difference(self, operation: str, reply: Reply, expected: Reply) -> str:
        if not _same(reply, expected):
            said = f"{reply}, the sandbox {expected}"
            through = reply.parsed is not None and expected.code in REFUSAL_CODES
            recent = self._age() <= self.patience
            if through and recent and not operation.startswith(READS):
                said += "; it may have let this through before the last change of a policy counted"
            return said
        if reply.parsed is None or expected.parsed is None:
            return ""
        return differing(reply.parsed, expected.parsed)


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
