"""DeleteObjects: each key is asked for by itself, and the answer tells which were refused.

Source: S3 API Reference, DeleteObjects: 200, with an Error for each key that stays.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from xml.sax.saxutils import escape

from labhelpers.sandbox.answer.moto import answer_moto
from labhelpers.sandbox.answer.s3.refusals import refuse_wrong_version
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authorize import decide
from labhelpers.sandbox.authorize.denials import denial
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.s3.checks import Deletion
from labhelpers.sandbox.state.registry import Registry
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.families import S3
from labhelpers.sandbox.wire.http import Answer, HttpRequest

_WHITE = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}  # XML would make a space of them
_RESULT = '<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'


def delete_objects(
    http: HttpRequest,
    call: Call,
    caller: Caller,
    registry: Registry,
    lab_now: datetime,
    request_id: str,
) -> Answer:
    """`http` as moto is to read it; `call.subject` are the Deletions."""
    may, told = [], ""
    for deletion in call.subject:
        refusal = _refusal(deletion, http, call, caller, registry, lab_now)
        if refusal is None:
            may.append(deletion)
        else:
            told += _error(deletion, refusal)
    if may:
        body = f"<Delete>{''.join(map(_object, may))}</Delete>".encode()
        status, headers, answered = answer_moto(replace(http, body=body), call, caller, request_id)
    else:
        status, headers = 200, [("Content-Type", "application/xml")]
        answered = f"{_RESULT}</DeleteResult>".encode()
    end = answered.rindex(b"</")
    return status, headers, answered[:end] + told.encode() + answered[end:]


def _refusal(
    deletion: Deletion,
    http: HttpRequest,
    call: Call,
    caller: Caller,
    registry: Registry,
    lab_now: datetime,
) -> Refusal | None:
    one = replace(call, checks=deletion.checks)
    address = caller.source_ip or http.remote_addr
    decision = decide.authorize(one, caller, http.headers, address, lab_now)
    if decision is None or decision.allowed:
        try:
            refuse_wrong_version(call.params["Bucket"], deletion.key, deletion.version)
        except Refusal as error:
            return error
        return None
    refusal = denial(decision, S3, http, one, caller, registry)
    if refusal.blocked_by == "not modelled":
        raise refusal
    return refusal


def _object(deletion: Deletion) -> str:
    return f"<Object>{_named(deletion)}</Object>"


def _error(deletion: Deletion, refusal: Refusal) -> str:
    code, message = escape(refusal.code), escape(refusal.message)
    return f"<Error>{_named(deletion)}<Code>{code}</Code><Message>{message}</Message></Error>"


def _named(deletion: Deletion) -> str:
    version = deletion.version
    more = "" if version is None else f"<VersionId>{escape(version, _WHITE)}</VersionId>"
    return f"<Key>{escape(deletion.key, _WHITE)}</Key>{more}"
