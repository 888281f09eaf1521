"""A fuzzer over the guard: whatever is asked through a lab, nothing changes but the run's things.

    python tests/fuzz_guard.py [minutes] [seed]     (or LAB_FUZZ_MINUTES, LAB_FUZZ_SEED)

Every operation of the allowed services with foreign, own and mixed names, by clients of the
learner and of all whom the lab has given keys, presigned links, resources and paginators. After
each request that was not refused all that moto holds is compared with before, and after close()
with what there was before the lab. Prints the seed, each kind of find with the least request that
shows it, how many requests were made and how many were carried out; the exit status is 1 if there
was a find.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from fuzz_requests import Maker, Request, model
from fuzz_world import World
from moto_state import Label, texts

from labhelpers import LabError, SandboxOnly

A_ROUND = 1000  # requests for which a world stays as it is made
_SPOILED = 12  # changed things after which too little is left that could still be hit
_SHRINKING = 12  # requests to try for a smaller one
_SEEN_EVERY = 40  # refused requests: then, too, one looks whether something has changed
_SHOWN = 30  # finds that are made smaller
#: What stays of what is gone: moto's tags, and terminated instances as AWS shows them for an hour.
_REMAINS = ("tagger", "tags", "enis")
_HANGS = (TimeoutError, ReadTimeoutError)
_REFUSALS = (LabError, SandboxOnly, BotoCoreError, urllib.error.URLError)


@dataclass(frozen=True)
class Find:
    """A request and what it did that it must not do."""

    request: Request | None
    did: tuple[str, ...]

    @property
    def kind(self) -> tuple[str, ...]:
        """Finds of one kind are one find."""
        if self.request is None:
            return tuple(sorted(self.did))
        asked = self.request
        return asked.service, asked.operation, asked.way, asked.who, self.did[0].split(":")[0]

    def __str__(self) -> str:
        return f"{self.request or 'left by close()'}\n    " + "\n    ".join(self.did[:4])


@dataclass
class Result:
    """`finds` by their kind; `counted` has "requests", "sent" and "carried out"; `tell` hears of
    each new find. `unanswered` are requests that had no answer in time: each ends its world."""

    tell: Callable[[Find], None] = lambda find: None
    finds: dict[tuple[str, ...], Find] = field(default_factory=dict)
    counted: Counter = field(default_factory=Counter)
    refused: Counter = field(default_factory=Counter)
    unanswered: list[Request] = field(default_factory=list)

    def note(self, find: Find) -> None:
        if find.kind not in self.finds:
            self.finds[find.kind] = find
            self.tell(find)


# ---------------------------------------------------------------------- asking


def ask(world: World, asked: Request) -> tuple[str, bool]:
    """Make a request; the error's code or name, "" if it was carried out, and whether it was the
    service that refused it.

    An error that is none of a service's, of boto3's or of the lab's own is raised.
    """
    if asked.who not in world.sessions:
        return "no such session", False
    parameters = world.filled(deepcopy(asked.parameters), plain=asked.who.startswith("plain"))
    try:
        _WAYS[asked.way](world, asked, parameters)
    except _HANGS as error:
        world.hangs = True
        world.unanswered.append(asked)
        return type(error).__name__, False
    except ClientError as error:
        return error.response["Error"].get("Code", "") or "ClientError", True
    except _REFUSALS as error:
        return type(error).__name__, isinstance(error, urllib.error.HTTPError)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        if frames and f"{os.sep}labhelpers{os.sep}" in frames[-1].filename:
            raise
        return type(error).__name__, False  # boto3 itself cannot do anything with it
    return "", False


def _call(client: Any, asked: Request) -> Callable[..., Any]:
    return getattr(client, xform_name(asked.operation))


def _by_client(world: World, asked: Request, parameters: Mapping) -> None:
    _call(world.client(asked.who, asked.service), asked)(**parameters)


def _elsewhere(world: World, asked: Request, parameters: Mapping) -> None:
    _call(world.client(asked.who, asked.service, asked.more["region"]), asked)(**parameters)


def _by_paginator(world: World, asked: Request, parameters: Mapping) -> None:
    client, name = world.client(asked.who, asked.service), xform_name(asked.operation)
    if not client.can_paginate(name):
        return _by_client(world, asked, parameters)
    for _ in islice(client.get_paginator(name).paginate(**parameters), 2):
        pass
    return None


def _presigned(world: World, asked: Request, parameters: Mapping) -> None:
    """Signed by the lab's client, used by whoever has the link."""
    client = world.client(asked.who, asked.service)
    method = asked.more["method"]
    more = {"HttpMethod": method} if method else {}
    url = client.generate_presigned_url(xform_name(asked.operation), Params=parameters, **more)
    method = method or model(asked.service).operation_model(asked.operation).http["method"]
    body = b"x" if method in ("PUT", "POST") else None
    if urlsplit(url).netloc != urlsplit(world.sandbox.endpoint_url).netloc:
        raise LabError(f"{url} is no link to this AWS.")  # a host of its own for what moto lacks
    with urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=5):
        pass


