"""STS operations that hand out no credentials: who am I, whose key is this, what did that say?"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check


def interpret_identity(values: dict, caller: Caller, *_: Any) -> Call:
    """Needs no permission and cannot be denied."""
    return Call("sts", "GetCallerIdentity", (), caller.principal.account, values)


def interpret_key_info(values: dict, caller: Caller, *_: Any) -> Call:
    account = caller.principal.account
    check = Check("sts:GetAccessKeyInfo", "*", account)
    return Call("sts", "GetAccessKeyInfo", (check,), account, values)


def interpret_decode(values: dict, caller: Caller, *_: Any) -> Call:
    account = caller.principal.account
    check = Check("sts:DecodeAuthorizationMessage", "*", account)
    return Call("sts", "DecodeAuthorizationMessage", (check,), account, values)
