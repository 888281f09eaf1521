"""ARNs in Resource and NotResource whose partition or account cannot exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labhelpers.policy.linting.views import View, error
from labhelpers.policy.writing.findings import Finding

_OPEN = re.compile(r"[*?$]")
_PARTITION = re.compile(r"aws(-[a-z]+)*", re.ASCII)


def impossible_arns(view: View) -> Iterator[Finding]:
    """Partitions that AWS does not have, and accounts that are not 12 digits."""
    for element in ("Resource", "NotResource"):
        for path, text in view.entries(element):
            parts = text.split(":", 5)
            if len(parts) < 6:
                continue
            partition, account = parts[1], parts[4]
            if not _OPEN.search(partition) and not _PARTITION.fullmatch(partition):
                why = "Partitions are aws, aws-cn, aws-us-gov and the like."
                message = f'There is no partition "{partition}"'
                yield error("bad-arn", message, path, why, "Write arn:aws:...")
            # Some of AWS's own resources have a word there: "aws".
            if not _OPEN.search(account) and re.fullmatch(r"\d+", account) and len(account) != 12:
                why = "An account id has 12 digits, leading zeros included."
                message = f'"{account}" is no account id'
                yield error("bad-arn", message, path, why, "Write all 12 digits, or *.")
