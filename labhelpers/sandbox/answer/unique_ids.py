"""Unique ids with IAM's prefixes (STS_FACTS 1.4): moto gives users and groups bare random ones."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from typing import Any

_ALPHABET = string.ascii_uppercase + string.digits
_PREFIXES = {"User": "AIDA", "Group": "AGPA", "InstanceProfile": "AIPA", "ManagedPolicy": "ANPA"}


def give_ids_their_prefixes() -> None:
    """Make moto's IAM entities take ids such as AIDA… at birth. Safe to call again."""
    from moto.iam import models

    for name, prefix in _PREFIXES.items():
        entity = getattr(models, name)
        if not hasattr(entity, "_lab_prefix"):
            entity._lab_prefix = prefix
            entity.__init__ = _with_prefix(entity.__init__, prefix)


def _with_prefix(original: Callable[..., None], prefix: str) -> Callable[..., None]:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.id = prefix + "".join(random.choices(_ALPHABET, k=17))

    return __init__
