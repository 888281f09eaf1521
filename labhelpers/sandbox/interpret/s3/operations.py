"""S3 requests: REST, so the action hides in method, path and sub-resource.

A bucket that does not exist is said before any policy is asked, to strangers too: recorded on AWS
in 2026 (AWS_RECORDED A9), and so is the check of the expected owner (A1).
"""

from __future__ import annotations

import re
from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.authenticate.claims import is_presigned, wrong_region
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import route, service_model
from labhelpers.sandbox.interpret.s3 import ownership, public_access
from labhelpers.sandbox.interpret.s3.checks import checks, deletions
from labhelpers.sandbox.interpret.s3.copies import copy_source
from labhelpers.sandbox.interpret.s3.parameters import refuse_ambiguity, refuse_strange_names
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    if http.raw_path.startswith("/v20180820/"):
        raise not_modelled("S3 Control")
    refuse_ambiguity(http)
    operation, uri = route(http, "s3")
    bucket, key = uri.get("Bucket"), uri.get("Key")
    refuse_strange_names(operation, http, bucket, key)
    owner = caller.principal.account
    # A new name that is taken is moto's business.
    if bucket and operation != "CreateBucket":
        _refuse_other_region(operation, bucket, caller, http)
        owner = _owner(operation, "ExpectedBucketOwner", bucket, http)
    source = copy_source(http)
    if source is not None:
        _owner(operation, "ExpectedSourceBucketOwner", source.bucket, http)
    asked = checks(operation, bucket, key, owner, http)
    if bucket:
        ownership.refuse_public_acl(operation, bucket, key, owner, caller.principal, http)
        public_access.refuse_strangers(bucket, owner, caller.principal)
    params = {"Bucket": bucket, "Key": key} if key else {"Bucket": bucket} if bucket else {}
    subject = None
    if operation == "DeleteObjects":
        subject = tuple(deletions(uri["Bucket"], owner, http))
    return Call("s3", operation, tuple(asked), owner, params, subject)


def _owner(operation: str, parameter: str, bucket: str, http: HttpRequest) -> str:
    """The account of a bucket, which has to exist and to be whose the request says it is."""
    owner = buckets.bucket_owner(bucket)
    if owner is None:
        text = "The specified bucket does not exist"
        why = f"There is no bucket {bucket}. Create it first, or correct the name."
        raise Refusal("NoSuchBucket", text, 404, reason=why, details={"BucketName": bucket})
    shape = service_model("s3").operation_model(operation).input_shape
    member = shape.members.get(parameter) if shape else None
    expected = http.headers.get(member.serialization["name"]) if member is not None else None
    if expected is not None and not re.fullmatch(r"\d{12}", expected, re.ASCII):
        text = "The value of the expected bucket owner parameter must be an AWS Account ID... "
        raise Refusal("InvalidBucketOwnerAWSAccountID", f"{text}[{expected[:100]}]", 400)
    if expected not in (None, owner):
        why = f"{bucket} does not belong to {expected}, which the request expects of its owner."
        raise Refusal("AccessDenied", "Access Denied", reason=why)
    return owner


def _refuse_other_region(operation: str, bucket: str, caller: Caller, http: HttpRequest) -> None:
    """A signature is for one Region; S3 says which one the bucket is in, and SDKs ask again."""
    region = buckets.bucket_region(bucket)
    if region is None or not caller.access_key_id or operation == "GetBucketLocation":
        return
    if caller.region != region:
        raise wrong_region(caller.region, region, is_presigned(http))
