"""S3 requests: REST, so the action hides in method, path and sub-resource."""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret.call import Call
from labhelpers.sandbox.interpret.models import route
from labhelpers.sandbox.interpret.s3 import ownership, public_access
from labhelpers.sandbox.interpret.s3.bucket_policies import bucket_policy
from labhelpers.sandbox.interpret.s3.checks import checks
from labhelpers.sandbox.interpret.s3.parameters import refuse_ambiguity, refuse_strange_names
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import not_modelled
from labhelpers.sandbox.wire.http import HttpRequest


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    if http.raw_path.startswith("/v20180820/"):
        raise not_modelled("S3 Control")
    refuse_ambiguity(http)
    operation, uri = route(http, "s3")
    bucket, key = uri.get("Bucket"), uri.get("Key")
    refuse_strange_names(operation, http, bucket, key)
    account = caller.principal.account
    owner = (buckets.bucket_owner(bucket) or account) if bucket else account
    if operation == "CreateBucket":  # a name that is taken is moto's business
        owner = account
    asked = checks(operation, bucket, key, owner, http)
    if operation == "PutBucketPolicy":
        policy = bucket_policy(http.body)
        public_access.refuse_public_policy(uri["Bucket"], owner, policy, caller.principal)
    elif bucket:
        ownership.refuse_public_acl(operation, bucket, key, owner, caller.principal, http)
        public_access.refuse_strangers(bucket, owner, caller.principal)
    return Call("s3", operation, tuple(asked), owner, {"Bucket": bucket} if bucket else {})