def _by_post(world: World, asked: Request, parameters: Mapping) -> None:
    """A form that uploads: moto does not read its policy, so that is judged as it is signed."""
    client = world.client(asked.who, "s3")
    form = client.generate_presigned_post(parameters["Bucket"], parameters["Key"])
    signed = json.loads(base64.b64decode(form["fields"]["policy"]))
    buckets = [c["bucket"] for c in signed["conditions"] if isinstance(c, dict) and "bucket" in c]
    if not buckets or not all(name.startswith(world.prefix) for name in buckets):
        raise SignedForOthers(f"signed: an upload into {buckets}")


class SignedForOthers(Exception):
    """Whoever has the form can write into a bucket of others."""


def _by_resource(world: World, asked: Request, parameters: Mapping) -> None:
    """An action of one of boto3's resource classes."""
    service, more = world.resource(asked.who, asked.service), asked.more
    thing = getattr(service, more["thing"])(*world.filled(more["ids"]))
    getattr(thing, more["action"])(**parameters)


_WAYS = {
    "client": _by_client,
    "elsewhere": _elsewhere,
    "paginator": _by_paginator,
    "presigned": _presigned,
    "post": _by_post,
    "resource": _by_resource,
}

# ---------------------------------------------------------------------- judging


class Judge:
    """Looks at a world before and after each request that the service did not refuse."""

    def __init__(self, world: World) -> None:
        self.world, self.told = world, set()
        self._sessions = world.sandbox.gateway.registry.sessions
        self._watch()
        self._see()

    def _watch(self) -> None:
        """Count what arrives."""
        server, self.arrived = self.world.sandbox._server, 0
        inner = server.application

        def count(environ: dict, start_response: Callable) -> Any:
            self.arrived += 1
            return inner(environ, start_response)

        server.application = count

    def _see(self) -> None:
        self.held = self.world.held()
        self.text = texts(self.held)
        self.own = {label: self.world.is_own(label, thing) for label, thing in self.held.items()}
        self.entered = len(self._sessions.all())
        self._unseen = 0

    def find(self, asked: Request, result: Result) -> Find | None:
        """Make the request; what it did to others' things."""
        arrived, crash, refused = self.arrived, "", False
        try:
            self.error, refused = ask(self.world, asked)
        except Exception as raised:  # the lab's own stack trace, or a form that is signed wrongly
            self.error, crash = type(raised).__name__, f"{type(raised).__name__}: {raised}"
        result.counted["requests"] += 1
        result.counted["carried out"] += not self.error
        if self.error:
            result.refused[self.error] += 1
        did = [crash] if crash else []
        if self.arrived > arrived:
            result.counted["sent"] += 1
            self._unseen += 1
            if not refused or self._unseen >= _SEEN_EVERY:
                did += self._changes()
        return Find(asked, tuple(did)) if did else None

    def _changes(self) -> list[str]:
        before, text, own, entered = self.held, self.text, self.own, self.entered
        self.world.note_new(before, self.world.held())
        self._see()
        did = []
        for label in before.keys() | self.held.keys():
            if text.get(label) == self.text.get(label):
                continue
            if own.get(label, True) and self.own.get(label, True):
                continue
            self.told.add(label)
            word = "changed" if label in before and label in self.held else "made"
            did.append(f"{word if label in self.held else 'gone'}: {label}")
        for session in self._sessions.all()[entered:]:
            name = session.role_arn.rpartition("/")[2]
            if name and not name.startswith(self.world.prefix):
                did.append(f"entered: {session.role_arn}")
        return sorted(did)

    def left(self) -> Iterator[str]:
        """What close() has left behind, or has changed, that no request was told of."""
        try:
            self.world.lab.close()
        except Exception as error:  # whatever it is, something is left
            said = f"{type(error).__name__}: {error}"[:300]
            yield f"close(): {said}".replace(self.world.run, "RUN")
        first, held = self.world.at_first, self.world.held()
        for label, said in texts(held).items():
            if said != first.get(label) and label not in self.told and not _remains(label, held):
                yield f"left: {label.service} {label.kind}"
        for label in first.keys() - held.keys() - self.told:
            yield f"taken: {label.service} {label.kind}"


