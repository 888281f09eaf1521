"""The sandbox in another process, played as real AWS: slow, throttled and consistent only later.

    python tests/served_aws.py --lag 0.5 --latency 0.002 --throttle 0.02 --seed 1 [--drift RULE]

Prints one JSON line (endpoint, keys) and serves on 127.0.0.1 until SIGTERM or the end of stdin.
Tests start it with `served_aws(folder, …)`. Chance comes from the seed, for each operation in a
row of its own. Whatever is patched here is patched in that process only.
"""

from __future__ import annotations

import argparse
import copy
import gc
import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
from iam_moments import Moments
from warm import Fork, start

from labhelpers.boto_session import isolated_session
from labhelpers.lab import DEFAULT_REGION
from labhelpers.policy import ALLOWED, Decision, PolicyError, parse
from labhelpers.policy.deciding.evaluate import _kept
from labhelpers.policy.language.conditions import YES, Condition
from labhelpers.policy.language.operators import OPERATORS, Operator
from labhelpers.policy.language.statement import Statement
from labhelpers.policy.writing.parse import _compiled
from labhelpers.sandbox.answer import moto as moto_room
from labhelpers.sandbox.answer import moto_session
from labhelpers.sandbox.answer import replies as answering
from labhelpers.sandbox.authenticate import keys as authenticate
from labhelpers.sandbox.authorize import decide as authorize
from labhelpers.sandbox.federation import issuer
from labhelpers.sandbox.interpret.addressed import addressed
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.s3 import public_access
from labhelpers.sandbox.server import HOST, Sandbox, _listen
from labhelpers.sandbox.state import buckets, resource_policies, stored_principals
from labhelpers.sandbox.state import iam as state
from labhelpers.sandbox.wire.errors import Refusal, render
from labhelpers.sandbox.wire.families import EC2, S3, Family
from labhelpers.sandbox.wire.http import Answer, from_environ
from labhelpers.sandbox.workloads import service_roles

ACCOUNTS = ("123456789012", "210987654321")
LEARNER = "learner"
GITHUB = "https://token.actions.githubusercontent.com"
CONTROL_PATH = "/_served_aws/"
TOKEN_HEADER = "X-Served-Aws-Token"
_KEY_ID = re.compile(r"Credential=([A-Z0-9]+)/")
_READS = ("Get", "List", "Simulate", "Generate")
_POLICY_CALLS = ("PutBucketPolicy", "DeleteBucketPolicy", "DeleteBucket")
_REAL_ANSWER = answering.answer


