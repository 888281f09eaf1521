"""STS operations that hand out no credentials: who am I, whose key is this, what did that say?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.state.sessions import account_in
from labhelpers.sandbox.wire.errors import Refusal


def answer_identity(call: Call, caller: Caller, *_: Any) -> dict[str, Any]:
    principal = caller.principal
    return {"UserId": caller.user_id, "Account": principal.account, "Arn": principal.arn}


def answer_key_info(call: Call, caller: Caller, registry: Registry, _: datetime) -> dict[str, Any]:
    """The account of any key, whether it exists or not: it stands in the id."""
    key_id = call.params["AccessKeyId"]
    account = account_in(key_id)
    if not account:
        why = "Key ids since 2019 hold their account; this is none, or an older one."
        raise Refusal("ValidationError", f"Invalid Access Key ID: {key_id}", 400, reason=why)
    return {"Account": account}


def answer_decode(call: Call, caller: Caller, registry: Registry, _: datetime) -> dict[str, Any]:
    text = registry.decode_message(call.params["EncodedMessage"])
    if text is None:
        code = "InvalidAuthorizationMessageException"
        why = "This lab never issued such a message; copy all of it from the refusal."
        raise Refusal(code, "Message is not valid", 400, reason=why)
    return {"DecodedMessage": text}
