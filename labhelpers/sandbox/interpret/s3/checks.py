"""The questions that a request to S3 puts to the policies."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from labhelpers.sandbox.interpret.call import Check
from labhelpers.sandbox.interpret.s3 import bodies, keys, ownership
from labhelpers.sandbox.interpret.s3.actions import action_of
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

#: Request headers that ask for more than the operation's own action.
_HEADER_ACTIONS = {
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-acl": "PutObjectAcl",
    "x-amz-grant-full-control": "PutObjectAcl",
    "x-amz-grant-read": "PutObjectAcl",
    "x-amz-grant-read-acp": "PutObjectAcl",
    "x-amz-grant-write-acp": "PutObjectAcl",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}
#: What other readers of a copy source take for the end of its key or for an authority.
_TRICKS = re.compile(r"[;#]|\A//|\A[A-Za-z][A-Za-z0-9+.-]*:")


def checks(
    operation: str, bucket: str | None, key: str | None, owner: str, http: HttpRequest
) -> list[Check]:
    """`owner` is the account of the bucket, or of the caller where there is none."""
    action = action_of(operation, http.query_value("versionId") is not None)
    if not bucket:
        return [Check(f"s3:{action}", "*", owner)]
    if operation == "DeleteObjects":
        return _deletions(bucket, owner, http)
    if key is None:
        context = keys.header_keys(http) | keys.list_keys(action, http)
        more = _of_new_bucket(http) if operation == "CreateBucket" else ()
        arn = f"arn:aws:s3:::{bucket}"
        return [Check(f"s3:{name}", arn, owner, context) for name in (action, *more)]
    context = keys.header_keys(http) | keys.tag_keys(operation, bucket, key, http)
    found = [_object(action, bucket, key, owner, context)]
    if action == "PutObject":
        extra = {act: None for header, act in _HEADER_ACTIONS.items() if header in http.headers}
        found += [_object(act, bucket, key, owner, context) for act in extra]
    if operation in ("GetObject", "HeadObject") and not buckets.has_object(bucket, key):
        # Only who may list learns that a key is missing; everybody else gets a 403.
        found.append(Check("s3:ListBucket", f"arn:aws:s3:::{bucket}", owner))
    if "x-amz-copy-source" in http.headers:
        found.append(_copy_source(http.headers["x-amz-copy-source"], owner))
    return found


def _of_new_bucket(http: HttpRequest) -> list[str]:
    """What CreateBucket asks besides. Source: its page in the S3 API Reference, "Permissions"."""
    more = ["PutBucketAcl"] if ownership.needs_acl_right(http) else []
    if "x-amz-object-ownership" in http.headers:
        more.append("PutBucketOwnershipControls")
    if http.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        more += ["PutBucketObjectLockConfiguration", "PutBucketVersioning"]
    return more


def _object(
    action: str, bucket: str, key: str, owner: str, context: dict[str, str] | None = None
) -> Check:
    return Check(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}", owner, context or {}, None, True)


def _deletions(bucket: str, owner: str, http: HttpRequest) -> list[Check]:
    found = []
    for key, version in bodies.objects_to_delete(http):
        if version is not None:
            raise not_modelled("DeleteObjects of versions", "Delete them one by one.")
        found.append(_object("DeleteObject", bucket, key, owner))
    return found


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
    return _object(action, bucket, key, owner, keys.existing_tag_keys(bucket, key, version))
