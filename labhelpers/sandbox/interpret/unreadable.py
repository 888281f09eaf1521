"""What is said of a request that the server could not read, or would not, in its client's form.

Source of the two codes: S3's list of error codes.
"""

from __future__ import annotations

import uuid

from labhelpers.sandbox.interpret.addressed import addressed
from labhelpers.sandbox.wire.errors import Refusal, not_modelled, render
from labhelpers.sandbox.wire.http import Answer, HttpRequest

_HEADERS = "Your request header section exceeds the maximum allowed size."
_PARTS = "Upload large objects in parts, as boto3's upload_file and the AWS CLI's `s3 cp` do."


def unreadable(http: HttpRequest, status: int, reason: str, max_body: int) -> Answer:
    """The answer instead of the server's own `status`, of which clients understand nothing; `http`
    is as much as is known of the request, `max_body` (bytes) what the server takes."""
    to = addressed(http)
    if status == 413:
        refusal = not_modelled(f"bodies of {max_body >> 20} MiB and more", _PARTS)
        refusal.status = status
    elif status == 431:
        refusal = Refusal("RequestHeaderSectionTooLarge", _HEADERS, 400)
    elif status == 400:
        text = f"An error occurred when parsing the HTTP request: {reason}."
        refusal = Refusal("BadRequest", text, 400)
    elif status == 501:
        refusal = not_modelled("this transfer encoding", "Send the body as it is, or in chunks.")
    else:
        refusal = not_modelled("a request of this form")
    return render(refusal, to.family, to.service, str(uuid.uuid4()))
