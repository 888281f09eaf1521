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


def is_delete_marker(bucket: str, key: str, version: str) -> bool:
    from moto.s3.models import FakeDeleteMarker

    found = _bucket(bucket)
    kept = found.keys.getlist(key, []) if found is not None else []
    return any(isinstance(one, FakeDeleteMarker) and one.version_id == version for one in kept)


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


def has_upload(bucket: str, key: str, upload_id: str) -> bool:
    """Whether a multipart upload to this key is open, or was completed and may be so again."""
    found = _bucket(bucket)
    if found is None:
        return False
    upload = found.multiparts.get(upload_id)
    if upload is not None:
        return upload.key_name == key
    kept = found.keys.getlist(key, [])
    done = getattr(kept[-1], "multipart", None) if kept else None
    return done is not None and done.id == upload_id


def object_lock(bucket: str, key: str, version: str | None) -> tuple[str, str]:
    """(mode, until when in ISO 8601) of the retention of an object, two empty texts for none."""
    found = _bucket(bucket)
    kept = found.keys.getlist(key, []) if found is not None else []
    for item in reversed(kept):
        if version in (None, str(item.version_id)):
            mode, until = getattr(item, "lock_mode", ""), getattr(item, "lock_until", "")
            return mode or "", until or ""
    return "", ""


def is_versioned(bucket: str) -> bool:
    """Whether the bucket ever kept versions; then objects of before have the version "null"."""
    found = _bucket(bucket)
    return found is not None and found.versioning_status is not None


def has_inventory(bucket: str, configuration_id: str) -> bool:
    found = _bucket(bucket)
    return found is not None and configuration_id in found.inventory_configs
