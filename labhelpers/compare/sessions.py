"""The credentials with which a scenario's request is made."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labhelpers.compare.asking import Asking
from labhelpers.compare.names import Names, of_caller
from labhelpers.compare.pool import Pool, document
from labhelpers.compare.scenario import SESSION_NAME, Scenario

_RENEWED_AFTER = 1800.0  # seconds; sessions live an hour
_NOT_YET = ("AccessDenied", "InvalidClientTokenId")


class Sessions:
    """boto3 Sessions of a pool's callers, kept for half an hour.

    A role session that is taken once serves every scenario that wants the same: what its role
    may do is read at each request anew.
    """

    def __init__(self, asking: Asking, pool: Pool) -> None:
        self._asking, self._pool = asking, pool
        self._kept: dict[str, tuple[float, Any]] = {}

    def names(self, scenario: Scenario) -> Names:
        """What the scenario's placeholders stand for."""
        name = str(scenario.session.get("RoleSessionName", SESSION_NAME))
        return of_caller(self._pool.names, scenario.entity, name, scenario.key)

    def of(self, scenario: Scenario) -> Any:
        """The session of a scenario's caller. Raises ClientError if it cannot be had."""
        if scenario.caller == "administrator":
            return self._pool.ground.session()
        if scenario.caller == "user":
            return self._pool.keys[scenario.entity]
        key = [scenario.caller, scenario.entity, scenario.session, scenario.session_policy]
        if scenario.session_policy is not None:
            key.append(scenario.key)
        return self._keep(json.dumps(key), lambda: self._take(scenario))

    def plain(self, entity: str) -> Any:
        """A session of an entity to which nothing was passed: it asks the witnesses."""
        if entity in self._pool.keys:
            return self._pool.keys[entity]
        return self._keep(f"plain {entity}", lambda: self._plain(entity))

    def _keep(self, key: str, take: Callable[[], Any]) -> Any:
        now = self._asking.now()
        since, session = self._kept.get(key, (0.0, None))
        if session is None or now - since > _RENEWED_AFTER:
            session = self._pool.ground.session_from(take())
            self._kept[key] = (now, session)
        return session

    def _plain(self, entity: str) -> Any:
        if entity == "chained":
            return self._assume(self.plain("role"), entity, {})
        return self._assume(self._pool.keys["starter"], entity, {})

    def _take(self, scenario: Scenario) -> Any:
        passed = self.names(scenario).fill(dict(scenario.session))
        if scenario.session_policy is not None:
            statements = self.names(scenario).fill(list(scenario.session_policy))
            passed["Policy"] = document(statements or [_NOTHING])
        if scenario.caller in ("token", "federated"):
            return self._of_user(scenario, passed)
        if scenario.caller == "chained":
            first = self._pool.ground.session_from(
                self._assume(self._pool.keys["starter"], "role", passed)
            )
            return self._assume(first, "chained", {})
        return self._assume(self._pool.keys["starter"], scenario.entity, passed)

    def _of_user(self, scenario: Scenario, passed: dict[str, Any]) -> Any:
        sts = self._asking.client(self._pool.keys[scenario.entity], "sts")
        if scenario.caller == "token":
            return self._asking.patiently(sts.get_session_token, _NOT_YET, **passed)
        call = sts.get_federation_token
        return self._asking.patiently(call, _NOT_YET, **{"Name": "fred"} | passed)

    def _assume(self, session: Any, entity: str, passed: dict[str, Any]) -> Any:
        sts = self._asking.client(session, "sts")
        arn = self._pool.names[f"<{entity.replace('-', ' ')} arn>"]
        asked = {"RoleArn": arn, "RoleSessionName": SESSION_NAME} | passed
        return self._asking.patiently(sts.assume_role, _NOT_YET, **asked)


#: Allows an action that needs no permission: a policy must have a statement.
_NOTHING = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
