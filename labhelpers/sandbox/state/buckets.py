"""What moto knows of S3: buckets, objects and their settings. Everything here reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labhelpers.policy import Policy, parse

if TYPE_CHECKING:
    from moto.s3.models import FakeBucket

#: The settings of Block Public Access, by the names of moto's attributes.
BLOCKS = {
    "block_public_acls": "BlockPublicAcls",
    "ignore_public_acls": "IgnorePublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "restrict_public_buckets": "RestrictPublicBuckets",
}


def bucket_owner(bucket: str) -> str | None:
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(bucket)
    return owner[1] if owner else None


def bucket_region(bucket: str) -> str | None:
    found = _bucket(bucket)
    return found.region_name if found is not None else None


def bucket_policy(bucket: str) -> Policy | None:
    found = _bucket(bucket)
    if found is None or not found.policy:
        return None
    text = found.policy.decode() if isinstance(found.policy, bytes) else found.policy
    return parse(text, kind="resource", name=f"bucket policy of {bucket}")


def _bucket(name: str) -> FakeBucket | None:
    from moto.s3.models import s3_backends

    owner = bucket_owner(name)
    return s3_backends[owner]["aws"].buckets.get(name) if owner else None


def has_object(bucket: str, key: str, version: str | None = None) -> bool:
    """Whether there is an object to read; a delete marker is none."""
    from moto.s3.models import FakeKey

    found = _bucket(bucket)
    kept = found.keys.getlist(key, []) if found is not None else []
    if version is None:
        return bool(kept) and isinstance(kept[-1], FakeKey)
    return any(isinstance(one, FakeKey) and str(one.version_id) == version for one in kept)


def object_tags(bucket: str, key: str, version: str | None = None) -> dict[str, str]:
    """The tags of an object, or of one of its versions; none of what is not there."""
    from moto.s3.models import s3_backends

    owner = bucket_owner(bucket)
    if owner is None:
        return {}
    backend = s3_backends[owner]["aws"]
    found = backend.buckets.get(bucket)
    kept = found.keys.getlist(key) if found is not None else None
    for item in reversed(kept or ()):
        if version in (None, str(item.version_id)):
            arn = getattr(item, "arn", "")  # a delete marker has none
            return dict(backend.tagger.get_tag_dict_for_resource(arn))
    return {}


def public_access_block(bucket: str) -> frozenset[str]:
    """The settings of Block Public Access that are switched on for a bucket."""
    found = _bucket(bucket)
    block = found.public_access_block if found is not None else None
    on = (name for attribute, name in BLOCKS.items() if getattr(block, attribute, False))
    return frozenset(on)


def object_ownership(bucket: str) -> str:
    """Who owns what is uploaded; without ownership controls the uploader, as before 2021."""
    found = _bucket(bucket)
    return str(found.ownership_rule or "ObjectWriter") if found is not None else ""


def has_grants(bucket: str) -> bool:
    """Whether the bucket's ACL gives anything to anybody but its owner."""
    found = _bucket(bucket)
    return found is not None and found.acl is not None and len(found.acl.grants) > 1