class Dice:
    """Chance from a seed. Each name has a row of its own, so that the order in which threads
    come by moves nobody else's numbers."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rows: dict[str, Random] = {}
        self._lock = threading.Lock()

    def roll(self, name: str) -> float:
        """The next number of this row, from 0 to 1."""
        with self._lock:
            if name not in self._rows:
                self._rows[name] = Random(f"{self._seed} {name}")
            return self._rows[name].random()


class Lag:
    """IAM and bucket policies as a decision sees them: for a while as they were before a change.

    What can lag is written down before and after each change, by (kind, unique id). The modules
    that decide get state/iam.py and buckets.py with the methods of this class in place of theirs;
    whatever else reads (Get*, List*) sees the change at once, which is simpler than AWS.
    """

    def __init__(self, seconds: float, dice: Dice) -> None:
        self.seconds = seconds
        self.used = threading.local()  # .past: this thread's request was answered from the past
        self._dice = dice
        self._past: dict[tuple[str, str], list[tuple[float, Any]]] = {}
        self._lock = threading.Lock()

    def install(self) -> None:
        own = {name: getattr(self, name) for name in dir(self) if hasattr(state, name)}
        late_state = SimpleNamespace(**{**vars(state), **own})
        for module in (authenticate, authorize, stored_principals, service_roles):
            module.iam = late_state
        late_buckets = SimpleNamespace(**{**vars(buckets), "bucket_policy": self.bucket_policy})
        resource_policies.buckets = public_access.buckets = late_buckets
        answering.answer = self.answer

    def answer(self, http, call: Call, *rest: Any) -> Answer:
        """Step 4 of the gateway, with a look at what it changes. The gateway holds its lock."""
        changes = call.service == "iam" and not call.operation.startswith(_READS)
        if not self.seconds or not (changes or call.operation in _POLICY_CALLS):
            return _REAL_ANSWER(http, call, *rest)
        before = _decided_from()
        reply = _REAL_ANSWER(http, call, *rest)
        self._remember(before, _decided_from(), call.operation)
        return reply

    def _remember(self, before: dict, after: dict, operation: str) -> None:
        now = time.monotonic()
        until = now + self.seconds * (0.2 + 0.8 * self._dice.roll(f"lag of {operation}"))
        with self._lock:
            live = {k: [p for p in past if p[0] > now] for k, past in self._past.items()}
            self._past = {key: past for key, past in live.items() if past}
            for key in before.keys() | after.keys():
                old = before.get(key)
                if old == after.get(key) or (old is None and key[0] not in _ABSENCE_COUNTS):
                    continue
                past = self._past.setdefault(key, [])
                # A later change never shows before an earlier one.
                past.append((max([until, *(end for end, _ in past)]), old))

    def forget(self) -> None:
        with self._lock:
            self._past.clear()

    def _seen(self, kind: str, name: str, now: Any) -> Any:
        """What is seen of it: the oldest value that has not run out, else the present one."""
        with self._lock:
            for until, old in self._past.get((kind, name), ()):
                if time.monotonic() < until:
                    self.used.past = True
                    return old
        return now

    def _known(self, entity):
        """The user or role itself, None while nobody has heard of it."""
        if entity is None or not self._seen("entity", entity.id, True):
            return None
        return entity

    def find_access_key(self, key_id: str):
        found = self._seen("key", key_id, _access_key(key_id))
        if found is None:
            return None
        account_id, key, status = found
        key = copy.copy(key)
        key.status = status
        return account_id, key

    def find_role(self, arn: str):
        return self._known(state.find_role(arn))

    def find_principal(self, arn: str):
        return self._known(state.find_principal(arn))

    def has_principal_id(self, unique_id: str) -> bool:
        return state.has_principal_id(unique_id) and bool(self._seen("entity", unique_id, True))

    def trust_policy(self, role):
        return self._seen("trust", role.id, state.trust_policy(role))

    def role_policies(self, account_id: str, role_id: str):
        return self._seen("policies", role_id, state.role_policies(account_id, role_id))

    def role_boundaries(self, account_id: str, role_id: str):
        return self._seen("boundaries", role_id, state.role_boundaries(account_id, role_id))

    def user_policies(self, account_id: str, name: str):
        policies = state.user_policies(account_id, name)
        return self._seen("policies", state.find_user(account_id, name).id, policies)

    def user_boundaries(self, account_id: str, name: str):
        boundaries = state.user_boundaries(account_id, name)
        return self._seen("boundaries", state.find_user(account_id, name).id, boundaries)

    def bucket_policy(self, bucket: str):
        return self._seen("bucket", bucket, buckets.bucket_policy(bucket))


#: Kinds of which "not there" can be seen although it is there by now. A new user's policies
#: have no past: the first that can lag is a change of them.
_ABSENCE_COUNTS = ("bucket", "entity", "key")


def _access_key(key_id: str) -> tuple | None:
    found = state.find_access_key(key_id)
    return found and (*found, found[1].status)


def _decided_from() -> dict[tuple[str, str], Any]:
    """All that can lag, of every account, as it is now. Compiled policies are kept, so equal
    texts are the same objects."""
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends

    found: dict[tuple[str, str], Any] = {}

    def note(kind: str, name: str, read: Callable, *arguments: Any) -> None:
        try:
            found[kind, name] = read(*arguments)
        except (Refusal, PolicyError):  # what cannot be decided from has no past either
            found[kind, name] = None

    for account_id, partitions in list(iam_backends.items()):
        backend = partitions["aws"]
        for key_id in list(backend.access_keys):
            note("key", key_id, _access_key, key_id)
        for user in list(backend.users.values()):
            found["entity", user.id] = True
            note("policies", user.id, state.user_policies, account_id, user.name)
            note("boundaries", user.id, state.user_boundaries, account_id, user.name)
        for role in list(backend.roles.values()):
            found["entity", role.id] = True
            note("trust", role.id, state.trust_policy, role)
            note("policies", role.id, state.role_policies, account_id, role.id)
            note("boundaries", role.id, state.role_boundaries, account_id, role.id)
    for partitions in list(s3_backends.values()):
        for bucket in list(partitions["aws"].buckets):
            note("bucket", bucket, buckets.bucket_policy, bucket)
    return found


def _deciding(change: Callable[[Any, dict], dict]) -> list:
    """Patches that let the engine decide with other policies than it is given."""

    def changed(real: Callable) -> Callable:
        def decide(request, *trust: Any, **policies: Any) -> Decision:
            return real(request, *trust, **change(request, policies))

        return decide

    names = ("evaluate", "evaluate_trust")
    return [patch.object(authorize, name, changed(getattr(authorize, name))) for name in names]


def _without_session_policy(request, policies: dict) -> dict:
    # Without one, a federated user has no rights at all: that is not what is meant.
    is_role = request.principal.kind == "role-session"
    return {**policies, "session": None} if is_role else policies


def _allow_everything() -> list:
    def decide(request, *_: Any, **__: Any) -> Decision:
        return Decision(request, ALLOWED)

    return [patch.object(authorize, name, decide) for name in ("evaluate", "evaluate_trust")]


def _ignore_external_id() -> list:
    real = Condition.met
    changed = lambda self, call: YES if self.lookup == "sts:externalid" else real(self, call)  # noqa: E731
    return [patch.object(Condition, "met", changed)]


def _ignore_denies() -> list:
    real = Statement.match
    changed = lambda self, call: real(self, call) if self.allow else 0  # noqa: E731
    return [patch.object(Statement, "match", changed)]


def _operators_like(other: str, *names: str) -> list:
    compiled = OPERATORS[other].compile
    changed = {}
    for name in names:
        old = OPERATORS[name]
        changed[name] = Operator(name, compiled, old.negated, old.is_text, old.wildcards)
    return [patch.dict(OPERATORS, changed)]


#: Deliberate faults in decisions: whoever compares AWS with the sandbox has to find them.
DRIFTS: dict[str, Callable[[], list]] = {
    "allow-everything": _allow_everything,
    "case-insensitive-stringequals": lambda: _operators_like(
        "StringEqualsIgnoreCase", "StringEquals", "StringNotEquals"
    ),
    "ignore-boundary": lambda: _deciding(lambda _, policies: {**policies, "boundaries": ()}),
    "ignore-external-id": _ignore_external_id,
    "ignore-session-policy": lambda: _deciding(_without_session_policy),
    "no-explicit-deny": _ignore_denies,
    "wildcard-crosses-colon-in-arnlike": lambda: _operators_like(
        "StringLike", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"
    ),
}


class Front:
    """The WSGI application before the gateway: faults, counters, and a way to look inside."""

    def __init__(self, sandbox: Sandbox, seed: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self.latency = self.throttle = 0.0
        self._sandbox, self._gateway = sandbox, sandbox.gateway
        self._dice = Dice(seed)
        self._lag = Lag(0.0, self._dice)
        self._lag.install()
        self._drift = ExitStack()
        self._moments = Moments()
        self._counted = {name: Counter() for name in ("seen", "throttled", "stale")}
        self._throttled: set[tuple[str, str, str]] = set()
        self._lock = threading.Lock()
        before = len(self._gateway.recorder.events())
        self._verbs = {
            "advance": self._advance,
            "calls": self._calls,
            "change": self.change,
            "contents": self._contents,
            "fork": self._fork,
            "github_token": self._github_token,
            "stored": stored,
            "moments": self._moments.told,
            "trail": lambda: self._gateway.recorder.events()[before:],
        }

    def __call__(self, environ: dict[str, Any], start_response: Callable) -> list[bytes]:
        path = environ.get("PATH_INFO", "")
        given = environ.get("HTTP_" + TOKEN_HEADER.upper().replace("-", "_"), "")
        if path.startswith(CONTROL_PATH) and secrets.compare_digest(
            given.encode(), self.token.encode()
        ):
            status, body = self._control(path.removeprefix(CONTROL_PATH), environ)
            return _reply(environ, start_response, status, [], body)
        http = from_environ(environ)
        environ["wsgi.input"] = io.BytesIO(http.body)
        to = addressed(http)
        service, family = to.service, to.family
        self._count("seen", service)
        time.sleep(self.latency)
        signed = _KEY_ID.search(http.headers.get("authorization", ""))
        action = http.form.get("Action", http.method)
        is_aws = signed is not None or "Action" in http.form  # a workload asks for its keys, too
        if is_aws and self._throttles(family, signed[1] if signed else "", service, action):
            self._count("throttled", service)
            reply = render(_too_fast(family), family, service, str(uuid.uuid4()))
            return _reply(environ, start_response, *reply)
        self._lag.used.past = False
        reply = self._gateway(environ, start_response)
        if service == "iam" and not action.startswith(_READS):
            with self._gateway._locks.nobody():
                self._moments.note()
        if self._lag.used.past:
            self._count("stale", service)
        return reply

    def _throttles(self, family: Family, key_id: str, service: str, action: str) -> bool:
        """Never twice in a row, so that a retry works."""
        if family.form not in ("query", "s3", "ec2"):
            return False
        asked = (key_id, service, action)
        with self._lock:
            if asked in self._throttled:
                self._throttled.remove(asked)
                return False
            chosen = self._dice.roll(f"throttle {service} {action}") < self.throttle
            if chosen:
                self._throttled.add(asked)
            return chosen

    def _count(self, what: str, service: str) -> None:
        with self._lock:
            self._counted[what][service] += 1

    def _control(self, verb: str, environ: dict[str, Any]) -> tuple[int, bytes]:
        try:
            wanted = json.loads(environ["wsgi.input"].read() or b"{}")
            return 200, json.dumps(self._verbs[verb](**wanted), default=str).encode()
        except Exception as error:  # a test that asks wrongly wants to know, not a dead thread
            return 400, json.dumps(f"{verb}: {type(error).__name__}: {error}").encode()

    def change(self, **faults: Any) -> None:
        """Set lag, latency, throttle or drift; lag 0 also forgets what is still pending."""
        unknown = faults.keys() - {"lag", "latency", "throttle", "drift"}
        if unknown or faults.get("drift") not in (None, *DRIFTS):
            raise ValueError(f"{faults} names no fault; drifts are {', '.join(DRIFTS)}")
        with self._gateway._locks.nobody():
            if "drift" in faults:
                self._drift.close()
                for patched in DRIFTS[faults["drift"]]() if faults["drift"] else ():
                    self._drift.enter_context(patched)
                # Policies and decisions that were compiled or kept before are of the other kind.
                _compiled.cache_clear()
                _kept.clear()
            self._lag.seconds = faults.get("lag", self._lag.seconds)
            if not self._lag.seconds:
                self._lag.forget()
        self.latency = faults.get("latency", self.latency)
        self.throttle = faults.get("throttle", self.throttle)

    def _advance(self, seconds: float) -> str:
        return self._sandbox.clock.advance(seconds=seconds).isoformat()

    def _github_token(self, **claims: Any) -> str:
        return issuer(GITHUB, self._sandbox.clock, self._gateway.registry).github_actions(**claims)

    def _fork(self) -> dict[str, Any]:
        """A copy of this AWS as it is now, in a process of its own: its pid and endpoint.

        It has no faults, nothing lags in it any more, and it ends with its parent's stdin.
        """
        moto_room.load("ec2")  # an import that another thread has begun would never end there
        gc.freeze()  # collections there would copy all the memory that both share
        reader, writer = os.pipe()
        with self._gateway._locks.nobody():
            child = os.fork()
        if child:
            os.close(writer)
            with os.fdopen(reader) as pipe:
                return {"pid": child, "endpoint_url": pipe.read()}
        try:  # only the thread of this request lives on here: nobody would release what others hold
            for held in (self, self._dice, self._lag):
                held._lock = threading.Lock()
            moto_room._importing = threading.Lock()
            for locks in (moto_room._building, moto_session._making):
                locks.clear()
            self._sandbox._server.close_sockets()
            self.change(lag=0.0, latency=0.0, throttle=0.0)
            server = _listen(self, 0)
            threading.Thread(target=server.serve).start()
            os.write(writer, f"http://{HOST}:{server.effective_port}".encode())
            os.close(writer)
            _until_stdin_ends(threading.Event())
        finally:
            os._exit(0)

    def _calls(self) -> dict[str, dict[str, int]]:
        with self._lock:
            return {what: dict(by_service) for what, by_service in self._counted.items()}

    def _contents(self) -> dict[str, dict[str, Any]]:
        with self._gateway._locks.nobody():
            return contents()


def _too_fast(family: Family) -> Refusal:
    if family is EC2:
        return Refusal("RequestLimitExceeded", "Request limit exceeded.", 503)
    if family is S3:
        return Refusal("SlowDown", "Please reduce your request rate.", 503)
    return Refusal("Throttling", "Rate exceeded", 400)


def _reply(environ, start_response, status: int, headers: list, body: bytes) -> list[bytes]:
    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else body
    headers = [*headers, ("Content-Length", str(len(body)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def contents() -> dict[str, dict[str, Any]]:
    """Everything that exists, by account; accounts that hold nothing are left out."""
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends

    found: dict[str, dict[str, Any]] = {}
    for account_id, partitions in list(iam_backends.items()):
        found.setdefault(account_id, {}).update(_iam_contents(partitions["aws"]))
    for account_id, partitions in list(s3_backends.items()):
        held = {
            name: {"objects": sorted(bucket.keys), "policy": _text(bucket.policy)}
            for name, bucket in partitions["aws"].buckets.items()
        }
        found.setdefault(account_id, {})["buckets"] = held
    # Whoever never called EC2 does not have it loaded, and need not wait a second for it.
    ec2_backends = getattr(sys.modules.get("moto.ec2.models"), "ec2_backends", {})
    for account_id, regions in list(ec2_backends.items()):
        found.setdefault(account_id, {}).update(_ec2_contents(regions))
    found = {account_id: _filled(held) for account_id, held in found.items()}
    return _filled(found)


def stored(bucket: str, key: str) -> list[str] | None:
    """What this process's S3 holds of an object, as hex digits, and its metadata."""
    from moto.s3.models import s3_backends

    for partitions in list(s3_backends.values()):
        held = partitions["aws"].buckets.get(bucket)
        if held is not None and (found := held.keys.get(key)) is not None:
            metadata = {name.lower(): value for name, value in found.metadata.items()}
            return [found.value.hex(), json.dumps(metadata, sort_keys=True)]
    return None


