"""A write is asked once: where nobody knows whether AWS has carried it out, it is not repeated.

botocore repeats what broke off, or failed on AWS's side. A user would be told to exist already,
and a key be there twice. Throttled calls are repeated: AWS has done nothing then.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, HTTPClientError
from botocore.retries.standard import (
    RetryContext,
    RetryEventAdapter,
    ThrottledRetryableChecker,
)

#: Whatever begins so changes nothing, or nothing that another try would meet.
READS = ("Get", "List", "Describe", "Head", "AssumeRole", "Simulate")
#: It has never reached AWS.
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError)
UNKNOWN = (
    "{operation}: {why}. Nobody knows whether AWS has carried it out, and the lab does not ask "
    "again: look first, then repeat the step. lab.close() removes it if it is there."
)


def is_lost(operation: str, error: Exception) -> bool:
    """Whether a write may have got through, though its answer did not."""
    is_broken = isinstance(error, HTTPClientError) and not isinstance(error, _NEVER_SENT)
    return is_broken and not operation.startswith(READS)


def once(**asked: Any) -> bool | None:
    """A handler for `needs-retry`, before botocore's own: False for a write that may have got
    through, None where botocore shall say."""
    context = RetryEventAdapter().create_retry_context(**asked)
    return False if is_unknown(asked["operation"].name, context) else None


def is_unknown(operation: str, context: RetryContext) -> bool:
    """Whether a write may have got through, though AWS has not said so."""
    if operation.startswith(READS):
        return False
    if context.caught_exception is not None:
        return not isinstance(context.caught_exception, _NEVER_SENT)
    failed = context.http_response.status_code >= 500
    return failed and not ThrottledRetryableChecker().is_retryable(context)
