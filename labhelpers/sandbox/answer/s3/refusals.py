"""What S3 refuses to those whom the policies let in.

Sources: S3 API Reference, "Error responses"; for a bucket policy of another account: logs of 2017
to 2025 (AWS_RECORDED A10); for locked objects: recorded on AWS on 2026-02-21 (A11).
"""

from __future__ import annotations

from datetime import UTC, datetime

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.s3 import bodies, ownership, public_access
from labhelpers.sandbox.interpret.s3.bucket_policies import bucket_policy
from labhelpers.sandbox.interpret.s3.checks import NEED_OBJECT
from labhelpers.sandbox.interpret.s3.copies import copy_source
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal
from labhelpers.sandbox.wire.http import HttpRequest

_OWNERS_ONLY = ("DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy")
_OF_UPLOADS = (
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "ListParts",
    "UploadPart",
    "UploadPartCopy",
)
_NOT_ALLOWED = "The specified method is not allowed against this resource."
_NO_UPLOAD = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
    "been aborted or completed."
)
_LOCKED = "Access Denied because object protected by object lock."


def refuse(http: HttpRequest, call: Call, caller: Caller) -> None:
    """Raises Refusal in S3's words; what passes is moto's to answer."""
    operation, bucket = call.operation, call.params.get("Bucket", "")
    key = call.params.get("Key", "")
    if operation in _OWNERS_ONLY and caller.principal.account != call.account_id:
        why = "A bucket's policy is its owner's alone, whatever it grants to other accounts."
        raise _wrong_method(http.method, "BUCKETPOLICY", why)
    if operation == "PutBucketPolicy":
        policy = bucket_policy(bucket, http.body)
        public_access.refuse_public_policy(bucket, call.account_id, policy, caller.principal)
    ownership.refuse_acl(operation, bucket, caller.principal.account, http)
    if operation in NEED_OBJECT:
        version = http.query_value("versionId")
        # moto's answer also tells that the object was deleted.
        if version is not None or operation not in ("GetObject", "HeadObject"):
            _refuse_missing(http.method, bucket, key, version)
    source = copy_source(http)
    if source is not None:
        _refuse_missing("GET", source.bucket, source.key, source.version)
    if operation in _OF_UPLOADS:
        _refuse_unknown_upload(http, operation, bucket, key)
    if operation == "DeleteObject":
        refuse_wrong_version(bucket, key, http.query_value("versionId"))
    if operation == "PutObjectRetention":
        _refuse_shorter(http, bucket, key)


def _refuse_missing(method: str, bucket: str, key: str, version: str | None) -> None:
    if buckets.has_object(bucket, key, version):
        return
    if version is not None and buckets.is_delete_marker(bucket, key, version):
        raise _wrong_method(method, "DeleteMarker", "This version says: the object is deleted.")
    if version is not None:
        details = {"Key": key, "VersionId": version}
        raise _missing("NoSuchVersion", "The specified version does not exist.", details)
    raise _missing("NoSuchKey", "The specified key does not exist.", {"Key": key})


def refuse_wrong_version(bucket: str, key: str, version: str | None) -> None:
    """Where a bucket keeps no versions, moto deletes the object whatever version is named."""
    if version is None or buckets.is_versioned(bucket):
        return
    if not buckets.has_object(bucket, key, version):
        text = "Invalid version id specified"
        details = {"ArgumentName": "versionId", "ArgumentValue": version[:200]}
        raise Refusal("InvalidArgument", text, 400, blocked_by="service", details=details)


def _refuse_unknown_upload(http: HttpRequest, operation: str, bucket: str, key: str) -> None:
    upload_id = http.query_value("uploadId") or ""
    if not buckets.has_upload(bucket, key, upload_id):
        raise _missing("NoSuchUpload", _NO_UPLOAD, {"UploadId": upload_id[:300]})
    if operation == "CompleteMultipartUpload" and not bodies.elements(http, "Part"):
        raise bodies.malformed()


def _refuse_shorter(http: HttpRequest, bucket: str, key: str) -> None:
    """A lock may be made longer by everybody who may set it; shorter, if at all, by a bypass."""
    mode, until = buckets.object_lock(bucket, key, http.query_value("versionId"))
    if not mode or _moment(until) <= datetime.now(UTC):
        return
    asked = next(iter(bodies.elements(http, "Retention")), None)
    new_mode, new_until = "", ""
    if asked is not None:
        new_mode, new_until = bodies.text(asked, "Mode"), bodies.text(asked, "RetainUntilDate")
    weaker = not new_mode or not new_until or _moment(new_until) < _moment(until)
    if mode == "GOVERNANCE":
        bypass = http.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        refused = weaker and not bypass
    else:
        refused = weaker or new_mode != mode
    if refused:
        raise Refusal("AccessDenied", _LOCKED, reason=f"{key} is locked ({mode}) until {until}.")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise bodies.malformed() from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _missing(code: str, text: str, details: dict[str, str]) -> Refusal:
    return Refusal(code, text, 404, blocked_by="service", details=details)


def _wrong_method(method: str, kind: str, why: str) -> Refusal:
    details = {"Method": method, "ResourceType": kind}
    return Refusal("MethodNotAllowed", _NOT_ALLOWED, 405, reason=why, details=details)