def _filled(found: dict[str, Any]) -> dict[str, Any]:
    return {name: held for name, held in sorted(found.items()) if held}


def _text(policy: str | bytes | None) -> str | None:
    return policy.decode() if isinstance(policy, bytes) else policy


def _iam_contents(backend) -> dict[str, Any]:
    managed = backend.managed_policies.values()
    return {
        "users": {
            user.name: {
                **_holder(user),
                "keys": {key.access_key_id: key.status for key in user.access_keys},
                "groups": sorted(g.name for g in backend.groups.values() if user in g.users),
                "mfa_devices": sorted(user.mfa_devices),
                "boundary": state.user_boundary_arn(user),
                "tags": state.entity_tags(user.arn),
            }
            for user in backend.users.values()
        },
        "roles": {
            role.name: {
                **_holder(role),
                "trust": role.assume_role_policy_document,
                "boundary": role.permissions_boundary_arn,
                "tags": state.entity_tags(role.arn),
                "max_session_duration": role.max_session_duration,
            }
            for role in backend.roles.values()
        },
        "groups": {group.name: _holder(group) for group in backend.groups.values()},
        "managed_policies": {
            policy.arn: {
                "default": policy.default_version_id,
                "versions": {version.version_id: version.document for version in policy.versions},
            }
            for policy in managed
            if ":iam::aws:" not in policy.arn
        },
        "instance_profiles": {
            profile.name: [role.name for role in profile.roles]
            for profile in backend.instance_profiles.values()
        },
        "virtual_mfa_devices": sorted(backend.virtual_mfa_devices),
        "oidc_providers": {
            provider.arn: sorted(provider.client_id_list)
            for provider in backend.open_id_providers.values()
        },
        "saml_providers": sorted(provider.arn for provider in backend.saml_providers.values()),
    }


