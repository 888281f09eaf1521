"""New buckets as AWS has made them since April 2023: shut, without ACLs, encrypted.

Source: S3 User Guide, "Default settings for new S3 buckets FAQ"; recorded on AWS (AWS_RECORDED A2).
"""

from __future__ import annotations

from typing import Any

from labhelpers.sandbox.interpret.s3.ownership import ENFORCED


def make_buckets_as_aws_does() -> None:
    """Mend moto, whose new buckets are those of before April 2023. Safe to call again."""
    from moto.s3.models import FakeBucket, FakeKey, PublicAccessBlock, S3Backend, get_canned_acl

    original = FakeBucket.__init__
    if getattr(original, "_lab_mended", False):
        return

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.public_access_block = PublicAccessBlock(True, True, True, True)
        self.ownership_rule = ENFORCED
        self.encryption = _default_encryption()

    def delete_encryption(self: Any, bucket_name: str) -> None:
        self.get_bucket(bucket_name).encryption = _default_encryption()

    def set_acl(self: Any, acl: Any) -> None:
        self.acl = acl or get_canned_acl("private")  # uploads in parts bring none

    init._lab_mended = True  # type: ignore[attr-defined]
    FakeBucket.__init__ = init  # type: ignore[method-assign]
    FakeKey.set_acl = set_acl  # type: ignore[method-assign]
    S3Backend.delete_bucket_encryption = delete_encryption  # type: ignore[method-assign]


def _default_encryption() -> dict[str, Any]:
    algorithm = {"SSEAlgorithm": "AES256"}
    rule = {"ApplyServerSideEncryptionByDefault": algorithm, "BucketKeyEnabled": "false"}
    return {"Rule": rule}
