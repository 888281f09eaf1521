"""Signature Version 2 of S3, the verifying side: links and headers as old clients make them.

AWS answers it still where it did in 2014, recorded for a link in us-east-1 on 2026-02-21
(AWS_RECORDED A3); everywhere else it asks for Version 4. A signature covers no query but the
sub-resources. botocore builds the text that is signed.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult

from botocore.auth import HmacV1Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from labhelpers.sandbox.authenticate.claims import Signed
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest

ALGORITHM = "AWS"  # as s3:signatureversion has it
#: Regions that are older than Version 4's sole reign. Source: S3 User Guide.
REGIONS = frozenset(
    (
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-west-1",
        "us-west-2",
    )
)
_PARAMETERS = ("AWSAccessKeyId", "Signature", "Expires")
_USE_4 = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)
_NEEDED = (
    "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
)
_NO_DATE = "AWS authentication requires a valid Date or x-amz-date header"
_HEADER = re.compile(r"AWS ([^:\s]+):(\S+)")


class _Text(HmacV1Auth):
    """botocore's signer with the date that the request names."""

    def __init__(self, secret: str, date: str) -> None:
        super().__init__(Credentials("-", secret))
        self._date = date

    def _get_date(self) -> str:
        return self._date


def is_used(http: HttpRequest) -> bool:
    return is_link(http) or http.headers.get("authorization", "").startswith("AWS ")


def is_link(http: HttpRequest) -> bool:
    names = [name for name in _PARAMETERS[:2] if name in http.query_string]
    return any(http.query_value(name) is not None for name in names)


def read_signature(http: HttpRequest) -> Signed:
    """The claims of a request for which is_used says so, or a Refusal."""
    region = buckets.bucket_region(http.path[1:].partition("/")[0]) or "us-east-1"
    if region not in REGIONS:
        why = f"In {region} S3 knows Signature Version 4 only: signature_version='s3v4' in boto3."
        raise Refusal("InvalidRequest", _USE_4, 400, blocked_by="authentication", reason=why)
    link = is_link(http)
    if link:
        values = [http.query_value(name) or "" for name in _PARAMETERS]
        if not all(values):
            raise _refusal("AccessDenied", _NEEDED)
        key_id, signature, expires = values
        signature = signature.replace(" ", "+")  # a plus that nobody has encoded
        moment = _expiry(expires)
        token = http.query_value("x-amz-security-token")
    else:
        found = _HEADER.fullmatch(http.headers["authorization"].strip())
        if found is None:
            text = "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"
            raise _refusal("InvalidArgument", text, 400)
        key_id, signature = found.groups()
        moment, token = _sent(http), None
    return Signed(
        key_id,
        f"{moment:%Y%m%d}",
        region,
        "s3",
        (),
        signature,
        f"{moment:%Y%m%dT%H%M%SZ}",
        token or http.headers.get("x-amz-security-token"),
        expires_in=0 if link else None,
        version=2,
    )


def signature_matches(http: HttpRequest, signed: Signed, secret: str) -> bool:
    path = http.raw_path
    # Clients sign a bucket's path with a slash at its end, whether they send one or not.
    spellings = {path, path + "/"} if path.count("/") == 1 and path != "/" else {path}
    expected = [_Text(secret, "").sign_string(_string_to_sign(http, one)) for one in spellings]
    given = signed.signature.encode("utf-8", "replace")
    return any(hmac.compare_digest(one.encode(), given) for one in expected)


def what_was_signed(http: HttpRequest, signed: Signed) -> dict[str, str]:
    text = _string_to_sign(http, http.raw_path)
    return {
        "AWSAccessKeyId": signed.access_key_id,
        "StringToSign": text,
        "SignatureProvided": signed.signature,
        "StringToSignBytes": text.encode("utf-8", "replace").hex(" "),
    }


def _string_to_sign(http: HttpRequest, path: str) -> str:
    headers = HTTPHeaders()
    given = dict(http.headers)
    if is_link(http):
        date = http.query_value("Expires") or ""
        for name, value in http.query:
            if name.lower().startswith("x-amz-") or name.lower() in ("content-md5", "content-type"):
                given.setdefault(name.lower(), value)
    else:
        date = "" if "x-amz-date" in given else given.get("date", "")
    for name, value in given.items():
        headers[name] = value
    split = SplitResult("", "", path, http.query_string, "")
    return str(_Text("", date).canonical_string(http.method, split, headers))


def _expiry(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise _refusal(
            "AccessDenied", f"Invalid date (should be seconds since epoch): {text[:40]}"
        ) from None


def _sent(http: HttpRequest) -> datetime:
    try:
        found = parsedate_to_datetime(http.headers.get("x-amz-date") or http.headers["date"])
    except (KeyError, ValueError, TypeError, OverflowError):
        raise _refusal("AccessDenied", _NO_DATE) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _refusal(code: str, text: str, status: int = 403) -> Refusal:
    return Refusal(code, text, status, blocked_by="authentication")