def _remains(label: Label, held: Mapping[Label, Any]) -> bool:
    if label.kind == "reservations":
        return all(one.state == "terminated" for one in held[label].instances)
    return label.kind in _REMAINS


# ---------------------------------------------------------------------- the whole


def fuzz(seed: str, seconds: float, tell: Callable[[Find], None] = lambda find: None) -> Result:
    """Make requests for so long, in one world after the other; see Result."""
    result, maker = Result(tell), Maker(seed)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with World() as world:
            judge = Judge(world)
            a_round(judge, maker, result, A_ROUND, end)
            result.unanswered += world.unanswered
            left = () if world.hangs else tuple(sorted(set(judge.left())))
            if left:
                result.note(Find(None, left))
    return result


def a_round(
    judge: Judge, maker: Maker, result: Result, requests: int, end: float = float("inf")
) -> None:
    """So many requests in one world, fewer where it is spoiled before."""
    maker.begin()
    spoiled = 0
    for _ in range(requests):
        if judge.world.hangs or spoiled >= _SPOILED or time.monotonic() >= end:
            break
        asked, sent = maker.request(), result.counted["sent"]
        found = judge.find(asked, result)
        if found:
            spoiled += any(did.startswith(("changed", "gone")) for did in found.did)
            result.note(found)
        operation = (asked.service, asked.operation)
        if judge.error == "SandboxNotModelled":
            maker.unknown[operation] += 1
        elif result.counted["sent"] > sent and asked.way not in ("post", "resource"):
            maker.reached.append(operation)


def shrunk(find: Find) -> Find:
    """A smaller request that does it, too, tried in worlds of its own; or the same."""
    if find.request is None:
        return find
    tries = 0
    while tries < _SHRINKING:
        smaller, used = _smaller(find, _SHRINKING - tries)
        tries += used
        if smaller is None:
            break
        find = smaller
    return find


def _smaller(find: Find, most: int) -> tuple[Find | None, int]:
    with World() as world:
        judge = Judge(world)
        for used, parameters in enumerate(islice(less(find.request.parameters), most), 1):
            found = judge.find(replace(find.request, parameters=parameters), Result())
            if found:
                return found, used
    return None, most


def less(value: Any) -> Iterator[Any]:
    """The value with one part left out, the larger parts first."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
        for key, inner in value.items():
            yield from ({**value, key: less} for less in less(inner))
    elif isinstance(value, list):
        for number in range(len(value) if len(value) > 1 else 0):
            yield value[:number] + value[number + 1 :]
        for number, inner in enumerate(value):
            yield from ([*value[:number], less, *value[number + 1 :]] for less in less(inner))


def main() -> int:
    minutes = float((sys.argv[1:] or [os.environ.get("LAB_FUZZ_MINUTES") or 10])[0])
    seed = (sys.argv[2:] or [os.environ.get("LAB_FUZZ_SEED") or secrets.token_hex(4)])[0]
    print(f"seed {seed}, {minutes:g} minutes", flush=True)
    began, out = time.monotonic(), sys.stdout

    def tell(find: Find) -> None:
        print(f"{time.monotonic() - began:4.0f} s  {find}", file=out, flush=True)

    result = fuzz(seed, minutes * 60, tell=tell)
    took = time.monotonic() - began
    for find in list(result.finds.values())[:_SHOWN]:
        print(f"  {shrunk(find)}", flush=True)
    made = result.counted["requests"]
    print(
        f"{len(result.finds)} finds in {made:,} requests ({made / took:,.0f} a second): "
        f"{result.counted['sent']:,} were sent, {result.counted['carried out']:,} carried out"
    )
    print(", ".join(f"{count:,} {name}" for name, count in result.refused.most_common()))
    for asked in result.unanswered:
        print(f"no answer within five seconds: {asked}")
    return 1 if result.finds else 0


if __name__ == "__main__":
    sys.exit(main())
