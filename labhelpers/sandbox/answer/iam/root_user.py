"""GetUser of the root user, which is no IAM user: its name is the account's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from labhelpers.sandbox.interpret.call import Call

#: The sandbox's accounts have no birthday; AWS answers the day on which the account was made.
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)


def root_user(call: Call) -> dict[str, Any]:
    """What the root user learns of itself: no name, no path of its own."""
    account = call.account_id
    arn = f"arn:aws:iam::{account}:root"
    return {"User": {"Path": "/", "UserId": account, "Arn": arn, "CreateDate": _SINCE}}
