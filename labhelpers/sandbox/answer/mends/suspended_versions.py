"""Buckets whose versioning is suspended keep the versions that they have.

moto 5.2.5 takes them for buckets without versions, and loses every version of what is written or
deleted there (findings/moto_suspended_bucket_loses_versions.sh). Source: S3 User Guide, "Adding
objects to versioning-suspended buckets" and "Deleting objects from versioning-suspended buckets".
"""

from __future__ import annotations

from typing import Any

_NULL = "null"


def keep_versions_of_suspended_buckets() -> None:
    """Mend moto. Safe to call again."""
    from moto.s3.models import FakeBucket, S3Backend

    put, delete = S3Backend.put_object, S3Backend.delete_object
    if getattr(put, "_lab_mended", False):
        return

    def is_versioned(self: Any) -> bool:
        return self.versioning_status in ("Enabled", "Suspended")

    def put_object(self: Any, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        """What is written takes the place of the version "null" alone."""
        bucket = self.get_bucket(bucket_name)
        earlier = _others(bucket, key_name)
        written = put(self, bucket_name, key_name, *args, **kwargs)
        if bucket.versioning_status == "Suspended":
            written._version_id = _NULL
            bucket.keys.setlist(key_name, [*earlier, written])
        return written

    def delete_object(
        self: Any,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        bypass: bool = False,
    ) -> tuple[bool, dict[str, Any]]:
        """A version goes by itself; without one, "null" goes and a marker takes its place."""
        bucket = self.get_bucket(bucket_name)
        earlier = _others(bucket, key_name)
        done, told = delete(self, bucket_name, key_name, version_id, bypass)
        suspended = bucket.versioning_status == "Suspended"
        if suspended and version_id is None and told.get("delete-marker"):
            marker = bucket.keys.getlist(key_name)[-1]
            marker._version_id = told["version-id"] = _NULL
            bucket.keys.setlist(key_name, [*earlier, marker])
        return done, told

    put_object._lab_mended = True  # type: ignore[attr-defined]
    FakeBucket.is_versioned = property(is_versioned)  # type: ignore[method-assign, assignment]
    S3Backend.put_object = put_object  # type: ignore[method-assign]
    S3Backend.delete_object = delete_object  # type: ignore[method-assign]


def _others(bucket: Any, key_name: str) -> list[Any]:
    """The versions of a key but for "null"."""
    return [one for one in bucket.keys.getlist(key_name, []) if one.version_id != _NULL]
