"""ACLs and Object Ownership: new buckets take no ACLs, and the bucket's owner owns its objects.

An ACL that lets somebody in would have to be asked at every read; the sandbox does not, and
refuses to store it. Sources: S3 User Guide, "Controlling ownership of objects and disabling ACLs";
the order (Block Public Access first) and the words: trials and logs of 2023 to 2026. That
CreateBucket looks at the ownership first is not verified.
"""

from __future__ import annotations

from collections.abc import Iterator

from labhelpers.policy import Principal
from labhelpers.sandbox.interpret.s3 import bodies, public_access
from labhelpers.sandbox.state import buckets
from labhelpers.sandbox.wire.errors import Refusal, not_modelled
from labhelpers.sandbox.wire.http import HttpRequest

ENFORCED = "BucketOwnerEnforced"
_SETTINGS = (ENFORCED, "BucketOwnerPreferred", "ObjectWriter")
_EVERYBODY, _OTHERS, _LOGS, _OWNER = "everybody", "others", "logs", "owner"
#: Whom each canned ACL lets in besides the owner; "owner" is the bucket's.
_CANNED = {
    "private": (),
    "public-read": (_EVERYBODY,),
    "public-read-write": (_EVERYBODY,),
    "authenticated-read": (_EVERYBODY,),
    "aws-exec-read": (_OTHERS,),
    "bucket-owner-read": (_OWNER,),
    "bucket-owner-full-control": (_OWNER,),
    "log-delivery-write": (_LOGS,),
}
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": _EVERYBODY,
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": _EVERYBODY,
    "http://acs.amazonaws.com/groups/s3/LogDelivery": _LOGS,
}
_WRITES = ("PutObject", "CopyObject", "CreateMultipartUpload")
_NO_ACLS = "The bucket does not allow ACLs"
_ENFORCED_ACL = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
_BLOCKED_ACL = "Bucket cannot have public ACLs set with BlockPublicAccess enabled"
_OPEN_IT = (
    "Grant access by policy; to use ACLs all the same, the bucket needs PutBucketOwnershipControls "
    "with BucketOwnerPreferred or ObjectWriter first."
)


def refuse_public_acl(
    operation: str, bucket: str, key: str | None, owner: str, caller: Principal, http: HttpRequest
) -> None:
    """BlockPublicAcls, before any policy is asked."""
    if operation == "CreateBucket" or _EVERYBODY not in _let_in(operation, http):
        return
    if "BlockPublicAcls" in buckets.public_access_block(bucket):
        action = operation if operation.endswith("Acl") else "PutObject"
        arn = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
        what = "ACLs", "BlockPublicAcls"
        raise public_access.prevented(what, action, arn, owner, caller, _OPEN_IT)


def refuse_acl(operation: str, bucket: str, account: str, http: HttpRequest) -> None:
    """What the bucket's ownership controls do not allow; for who may do the rest."""
    if operation == "CreateBucket":
        _refuse_new(http)
        return
    if operation == "PutBucketOwnershipControls":
        asked = [bodies.text(rule, "ObjectOwnership") for rule in bodies.elements(http, "Rule")]
        if len(asked) != 1 or asked[0] not in _SETTINGS:
            raise bodies.malformed()
        if asked[0] == ENFORCED and buckets.has_grants(bucket):
            raise Refusal("InvalidBucketAclWithObjectOwnership", _ENFORCED_ACL, 400)
    ownership = buckets.object_ownership(bucket)
    let_in = _let_in(operation, http)
    if ownership == ENFORCED:
        if operation.endswith("Acl") and operation.startswith("Put"):
            acceptable = let_in == {_OWNER} or "x-amz-acl" not in http.headers and not let_in
        else:
            acceptable = let_in <= {_OWNER}
        if not acceptable:
            raise Refusal("AccessControlListNotSupported", _NO_ACLS, 400, reason=_OPEN_IT)
        return
    if let_in & {_EVERYBODY, _OTHERS}:
        raise not_modelled("access by ACL", "Grant it by a bucket policy.")
    foreign = operation in _WRITES and account != buckets.bucket_owner(bucket)
    given = ownership == "BucketOwnerPreferred" and (
        http.headers.get("x-amz-acl") == "bucket-owner-full-control"
    )
    if foreign and not given:
        raise not_modelled("objects that are not the bucket owner's", _OPEN_IT)


def ownership_of_new(http: HttpRequest) -> str:
    return http.headers.get("x-amz-object-ownership", ENFORCED)


def needs_acl_right(http: HttpRequest) -> bool:
    """Whether CreateBucket asks for an ACL that takes s3:PutBucketAcl."""
    return http.headers.get("x-amz-acl", "private") != "private" or any(_grants(http))


def _refuse_new(http: HttpRequest) -> None:
    ownership = ownership_of_new(http)
    if ownership not in _SETTINGS:
        text = f"Invalid x-amz-object-ownership header: {ownership[:40]}"
        raise Refusal("InvalidArgument", text, 400)
    let_in = _let_in("CreateBucket", http)
    if ownership == ENFORCED and not let_in <= {_OWNER}:
        text = _ENFORCED_ACL
        raise Refusal("InvalidBucketAclWithObjectOwnership", text, 400, reason=_OPEN_IT)
    if _EVERYBODY in let_in:
        code = "InvalidBucketAclWithBlockPublicAccessError"
        raise Refusal(code, _BLOCKED_ACL, 400, reason=_OPEN_IT)
    if _OTHERS in let_in:
        raise not_modelled("access by ACL", "Grant it by a bucket policy.")


def _let_in(operation: str, http: HttpRequest) -> set[str]:
    """Whom the ACL in a request lets in, besides the owner of the thing itself."""
    if operation not in (*_WRITES, "CreateBucket", "PutBucketAcl", "PutObjectAcl"):
        return set()
    canned = http.headers.get("x-amz-acl")
    if canned is not None and canned not in _CANNED:
        details = {"ArgumentName": "x-amz-acl", "ArgumentValue": canned[:100]}
        raise Refusal("InvalidArgument", "", 400, details=details)
    found = set(_CANNED[canned or "private"]) | set(_grants(http))
    if operation.startswith("Put") and operation.endswith("Acl") and http.body:
        named = bodies.elements(http, "Grantee")
        found |= {_grantee(bodies.text(e, "URI"), bodies.text(e, "ID")) for e in named}
    return found


def _grants(http: HttpRequest) -> Iterator[str]:
    for name, value in http.headers.items():
        if not name.startswith("x-amz-grant-"):
            continue
        for part in value.split(","):
            kind, _, who = part.strip().partition("=")
            who = who.strip('"')
            yield _grantee(who, "") if kind == "uri" else _grantee("", who if kind == "id" else "")


def _grantee(uri: str, canonical_id: str) -> str:
    from moto.s3.models import OWNER

    if uri:
        return _GROUPS.get(uri, _OTHERS)
    return _OWNER if canonical_id == OWNER else _OTHERS
