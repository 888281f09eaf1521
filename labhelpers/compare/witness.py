"""Witnesses: how a run knows that a policy is in force before it believes a refusal.

IAM is eventually consistent: for some seconds after a write, a service decides by the old
document, and a refusal then says nothing. So each document that is put in place holds a witness
more: it allows something harmless under a mark that no document had before, and denies the same
under any other mark. Without the Deny an old document that allows much (every role, the whole
account) would answer for the new one. A document takes effect as a whole, so once the witness is
answered, by the service that the scenario asks and several times in a row, the scenario's own
statements are in force there.

    identity-based policy  the caller itself uses the mark: for S3 it deletes an object of that
                           name that does not exist; for STS it takes the pool's role `witness`
                           with the mark as session name; for IAM it reads that role with the
                           mark in the User-Agent header. No scenario is about these. S3 needs no
                           Deny: no scenario's document allows to delete an object that is not
                           its own.
    permissions boundary   likewise, with a mark of its own. Both documents let the other's marks
                           pass, so each mark tells of one document alone.
    session policy         part of the token, in force at once. Witnesses are asked by a session
                           to which none was passed.
    trust policy           `starter`, who calls in no scenario, takes the role with the mark as
                           session name: statements that name starter by its ARN. It may take it
                           under the usual session name, too: for scenarios that call as the role.
    bucket policy          `starter`, who has no permission for this bucket, deletes an object
                           that does not exist and that a statement about it alone allows.
    a document under which no witness can live (a Deny of everything; the scenario says `blind`)
                           the document before it had a witness that was answered. When that
                           one is refused, the new document is in force.
    a malformed document   is never in force; its scenario asks for the write itself.

A witness cannot change a scenario's answer: it is about another resource or another principal,
and neither marks nor what they mark is a scenario's subject. It can be told by one server while
another still has the old document, so a difference that remains at the end of a run is asked
again (command.py), refused or allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labhelpers.compare.asking import Asking
from labhelpers.compare.pool import Pool, document
from labhelpers.compare.scenario import SESSION_NAME, Slot
from labhelpers.compare.sessions import Sessions
from labhelpers.outcome import Outcome


class NoWitness(Exception):
    """A policy was written, and its witness was not answered in time."""


class Witnesses:
    """Writes the documents of a pool, each with its witness, and waits until they count."""

    def __init__(self, asking: Asking, pool: Pool, sessions: Sessions) -> None:
        self._asking, self._pool, self._sessions = asking, pool, sessions
        self._number = 0
        self._stored: dict[Slot, tuple[str, tuple[str, ...]]] = {}  # statements, services
        self._marks: dict[Slot, str] = {}
        self._seen: set[tuple[Slot, str]] = set()  # answered by this service

    def store(
        self,
        slot: Slot,
        statements: list[Mapping[str, Any]],
        version: str | None,
        services: tuple[str, ...],
        blind: bool = False,
    ) -> None:
        """Put a document in place, unless it is already. Raises ClientError if it is refused."""
        text = document(statements, version)
        before, known = self._stored.get(slot, ("", ()))
        if before == text and (blind or set(services) <= set(known)):
            return
        if blind:
            self._write_blind(slot, text, services)
            return
        self._number += 1
        mark = f"witness-{slot[0]}-{self._number}"
        more = self._statements(slot, mark, services)
        self._pool.write(slot, document([*statements, *more], version))
        self._stored[slot], self._marks[slot] = (text, services), mark
        self._seen -= {(slot, service) for service in ("s3", "sts", "iam")}

    def _write_blind(self, slot: Slot, text: str, services: tuple[str, ...]) -> None:
        if slot not in self._marks or not set(services) <= set(self._stored[slot][1]):
            self.store(slot, [], "2012-10-17", services)
        self.wait(slot, services)
        self._pool.write(slot, text)
        mark, _ = self._marks.pop(slot), self._stored.pop(slot)
        for service in self._asked_of(slot, services):
            self._until(slot, mark, service, allowed=False)
        self._stored[slot] = (text, services)

    def wait(self, slot: Slot, services: tuple[str, ...]) -> None:
        """Return when the document counts for these services. Raises NoWitness."""
        mark = self._marks.get(slot)
        for service in self._asked_of(slot, services):
            if mark is not None and (slot, service) not in self._seen:
                self._until(slot, mark, service, allowed=True)
                self._seen.add((slot, service))

    def _asked_of(self, slot: Slot, services: tuple[str, ...]) -> tuple[str, ...]:
        return {"trust": ("sts",), "bucket": ("s3",)}.get(slot[0], services)

    def _until(self, slot: Slot, mark: str, service: str, allowed: bool) -> None:
        patience, began, row = self._asking.patience, self._asking.now(), 0
        while row < patience.steady:
            outcome = self._ask(slot, mark, service)
            good = not outcome.code if allowed else outcome.code == "AccessDenied"
            row = row + 1 if good else 0
            if not good and self._asking.now() - began >= patience.seconds:
                what = f"The {_WORDS[slot[0]]} of {slot[1]} was written, but {service}"
                raise NoWitness(f"{what} did not decide by it within {patience.seconds:.0f} s.")
            if row < patience.steady:
                self._asking.sleep(patience.pause if not good else patience.pause / 5)

    # ---------------------------------------------------------------- the statements

    def _statements(self, slot: Slot, mark: str, services: tuple[str, ...]) -> list[dict[str, Any]]:
        kind, entity = slot
        if kind == "trust":
            names = {"sts:RoleSessionName": [mark, SESSION_NAME]}
            return _marked(self._by_starter("sts:AssumeRole"), names)
        if kind == "bucket":
            bucket = self._pool.names[f"<{entity.replace('-', ' ')}>"]
            return [self._by_starter("s3:DeleteObject", Resource=f"arn:aws:s3:::{bucket}/{mark}")]
        marks = [mark]
        if entity.startswith("bounded"):
            marks.append(f"witness-{'boundary' if kind == 'identity' else 'identity'}-*")
        return [statement for service in services for statement in self._own(service, marks)]

    def _by_starter(self, action: str, **more: Any) -> dict[str, Any]:
        principal = {"AWS": self._pool.names["<starter arn>"]}
        return {"Effect": "Allow", "Principal": principal, "Action": action, **more}

    def _own(self, service: str, marks: list[str]) -> list[dict[str, Any]]:
        """What the caller may do with these marks; a mark may end in an asterisk."""
        role, bucket = self._pool.names["<witness arn>"], self._pool.names["<bucket>"]
        found: dict[str, Any] = {"Effect": "Allow"}
        if service == "s3":
            objects = [f"arn:aws:s3:::{bucket}/{mark}" for mark in marks]
            return [found | {"Action": "s3:DeleteObject", "Resource": objects}]
        if service == "sts":
            found |= {"Action": "sts:AssumeRole", "Resource": role}
            return _marked(found, {"sts:RoleSessionName": marks})
        found |= {"Action": "iam:GetRole", "Resource": role}
        return _marked(found, {"aws:UserAgent": [f"*{mark}" for mark in marks]})

    # ---------------------------------------------------------------- the questions

    def _ask(self, slot: Slot, mark: str, service: str) -> Outcome:
        kind, entity = slot
        session = self._sessions.plain("starter" if kind in ("trust", "bucket") else entity)
        client = self._asking.client(session, service)
        if service == "s3":
            word = entity.replace("-", " ") if kind == "bucket" else "bucket"
            bucket = self._pool.names[f"<{word}>"]
            return self._asking.attempt(client.delete_object, Bucket=bucket, Key=mark)
        if service == "sts":
            word = entity.replace("-", " ") if kind == "trust" else "witness"
            arn = self._pool.names[f"<{word} arn>"]
            return self._asking.attempt(client.assume_role, RoleArn=arn, RoleSessionName=mark)
        name = self._pool.names["<witness name>"]
        events, event = client.meta.events, "before-send.iam.GetRole"
        header = _Header(mark)
        events.register(event, header)
        try:
            return self._asking.attempt(client.get_role, RoleName=name)
        finally:
            events.unregister(event, header)


def _marked(allowed: dict[str, Any], marks: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The statement for calls with one of these marks, and a Deny of it for all others."""
    return [
        {**allowed, "Condition": {"StringLike": marks}},
        {**allowed, "Effect": "Deny", "Condition": {"StringNotLike": marks}},
    ]


class _Header:
    """Puts a mark at the end of a request's User-Agent header."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __call__(self, request: Any, **_: Any) -> None:
        request.headers["User-Agent"] = f"boto3 {self._mark}"  # no part of the signature


_WORDS = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "trust": "trust policy",
    "bucket": "bucket policy",
}