def _holder(entity) -> dict[str, Any]:
    """What users, roles and groups have in common."""
    return {
        "arn": entity.arn,
        "policies": dict(sorted(entity.policies.items())),
        "attached": sorted(entity.managed_policies),
    }


def _ec2_contents(regions) -> dict[str, Any]:
    instances: dict[str, str] = {}
    groups: dict[str, str] = {}
    for region, backend in list(regions.items()):
        for instance in backend.all_instances():
            if instance.state != "terminated":
                instances[instance.id] = region
        for in_vpc in backend.groups.values():
            groups |= {g.id: f"{region} {g.name}" for g in in_vpc.values() if g.name != "default"}
    return {"instances": instances, "security_groups": groups}


def _warm_up(sandbox: Sandbox, accounts: list[str]) -> None:
    """What every fork would load for itself, 0.3 s of CPU time each: a sweep's models and state."""
    for account in accounts:
        keys = sandbox.administrator(account)
        session = isolated_session(sandbox.endpoint_url, DEFAULT_REGION, *keys)
        session.client("ec2").describe_instances()
        session.client("ec2").describe_security_groups()
        session.client("s3").list_buckets()


def _make_learner(account_id: str, policy: str) -> tuple[str, str]:
    """(access key id, secret) of a user with exactly this policy; no lag, it was always there."""
    parse(policy, kind="identity")
    backend = state.iam_backend(account_id)
    managed = backend.create_policy("", "/", policy, LEARNER, [])
    backend.create_user(region_name="us-east-1", user_name=LEARNER)
    backend.attach_user_policy(policy_arn=managed.arn, user_name=LEARNER)
    key = backend.create_access_key(LEARNER)
    return key.access_key_id, key.secret_access_key


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("lag", "latency", "throttle"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drift", choices=DRIFTS)
    parser.add_argument("--account", action="append", metavar="12 DIGITS")
    parser.add_argument("--learner-policy", help="JSON text")
    parser.add_argument("--forks", action="store_true", help="be ready to be forked often")
    options = parser.parse_args(arguments)
    accounts = options.account or list(ACCOUNTS)
    sandbox = Sandbox()
    told = {
        "endpoint_url": sandbox.endpoint_url,
        "accounts": {account: sandbox.administrator(account) for account in accounts},
        "root": sandbox.root_key(accounts[0]),
        "learner": None,
    }
    if options.learner_policy is not None:
        try:
            told["learner"] = _make_learner(accounts[0], options.learner_policy)
        except PolicyError as error:
            parser.error(f"--learner-policy: {error} {error.path}")
    if options.forks:
        _warm_up(sandbox, accounts)
    front = Front(sandbox, options.seed)
    faults = {name: getattr(options, name) for name in ("lag", "latency", "throttle", "drift")}
    front.change(**faults)
    sandbox._server.application = front
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_until_stdin_ends, args=(stop,), daemon=True).start()
    print(json.dumps(told | {"token": front.token}), flush=True)
    stop.wait()
    sandbox.close()
    return 0


