"""Whether what came back for a call is an answer of AWS's at all.

A captive portal, a proxy or a company's login page answers anything with a page and status 200,
and botocore reads an empty answer from that: something seems to be deleted that is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

_WORDS = (
    "What came back is no answer of AWS's. Is there a login page or a proxy between? Open any web "
    "page in a browser, sign in there if it asks, and try again."
)


class NoAnswer(BotoCoreError):
    """Something else than AWS has answered; nobody knows whether AWS was asked."""

    fmt = _WORDS


def check_answered(operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
    """A handler for botocore's `before-parse` event: its parser dies of some pages (KeyError:
    'ListUsersResult') and makes an empty answer of others. Raises NoAnswer."""
    protocol = operation_model.service_model.metadata["protocol"]
    status, body = response_dict["status_code"], response_dict["body"]
    if status >= 300:
        return  # an error, which botocore makes of any page
    if protocol in ("query", "ec2"):
        # The root of an answer is called <ActionResponse>: "Query requests" in EC2's and "Making
        # query requests" in IAM's documentation.
        answered = _root(body).endswith("Response")
    else:
        answered = protocol != "rest-xml" or _is_of_s3(operation_model, status, body)
    if not answered:
        raise NoAnswer()


def _is_of_s3(model: Any, status: int, body: bytes) -> bool:
    wanted = model.http.get("responseCode", 200)  # a deletion's is 204
    if wanted == 204:
        return status == wanted
    if model.has_streaming_output or model.http["method"] == "HEAD":
        return True  # any content is an object's
    if model.http["method"] == "GET" and not body:
        return False
    return not body.lstrip().startswith(b"<") or _root(body).lower() not in ("", "html")


def _root(content: bytes) -> str:
    try:
        return ElementTree.fromstring(content).tag
    except ElementTree.ParseError:
        return ""


def told(error: Exception) -> str:
    """What a learner is told, in a sentence or two on one line."""
    if isinstance(error, (NoAnswer, ResponseParserError)):
        return _WORDS
    return " ".join(str(error).split())
