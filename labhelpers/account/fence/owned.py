"""What in a request is this run's own: names and ARNs by their parts, ids by what was made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from labhelpers.account.names import PATH

#: The run's own boundary: no lesson attaches, changes or deletes it.
BOUNDARY = "boundary"
_OF_AWS = re.compile(r"arn:aws:iam::aws:policy/[\w+=,.@/-]+", re.ASCII)
_ACLS = ("private", "bucket-owner-full-control")


class Owned:
    """`prefix` begins the run's names, `accounts` are the lab's (lesson's number -> real one).

    `ids` are those of what the run has made and the keys it was handed, `networks` the account's
    default VPCs and their subnets, in which the run may put its own things.
    """

    def __init__(self, prefix: str, accounts: Mapping[str, str], region: str) -> None:
        self.prefix, self._accounts, self._region = prefix, accounts, region
        self.ids: set[str] = set()
        self.networks: set[str] = set()
        self._kinds: dict[str, Callable[[str], bool]] = {
            "name": self.is_name,
            "role": lambda text: self.is_arn(text, "role"),
            "MFA device": lambda text: self.is_arn(text, "mfa"),
            "own policy": self._is_own_policy,
            "policy": lambda text: bool(_OF_AWS.fullmatch(text)) or self._is_own_policy(text),
            "limit": lambda text: bool(_OF_AWS.fullmatch(text)) or self.is_arn(text, "policy"),
            "id": self.ids.__contains__,
            "network": self.networks.__contains__,
            "object key": _stays_in_its_bucket,
            "copy source": self._is_copy_source,
            "Region": lambda text: text == self._region,
            "ACL": lambda text: text in _ACLS,
        }

    @property
    def accounts(self) -> set[str]:
        """The real numbers of the lab's accounts, which grow when a lesson needs a second one."""
        return set(self._accounts.values())

    def holds(self, kind: str, value: Any) -> bool:
        """Whether a value names a thing of this run; `kind` is one of allowed.json."""
        if kind == "on":
            return value is True
        return isinstance(value, str) and self._kinds[kind](value)

    def is_name(self, text: str) -> bool:
        """Whether a name begins as the run's do, and nothing in it could be read as a step in a
        path, an address or an ARN. Other letters are AWS's to refuse."""
        return text.startswith(self.prefix) and not set("/:?#%\\") & set(text)

    def is_arn(self, text: str, kind: str) -> bool:
        """Whether an ARN is that of an IAM entity of this run."""
        parts = text.split(":", 5)
        if len(parts) < 6 or parts[:4] != ["arn", "aws", "iam", ""]:
            return False
        path, _, name = parts[5].rpartition("/")
        ours = f"{path}/".startswith(kind + PATH)
        return parts[4] in self.accounts and ours and self.is_name(name)

    def _is_own_policy(self, text: str) -> bool:
        _, _, name = text.rpartition("/")
        return self.is_arn(text, "policy") and not self.is_boundary(name)

    def is_boundary(self, name: str) -> bool:
        """IAM takes names that differ in their letters' case only for the same."""
        return name.casefold() == self.prefix + BOUNDARY

    def _is_copy_source(self, text: str) -> bool:
        bucket, slash, key = text.partition("/")
        return self.is_name(bucket) and bool(slash) and _stays_in_its_bucket(key)


def _stays_in_its_bucket(key: str) -> bool:
    """Whether no HTTP library could take parts of a key for steps out of its bucket."""
    return bool(key) and not {".", ".."} & set(re.split(r"[/\\]", key))
