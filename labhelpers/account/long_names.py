"""Names that grow too long with the run's prefix: what is left of them, and what AWS refuses.

A prefix must make no forbidden name an allowed one, nor an allowed one too long or another's.
"""

from __future__ import annotations

import re
from hashlib import sha256

from labhelpers.sandbox.interpret.bucket_names import is_bucket_name

#: One length for all kinds, the shortest (a bucket's), so that a name is called the same
#: wherever it stands.
MOST = 63
#: The longest that AWS takes, by the word in an ARN or the parameter of a request.
LIMITS = {
    "user": 64,
    "role": 64,
    "assumed-role": 64,
    "federated-user": 32,
    "mfa": 226,
    **dict.fromkeys(("group", "policy", "instance-profile", "saml-provider"), 128),
    "UserName": 64,
    "RoleName": 64,
    "NewUserName": 64,
    "RoleSessionName": 64,
    "SourceIdentity": 256,
    "Name": 32,
    "VirtualMFADeviceName": 226,
}
_DIGEST = 8  # letters; two of a run's long names meet once in a billion
#: What all kinds allow. A name with any other letter keeps it, so that AWS can say so.
_PLAIN = re.compile(r"[\w+=,.@-]+", re.ASCII)


def shortened(prefix: str, name: str, most: int) -> str:
    """`name` behind `prefix`; where that is too long, with a digest in its middle.

    Its first and last letters stay, so that patterns over these (team-*, *-prod) still hold. A
    name that AWS itself refuses, too long or with other letters, stays one that it refuses.
    """
    whole, room = prefix + name, min(MOST, most) - len(prefix)
    if len(name) <= room or len(name) > most or not _PLAIN.fullmatch(name):
        return whole
    kept = room - _DIGEST
    tail = kept // 3
    digest = sha256(name.encode()).hexdigest()[:_DIGEST]
    return prefix + name[: kept - tail] + digest + name[len(name) - tail :]


def bucket(prefix: str, name: str) -> str:
    """A bucket's name behind `prefix`; too long for any bucket where S3 takes no such name."""
    if is_bucket_name(name):
        return shortened(prefix, name, MOST)
    return (prefix + name).ljust(MOST + 1, "-")
