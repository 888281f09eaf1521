"""STS operations that hand out no credentials: who am I, whose key is this, what did that say?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.state import iam
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal


def answer_identity(call: Call, caller: Caller, *_: Any) -> dict[str, Any]:
    principal = caller.principal
    return {"UserId": caller.user_id, "Account": principal.account, "Arn": principal.arn}


def answer_key_info(call: Call, caller: Caller, registry: Registry, _: datetime) -> dict[str, Any]:
    """The account of a key of this sandbox; AWS reads it out of any key id."""
    key_id = call.params["AccessKeyId"]
    session, found = registry.sessions.get(key_id), iam.find_access_key(key_id)
    if session is not None:
        return {"Account": session.account_id}
    if key_id in registry.root_keys:
        return {"Account": registry.root_keys[key_id][0]}
    if key_id in registry.deleted_keys:
        return {"Account": registry.deleted_keys[key_id]}
    if found is None:
        why = "The sandbox can name the account of keys that it issued itself, and only of those."
        raise Refusal("ValidationError", f"Invalid Access Key ID: {key_id}", 400, reason=why)
    return {"Account": found[0]}


def answer_decode(call: Call, caller: Caller, registry: Registry, _: datetime) -> dict[str, Any]:
    text = registry.decode_message(call.params["EncodedMessage"])
    if text is None:
        code = "InvalidAuthorizationMessageException"
        why = "This lab never issued such a message; copy all of it from the refusal."
        raise Refusal(code, "Message is not valid", 400, reason=why)
    return {"DecodedMessage": text}
