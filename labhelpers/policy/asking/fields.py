"""Reading the fields of an object that people wrote: spellings, near misses, wrong types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from labhelpers.policy.language.model import PolicyError
from labhelpers.policy.language.slips import closest
from labhelpers.policy.writing.grammar import Duplicated


def plain(name: str) -> str:
    """Return a field's name without case, blanks, dashes and underscores."""
    return re.sub(r"[\s_-]", "", name).lower()


def named(value: Mapping, known: Mapping[str, Sequence[str]], path: str) -> dict[str, object]:
    """Return the fields under their own names; `known` maps these to their other spellings.

    Fields of no meaning here (an id, a comment) are left out; one that looks like a slip of
    the pen, and one that is given twice, raise PolicyError.
    """
    if isinstance(value, Duplicated):
        raise PolicyError(f"{value.key} is given twice", path, "Keep one of the two.")
    spellings = {plain(other): name for name, others in known.items() for other in (name, *others)}
    found: dict[str, object] = {}
    for key, item in value.items():
        name = spellings.get(plain(key))
        if name is None:
            near = closest(plain(key), spellings, 0.85)
            # Longer names are other fields (resource_policy_note), not slips of the pen.
            if near and abs(len(near) - len(plain(key))) <= 2:
                hint = f"Did you mean {spellings[near]}?"
                raise PolicyError(f'there is no field "{key}"', path, hint)
        elif name in found and item is not None and found[name] is not None:
            raise PolicyError(f"{name} is given twice", path, "Keep one of the two.")
        elif found.get(name) is None:
            found[name] = item
    return found


def text_of(value: object) -> str:
    """Return a value as an error message shows it: JSON's names of types, shortened."""
    kinds = {dict: "an object", list: "a list", bool: "true or false", type(None): "null"}
    for kind, words in kinds.items():
        if isinstance(value, kind):
            return words
    return "a number" if isinstance(value, int | float) else "a text"
