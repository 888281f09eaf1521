"""Calls to a ground: counted, asked again when the ground itself stumbles, never for a refusal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labhelpers.outcome import Outcome

#: No answer to the question that was asked: the same call is made again.
_STUMBLES = frozenset(
    (
        "ConcurrentModification",
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "InternalError",
        "InternalFailure",
        "OperationAborted",
        "ReadTimeoutError",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceFailure",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)
_TIMES = 5
#: IAM and S3 of a policy that names a user or role whose making has not come round yet.
_UNKNOWN = "invalid principal in policy"
#: Clients kept open: each holds a connection, and servers take only so many.
_OPEN = 24


@dataclass(frozen=True)
class Patience:
    """How long a change may take to be seen: `seconds` at most, asked every `pause` seconds, and
    believed when the witness has answered `steady` times in a row."""

    seconds: float = 60.0
    pause: float = 1.0
    steady: int = 3


#: The sandbox knows no delay: what is written counts at once.
AT_ONCE = Patience(seconds=0.0, pause=0.0, steady=1)


class Asking:
    """The one way to a ground. `calls` counts requests as they go out."""

    def __init__(
        self,
        ground: Any,
        patience: Patience,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ground, self.patience = ground, patience
        self.sleep, self.now = sleep, now
        self.calls = 0
        self._clients: dict[tuple[int, str], tuple[Any, Any]] = {}

    def client(self, session: Any, service: str) -> Any:
        """A client that sends what it is given: the service shall judge it, not boto3."""
        kept = self._clients.pop((id(session), service), None)
        if kept is None or kept[0] is not session:
            from botocore.config import Config

            config = Config(parameter_validation=False, retries={"mode": "standard"})
            client = session.client(service, config=config)
            client.meta.events.register("before-send", self._count)
            kept = (session, client)
        self._clients[id(session), service] = kept  # the last one used stands last
        while len(self._clients) > _OPEN:
            _, oldest = self._clients.pop(next(iter(self._clients)))
            oldest.close()
        return kept[1]

    def close(self) -> None:
        """Give the connections back."""
        while self._clients:
            self._clients.popitem()[1][1].close()

    def _count(self, **_: Any) -> None:
        self.calls += 1

    def attempt(self, call: Callable[..., Any], **parameters: Any) -> Outcome:
        """What becomes of a call, after as many tries as the ground needs to answer it."""
        for number in range(_TIMES):
            outcome = self.ground.attempt(call, **parameters)
            if outcome.code not in _STUMBLES:
                break
            self.sleep(self.patience.pause * 2**number)
        return outcome

    def stumbled(self, outcome: Outcome) -> bool:
        return outcome.code in _STUMBLES

    def do(self, call: Callable[..., Any], **parameters: Any) -> Any:
        """The answer of a call that must succeed; a service's error is raised as it is."""
        return self.patiently(call, (), **parameters)

    def patiently(self, call: Callable[..., Any], codes: tuple[str, ...], **parameters: Any) -> Any:
        """The same, made again for up to `patience.seconds` while the error is one of `codes`, or
        a principal is unknown: a run names none that it has not made."""
        from botocore.exceptions import ClientError

        began, number = self.now(), 0
        while True:
            try:
                return call(**parameters)
            except ClientError as error:
                told, number = error.response.get("Error", {}), number + 1
                code, unknown = told.get("Code"), _UNKNOWN in str(told.get("Message", "")).lower()
                late = self.now() - began >= self.patience.seconds
                wait = (code in codes or unknown) and not late
                if not (wait or code in _STUMBLES and number < _TIMES):
                    raise
            self.sleep(self.patience.pause)