def _until_stdin_ends(stop: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    stop.set()


class ServedAws:
    """A test's side of the served AWS: `endpoint_url`, `environ`, `process` and questions."""

    def __init__(
        self, process: Fork | subprocess.Popen, told: dict[str, Any], folder: Path
    ) -> None:
        self.process, self.endpoint_url = process, told["endpoint_url"]
        self._pid = process.pid
        self._token, self._keys = told["token"], told["accounts"]
        self.accounts: tuple[str, ...] = tuple(self._keys)
        first, *others = self.accounts
        profiles = dict(zip(("second", *others[1:]), map(self._keys.get, others), strict=False))
        profiles |= {"lab": told["learner"] or self._keys[first], "root": told["root"]}
        self.environ = {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **_write_profiles(folder, profiles),
            "LAB_BACKEND": "aws",
            "LAB_AWS_PROFILE": "lab",
            "LAB_AWS_ACCOUNT_ID": first,
            "LAB_AWS_YES": "1",
            "LAB_STATE_DIR": str(folder / "state"),
        }
        if others:
            second = {"LAB_AWS_SECOND_PROFILE": "second", "LAB_AWS_SECOND_ACCOUNT_ID": others[0]}
            self.environ |= second

    def session(self, account_id: str | None = None) -> boto3.Session:
        """A boto3 Session of an account's administrator; by default the first account's."""
        keys = self._keys[account_id or self.accounts[0]]
        return isolated_session(self.endpoint_url, DEFAULT_REGION, *keys)

    def advance(self, seconds: float) -> str:
        """Move the served clock forward; what lags follows real time all the same."""
        return self._ask("advance", seconds=seconds)

    def change(self, **faults: Any) -> None:
        """Set some of lag, latency, throttle and drift, e.g. to lay a scene out undisturbed."""
        self._ask("change", **faults)

    def contents(self) -> dict[str, dict[str, Any]]:
        """Everything that exists, by account; see contents()."""
        return self._ask("contents")

    def trail(self) -> list[dict[str, Any]]:
        """CloudTrail's events of every account, oldest first; throttled calls are not in it."""
        return self._ask("trail")

    def github_token(self, **claims: Any) -> str:
        """A token of GitHub's issuer, whose keys this AWS knows; claims as in github_claims."""
        return self._ask("github_token", **claims)

    def stored(self, bucket: str, key: str) -> bytes | None:
        """What is in an object; None where there is none."""
        found = self._ask("stored", bucket=bucket, key=key)
        return None if found is None else bytes.fromhex(found[0])

    def moments(self) -> list[dict[str, Any]]:
        """What GetAccountAuthorizationDetails would have said after each change of IAM."""
        return self._ask("moments")

    def calls(self) -> dict[str, dict[str, int]]:
        """Requests by service: "seen", "throttled", "stale" (answered from the past)."""
        return self._ask("calls")

    def fork(self) -> ServedAws:
        """A copy of everything as it is now, without faults; `with` ends it."""
        return self.forked(self._ask("fork"), Path(self.environ["LAB_STATE_DIR"]))

    def forked(self, told: dict[str, Any], state: Path) -> ServedAws:
        """What the verb "fork" has told, as another one of these with journals in `state`."""
        other = copy.copy(self)
        other.endpoint_url, other._pid = told["endpoint_url"], told["pid"]
        where = {"AWS_ENDPOINT_URL": other.endpoint_url, "LAB_STATE_DIR": str(state)}
        other.environ = self.environ | where
        return other

    def __enter__(self) -> ServedAws:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def _ask(self, verb: str, **wanted: Any) -> Any:
        connection = HTTPConnection(self.endpoint_url.removeprefix("http://"), timeout=60)
        try:
            headers = {TOKEN_HEADER: self._token}
            connection.request("POST", CONTROL_PATH + verb, json.dumps(wanted), headers)
            reply = connection.getresponse()
            answer = json.loads(reply.read())
        finally:
            connection.close()
        if reply.status != 200:
            raise ValueError(answer)
        return answer


def _write_profiles(folder: Path, profiles: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Write AWS's two files; return the variables that lead to them."""
    config, credentials = folder / "config", folder / "credentials"
    config.write_text("".join(f"[profile {p}]\nregion = {DEFAULT_REGION}\n" for p in profiles))
    credentials.touch(mode=0o600)
    lines = (
        f"[{profile}]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n"
        for profile, (key_id, secret) in profiles.items()
    )
    credentials.write_text("".join(lines))
    return {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}


@contextmanager
def served_aws(
    folder: str | Path,
    *,
    lag: float = 0.0,
    latency: float = 0.0,
    throttle: float = 0.0,
    seed: int = 1,
    drift: str | None = None,
    accounts: tuple[str, ...] = ACCOUNTS,
    learner_policy: str | None = None,
    forks: bool = False,
) -> Iterator[ServedAws]:
    """Serve for the length of a `with` block; `folder` gets the profiles of the accounts.

    With `learner_policy`, profile "lab" is not the administrator but the user "learner".
    With `forks` it starts later, for the sake of many forks.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    command = ["--lag", str(lag), "--latency", str(latency)]
    command += ["--throttle", str(throttle), "--seed", str(seed)]
    command += [part for account in accounts for part in ("--account", account)]
    command += ["--drift", drift] if drift else []
    command += [] if learner_policy is None else ["--learner-policy", learner_policy]
    command += ["--forks"] if forks else []
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAB_"))}
    process = start("served AWS", *command, env=environ, pipes=True)
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"served_aws.py did not start; status {process.wait(10)}")
        yield ServedAws(process, json.loads(line), folder)
    finally:
        process.stdin.close()  # it ends by itself, as it would if this process were killed
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
