"""cloudtrail:LookupEvents, answered from the records.

As on AWS: management events only, of the caller's account and of the Region that is asked, newest
first, 90 days back. Not as on AWS: events are there at once, not after some minutes.
Source: AWS CloudTrail API Reference, LookupEvents.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.record.events import (
    event_name,
    events_of,
    is_management,
    recipients,
    region_of,
)
from labhelpers.sandbox.record.identity import lookup_name
from labhelpers.sandbox.record.recorder import Record, Recorder
from labhelpers.sandbox.record.resources import resources_of
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest

MAX_RESULTS = 50
HISTORY = timedelta(days=90)
_KEYS = (
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
)


def answer(
    http: HttpRequest,
    call: Call,
    caller: Caller,
    recorder: Recorder,
    lab_now: datetime,
    request_id: str,
) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """The answer to an authorized LookupEvents, None for any other call."""
    if (call.service, call.operation) != ("cloudtrail", "LookupEvents"):
        return None
    try:
        query = json.loads(http.body or b"{}")
    except (ValueError, RecursionError):
        query = None
    if not isinstance(query, dict):
        raise Refusal("SerializationException", "The request is no JSON object.", 400)
    result = lookup_events(recorder, call.account_id, caller.region, query, lab_now)
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id)]
    return 200, headers, json.dumps(result).encode()


def lookup_events(
    recorder: Recorder, account: str, region: str, query: Mapping[str, Any], lab_now: datetime
) -> dict[str, Any]:
    """The result of LookupEvents for the parameters of a request, or its Refusal."""
    attribute = _attribute(query.get("LookupAttributes"))
    size = _size(query.get("MaxResults", MAX_RESULTS))
    start, end = (_moment(query.get(name), name) for name in ("StartTime", "EndTime"))
    if start is not None and end is not None and start > end:
        raise _invalid("InvalidTimeRange", "The start time is after the end time.")
    before = _position(query)
    if query.get("EventCategory") is not None:
        if query["EventCategory"] != "insight":
            raise _invalid("InvalidEventCategory", "The event category has to be insight.")
        return {"Events": []}
    # Events bear whole seconds, and a range counts both of its ends.
    earliest = max(int(start or 0), int((lab_now - HISTORY).timestamp()))
    latest = end if end is not None else float("inf")
    page: list[dict[str, Any]] = []
    last = 0
    name = attribute[1] if attribute is not None and attribute[0] == "EventName" else None
    for record, event in _matching(recorder, account, region, before, earliest, latest, name):
        entry = _entry(record, event)
        if attribute is not None and not _has(entry, *attribute):
            continue
        if len(page) == size:
            return {"Events": page, "NextToken": _token(query, last)}
        page.append(entry)
        last = record.number
    return {"Events": page}


def _matching(
    recorder: Recorder,
    account: str,
    region: str,
    before: float,
    earliest: float,
    latest: float,
    name: str | None,
) -> Iterator[tuple[Record, dict[str, Any]]]:
    """Events are written only for records that the cheap questions leave."""
    for record in recorder.newest_first():
        seen = record.seen
        if seen is None or record.number >= before or not is_management(seen):
            continue
        if name is not None and event_name(seen) != name:
            continue
        moment = int(seen.time.timestamp())
        if not earliest <= moment <= latest or region_of(seen) != region:
            continue
        accounts = recipients(seen)
        if account in accounts:
            yield record, events_of(seen)[accounts.index(account)]


def _entry(record: Record, event: dict[str, Any]) -> dict[str, Any]:
    assert record.seen is not None
    entry = {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "ReadOnly": "true" if event["readOnly"] else "false",
        "AccessKeyId": event["userIdentity"].get("accessKeyId"),
        "EventTime": int(record.seen.time.timestamp()),
        "EventSource": event["eventSource"],
        "Username": lookup_name(event["userIdentity"]),
        "Resources": resources_of(event),
        "CloudTrailEvent": json.dumps(event, separators=(",", ":")),
    }
    return {name: value for name, value in entry.items() if value is not None}


def _has(entry: Mapping[str, Any], key: str, value: str) -> bool:
    if key in ("ResourceType", "ResourceName"):
        return any(resource[key] == value for resource in entry["Resources"])
    return entry.get(key) == value


def _attribute(listed: Any) -> tuple[str, str] | None:
    """LookupAttributes holds at most one item; several would not be combined anyway."""
    if listed is None or listed == []:
        return None
    item = listed[0] if isinstance(listed, list) and len(listed) == 1 else None
    if not isinstance(item, dict) or item.get("AttributeKey") not in _KEYS:
        text = f"Give one lookup attribute, whose key is one of {', '.join(_KEYS)}."
        raise _invalid("InvalidLookupAttributes", text)
    value = item.get("AttributeValue")
    if not isinstance(value, str) or not 1 <= len(value) <= 2000:
        raise _invalid("InvalidLookupAttributes", "An attribute value has 1 to 2000 characters.")
    return item["AttributeKey"], value


def _size(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_RESULTS:
        raise _invalid("InvalidMaxResults", f"MaxResults must be from 1 to {MAX_RESULTS}.")
    return value


def _moment(value: Any, name: str) -> float | None:
    """Seconds since 1970, which is how the JSON protocol sends dates."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise _invalid("InvalidTimeRange", f"{name} is not a time.")
    return float(value)


def _token(query: Mapping[str, Any], last: int) -> str:
    return base64.urlsafe_b64encode(f"{last}.{_digest(query)}".encode()).decode()


def _position(query: Mapping[str, Any]) -> float:
    """The number before which to go on. A token is good only with the parameters it came with."""
    token = query.get("NextToken")
    if token is None:
        return float("inf")
    try:
        number, _, digest = base64.urlsafe_b64decode(token).decode("ascii").partition(".")
        if digest == _digest(query):
            return int(number)
    except (TypeError, ValueError, binascii.Error):
        pass
    raise _invalid("InvalidNextToken", "The token is not one of this query.")


def _digest(query: Mapping[str, Any]) -> str:
    same = {name: value for name, value in query.items() if name != "NextToken"}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:24]


def _invalid(code: str, message: str) -> Refusal:
    return Refusal(f"{code}Exception", message, 400)
