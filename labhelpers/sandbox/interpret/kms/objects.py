"""S3 objects under KMS keys: which key a request needs, and for what.

Source: S3 User Guide, "Using server-side encryption with AWS KMS keys", "Setting default
server-side encryption behavior", "Multipart upload API and permissions"; S3 API Reference of each
operation. Writing asks for kms:GenerateDataKey, reading for kms:Decrypt; HeadObject reads only
with its checksum. A key without an ARN is looked for in the account of whoever writes. Inferred:
that CompleteMultipartUpload asks for kms:Decrypt as its parts do, and that a bucket key asks for
every request. Not modelled: an encryption context of the writer's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.kms.keys import via_service
from labhelpers.sandbox.state import encrypted
from labhelpers.sandbox.state.encrypted import Kept
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

_WRITES = ("CopyObject", "CreateMultipartUpload", "PutObject")
_PARTS = ("CompleteMultipartUpload", "ListParts", "UploadPart", "UploadPartCopy")
_READS = ("GetObject", "GetObjectAttributes", "SelectObjectContent")
_READ_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
_SSE = "x-amz-server-side-encryption"
_KEY_ID, _BUCKET_KEY = f"{_SSE}-aws-kms-key-id", f"{_SSE}-bucket-key-enabled"
_KEY_WITHOUT_KMS = (
    "Server Side Encryption with AWS KMS managed key requires HTTP header "
    "x-amz-server-side-encryption : aws:kms"
)
_MANAGED = "alias/aws/s3"


def with_keys(call: Call, http: HttpRequest, caller: Caller) -> Call:
    """The call with what it asks of KMS keys behind everything else."""
    source = _source(call, http)
    if call.operation not in (*_WRITES, *_PARTS, *_READS, "HeadObject"):
        return call
    arn = call.checks[0].resource or ""
    bucket, _, name = arn.removeprefix("arn:aws:s3:::").partition("/")
    checks, sent = [], None
    if source is not None:
        _, _, version = http.headers["x-amz-copy-source"].partition("?versionId=")
        checks += _reads(source, caller, version or None)
    if call.operation in _WRITES:
        kept = _target(bucket, http)
        if kept.by_kms:
            check = _check("GenerateDataKey", bucket, name, kept, caller, caller.principal.account)
            checks.append(check)
            sent = _with_arn(http, kept, check)
    elif call.operation in _PARTS:
        kept = encrypted.upload_to_bucket(bucket, http.query_value("uploadId") or "")
        if kept.by_kms:
            checks.append(_check("Decrypt", bucket, name, kept, caller, call.account_id))
    elif call.operation in _READS or "x-amz-checksum-mode" in http.headers:
        checks += _reads(call.checks[0], caller, http.query_value("versionId"))
    if not checks:
        return call
    return replace(call, checks=(*call.checks, *checks), sent=sent)


def read_for(checks: Iterable[Check], caller: Caller) -> Iterator[Check]:
    """The keys of objects that another service reads for its caller, who is asked for them: any
    version, where the question does not say which."""
    for asked in checks:
        if asked.action in _READ_ACTIONS:
            bucket, _, name = (asked.resource or "").removeprefix("arn:aws:s3:::").partition("/")
            for kept in encrypted.versions_in_bucket(bucket, name):
                if kept.by_kms:
                    yield _check("Decrypt", bucket, name, kept, caller, asked.resource_account)


def _source(call: Call, http: HttpRequest) -> Check | None:
    """The question about the object that a copy reads."""
    if "x-amz-copy-source" not in http.headers:
        return None
    return next((check for check in call.checks if check.action in _READ_ACTIONS), None)


def _reads(asked: Check, caller: Caller, version: str | None) -> list[Check]:
    """What reading the object of another check asks."""
    bucket, _, name = (asked.resource or "").removeprefix("arn:aws:s3:::").partition("/")
    kept = encrypted.object_in_bucket(bucket, name, version)
    if not kept.by_kms:
        return []
    return [_check("Decrypt", bucket, name, kept, caller, asked.resource_account)]


def _target(bucket: str, http: HttpRequest) -> Kept:
    """How a new object will be encrypted: as its headers say, else as the bucket does."""
    headers = http.headers
    algorithm = headers.get(_SSE, "")
    if _KEY_ID in headers and not algorithm.startswith("aws:kms"):
        raise Refusal("InvalidArgument", _KEY_WITHOUT_KMS, 400)
    if f"{_SSE}-context" in headers:
        raise not_modelled(
            "an encryption context of one's own (x-amz-server-side-encryption-context)"
        )
    default = encrypted.default_of_bucket(bucket)
    bucket_key = headers.get(_BUCKET_KEY, str(default.bucket_key)).lower() == "true"
    if algorithm:
        return Kept(algorithm, headers.get(_KEY_ID, ""), bucket_key)
    if f"{_SSE}-customer-algorithm" in headers:
        return Kept()
    return replace(default, bucket_key=bucket_key)


def _check(action: str, bucket: str, name: str, kept: Kept, caller: Caller, owner: str) -> Check:
    object_arn = f"arn:aws:s3:::{bucket}" + ("" if kept.bucket_key else f"/{name}")
    place = (encrypted.bucket_region(bucket), owner)
    pairs = {"aws:s3:arn": object_arn}
    account = caller.principal.account
    return via_service("s3", action, kept.key or _MANAGED, account, place, pairs)


def _with_arn(http: HttpRequest, kept: Kept, check: Check) -> HttpRequest:
    """moto keeps the key's ARN, whatever name it was given: names may come to mean other keys."""
    headers = {_SSE: kept.algorithm, _KEY_ID: check.resource or ""}
    headers[_BUCKET_KEY] = "true" if kept.bucket_key else "false"
    return replace(http, headers={**http.headers, **headers})
