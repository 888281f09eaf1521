"""Lists in pages: MaxItems, Marker and IsTruncated."""

from __future__ import annotations

import re
from typing import Any

from labhelpers.sandbox.answer.iam.faults import fault
from labhelpers.sandbox.interpret.call import Call

MAX_ITEMS = 100  # the default of every list of IAM


def page(items: list[Any], call: Call) -> tuple[list[Any], dict[str, Any]]:
    """(The items of the page that a call asks for, what the result says of the rest)."""
    marker = call.subject.get("Marker", "")
    if marker and not re.fullmatch(r"next-\d{1,9}", marker, re.ASCII):
        raise fault("ValidationError", "Invalid Marker.", 400)
    start = int(marker[5:] or 0) if marker else 0
    end = start + call.subject.get("MaxItems", MAX_ITEMS)
    more = len(items) > end
    rest = {"IsTruncated": more, **({"Marker": f"next-{end}"} if more else {})}
    return items[start:end], rest
