"""The questions that a request to S3 puts to the policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labhelpers.sandbox.interpret.call import Check, pass_role
from labhelpers.sandbox.interpret.s3 import bodies, keys, ownership
from labhelpers.sandbox.interpret.s3.actions import action_of
from labhelpers.sandbox.interpret.s3.copies import copy_source
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import not_modelled
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
#: Operations on an object that is there already. GetObject's and GetObjectAttributes' own pages
#: say that only who may list learns that it is not; of the others it is inferred.
NEED_OBJECT = frozenset(
    (
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectAcl",
        "GetObjectAttributes",
        "GetObjectLegalHold",
        "GetObjectRetention",
        "GetObjectTagging",
        "HeadObject",
        "PutObjectAcl",
        "PutObjectLegalHold",
        "PutObjectRetention",
        "PutObjectTagging",
        "RestoreObject",
        "SelectObjectContent",
    )
)
_CAN_BYPASS = ("DeleteObject", "DeleteObjects", "PutObjectRetention")


@dataclass(frozen=True, slots=True)
class Deletion:
    """One object, or one of its versions, that DeleteObjects names, and what it takes."""

    key: str
    version: str | None
    checks: tuple[Check, ...]


def checks(
    operation: str, bucket: str | None, key: str | None, owner: str, http: HttpRequest
) -> list[Check]:
    """`owner` is the account of the bucket, or of the caller where there is none."""
    version = http.query_value("versionId")
    action = action_of(operation, version is not None)
    if not bucket:
        return [Check(f"s3:{action}", "*", owner)]
    if operation == "DeleteObjects":
        return []  # each key is asked for by itself: deletions()
    if key is None:
        context = keys.header_keys(http) | keys.list_keys(action, http)
        context["s3:ResourceAccount"] = owner
        more = _of_new_bucket(http) if operation == "CreateBucket" else ()
        arn = f"arn:aws:s3:::{bucket}"
        found = [Check(f"s3:{name}", arn, owner, context) for name in (action, *more)]
        return found + (_passed(owner, http) if operation == "PutBucketReplication" else [])
    _refuse_customer_keys(http)
    context = keys.header_keys(http) | keys.tag_keys(operation, bucket, key, http)
    actions = [action, *_bypass(operation, http)]
    if action == "PutObject":
        actions += {act: None for name, act in _HEADER_ACTIONS.items() if name in http.headers}
    found = [_object(name, bucket, key, owner, context) for name in actions]
    if operation in NEED_OBJECT:
        found += _missing(bucket, key, version, owner)
    return found + _copied(http)


def _of_new_bucket(http: HttpRequest) -> list[str]:
    """What CreateBucket asks besides. Source: its page in the S3 API Reference, "Permissions"."""
    if http.body and bodies.elements(http, "Tag"):
        raise not_modelled("buckets made with tags", "PutBucketTagging sets them.")
    more = ["PutBucketAcl"] if ownership.needs_acl_right(http) else []
    if "x-amz-object-ownership" in http.headers:
        more.append("PutBucketOwnershipControls")
    if http.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        more += ["PutBucketObjectLockConfiguration", "PutBucketVersioning"]
    return more


def _passed(owner: str, http: HttpRequest) -> list[Check]:
    """The role under which S3 is to copy: handing it over takes iam:PassRole."""
    roles = {(role.text or "").strip() for role in bodies.elements(http, "Role")}
    return [pass_role(role, owner, "s3.amazonaws.com") for role in sorted(roles)]


def _refuse_customer_keys(http: HttpRequest) -> None:
    """moto gives an object away without the key that it was stored with."""
    if any("-customer-" in name and name.startswith("x-amz-") for name in http.headers):
        raise not_modelled("encryption with keys of the client's own (SSE-C)")


def _object(
    action: str, bucket: str, key: str, owner: str, context: dict[str, str] | None = None
) -> Check:
    context = {"s3:ResourceAccount": owner, **(context or {})}
    return Check(f"s3:{action}", f"arn:aws:s3:::{bucket}/{key}", owner, context, None, True)


def _missing(bucket: str, key: str, version: str | None, owner: str) -> list[Check]:
    """Only who may list learns that a key is missing; everybody else gets a 403."""
    if buckets.has_object(bucket, key, version):
        return []
    return [Check("s3:ListBucket", f"arn:aws:s3:::{bucket}", owner)]


def _bypass(operation: str, http: HttpRequest) -> list[str]:
    """Who asks to step over a governance lock needs the right to, whether there is one or not."""
    asked = http.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
    return ["BypassGovernanceRetention"] if asked and operation in _CAN_BYPASS else []


def deletions(bucket: str, owner: str, http: HttpRequest) -> Iterator[Deletion]:
    for key, version in bodies.objects_to_delete(http):
        context = keys.header_keys(http)
        if version is not None:
            context["s3:VersionId"] = version
        action = "DeleteObject" if version is None else "DeleteObjectVersion"
        names = action, *_bypass("DeleteObjects", http)
        checks = tuple(_object(name, bucket, key, owner, context) for name in names)
        yield Deletion(key, version, checks)


def _copied(http: HttpRequest) -> list[Check]:
    source = copy_source(http)
    if source is None:
        return []
    bucket, key, version = source.bucket, source.key, source.version
    owner = buckets.bucket_owner(bucket) or ""
    action = "GetObject" if version is None else "GetObjectVersion"
    context = keys.existing_tag_keys(bucket, key, version)
    return [_object(action, bucket, key, owner, context), *_missing(bucket, key, version, owner)]
