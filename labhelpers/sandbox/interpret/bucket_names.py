"""Which names S3 takes for a new bucket. Source: Amazon S3 User Guide, general purpose bucket
naming rules."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_RESERVED = re.compile(
    r".*(?:\.\..*|-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)|(?:\d+\.){3}\d+", re.ASCII
)


def is_bucket_name(name: str) -> bool:
    """Whether a bucket can be made that is called so: 3 to 63 lower-case letters, digits, hyphens
    and dots, no IP address, and none of the beginnings and ends that S3 keeps for itself."""
    return _NAME.fullmatch(name) is not None and _RESERVED.fullmatch(name) is None
