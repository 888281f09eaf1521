"""GetSessionToken and GetFederationToken: an IAM user, or root, makes credentials of its own.

Source: AWS STS API Reference; STS_FACTS 1.2, 1.3, 2.4.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.mfa import prove_mfa
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.sts.passed import read_passed
from labhelpers.sandbox.state.registry import Registry


def interpret_session_token(
    values: dict, caller: Caller, registry: Registry, lab_now: datetime
) -> Call:
    """Needs no permission and cannot be denied."""
    proven = prove_mfa(values, caller, registry, lab_now)
    return Call("sts", "GetSessionToken", (), caller.principal.account, values, proven)


def interpret_federation_token(values: dict, caller: Caller, *_: Any) -> Call:
    account = caller.principal.account
    passed = read_passed(values, account)
    arn = f"arn:aws:sts::{account}:federated-user/{values['Name']}"
    context: dict[str, Any] = {}
    if passed.tags:
        context["aws:TagKeys"] = list(passed.tags)
        context |= {f"aws:RequestTag/{key}": value for key, value in passed.tags.items()}
    actions = ["sts:GetFederationToken"] + (["sts:TagSession"] if passed.tags else [])
    checks = tuple(Check(action, arn, account, context, None, True) for action in actions)
    return Call("sts", "GetFederationToken", checks, account, values, passed)
