"""What all ways into a role hand out: how long, the session itself, its credentials."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from labhelpers.policy import Principal
from labhelpers.sandbox.interpret.sts.passed import Passed
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.sessions import MAX_TOKEN_SIZE, Session
from labhelpers.sandbox.wire.errors import Refusal

DEFAULT_DURATION = 3600


def maximum_of(role: iam.Role) -> int:
    return int(role.max_session_duration or DEFAULT_DURATION)


def seconds_for(role: iam.Role, wanted: int | None) -> int:
    """The session's length, or STS's refusal where the role allows less."""
    seconds = DEFAULT_DURATION if wanted is None else wanted
    if seconds > maximum_of(role):
        raise Refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            400,
        )
    return seconds


def issue(
    registry: Registry,
    role: iam.Role,
    name: str,
    seconds: int,
    lab_now: datetime,
    caller_arn: str,
    passed: Passed,
    minimum_token_size: int = 0,
    **more: Any,
) -> Session:
    """A new session of a role; its ARN drops the role's path, as AWS does (STS_FACTS 1.3)."""
    issued = lab_now.replace(microsecond=0)
    account = role.arn.split(":")[4]
    tags = {**more.pop("inherited", {}), **passed.tags}
    transitive = passed.transitive | more.pop("inherited_keys", frozenset())
    principal = Principal(
        kind="role-session",
        arn=f"arn:aws:sts::{account}:assumed-role/{role.name}/{name}",
        account=account,
        unique_id=role.id,
        role_arn=role.arn,
    )
    return registry.sessions.add(
        minimum_token_size,
        principal=principal,
        user_id=f"{role.id}:{name}",
        issued=issued,
        expires=issued + timedelta(seconds=seconds),
        caller_arn=caller_arn,
        session_name=name,
        max_session_duration=maximum_of(role),
        policies=passed.policies,
        packed=passed.size,
        tags=tags,
        transitive=transitive,
        **more,
    )


def result_of(session: Session, passed: Passed) -> dict[str, Any]:
    """The members that the results of all AssumeRole* operations share."""
    result: dict[str, Any] = {
        **credentials_of(session),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if passed.packed is not None:
        result["PackedPolicySize"] = passed.packed
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def credentials_of(session: Session) -> dict[str, Any]:
    """The members that every operation has which hands out credentials."""
    size = len(session.session_token)
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expires,
        },
        "SessionTokenSize": size,
        "SessionTokenUtilization": 100 * size // MAX_TOKEN_SIZE,
    }
